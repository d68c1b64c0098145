"""What a derivation is written in: steps of paragraphs, equations and tables; and one layer pattern in these words.

A piece of mathematics is held as plain text and in LaTeX, so that one narrative serves the terminal, Markdown and
LaTeX. ``as_text`` writes for the terminal; the other two are written by ``haarqntk.export``. Of a layer pattern are
told the twirl of the input, every layer, and the contraction with the observables.
"""

from __future__ import annotations

import re
import textwrap
from collections import Counter
from dataclasses import dataclass
from math import factorial
from typing import TYPE_CHECKING, TypeAlias

from haarqntk.algebra import Trace, TracePolynomial, latex_of
from haarqntk.circuits import LARGEST_K_IN_FULL
from haarqntk.designs import twirl_weights
from haarqntk.groups import cycles_text

if TYPE_CHECKING:
    from collections.abc import Iterable, Sequence
    from fractions import Fraction

    from haarqntk.algebra import RationalFunction
    from haarqntk.circuits import Image, Insertion, Orbit, PatternSteps, Recursion, Stage
    from haarqntk.combinatorics import Permutation


_LINE = 80
_JOINT = "\x00"  # a space that no line is broken at
_LONGEST_PIECE = 30  # of mathematics in prose that is not broken
_COMMANDS = re.findall(
    r"(.)(\w+) ",
    "σsigma τtau ρrho θtheta φvarphi ξxi λlambda μmu ∂partial ⊗otimes ·cdot ×times ±pm …dots →to ↦mapsto "
    "⟨langle ⟩rangle ",
)
_LATEX_OF = str.maketrans(
    {letter: f"\\{name} " for letter, name in _COMMANDS}
    | {"Σ": "\\textstyle\\sum", "†": "^\\dagger ", "⁻": "^{-1}", "¹": "", "²": "^2", "−": "-"}
)


@dataclass(frozen=True, slots=True)
class Math:
    """A piece of mathematics: as text for a terminal, and in LaTeX."""

    text: str
    latex: str

    def of(self, *values: Value) -> Math:
        """This with the values where %s stands."""
        pieces = [*map(as_math, values)]
        return Math(self.text % tuple(p.text for p in pieces), self.latex % tuple(p.latex for p in pieces))


@dataclass(frozen=True, slots=True)
class Paragraph:
    """Prose; `…` is mathematics as text, *…* is stressed, and each {} stands for the next piece of ``math``."""

    template: str
    math: tuple[Math, ...] = ()

    def pieces(self) -> list[str | Math]:
        """Words and mathematics in turn."""
        given = iter(self.math)
        return [
            next(given) if part == "{}" else written(part[1:-1]) if part[:1] == "`" else part
            for part in re.split(r"(`[^`]*`|\{\})", self.template)
        ]


@dataclass(frozen=True, slots=True)
class Equation:
    """left = right, with the right side exact."""

    left: Math
    right: TracePolynomial


@dataclass(frozen=True, slots=True)
class Table:
    """Rows of cells under a header, all of them mathematics."""

    header: tuple[str, ...]
    rows: tuple[tuple[Math, ...], ...]


Block: TypeAlias = Paragraph | Equation | Table
Value: TypeAlias = "Math | tuple[str, str] | TracePolynomial | RationalFunction | Fraction | str | int"
"""What becomes mathematics: text and LaTeX, an exact value, or text whose LaTeX is found."""


@dataclass(frozen=True, slots=True)
class Step:
    """A step of a derivation: a title, and what stands under it."""

    title: Paragraph
    blocks: tuple[Block, ...]


def math_of(value: TracePolynomial) -> Math:
    """A polynomial, factored or collected in L, whichever is shorter."""
    expression = value.to_sympy(collect="L")
    return Math(str(expression), latex_of(expression))


def written(text: str) -> Math:
    r"""Mathematics written as text, with its LaTeX.

    Examples:
        >>> print(written("Tr(P_τ† ⊗ρ)").latex)
        \operatorname{Tr}(P_\tau^\dagger \otimes\rho)
    """
    latex = re.sub(r"C\((\w+), (\w+)\)", r"\\binom{\1}{\2}", text)
    latex = re.sub(r"([_^])(\w\w+|\d+)", r"\1{\2}", latex)
    latex = re.sub(r"\b(Tr|Wg|cos)\b", r"\\operatorname{\1}", latex)
    return Math(text, re.sub(r"(\\[A-Za-z]+) (?![A-Za-z])", r"\1", latex.translate(_LATEX_OF)))


def as_math(value: Value) -> Math:
    """A value as mathematics."""
    if isinstance(value, str | int):
        return written(str(value))
    if isinstance(value, Math | tuple):
        return value if isinstance(value, Math) else Math(*value)
    return math_of(value if isinstance(value, TracePolynomial) else TracePolynomial.constant(value))


def joined(values: Iterable[Value], separator: str, latex_separator: str | None = None) -> Math:
    """Values with a separator between them."""
    pieces, between = [*map(as_math, values)], separator if latex_separator is None else latex_separator
    return Math(separator.join(p.text for p in pieces), between.join(p.latex for p in pieces))


def said(template: str, *values: Value) -> Paragraph:
    """A paragraph, each {} of it one of the values."""
    return Paragraph(template, tuple(map(as_math, values)))


def as_text(title: str, steps: Sequence[Step], *, width: int = _LINE) -> str:
    """The steps for a terminal of ``width`` columns."""
    lines = [title, "═" * len(title)]
    for i, step in enumerate(steps, start=1):
        lines += ["", *textwrap.wrap(f"{i}. {_prose(step.title)}", width, subsequent_indent="   "), ""]
        for block in step.blocks:
            lines += _lines(block, width)
    return "\n".join(line.replace(_JOINT, " ") for line in lines)


def _lines(block: Block, width: int) -> list[str]:
    if isinstance(block, Paragraph):
        return _wrapped(_prose(block), width, "  ", "  ")
    if isinstance(block, Equation):
        # a line is not broken within a short pair of brackets
        right = re.sub(
            r"\([^()]{1,30}\)", lambda found: found[0].replace(" ", _JOINT), math_of(block.right).text
        )
        return _wrapped(f"{block.left.text.replace(' ', _JOINT)} = {right}", width, "      ", "        ")
    cells = [block.header, *(tuple(cell.text for cell in row) for row in block.rows)]
    widths = [max(map(len, column)) for column in zip(*cells, strict=True)]
    rows = ["  ".join(c.ljust(w) for c, w in zip(row, widths, strict=True)).rstrip() for row in cells]
    return [f"      {row}" for row in (rows[0], "─" * (sum(widths) + 2 * len(widths) - 2), *rows[1:])]


def _prose(paragraph: Paragraph) -> str:
    """The text, with short mathematics kept in one piece."""
    return "".join(
        p.replace("*", "")
        if isinstance(p, str)
        else p.text.replace(" ", _JOINT if len(p.text) <= _LONGEST_PIECE else " ")
        for p in paragraph.pieces()
    )


def _wrapped(text: str, width: int, first: str, rest: str) -> list[str]:
    return textwrap.wrap(
        text,
        width,
        initial_indent=first,
        subsequent_indent=rest,
        break_long_words=False,
        break_on_hyphens=False,
    )


_MOST_NAMED = 3  # permutations that are named before the rest is counted
_MOST_TERMS = 10  # of a polynomial, past which it is shown for Tr O = 0
_AVERAGED = Paragraph(
    "The generators of each layer are averaged, states and `M` are kept: the twirl of the `X` of a layer is a sum over "
    "permutations of their places; traces of words in `M` and the states are left."
)
_AT_SIGHT = Paragraph(
    "A layer averages to zero at sight: an odd number of traceless `X` has the mean zero, and a single `X` a multiple "
    "of `1`, with which everything commutes."
)
_INPUT = Paragraph(
    "*Input.* The first segment twirls the states into `Σ_σ c_σ P_σ` with `c_σ = Σ_τ Wg(στ⁻¹) Tr(P_τ† ⊗ρ)`."
)
_CONTRACTION = Paragraph(
    "*Contraction.* `Tr(P_σ ⊗O)` is a product of traces, one for each cycle of `σ`. The coefficients that belong to "
    "one product add up to"
)
_ONE = TracePolynomial.constant(1)
MEAN = Math("E[%s]", r"\mathbb{E}[%s]")


def shown(value: TracePolynomial) -> TracePolynomial:
    """The polynomial, or what is left of it for traceless observables if it has many terms."""
    if len(value.terms) <= _MOST_TERMS:
        return value
    traces = (x for x in value.variables if isinstance(x, Trace) and x.degree == 1)
    return value.substitute(dict.fromkeys(traces, TracePolynomial({})))


def note_on(values: Iterable[TracePolynomial]) -> list[Block]:
    """A word where ``shown`` leaves something out."""
    if all(shown(value) == value for value in values):
        return []
    return [Paragraph("(Long forms are shown for `Tr O = 0`.)")]


def equations(*pairs: tuple[Value, TracePolynomial]) -> list[Block]:
    """Left and right sides as ``shown``, with a word where something is left out."""
    forms = [Equation(as_math(left), shown(right)) for left, right in pairs]
    return [*forms, *note_on(right for _, right in pairs)]


def name_of_product(labels: tuple[tuple[str, str], ...], pattern: tuple[tuple[int, ...], ...]) -> Math:
    r"""The product that a pattern stands for, its layers numbered as they act.

    Examples:
        >>> name_of_product((("psi", "O"),) * 3, ((0, 1, 1), (1, 0, 1)))
        Math(text='g_2 g_1 h_12', latex='g_{2} g_{1} h_{12}')
    """
    names = [
        _name_of_copy("".join(str(b) * block[a] for b, block in enumerate(pattern, start=1)), *label)
        for a, label in enumerate(labels)
    ]
    powers = Counter(names).items()
    pieces = [x if n == 1 else Math("%s^%s", "{%s}^{%s}").of(x, n) for x, n in powers]
    return joined(pieces, " ")


def _name_of_copy(layers: str, state: str, observable: str) -> Math:
    """g_1, h_12, z, ∂z_111, with state and observable where they are not the usual ones."""
    letter = {0: "z", 1: "g", 2: "h"}.get(len(layers), "∂z")
    text = f"{letter}_{layers}" if layers else letter
    latex = letter.replace("∂", r"\partial ") + (f"_{{{layers}}}" if layers else "")
    if (state, observable) == ("psi", "O"):
        return Math(text, latex)
    label = observable[0] + (f"_{{{observable[1:]}}}" if observable[1:] else "")
    return Math(f"{text}({observable}, {state})", rf"{latex}({label}, {state})")


def mean_of(pattern: PatternSteps) -> Math:
    """The mean of a pattern's product as a piece of mathematics."""
    return MEAN.of(name_of_product(pattern.labels, pattern.pattern))


def blocks_of_pattern(pattern: PatternSteps) -> tuple[Block, ...]:
    """What happens to one pattern, with its mean at the end."""
    blocks: list[Block] = [] if pattern.walks else [_AVERAGED]
    for walk in pattern.walks:
        if len(pattern.walks) > 1:
            blocks.append(said("*The independent factor* {}.", name_of_product(walk.labels, walk.pattern)))
        blocks += _recursion(walk)
    if pattern.weight != 1:
        words = "No generator of the pattern is the identity, which has probability {}."
        blocks.append(said(words, pattern.weight))
    return (*blocks, *equations((mean_of(pattern), pattern.mean)))


def _recursion(walk: Recursion) -> list[Block]:
    if not walk.stages:
        return [_AT_SIGHT]
    k = len(walk.labels)
    blocks = _input(walk.stages[0], k)
    for place, stage in enumerate(walk.stages[1:], start=1):
        if stage.insertion is not None:
            blocks += _layer(place, stage, stage.insertion, k)
        if not stage.num_nonzero:
            return [*blocks, Paragraph("No coefficient survives, and the mean is zero.")]
    return [*blocks, *_contraction(walk)]


def _input(stage: Stage, k: int) -> list[Block]:
    blocks: list[Block] = [_INPUT]
    if k == LARGEST_K_IN_FULL:
        form = Math("Wg(%s) = %s", r"\mathrm{Wg}(%s) = %s")
        weights = (form.of(",".join(map(str, mu)), w) for mu, w in twirl_weights(k).items())
        blocks.append(said("Here {}, and `1` is the identity, `F` the swap.", joined(weights, ", ")))
    return [*blocks, *_coefficients(stage, k)]


def _coefficients(stage: Stage, k: int) -> list[Block]:
    size = factorial(k)
    if stage.num_nonzero == size and stage.num_values == 1 and k > 1:
        are_many = k > LARGEST_K_IN_FULL
        words = said("All {} coefficients are equal:", size) if are_many else said("Both are equal:")
        return [words, Equation(written("c_σ"), stage.orbits[0].coefficient)]
    blocks: list[Block] = [Equation(_name_of_orbit(orbit, k), orbit.coefficient) for orbit in stage.orbits]
    if (rest := size - stage.num_nonzero) and k > LARGEST_K_IN_FULL:
        blocks.append(said("Zero: {} of the {} coefficients.", rest, size))
    return blocks


def _name_of_orbit(orbit: Orbit, k: int) -> Math:
    named = [_cycles(sigma, k) for sigma in orbit.permutations[:_MOST_NAMED]]
    name = joined(named, ", ", r",\,")
    if more := len(orbit.permutations) - len(named):
        name = Math(f"%s and {more} more", rf"%s,\,\dots\ [{len(orbit.permutations)}]").of(name)
    return Math("c[%s]", "c_{%s}").of(name)


def _cycles(sigma: Permutation, k: int) -> Math:
    """A permutation by its cycles without fixed points; for two copies 1 and the swap F."""
    if sigma == tuple(range(k)):
        return written("1")
    if k == LARGEST_K_IN_FULL:
        return written("F")
    text = cycles_text(sigma)
    return Math(text, text.replace(" ", r"\,"))


def _layer(place: int, stage: Stage, insertion: Insertion, k: int) -> list[Block]:
    times = {1: "", 2: " twice"}
    touched = [
        f"`{a}`{times.get(count, f' {count} times')}" for a, count in enumerate(insertion.block) if count
    ]
    listed = ", ".join(touched[:-1]) + (" and " if touched[:-1] else "") + touched[-1]
    noun = "copies" if touched[:-1] else "copy"
    words = f"*Layer {place}* inserts `[X, ·]` into {noun} {listed}; the factors `i` wait until the end."
    images = (block for image in insertion.images for block in _image(image, k))
    after = Paragraph("After the layer and the next twirl:")
    return [Paragraph(words), *_what_vanishes(insertion, k), *images, after, *_coefficients(stage, k)]


def _what_vanishes(insertion: Insertion, k: int) -> list[Block]:
    blocks: list[Block] = []
    num = len(insertion.commuting)
    reason = "where `σ` fixes a differentiated copy, `P_σ` is the identity on it, and `[X, 1] = 0`."
    if num and k == LARGEST_K_IN_FULL:
        names = joined((_cycles(sigma, k) for sigma in insertion.commuting), ", ")
        blocks.append(said(f"It annihilates {{}}: {reason}", names))
    elif num:
        blocks.append(said(f"It annihilates {{}} of the {{}} operators `P_σ`: {reason}", num, factorial(k)))
    if insertion.num_overlaps and k > LARGEST_K_IN_FULL:
        odd, cancelled = insertion.num_odd, insertion.num_cancelled
        left = insertion.num_overlaps - odd - cancelled
        reasons = [
            (odd, "{} vanish as a cycle of `τ⁻¹σ` holds an odd number of `X`, on whichever sides they stand"),
            (cancelled, "{} vanish as the signs of the commutators cancel"),
            (left, "{} remain, each an integer times `D^c` with `c` the number of cycles of `τ⁻¹σ`"),
        ]
        listed = "; ".join(reason for count, reason in reasons if count)
        words = f"The others have {{}} overlaps `Tr(P_τ† [X, P_σ])`: {listed}."
        blocks.append(said(words, insertion.num_overlaps, *(count for count, _ in reasons if count)))
    return blocks


def _image(image: Image, k: int) -> list[Block]:
    source = _cycles(image.sigma, k)
    by_parity = any(overlap.even != (0, 0) or overlap.num_odd for overlap in image.overlaps)
    overlaps = Math("Tr(P_τ† [X, %s])", r"\operatorname{Tr}(P_\tau^\dagger [X, %s])").of(source)
    rows: list[tuple[Math, ...]] = []
    for overlap in image.overlaps:
        plus, minus = overlap.even
        signed = written(f"{plus} − {-minus}" if plus or minus else "0")
        parity = (signed, as_math(overlap.num_odd)) if by_parity else ()
        rows.append((_cycles(overlap.tau, k), *parity, math_of(overlap.value)))
    words = "On {} it has the overlaps {} below."
    if by_parity:
        words += (
            " Each `X` stands left or right of `P_σ`, with the sign of the commutator: a cycle of `τ⁻¹σ` with an "
            "even number of `X` gives `Tr 1 = D`, one with an odd number `Tr X = 0`."
        )
    header = ("τ", "even (signed)", "odd", "overlap") if by_parity else ("τ", "overlap")
    term = Math("(%s) %s", r"%s\, %s")
    total = joined([term.of(c, _cycles(sigma, k)) for sigma, c in image.coefficients] or ["0"], " + ")
    result = Math(total.text, total.latex.replace("+ -", "-"))
    becomes = Math("%s ↦ %s", r"%s \mapsto %s").of(source, result)
    return [
        said(words, source, overlaps),
        Table(header, tuple(rows)),
        said("The Weingarten function makes of them {}.", becomes),
    ]


def _contraction(walk: Recursion) -> list[Block]:
    n = walk.num_commutators
    name = Math("[%s]", r"\left[%s\right]")
    sums = (Equation(name.of(traces), total) for traces, total in walk.contraction if total)
    words = f"and the commutators give the factor `i^{n} = {('1', 'i', '−1', '−i')[n % 4]}`:"
    return [_CONTRACTION, *sums, Paragraph(words if n else "so that")]
