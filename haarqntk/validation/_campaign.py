"""Campaigns: files that name claims, circuits, sample sizes and a seed, read and checked before any work.

A front door: it joins the exact value of every claim with the problem that ``montecarlo`` simulates for it.
``haarqntk.validation._runs`` runs them.
"""

from __future__ import annotations

import hashlib
import json
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from fractions import Fraction
from functools import cached_property
from importlib.resources import files
from pathlib import Path
from typing import Any, Final

from haarqntk.base import LazyModule, Place, read_toml
from haarqntk.checks import integer, one_of, rational
from haarqntk.circuits import ENSEMBLES
from haarqntk.errors import HaarqntkError, InputError, InputTypeError, UnknownNameError
from haarqntk.montecarlo import DETECTED, Problem, check_affordable
from haarqntk.qntk import formulas, parse_closed_form
from haarqntk.validation._checks import exact_formula, quantities_of

sympy = LazyModule("sympy")

DEFAULT: Final = "default"
BATCH: Final = 10_000

_HEAD_KEYS = ("name", "seed", "batch", "claim")
_CIRCUIT_KEYS = ("D", "spectrum", "overlap", "num_inputs", "populations", "generator_spectrum")
_CLAIM_KEYS = (
    *("formula", "ensemble", "L", *_CIRCUIT_KEYS),
    *("method", "samples", "batch", "claim", "scale", "detected"),
)
_REQUIRED = ("formula", "D", "L", "spectrum", "samples")


@dataclass(frozen=True)
class Claim:
    """One claim of a campaign: a value, and the simulation that it is held against.

    Attributes:
        formula: The name in ``hq.formulas()``.
        ensemble: The ensemble of the formula.
        arguments: The numbers that formula and simulation share, as keyword arguments.
        problem: What is simulated.
        samples: The number of independent values.
        batch: How many of them are drawn, and lost or kept, at a time.
        method: "batched", "frames" or "qutip".
        text: A closed form to be tested in place of the derived one; None (default) for the derived one.
        scale: What an error refers to where the derived value is 0; None (default) for that value itself.
        detected: d > 0; a claim that is wrong by the factor 1 + d must be refused. 1/20 by default.
        place: Where it stands in the campaign's file.
    """

    formula: str
    ensemble: str
    arguments: tuple[tuple[str, Any], ...]
    problem: Problem
    samples: int
    batch: int
    method: str
    text: str | None = None
    scale: Fraction | None = None
    detected: Fraction = DETECTED
    place: Place = field(default=Place("", ""), compare=False, repr=False)

    @property
    def key(self) -> str:
        """Hash of problem and route: the name of its random numbers, whatever else is in the campaign."""
        return hashlib.sha256(f"{self.problem.key()} {self.method}".encode()).hexdigest()[:16]

    @property
    def sizes(self) -> list[int]:
        """The sizes of its batches, in their order."""
        full, rest = divmod(self.samples, self.batch)
        return [self.batch] * full + ([rest] if rest else [])

    @cached_property
    def exact(self) -> Fraction:
        """The value that is claimed: of ``text`` if there is one, else of the derived closed form."""
        if self.text is None:
            return self.derived
        try:
            return self._claimed(self.text)
        except HaarqntkError as error:
            raise self.place.error("claim", error) from None

    @cached_property
    def derived(self) -> Fraction:
        """The value of the derived closed form."""
        generators = "general" if "generator_spectrum" in dict(self.arguments) else "pauli"
        try:
            value = exact_formula(
                self.formula, self.problem.quantity, ensemble=self.ensemble, generators=generators
            )
            return Fraction(value.at(**dict(self.arguments)))
        except HaarqntkError as error:
            raise self.place.error("formula", error) from None

    @property
    def size(self) -> Fraction:
        """What an error refers to, > 0: ``scale`` if there is one, else the derived value, whatever is claimed."""
        size = self.scale or abs(self.derived)
        if not size:
            raise self.place.error(
                "scale",
                f"a value of 0 has no relative error; give scale, of which {self.detected} must be seen",
            )
        return size

    def _claimed(self, text: str) -> Fraction:
        values = self._symbol_values()
        expression = parse_closed_form(text, list(values))
        at = {s: sympy.Rational(*values[s.name].as_integer_ratio()) for s in expression.free_symbols}
        number = expression.xreplace(at)
        if not number.is_Rational:
            raise InputError(f"claim must have a rational value, got {number}; claim its square")
        return Fraction(int(number.p), int(number.q))

    def _symbol_values(self) -> dict[str, Fraction]:
        problem = self.problem
        first, second = problem.spectra[0], problem.spectra[-1]
        values = {"D": Fraction(problem.D), "L": Fraction(problem.L), "n": Fraction(problem.num_inputs)}
        if len(problem.spectra) == 1:
            values |= {f"T{j}": Fraction(sum(x**j for x in first)) for j in range(1, 7)}
        else:
            products = sum(x * y for x, y in zip(first, second, strict=True))
            values |= {"T_O1": sum(first, Fraction()), "T_O2": sum(second, Fraction())}
            values["T_O1O2"] = Fraction(products)
        if problem.overlap is not None:
            values["sigma"] = problem.overlap
        if problem.populations is not None:
            pairs = list(zip(problem.populations, first, strict=True))
            values |= {f"m{j}": Fraction(sum(p * x**j for p, x in pairs)) for j in range(1, 7)}
        return values


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
    head = Place(path.name, text)
    _check_keys(head, data, _HEAD_KEYS, ("seed", "claim"))
    name = data.get("name", path.stem)
    if not isinstance(name, str):
        raise head.error("name", f"name must be a text, got {name!r}")
    seed = _whole(head, "seed", data["seed"], at_least=0)
    batch = _whole(head, "batch", data.get("batch", BATCH), at_least=1)
    tables = data["claim"]
    if not isinstance(tables, list) or not all(isinstance(table, Mapping) for table in tables):
        raise head.error("claim", "claims must be tables; write each under a line [[claim]]")
    claims = [
        claim
        for index, table in enumerate(tables)
        for claim in _claims_of(Place(path.name, text, "claim", index), table, batch)
    ]
    return Campaign(name, seed, tuple(claims))


def default_campaign() -> Path:
    """Return the file of the default campaign: in the installed package, or in the checkout that it is run from."""
    packaged = Path(str(files("haarqntk"))) / "default_campaign.toml"
    return packaged if packaged.exists() else Path(__file__).parents[2] / "validation" / "default.toml"


def _claims_of(place: Place, table: Mapping[str, Any], batch: int) -> list[Claim]:
    """The claims of one table: one for each L, and for the eigenvalues one for each of the two."""
    _check_keys(place, table, _CLAIM_KEYS, _REQUIRED)
    try:
        name = one_of("formula", table["formula"], formulas())
    except UnknownNameError as error:
        raise place.error("formula", error) from None
    try:
        ensemble = one_of("ensemble", table.get("ensemble", "segments"), ENSEMBLES)
    except UnknownNameError as error:
        raise place.error("ensemble", error) from None
    text = table.get("claim")
    if text is not None and not isinstance(text, str):
        raise place.error("claim", f"claim must be a text such as 'L*T2/D^2', got {text!r}")
    depths = table["L"] if isinstance(table["L"], list) else [table["L"]]
    quantities = quantities_of(name)[: 1 if text is not None else None]  # a text is about the first one
    scale = None if "scale" not in table else abs(_exact(place, "scale", table["scale"]))
    common: dict[str, Any] = {
        "formula": name,
        "ensemble": ensemble,
        "samples": _whole(place, "samples", table["samples"], at_least=2),
        "batch": _whole(place, "batch", table.get("batch", batch), at_least=1),
        "method": table.get("method", "batched"),
        "text": text,
        "scale": scale or None,
        "detected": _detected(place, table),
        "place": place,
    }
    shared = {key: _exact(place, key, table[key]) for key in _CIRCUIT_KEYS if key in table}
    claims = []
    for L in depths:
        for quantity in quantities:
            arguments = {"L": L, **shared}
            problem = _problem(place, quantity, common["ensemble"], arguments)
            _check_method(place, problem, common["samples"], common["method"])
            claims.append(Claim(arguments=tuple(arguments.items()), problem=problem, **common))
    return claims


def _detected(place: Place, table: Mapping[str, Any]) -> Fraction:
    value = Fraction(_exact(place, "detected", table.get("detected", str(DETECTED))))
    if value <= 0:
        raise place.error("detected", f'detected must be > 0, such as "1/2" for a factor of 1.5, got {value}')
    return value


def _problem(place: Place, quantity: str, ensemble: str, arguments: Mapping[str, Any]) -> Problem:
    try:
        return Problem.create(quantity, ensemble=ensemble, **arguments)
    except HaarqntkError as error:
        raise place.error(_key_of(error), error) from None


def _check_method(place: Place, problem: Problem, samples: int, method: str) -> None:
    try:
        check_affordable(problem, samples=samples, method=method)
    except UnknownNameError as error:
        raise place.error("method", error) from None
    except InputError as error:
        raise place.error("samples", error) from None


def _key_of(error: HaarqntkError) -> str:
    """The key that a message is about: the first one that it names."""
    words = str(error).replace("[", " ").split()
    return next((word for word in words if word in _CLAIM_KEYS), "formula")


def _check_keys(
    place: Place, table: Mapping[str, Any], known: Sequence[str], required: Sequence[str]
) -> None:
    for key in table:
        if key not in known:
            raise place.error(key, UnknownNameError.among("key", key, known))
    for key in required:
        if key not in table:
            raise place.error(key, f"{key} is required, and is missing; add it")


def _whole(place: Place, key: str, value: object, *, at_least: int) -> int:
    try:
        return integer(key, value, at_least=at_least)
    except HaarqntkError as error:
        raise place.error(key, error) from None


def _exact(place: Place, key: str, value: object) -> Any:
    """Integers and texts "p/q" as exact numbers, also in lists."""
    if isinstance(value, list):
        return tuple(_exact(place, key, entry) for entry in value)
    if isinstance(value, str):
        try:
            return Fraction(value)
        except (ValueError, ZeroDivisionError):
            raise place.error(key, f'{key} must be an integer or "p/q", got {value!r}') from None
    try:
        number = rational(key, value, cure='write "p/q"')
    except InputTypeError as error:
        raise place.error(key, error) from None
    return int(number) if number.denominator == 1 else number
