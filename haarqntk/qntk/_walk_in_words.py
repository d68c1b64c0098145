"""One layer pattern in words: the twirl of the input, every layer, the contraction with the observables."""

from __future__ import annotations

from collections import Counter
from math import factorial
from typing import TYPE_CHECKING

from haarqntk.algebra import Trace, TracePolynomial
from haarqntk.combinatorics import cycles
from haarqntk.designs import twirl_weights
from haarqntk.qntk._blocks import Block, Equation, Math, Paragraph, Table, joined, math_of, number, written

if TYPE_CHECKING:
    from collections.abc import Iterable

    from haarqntk.circuits import Image, Insertion, Orbit, PatternSteps, Stage, Walk
    from haarqntk.combinatorics import Permutation

_MOST_NAMED = 3  # permutations that are named before the rest is counted
_MOST_TERMS = 10  # of a polynomial, past which it is shown for Tr O = 0
_IN_FULL = 2
_ONE = TracePolynomial.constant(1)


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
    pieces = [
        name if times == 1 else Math(f"{name.text}^{times}", rf"{{{name.latex}}}^{{{times}}}")
        for name, times in Counter(names).items()
    ]
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
    name = name_of_product(pattern.labels, pattern.pattern)
    return Math(f"E[{name.text}]", rf"\mathbb{{E}}[{name.latex}]")


def walk_blocks(pattern: PatternSteps) -> tuple[Block, ...]:
    """What happens to one pattern, with its mean at the end."""
    blocks: list[Block] = []
    if not pattern.walks:
        blocks.append(
            Paragraph(
                "The generators of each layer are averaged, states and `M` are kept: the twirl of the `X` of a "
                "layer is a sum over permutations of their places; traces of words in `M` and the states are left."
            )
        )
    for walk in pattern.walks:
        if len(pattern.walks) > 1:
            blocks.append(
                Paragraph("*The independent factor* {}.", (name_of_product(walk.labels, walk.pattern),))
            )
        blocks += _blocks_of_walk(walk)
    factor = TracePolynomial.constant(pattern.weight)
    if factor != _ONE:
        blocks.append(
            Paragraph("No layer of the pattern is silent, which has probability {}.", (math_of(factor),))
        )
    return (*blocks, Equation(mean_of(pattern), shown(pattern.mean)), *note_on([pattern.mean]))


def _blocks_of_walk(walk: Walk) -> list[Block]:
    if not walk.stages:
        return [
            Paragraph(
                "A layer averages to zero at sight: an odd number of traceless `X` has the mean zero, and a single "
                "`X` a multiple of `1`, with which everything commutes."
            )
        ]
    k = len(walk.labels)
    blocks = _input(walk.stages[0], k)
    for place, stage in enumerate(walk.stages[1:], start=1):
        if stage.insertion is not None:
            blocks += _layer(place, stage, stage.insertion, k)
        if not stage.num_nonzero:
            return [*blocks, Paragraph("No coefficient survives, and the mean is zero.")]
    return [*blocks, *_contraction(walk)]


def _input(stage: Stage, k: int) -> list[Block]:
    blocks: list[Block] = [
        Paragraph(
            "*Input.* The first segment twirls the states into `Σ_σ c_σ P_σ` with "
            "`c_σ = Σ_τ Wg(στ⁻¹) Tr(P_τ† ⊗ρ)`."
        )
    ]
    if k == _IN_FULL:
        weights = [
            Math(f"Wg({name}) = {w.text}", rf"\mathrm{{Wg}}({name}) = {w.latex}")
            for name, w in ((",".join(map(str, mu)), _constant(w)) for mu, w in twirl_weights(k).items())
        ]
        blocks.append(Paragraph("Here {}, and `1` is the identity, `F` the swap.", (joined(weights, ", "),)))
    return [*blocks, *_coefficients(stage, k)]


def _constant(value: object) -> Math:
    return math_of(TracePolynomial.constant(value))  # type: ignore[arg-type]


def _coefficients(stage: Stage, k: int) -> list[Block]:
    size = factorial(k)
    if stage.num_nonzero == size and stage.num_values == 1 and k > 1:
        words = Paragraph(
            "All {} coefficients are equal:" if k > _IN_FULL else "Both are equal:",
            (number(size),)[: k > _IN_FULL],
        )
        return [words, Equation(written("c_σ"), stage.orbits[0].coefficient)]
    blocks: list[Block] = [Equation(_name_of_orbit(orbit, k), orbit.coefficient) for orbit in stage.orbits]
    if (rest := size - stage.num_nonzero) and k > _IN_FULL:
        blocks.append(Paragraph("Zero: {} of the {} coefficients.", (number(rest), number(size))))
    return blocks


def _name_of_orbit(orbit: Orbit, k: int) -> Math:
    named = [_cycles(sigma, k) for sigma in orbit.permutations[:_MOST_NAMED]]
    name = joined(named, ", ", r",\,")
    if more := len(orbit.permutations) - len(named):
        name = Math(f"{name.text} and {more} more", rf"{name.latex},\,\dots\ [{len(orbit.permutations)}]")
    return Math(f"c[{name.text}]", rf"c_{{{name.latex}}}")


def _cycles(sigma: Permutation, k: int) -> Math:
    """A permutation by its cycles without fixed points; for two copies 1 and the swap F."""
    moved = [cycle for cycle in cycles(sigma) if len(cycle) > 1]
    if not moved:
        return written("1")
    if k == _IN_FULL:
        return written("F")
    text = ("".join(f"({separator.join(map(str, cycle))})" for cycle in moved) for separator in (" ", r"\,"))
    return Math(*text)


def _layer(place: int, stage: Stage, insertion: Insertion, k: int) -> list[Block]:
    times = {1: "", 2: " twice"}
    touched = [
        f"`{a}`{times.get(count, f' {count} times')}" for a, count in enumerate(insertion.block) if count
    ]
    listed = ", ".join(touched[:-1]) + (" and " if touched[:-1] else "") + touched[-1]
    noun = "copies" if touched[:-1] else "copy"
    blocks: list[Block] = [
        Paragraph(
            f"*Layer {place}* inserts `[X, ·]` into {noun} {listed}; the factors `i` wait until the end."
        ),
        *_what_vanishes(insertion, k),
    ]
    for image in insertion.images:
        blocks += _image(image, k)
    return [*blocks, Paragraph("After the layer and the next twirl:"), *_coefficients(stage, k)]


def _what_vanishes(insertion: Insertion, k: int) -> list[Block]:
    blocks: list[Block] = []
    num = len(insertion.commuting)
    reason = "where `σ` fixes a differentiated copy, `P_σ` is the identity on it, and `[X, 1] = 0`."
    if num and k == _IN_FULL:
        names = joined([_cycles(sigma, k) for sigma in insertion.commuting], ", ")
        blocks.append(Paragraph(f"It annihilates {{}}: {reason}", (names,)))
    elif num:
        words = f"It annihilates {{}} of the {{}} operators `P_σ`: {reason}"
        blocks.append(Paragraph(words, (number(num), number(factorial(k)))))
    if insertion.num_overlaps and k > _IN_FULL:
        odd, cancelled = insertion.num_odd, insertion.num_cancelled
        left = insertion.num_overlaps - odd - cancelled
        reasons = [
            (odd, "{} vanish as a cycle of `τ⁻¹σ` holds an odd number of `X`, on whichever sides they stand"),
            (cancelled, "{} vanish as the signs of the commutators cancel"),
            (left, "{} remain, each an integer times `D^c` with `c` the number of cycles of `τ⁻¹σ`"),
        ]
        words = "; ".join(reason for count, reason in reasons if count)
        counts = (insertion.num_overlaps, *(count for count, _ in reasons if count))
        blocks.append(
            Paragraph(
                f"The others have {{}} overlaps `Tr(P_τ† [X, P_σ])`: {words}.", tuple(map(number, counts))
            )
        )
    return blocks


def _image(image: Image, k: int) -> list[Block]:
    source = _cycles(image.sigma, k)
    by_parity = any(overlap.even != (0, 0) or overlap.num_odd for overlap in image.overlaps)
    overlaps = Math(
        f"Tr(P_τ† [X, {source.text}])", rf"\operatorname{{Tr}}(P_\tau^\dagger [X, {source.latex}])"
    )
    rows: list[tuple[Math, ...]] = []
    for overlap in image.overlaps:
        parity = (_signed(overlap.even), number(overlap.num_odd)) if by_parity else ()
        rows.append((_cycles(overlap.tau, k), *parity, math_of(overlap.value)))
    words = "On {} it has the overlaps {} below."
    if by_parity:
        words += (
            " Each `X` stands left or right of `P_σ`, with the sign of the commutator: a cycle of `τ⁻¹σ` with an "
            "even number of `X` gives `Tr 1 = D`, one with an odd number `Tr X = 0`."
        )
    header = ("τ", "even (signed)", "odd", "overlap") if by_parity else ("τ", "overlap")
    terms = [
        Math(f"({value.text}) {target.text}", rf"{value.latex}\, {target.latex}")
        for target, value in ((_cycles(sigma, k), math_of(c)) for sigma, c in image.coefficients)
    ]
    total = joined(terms, " + ") if terms else written("0")
    result = Math(total.text, total.latex.replace("+ -", "-"))
    return [
        Paragraph(words, (source, overlaps)),
        Table(header, tuple(rows)),
        Paragraph(
            "The Weingarten function makes of them {}.",
            (Math(f"{source.text} ↦ {result.text}", rf"{source.latex} \mapsto {result.latex}"),),
        ),
    ]


def _signed(even: tuple[int, int]) -> Math:
    return written(f"{even[0]} − {-even[1]}") if any(even) else written("0")


def _contraction(walk: Walk) -> list[Block]:
    n = walk.num_commutators
    blocks: list[Block] = [
        Paragraph(
            "*Contraction.* `Tr(P_σ ⊗O)` is a product of traces, one for each cycle of `σ`. The coefficients that "
            "belong to one product add up to"
        )
    ]
    for traces, total in walk.contraction:
        if total:
            name = math_of(traces)
            blocks.append(Equation(Math(f"[{name.text}]", rf"\left[{name.latex}\right]"), total))
    sign = {0: "1", 1: "i", 2: "−1", 3: "−i"}[n % 4]
    return [*blocks, Paragraph(f"and the commutators give the factor `i^{n} = {sign}`:" if n else "so that")]
