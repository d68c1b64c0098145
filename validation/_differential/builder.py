"""A case: its declarations, given matrices and tree; and the builder of random trees."""

from __future__ import annotations

from dataclasses import dataclass, field
from fractions import Fraction
from math import prod
from typing import TYPE_CHECKING, Any

from _differential.trees import Source, evaluate, names_in, node

if TYPE_CHECKING:
    from collections.abc import Sequence

    from numpy.random import Generator

    from _differential.trees import Node

FORMS = {False: ("letter", "transpose"), True: ("adjoint", "conj")}
CONSTRUCTORS = {
    "unitary": "haar_unitary",
    "orthogonal": "haar_orthogonal",
    "symplectic": "haar_symplectic",
    "COE": "circular_orthogonal",
    "CSE": "circular_symplectic",
    "state": "haar_state",
}


@dataclass
class Case:
    """One integrand with all that both sides need."""

    group: str
    kind: str
    sizes: tuple[int, ...]
    names: tuple[Any, ...]
    random: dict[str, tuple[str, tuple[int, ...]]] = field(
        default_factory=dict
    )  # name → group, tensor factors
    given: dict[str, tuple[Any, tuple[str, ...], tuple[int, ...]]] = field(default_factory=dict)
    indices: dict[str, list[int]] = field(default_factory=dict)  # symbolic index → its values, one a trial
    tree: Node = field(default_factory=lambda: node("identity", 0))

    @property
    def half(self) -> int | None:
        """Where the second half begins, if the dimension is a symbol with two halves."""
        halved = {"symplectic", "CSE"} & {group for group, _ in self.random.values()}
        return self.sizes[0] // 2 if halved and isinstance(self.names[0], str) else None

    @property
    def dimension(self) -> int:
        return prod(self.sizes)

    def dims_of(self, factors: Sequence[int]) -> Any:
        """What ``dims`` is for those tensor factors."""
        found = tuple(self.names[s] for s in factors)
        return found[0] if len(found) == 1 else found

    def source(self) -> str:
        """Python that does the same."""
        used = names_in(self.tree)
        lines = [
            f"{name} = hq.{CONSTRUCTORS[group]}({name!r}, dims={self.dims_of(on)!r})"
            for name, (group, on) in self.random.items()
            if name in used
        ]
        for name, (_, relations, on) in self.given.items():
            if name in used:
                words = "".join(f", {word}=True" for word in relations)
                front = (
                    f"hq.symplectic_form({self.dims_of(on)!r})"
                    if name == "J"
                    else (f"hq.matrices({name!r}, dims={self.dims_of(on)!r}{words})")
                )
                lines.append(f"{name} = {front}")
        lines.append(f"f = {evaluate(self.tree, Source(dict(enumerate(self.names)), self.half))}")
        matrices = {name: _plain(x[0]) for name, x in self.given.items() if name in used and name != "J"}
        lines.append(
            f"# at {dict(zip(self.names, self.sizes, strict=True))}, matrices={matrices}, {self.indices or ''}"
        )
        return "\n".join(lines)


def _plain(value: Any) -> Any:
    return [[str(x) if isinstance(x, Fraction) else complex(x) for x in row] for row in value]


class Builder:
    """Random trees over the letters of a case."""

    def __init__(self, case: Case, rng: Generator, *, symbols: Sequence[str] = ()) -> None:
        self.case, self.rng, self.symbols = case, rng, symbols
        self.density = (
            0.6 if len(case.sizes) == 1 else 0.4
        )  # of given matrices: networks of them are slow to evaluate

    def chance(self, p: float) -> bool:
        return bool(self.rng.random() < p)

    def pick(self, items: Sequence[Any]) -> Any:
        return items[int(self.rng.integers(len(items)))]

    def coefficient(self) -> Fraction:
        return Fraction(int(self.pick([-3, -2, -1, 1, 1, 1, 2, 5])), int(self.pick([1, 1, 2, 3])))

    def factors(self, name: str, budget: int) -> list[Node]:
        """Random factors of a letter, mostly balanced."""
        group, on = self.case.random[name]
        if group in {"orthogonal", "symplectic"}:
            n = int(self.rng.integers(1, budget + 1))
            n += n % 2 if n < budget and self.chance(0.9) else 0
            stars = [self.chance(0.3) for _ in range(n)]
        else:
            k = int(self.rng.integers(1, budget + 1))
            stars = [False] * k + [True] * (k if self.chance(0.93) else int(self.rng.integers(0, budget + 1)))
        return [self.on_all(self.form(name, star), on) for star in stars]

    def form(self, name: str, star: bool) -> Node:  # noqa: FBT001 - a choice of two
        if self.case.random.get(name, ("",))[0] == "state":
            return node("projector", name)
        operation = FORMS[star][int(self.chance(0.25))]
        letter = node("letter", name)
        return letter if operation == "letter" else node(operation, letter)

    def on_all(self, a: Node, on: Sequence[int]) -> Node:
        """A matrix on some tensor factors, widened by a given one or the identity to all of them."""
        if len(on) == len(self.case.sizes):
            return a
        other = 1 - on[0]
        local = [name for name, (_, _, place) in self.case.given.items() if place == (other,)]
        rest = node("letter", self.pick(local)) if local and self.chance(0.4) else node("identity", other)
        return node("kron", a, rest) if on[0] == 0 else node("kron", rest, a)

    def given(self, on: tuple[int, ...]) -> Node | None:
        """A given matrix on those tensor factors, in one of its forms."""
        names = [name for name, (_, _, place) in self.case.given.items() if place == on]
        if not names:
            return None
        letter = node("letter", self.pick(names))
        operation = self.pick(["", "", "", "transpose", "adjoint", "conj", "power"])
        if operation == "power":
            return node("power", letter, 2)
        return node(operation, letter) if operation else letter

    def word(self, factors: Sequence[Node]) -> Node:
        """A product of factors with given matrices between them."""
        everything = tuple(range(len(self.case.sizes)))
        letters: list[Node] = []
        for factor in factors:
            between = self.given(everything)
            if between is not None and self.chance(self.density):
                letters.append(between)
            letters.append(factor)
        found = letters[0]
        for letter in letters[1:]:
            found = node("matmul", found, letter)
        return found

    def index(self) -> Any:
        found = tuple(int(self.rng.integers(n)) for n in self.case.sizes)
        if len(found) > 1:
            return found
        return self.pick(self.symbols) if self.symbols and self.chance(0.7) else found[0]

    def scalar(self, word: Node, *, entries: float) -> Node:
        """A trace, an entry, or the trace of a partial trace times a matrix."""
        if self.chance(entries):
            return node("entry", word, self.index(), self.index())
        if len(self.case.sizes) == 2 and self.chance(0.5):
            factor = int(self.rng.integers(2))
            reduced = node("partial_trace", word, factor)
            local = self.given((1 - factor,))
            if local is not None and self.chance(0.7):
                reduced = node("matmul", reduced, local)
            return node("trace", reduced)
        return node("trace", word)

    def monomial(self, factors: list[Node], *, entries: float, operator: bool) -> Node:
        """The factors in random order, cut into words; the first word stays a matrix if ``operator``."""
        order = [factors[i] for i in self.rng.permutation(len(factors))]
        cuts = sorted(
            {int(x) for x in self.rng.integers(1, len(order) + 1, size=int(self.rng.integers(0, 3)))}
        )
        parts = [order[a:b] for a, b in zip([0, *cuts], [*cuts, len(order)], strict=True) if order[a:b]]
        matrix = self.word(parts.pop(0)) if operator else None
        scalars = []
        for part in parts:
            if self.chance(0.1):  # conjugated twice: as many copies of U, U* as without
                inner = self.word([node("conj", factor) for factor in part])
                scalars.append(node("conj", self.scalar(inner, entries=entries)))
            else:
                scalars.append(self.scalar(self.word(part), entries=entries))
        total: Node | None = None
        for x in scalars:
            total = x if total is None else node("times", total, x)
        if matrix is None:
            assert total is not None  # noqa: S101 - there is at least one word
            return total
        return matrix if total is None else node("times", total, matrix)

    def polynomial(self, budgets: dict[str, int], *, entries: float, operator: bool = False) -> Node:
        """A sum of monomials, or a square or squared modulus of one of half the size."""
        if not operator and self.chance(0.2):
            halves = {name: n // 2 for name, n in budgets.items() if n >= 2}
            if halves:
                base = self.polynomial_of(halves, entries=entries, operator=False, num_terms=1)
                if self.chance(0.5):
                    return node("times", base, node("conj", base))
                return node("power", base, 2)
        most = [1, 1, 1, 2, 2, 3] if len(self.case.sizes) == 1 else [1, 1, 1, 2]
        return self.polynomial_of(budgets, entries=entries, operator=operator, num_terms=self.pick(most))

    def polynomial_of(
        self, budgets: dict[str, int], *, entries: float, operator: bool, num_terms: int
    ) -> Node:
        total: Node | None = None
        for _ in range(num_terms):
            factors = [x for name, n in budgets.items() for x in self.factors(name, n)]
            term = self.monomial(factors, entries=entries, operator=operator)
            if num_terms > 1 or self.chance(0.2):
                term = node("scale", self.coefficient(), term)
            total = term if total is None else node("add", total, term)
        assert total is not None  # noqa: S101 - num_terms ≥ 1
        return total
