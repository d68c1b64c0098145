"""JSON of what holds numbers: twirls, design checks, the referee's verdict, expansions of Weingarten functions."""

from __future__ import annotations

from math import factorial
from typing import TYPE_CHECKING

from haarqntk.checks import one_of
from haarqntk.circuits import ENSEMBLES
from haarqntk.designs import DesignCheck, Twirl, TwirledChannel
from haarqntk.errors import InputError
from haarqntk.export._json_expressions import (
    expression_record,
    number_record,
    read_expression,
    read_number,
)
from haarqntk.export._json_fields import (
    Record,
    field_of,
    flag_of,
    float_of,
    fraction_of,
    integer_of,
    list_of,
    number_of,
    object_of,
    order_of,
    pair_of,
    power_of,
    record_of_order,
    text_of,
)
from haarqntk.groups import Expansion
from haarqntk.qntk import ClaimCheck, Counterexample, formula, formulas

if TYPE_CHECKING:
    from fractions import Fraction

_VERDICTS = ("equal", "equal at leading order", "different")
_LARGEST_K = 6


def expansion_fields(value: Expansion) -> Record:
    """The terms and the remainder of an expansion."""
    terms = [{"power": power, "coefficient": pair_of(c)} for power, c in value.terms]
    return {"terms": terms, "remainder": value.remainder}


def read_expansion(record: Record) -> Expansion:
    """What ``expansion_fields`` wrote."""
    terms = []
    for item in list_of("terms", field_of(record, "terms")):
        term = object_of("a term", item)
        c = fraction_of(field_of(term, "coefficient"))
        terms.append((power_of("power", field_of(term, "power")), c))
    remainder = integer_of("remainder", field_of(record, "remainder"))
    powers = [power for power, _ in terms]
    if powers != sorted(set(powers), reverse=True) or not all(c for _, c in terms):
        raise InputError(f"the powers of an expansion must fall, without zeros, got {powers}")
    if powers and powers[-1] <= remainder:
        raise InputError(f"remainder must be below every power, got {remainder} and {powers[-1]}")
    return Expansion(tuple(terms), remainder)


def twirl_fields(value: Twirl) -> Record:
    """The dimension, the number of copies, and a coefficient for each permutation in lexicographic order."""
    return {
        "dimension": value.dimension,
        "k": value.k,
        "values": [number_record(c) for c in value.values],
        "latex": value.latex(),
    }


def read_twirl(record: Record) -> Twirl:
    """What ``twirl_fields`` wrote."""
    dimension, k = (integer_of(name, field_of(record, name), at_least=1) for name in ("dimension", "k"))
    values = [read_number("values", each) for each in list_of("values", field_of(record, "values"))]
    if k > _LARGEST_K or len(values) != factorial(k):
        raise InputError(f"values must be k! numbers with k ≤ {_LARGEST_K}, got {len(values)} with k = {k}")
    if len({isinstance(value, complex) for value in values}) > 1:
        raise InputError("values must be all exact or all of floats, got both")
    return Twirl(dimension, k, tuple(values))


def channel_fields(value: TwirledChannel) -> Record:
    """The dimension and the two parameters."""
    return {
        "dimension": value.dimension,
        "depolarising_parameter": number_record(value.depolarising_parameter),
        "trace_factor": number_record(value.trace_factor),
        "latex": value.latex(),
    }


def read_channel(record: Record) -> TwirledChannel:
    """What ``channel_fields`` wrote."""
    p, s = (read_number(name, field_of(record, name)) for name in ("depolarising_parameter", "trace_factor"))
    return TwirledChannel(integer_of("dimension", field_of(record, "dimension"), at_least=2), p, s)


def design_check_fields(value: DesignCheck) -> Record:
    """The numbers that decide."""
    return {
        "is_design": bool(value.is_design),
        "t": value.t,
        "D": value.D,
        "num_unitaries": value.num_unitaries,
        "frame_potential": float(value.frame_potential),
        "haar_value": number_of(value.haar_value),
        "excess": float(value.excess),
        "tolerance": float(value.tolerance),
    }


def read_design_check(record: Record) -> DesignCheck:
    """What ``design_check_fields`` wrote; a verdict that contradicts its numbers is refused."""
    t = integer_of("t", field_of(record, "t"), at_least=0)
    D, num_unitaries, haar_value = (
        integer_of(name, field_of(record, name), at_least=1) for name in ("D", "num_unitaries", "haar_value")
    )
    potential, excess, tolerance = (
        float_of(name, field_of(record, name)) for name in ("frame_potential", "excess", "tolerance")
    )
    is_design = flag_of("is_design", field_of(record, "is_design"))
    if is_design != (excess <= tolerance):
        raise InputError(f"is_design must say whether {excess} ≤ {tolerance}, got {is_design}")
    return DesignCheck(is_design, t, D, num_unitaries, potential, haar_value, excess, tolerance)


def claim_check_fields(value: ClaimCheck) -> Record:
    """The verdict with its evidence."""
    return {
        "verdict": value.verdict,
        "name": value.name,
        "ensemble": value.ensemble,
        "claim": expression_record(value.claim),
        "ratio": None if value.ratio is None else expression_record(value.ratio),
        "first_difference": None
        if value.first_difference is None
        else record_of_order(value.first_difference),
        "counterexample": None if value.counterexample is None else _point_fields(value.counterexample),
        "is_exact": value.is_exact,
        "text": str(value),
    }


def _point_fields(point: Counterexample) -> Record:
    return {
        "D": point.D,
        "L": point.L,
        "spectra": {name: list(row) for name, row in point.spectra},
        "others": {name: pair_of(value) for name, value in point.others},
        "exact": pair_of(point.exact),
        "claimed": expression_record(point.claimed),
    }


def read_claim_check(record: Record) -> ClaimCheck:
    """What ``claim_check_fields`` wrote."""
    name, ensemble = (
        text_of("name", field_of(record, "name")),
        one_of("ensemble", field_of(record, "ensemble"), ENSEMBLES),
    )
    if ensemble == "prl_ansatz" and name in formulas():
        formula(
            name, ensemble=ensemble
        )  # refuses what sees the Haar block that this name had, with the other name
    ratio, order, point = (field_of(record, name) for name in ("ratio", "first_difference", "counterexample"))
    return ClaimCheck(
        one_of("verdict", field_of(record, "verdict"), _VERDICTS),
        name,
        ensemble,
        read_expression(field_of(record, "claim")),
        None if ratio is None else read_expression(ratio),
        None if order is None else _relative_order(order),
        None if point is None else _read_point(object_of("counterexample", point)),
        flag_of("is_exact", field_of(record, "is_exact")),
    )


def _relative_order(data: object) -> int | Fraction:
    order = order_of("first_difference", data)
    if order < 0:
        raise InputError(f"first_difference must be an order ≥ 0, got {order}")
    return order


def _read_point(record: Record) -> Counterexample:
    spectra = object_of("spectra", field_of(record, "spectra"))
    others = object_of("others", field_of(record, "others"))
    numbers: dict[str, Fraction] = {name: fraction_of(value) for name, value in others.items()}
    return Counterexample(
        integer_of("D", field_of(record, "D"), at_least=2),
        integer_of("L", field_of(record, "L"), at_least=1),
        tuple(
            (name, tuple(integer_of("an eigenvalue", x) for x in list_of(name, row)))
            for name, row in spectra.items()
        ),
        tuple(numbers.items()),
        fraction_of(field_of(record, "exact")),
        read_expression(field_of(record, "claimed")),
    )
