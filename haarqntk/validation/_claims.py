"""A claim, an exact value and the simulation that it is held against; and campaigns, files of them.

A campaign names claims, circuits, sample sizes and a seed in TOML, and is read and checked before any work.
"""

from __future__ import annotations

import hashlib
import json
from collections import Counter
from collections.abc import Callable, Mapping
from dataclasses import KW_ONLY, dataclass, field
from fractions import Fraction
from functools import cached_property, partial
from importlib.resources import files
from itertools import product
from pathlib import Path
from typing import Any, Final, NamedTuple

from haarqntk.base import LazyModule, Place, read_toml
from haarqntk.checks import integer, one_of, rational
from haarqntk.circuits import ENSEMBLES
from haarqntk.errors import HaarqntkError, InputError, InputTypeError, UnknownNameError
from haarqntk.montecarlo import Problem, check_affordable, quantity_of
from haarqntk.qntk import closed_form, formulas, parse_closed_form

sympy = LazyModule("sympy")

DEFAULT: Final = "default"
BATCH: Final = 10_000
DETECTED: Final = Fraction(1, 20)
"""The relative error that a claim of a campaign must see, where it does not state its own."""

_PILOT_SAMPLES: Final = 4_000
_PARTS = {  # of a formula that stands for several numbers, the quantities that estimate them
    "supervised_kernel_eigenvalues": {
        "supervised_kernel_eigenvalue_uniform": "uniform",
        "supervised_kernel_eigenvalue_difference": "difference",
    }
}


class Batch(NamedTuple):
    """Values of a claim that are drawn, and lost or kept, together."""

    number: int  # from 0; −1 for the pilot, which measures spread and skewness and is in no estimate
    problem: Problem
    method: str
    samples: int
    stream: tuple[int, ...]  # integers ≥ 0 that name its random numbers
    cost: int  # about how long it takes, in any unit; for the order and the progress bar


@dataclass(frozen=True)
class Claim:
    """One claim: a value, and the simulation that it is held against.

    The value is that of ``text`` if there is one, else of the closed form that is derived. A claim of a campaign is
    judged together with the others, and must see an error of the size ``detected``; one with a ``stream`` is alone.

    Attributes:
        formula: The name in ``hq.formulas()``, or what else is averaged.
        problem: What is simulated.
        arguments: The numbers that formula and simulation share, as keyword arguments.
        samples: The number of independent values.
        method: "batched" (default), "frames" or "qutip".
        batch: How many of them are drawn, and lost or kept, at a time; all (default, None) of a claim alone.
        text: A closed form to be tested in place of the derived one; None (default) for the derived one.
        scale: What an error refers to where the derived value is 0; None (default) for that value itself.
        detected: d > 0; a claim of a campaign that is wrong by the factor 1 + d must be refused. 1/20 by default.
        stream: Integers ≥ 0 that name the random numbers of the one batch of a claim alone; if empty (default), the
            batches of a campaign's claim are named by ``key`` and their number.
        unit: What the simulated values are divided by; 1 by default.
        derive: Gives the derived value where it is none of ``formula`` at ``arguments``; None by default.
        place: Where it stands in the campaign's file.

    Raises:
        UnknownNameError: If the method is unknown.
        InputError: If the ensemble cannot be drawn by the method, or the samples would take more than about a day.
    """

    formula: str
    problem: Problem
    arguments: tuple[tuple[str, Any], ...]
    _: KW_ONLY
    samples: int
    method: str = "batched"
    batch: int | None = None
    text: str | None = None
    scale: Fraction | None = None
    detected: Fraction = DETECTED
    stream: tuple[int, ...] = ()
    unit: Fraction = Fraction(1)
    derive: Callable[[], Fraction] | None = field(default=None, compare=False, repr=False)
    place: Place = field(default=Place("", ""), compare=False, repr=False)

    def __post_init__(self) -> None:
        check_affordable(self.problem, samples=self.samples, method=self.method)

    @classmethod
    def create(
        cls, formula: str, quantity: str, numbers: dict[str, Any], *, ensemble: str = "segments", **more: Any
    ) -> Claim:
        """The claim about a quantity of ``montecarlo`` at these numbers; ``more`` are the other attributes."""
        problem = Problem.create(quantity, ensemble=ensemble, **numbers)
        return cls(formula, problem, tuple(numbers.items()), **more)

    @property
    def is_alone(self) -> bool:
        """Whether it is judged alone, within |z| ≤ 4, and not together with the others of a campaign."""
        return bool(self.stream)

    @cached_property
    def problem_key(self) -> str:
        """The hash of the problem, derived once."""
        return self.problem.key()

    @cached_property
    def key(self) -> str:
        """Hash of problem and route: the name of its random numbers, whatever else is in the campaign."""
        return hashlib.sha256(f"{self.problem_key} {self.method}".encode()).hexdigest()[:16]

    @cached_property
    def batches(self) -> tuple[Batch, ...]:
        """Its batches, in the order of their numbers."""
        size = self.batch or self.samples
        starts = enumerate(range(0, self.samples, size))
        return tuple([self._batch(i, min(size, self.samples - start)) for i, start in starts])

    @cached_property
    def pilot(self) -> Batch:
        """The batch that says how many samples the verdict takes."""
        return self._batch(-1, min(_PILOT_SAMPLES, max(_PILOT_SAMPLES // 20, self.samples // 5)))

    def _batch(self, number: int, samples: int) -> Batch:
        stream = self.stream or (int(self.key, 16), number + 1)
        return Batch(number, self.problem, self.method, samples, stream, self._cost * samples)

    @cached_property
    def _cost(self) -> int:
        """About how long one value takes."""
        depth = self.problem.L ** (2 if quantity_of(self.problem.quantity).uses_hessian else 1)
        return depth * max(8, self.problem.D) * (200 if self.method == "qutip" else 1)

    @cached_property
    def exact(self) -> Fraction:
        """The value that is claimed: of ``text`` if there is one, else of the derived closed form."""
        if self.text is None:
            return self.derived
        with self.place.at("claim"):
            return value_of(self.text, symbol_values(self.problem))

    @cached_property
    def derived(self) -> Fraction:
        """The value of the derived closed form."""
        if self.derive is not None:
            return self.derive()
        with self.place.at("formula"):
            value = closed_form(
                self.formula,
                self.problem.ensemble,
                generators="pauli" if self.problem.generator_spectrum is None else "general",
                part=_PARTS.get(self.formula, {}).get(self.problem.quantity, "uniform"),
            )
            return Fraction(value.at(**dict(self.arguments)))

    @property
    def size(self) -> Fraction:
        """What an error refers to, > 0: ``scale`` if there is one, else the derived value, whatever is claimed."""
        size = self.scale or abs(self.derived)
        if not size:
            rule = "a value of 0 has no relative error; give scale, of which {} must be seen"
            raise self.place.error("scale", rule.format(self.detected))
        return size


def quantities_of(formula: str) -> tuple[str, ...]:
    """The quantities of ``montecarlo`` that estimate a formula."""
    return tuple(_PARTS.get(formula, (formula,)))


def value_of(text: str, values: Mapping[str, Fraction]) -> Fraction:
    """The value of a closed form whose symbols have these values; it must be rational."""
    expression = parse_closed_form(text, list(values))
    at = {s: sympy.Rational(*values[s.name].as_integer_ratio()) for s in expression.free_symbols}
    number = expression.xreplace(at)
    if not number.is_Rational:
        raise InputError(f"claim must have a rational value, got {number}; claim its square")
    return Fraction(int(number.p), int(number.q))


def symbol_values(problem: Problem) -> dict[str, Fraction]:
    """What the symbols of a closed form are for a problem, by their names."""
    first, second = problem.spectra[0], problem.spectra[-1]
    values: dict[str, Any] = {"D": problem.D, "L": problem.L, "n": problem.num_inputs}
    if first == second:
        multiplicities = Counter(first).items()
        values |= {f"T{j}": sum(n * x**j for x, n in multiplicities) for j in range(1, 7)}
    if len(problem.spectra) > 1:
        products = sum(x * y for x, y in zip(first, second, strict=True))
        values |= {"T_O1": sum(first), "T_O2": sum(second), "T_O1O2": products}
    if problem.overlap is not None:
        values["sigma"] = problem.overlap
    if problem.populations is not None:
        pairs = list(zip(problem.populations, first, strict=True))
        values |= {f"m{j}": sum(p * x**j for p, x in pairs) for j in range(1, 7)}
    return {name: Fraction(value) for name, value in values.items()}


@dataclass(frozen=True)
class Campaign:
    """Claims that are judged together, and the seed of their simulation.

    Attributes:
        name: Its name.
        seed: An integer ≥ 0.
        claims: At least one; no two simulate the same problem.
    """

    name: str
    seed: int
    claims: tuple[Claim, ...]

    def __post_init__(self) -> None:
        object.__setattr__(self, "seed", integer("seed", self.seed, at_least=0))
        seen: dict[str, Claim] = {}
        for claim in self.claims:
            if claim.key in seen:
                raise claim.place.error(
                    "formula",
                    f"the claim simulates what the one of line {seen[claim.key].place.line()} does; "
                    "claims must be independent: change one",
                )
            seen[claim.key] = claim
        if not self.claims:
            raise InputError(f"campaign must have a claim, got none in {self.name!r}; add a [[claim]]")

    def key(self, claim: Claim) -> str:
        """Return the claim's name in a ledger: a hash of all that decides its numbers, and of nothing else.

        That is problem, route, seed and sizes: neither the other claims, nor the closed form that the numbers
        are held against.
        """
        text = json.dumps([claim.key, self.seed, claim.samples, claim.batch], separators=(",", ":"))
        return hashlib.sha256(text.encode()).hexdigest()[:16]


def load_campaign(source: str | Path) -> Campaign:
    """Read a campaign and check every claim of it.

    Args:
        source: The path of a TOML file, or "default" for the campaign that comes with the library.

    Raises:
        InputError: If the file cannot be read or is malformed; the message has file, line and key.

    Examples:
        >>> campaign = load_campaign("default")
        >>> {claim.formula for claim in campaign.claims} == set(formulas())
        True

    Reference:
        derivations/12_campaigns.md.
    """
    path = default_campaign() if source == DEFAULT else Path(source)
    data, text = read_toml(path)
    head = _checked(Place(path.name, text), data, _HEAD)
    claims = [
        claim
        for index, table in enumerate(head["claim"])
        for claim in _claims_of(Place(path.name, text, "claim", index), {"batch": head["batch"], **table})
    ]
    return Campaign(head["name"] or path.stem, head["seed"], tuple(claims))


def default_campaign() -> Path:
    """Return the file of the default campaign: in the installed package, or in the checkout that it is run from."""
    packaged = Path(str(files("haarqntk"))) / "default_campaign.toml"
    return packaged if packaged.exists() else Path(__file__).parents[2] / "validation" / "default.toml"


def _claims_of(place: Place, table: Mapping[str, Any]) -> list[Claim]:
    """The claims of one table: one for each L, and for the eigenvalues one for each of the two."""
    fields = _checked(place, table, _CLAIM)
    formula, L, text = (fields.pop(key) for key in ("formula", "L", "claim"))
    shared = {key: value for key in _CIRCUIT if (value := fields.pop(key)) is not None}
    claims = []
    num_quantities = None if text is None else 1  # a text is about the first one
    for depth, quantity in product(
        L if isinstance(L, list) else [L], quantities_of(formula)[:num_quantities]
    ):
        numbers = {"L": depth, **shared}
        try:
            claims.append(Claim.create(formula, quantity, numbers, text=text, place=place, **fields))
        except HaarqntkError as error:
            raise place.error(_key_of(error), error) from None
    return claims


def _key_of(error: HaarqntkError) -> str:
    """The key that a message is about: the first one that it names."""
    words = str(error).replace("[", " ").split()
    return next((word for word in words if word in _CLAIM), "formula")


_Check = Callable[[str, Any], Any]
_REQUIRED: Final = object()  # the default of a key that must be there


def _checked(
    place: Place, table: Mapping[str, Any], keys: Mapping[str, tuple[_Check, Any]]
) -> dict[str, Any]:
    """The values of a table by their keys, each checked, or its default."""
    for key in table:
        if key not in keys:
            raise place.error(key, UnknownNameError.among("key", key, keys))
    for key, (_, default) in keys.items():
        if default is _REQUIRED and key not in table:
            raise place.error(key, f"{key} is required, and is missing; add it")
    values = {}
    for key, (check, default) in keys.items():
        values[key] = default
        if key in table:
            with place.at(key):
                values[key] = check(key, table[key])
    return values


def _text(key: str, value: object) -> str:
    if not isinstance(value, str):
        example = " such as 'L*T2/D^2'" if key == "claim" else ""
        raise InputTypeError(f"{key} must be a text{example}, got {value!r}")
    return value


def _tables(_: str, value: object) -> list[Mapping[str, Any]]:
    if not isinstance(value, list) or not all(isinstance(table, Mapping) for table in value):
        raise InputTypeError("claims must be tables; write each under a line [[claim]]")
    return value


def _number(key: str, value: object) -> Fraction:
    """An integer or a text "p/q" as an exact number."""
    if not isinstance(value, str):
        return rational(key, value, cure='write "p/q"')
    try:
        return Fraction(value)
    except (ValueError, ZeroDivisionError):
        raise InputError(f'{key} must be an integer or "p/q", got {value!r}') from None


def _numbers(key: str, value: object) -> Any:
    """Exact numbers, also in lists; an integer is an int."""
    if isinstance(value, list):
        return tuple(_numbers(key, entry) for entry in value)
    number = _number(key, value)
    return int(number) if number.denominator == 1 else number


def _detected(key: str, value: object) -> Fraction:
    number = _number(key, value)
    if number <= 0:
        raise InputError(f'{key} must be > 0, such as "1/2" for a factor of 1.5, got {number}')
    return number


_HEAD: Final[dict[str, tuple[_Check, Any]]] = {
    "name": (_text, ""),
    "seed": (partial(integer, at_least=0), _REQUIRED),
    "batch": (partial(integer, at_least=1), BATCH),
    "claim": (_tables, _REQUIRED),
}
_CIRCUIT: Final = ("D", "spectrum", "overlap", "num_inputs", "populations", "generator_spectrum")
_CLAIM: Final[dict[str, tuple[_Check, Any]]] = {
    "formula": (lambda key, value: one_of(key, value, formulas()), _REQUIRED),
    "ensemble": (lambda key, value: one_of(key, value, ENSEMBLES), "segments"),
    "L": (lambda _, value: value, _REQUIRED),
    **{key: (_numbers, _REQUIRED if key == "spectrum" else None) for key in _CIRCUIT},
    "D": (partial(integer, at_least=2), _REQUIRED),  # "4" is no integer, as it is for L
    "num_inputs": (partial(integer, at_least=1), None),
    "method": (lambda _, value: value, "batched"),
    "samples": (partial(integer, at_least=2), _REQUIRED),
    "batch": (partial(integer, at_least=1), BATCH),
    "claim": (_text, None),
    "scale": (lambda key, value: abs(_number(key, value)) or None, None),
    "detected": (_detected, DETECTED),
}
"""Key → its check and its default."""
