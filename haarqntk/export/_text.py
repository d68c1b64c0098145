"""Plain text, Markdown and plain data: what a terminal prints, and the steps of a derivation."""

from __future__ import annotations

import math
import re
import textwrap
from functools import partial
from typing import TYPE_CHECKING, Any

from haarqntk.export._values import name_of
from haarqntk.haar import Integral
from haarqntk.qntk import (
    Block,
    EigenvalueFormula,
    Equation,
    Formula,
    Paragraph,
    formula,
    math_of,
    range_text,
)

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence

    from haarqntk.export._values import Value
    from haarqntk.qntk import Derivation, Math, Step

_LINE = 116
_JOINT = "\x00"
_MEANING = ("name", "definition", "ensemble", "generators", "design_order", "reference")
_MARKED = re.compile(r"(<!-- steps of (\w+)[^>]*-->\n).*?(\n<!-- end of steps -->)", flags=re.DOTALL)

filled = partial(textwrap.wrap, break_long_words=False, break_on_hyphens=False)


def with_error(value: float, error: float) -> str:
    """A value and its standard error, both to the error's second significant digit.

    Examples:
        >>> with_error(0.331558, 0.00821), with_error(1234.5, 31), with_error(3, 0)
        ('0.3316 ± 0.0082', '1234 ± 31', '3 ± 0')
    """
    if not error > 0:
        return f"{value:g} ± 0"
    digits = max(0, 1 - math.floor(math.log10(error)))
    return f"{value:.{digits}f} ± {error:.{digits}f}"


# -- formulas ------------------------------------------------------------------------------------------


def plain_text(formula: Formula | EigenvalueFormula, *, width: int = 80) -> str:
    """The name, what is averaged, the closed form in SymPy's syntax, and its meaning.

    Examples:
        >>> from haarqntk.qntk import formula
        >>> print(plain_text(formula("kernel_mean")))
        kernel_mean
          K̄ = E[Σ_l g_l²]
            2*L*(D*T2 - T1**2)/((D - 1)*(D + 1)**2)
          ensemble segments, 2-designs suffice; even D ≥ 2
          liu2023, Eqs. (6), (9); derivations/03_kernel_mean.md
    """
    lines = [formula.name, f"  {formula.definition}"]
    for expression in str(formula).splitlines():
        lines += filled(expression, width, initial_indent="    ", subsequent_indent="      ")
    lines += [
        f"  ensemble {formula.ensemble}, {_designs(formula.design_order)}; {range_of(formula)}",
        f"  {formula.reference}",
    ]
    return "\n".join(lines)


def _designs(order: int, closed: str = "") -> str:
    """What can stand in for the Haar measure; ``closed`` says what the designs must be closed under."""
    return f"{order}-designs{closed} suffice" if order else "no average is needed"


def range_of(formula: Formula | EigenvalueFormula) -> str:
    """The dimensions that the formula holds for, as text."""
    return range_text(formula.generators, formula.ensemble)


def meaning_of(value: Value) -> str:
    """What is averaged and where it holds, on one line.

    Examples:
        >>> from haarqntk.haar import expect, parse_integrand
        >>> meaning_of(expect(parse_integrand("tr(U A U^H B)")))
        'U Haar unitary on D; 1-designs suffice; closed form for D ≥ 1'
    """
    match value:
        case Formula() | EigenvalueFormula():
            text = f"{value.definition}; ensemble {value.ensemble}; {range_of(value)}"
            return " ".join(text.split()).replace("\\", "")
        case Integral():
            random = [
                f"{d.name} {d.record.title} on {_product(d.spaces)}" for d in _declared(value, random=True)
            ]
            return "; ".join([*(random or ["nothing is random"]), _held(value, range_of_integral(value))])
    return name_of(value)


# -- integrals -----------------------------------------------------------------------------------------


def integral_text(
    integrand: str, integral: Integral, *, at: Mapping[str, int] | None = None, width: int = 80
) -> str:
    """What is averaged over, the average, and its meaning.

    Args:
        integrand: The integrand as it was typed.
        integral: Its average, at the symbols.
        at: Integer dimensions to give it at.
        width: The width of a line.

    Examples:
        >>> from haarqntk.haar import expect, parse_integrand
        >>> typed = "tr(U A U^H B)"
        >>> print(integral_text(typed, expect(parse_integrand(typed))))
        averaged over U: Haar unitary on D; given A, B: general on D
        E[tr(U A U^H B)]
            Tr(A)*Tr(B)/D
          1-designs suffice; closed form for D ≥ 1
    """
    value = integral.specialise(**at) if at else integral
    where = f" at {_assignments(at)}" if at else ""
    held = _held(integral, "exact there" if at else range_of_integral(integral))
    paragraphs = [
        (averaged_over(integral), "", "  "),
        (f"E[{integrand}]{where}", "", "  "),
        (str(value), "    ", "      "),
        *((text, "  ", "  ") for text in (held, *integral.notes)),
    ]
    return "\n".join(
        line
        for text, first, later in paragraphs
        for line in filled(text, width, initial_indent=first, subsequent_indent=later)
    )


def averaged_over(integral: Integral) -> str:
    """What was taken as random and what as given, on one line.

    Examples:
        >>> from haarqntk.haar import expect, matrices, parse_integrand
        >>> typed = parse_integrand("<psi|A|psi> tr(U P U^H B)", declared=matrices("P", projector=True))
        >>> averaged_over(expect(typed)).split("; given ")
        ['averaged over U: Haar unitary on D; psi: Haar state on D', 'A, B: general on D; P: hermitian projector on D']
    """

    def by_kind(*, random: bool) -> list[str]:
        names: dict[str, list[str]] = {}
        for d in _declared(integral, random=random):
            kind = d.record.title if random else " ".join(sorted(d.properties)) or "general"
            names.setdefault(f"{kind} on {_product(d.spaces)}", []).append(d.name)
        return [f"{', '.join(each)}: {kind}" for kind, each in names.items()]

    random = "; ".join(by_kind(random=True)) or "nothing: no name is random"
    given = "; ".join(by_kind(random=False))
    return f"averaged over {random}" + (f"; given {given}" if given else "")


def _held(integral: Integral, held: str) -> str:
    """The design order that suffices, and where the closed form holds."""
    # only the scalars of the whole group make an unbalanced term vanish: designs need not have them
    scalars = {
        d.record.ways.scalars
        for d in _declared(integral, random=True)
        if any(f": {d.name} occurs" in x for x in integral.notes)
    }
    closed = f" closed under {' and '.join(sorted(scalars))}" if scalars else ""
    return f"{_designs(integral.design_order, closed)}; {held}"


def range_of_integral(integral: Integral) -> str:
    """The dimensions that the closed form surely holds for, as text; ``at`` is exact at all of them."""
    if integral.fixed:
        return f"exact at {_assignments(integral.fixed)}"
    spaces = {d.spaces for d in integral.declared.values()} | {integral.spaces} - {()}
    if spaces and all(isinstance(space, int) for each in spaces for space in each):
        written = sorted(set(map(_product, spaces)))
        return f"exact at {'dimension' if len(written) == 1 else 'dimensions'} {', '.join(written)}"
    least, even = dict(integral.least), integral.halved
    least |= {size: max(least.get(size, 2), 2) for size in even}
    for weight in {w for found in integral.counts.values() for weights, _ in found for w in weights}:
        if weight.law.step:
            size = "*".join(map(str, weight.spaces))
            least[size] = max(least.get(size, 1), weight.law.step * weight.design_order)
    bounds = [
        f"{'even ' * (size in even)}{size} ≥ {needed}"
        for size, needed in sorted(least.items())
        if not size.replace("*", "").isdigit()
    ]
    return f"closed form for {', '.join(bounds)}" if bounds else "closed form for every dimension"


def _declared(integral: Integral, *, random: bool) -> list[Any]:
    return [d for _, d in sorted(integral.declared.items()) if hasattr(d, "group") == random]


def _product(spaces: Iterable[object]) -> str:
    return " x ".join(map(str, spaces))


def _assignments(at: Mapping[str, int]) -> str:
    return ", ".join(f"{name} = {value}" for name, value in at.items())


def integral_record(
    integrand: str, integral: Integral, *, at: Mapping[str, int] | None = None
) -> dict[str, Any]:
    """The integral as data: what is random, the closed form as text and LaTeX, its exact terms and their weights.

    A term is a monomial, trace or entry → exponent, and its coefficient: numerator and denominator as lists of
    [coefficient, {dimension: exponent}]. Its weights are those of the closed form, before they are summed: a group, a
    class and a dimension each, closed loops, and a factor.
    """
    value = integral.specialise(**at) if at else integral
    random, given = (_declared(integral, random=is_random) for is_random in (True, False))
    return {
        "integrand": integrand,
        "random": [{"name": d.name, "group": d.group, "dimensions": list(d.spaces)} for d in random],
        "matrices": [
            {"name": d.name, "properties": sorted(d.properties), "dimensions": list(d.spaces)} for d in given
        ],
        "at": dict(at) if at else None,
        "dimensions": list(integral.spaces),
        "design_order": integral.design_order,
        "range": range_of_integral(integral),
        "notes": list(integral.notes),
        "expression": str(value),
        "latex": value.latex(),
        "terms": [
            {
                "monomial": dict(value.factors_of(monomial)),
                **_fraction(c),
                "weights": [
                    {
                        "factors": [
                            {
                                "group": w.group,
                                "classes": list(map(list, w.classes)),
                                "dimensions": list(w.spaces),
                            }
                            for w in weights
                        ],
                        "loops": list(loops),
                        **_fraction(factor),
                    }
                    for (weights, loops), factor in integral.counts[monomial].items()
                ],
            }
            for monomial, c in value.terms.items()
        ],
    }


def _fraction(c: Any) -> dict[str, Any]:
    """A rational function as lists of [coefficient, {dimension: exponent}]."""
    return {
        side: [
            [number, {name: e for name, e in zip(c.names, exponents, strict=True) if e}]
            for exponents, number in terms.items()
        ]
        for side, terms in (("numerator", c.numerator_terms), ("denominator", c.denominator_terms))
    }


# -- derivations ---------------------------------------------------------------------------------------


def steps_in_turn(
    formulas: Iterable[Formula | EigenvalueFormula],
) -> Iterator[tuple[Formula | EigenvalueFormula, Sequence[Step]]]:
    """Each formula with its steps; a mean that an earlier derivation has is referred to."""
    known: set[str] = set()
    for value in formulas:
        derivation = value.explain()
        yield value, derivation.steps(known=frozenset(known))
        known |= {average.symbol[0] for average in derivation.averages}


def prose(paragraph: Paragraph, words: Callable[[str], str], mathematics: Callable[[Math], str]) -> str:
    """A paragraph, with its words and its mathematics each written in their way."""
    return "".join(words(p) if isinstance(p, str) else mathematics(p) for p in paragraph.pieces())


def markdown_steps(steps: Sequence[Step]) -> str:
    r"""The steps in Markdown, with the mathematics in dollar signs.

    Examples:
        >>> from haarqntk.qntk import formula
        >>> print(markdown_steps(formula("kernel_mean").explain().steps()[5:6]))
        **1. Closed form**
        <BLANKLINE>
        $$ \overline{K} = \frac{2 L \left(D T_{2} - T_{1}^{2}\right)}{\left(D - 1\right) \left(D + 1\right)^{2}} $$
    """
    parts = []
    for place, step in enumerate(steps, start=1):
        parts.append(f"**{place}. {prose(step.title, str, lambda m: f'${m.latex}$')}**")
        parts += map(_markdown_block, step.blocks)
    return "\n\n".join(parts).replace(r"\operatorname{", r"\mathrm{")  # which GitHub refuses


def with_steps(document: str) -> str:
    """The document with what stands between its marks replaced by the steps of the formulas that they name.

    A mean that an earlier section of the document has derived is referred to.
    """
    in_turn = steps_in_turn(formula(found[2]) for found in _MARKED.finditer(document))
    return _MARKED.sub(lambda found: f"{found[1]}\n{markdown_steps(next(in_turn)[1])}\n{found[3]}", document)


def _markdown_block(block: Block) -> str:
    match block:
        case Paragraph():  # no line ends within mathematics: the next one could begin like a list
            text = prose(block, str, lambda m: f"${m.latex.replace(' ', _JOINT)}$")
            return "\n".join(filled(text, _LINE)).replace(_JOINT, " ")
        case Equation():
            return f"$$ {block.left.latex} = {math_of(block.right).latex} $$"
    rows = [tuple(f"${m.latex}$" for m in row) for row in block.rows]
    return "\n".join(f"| {' | '.join(row)} |" for row in (block.header, ("---",) * len(block.header), *rows))


def record_of_derivation(derivation: Derivation) -> dict[str, Any]:
    """The steps, with the mathematics as text and in LaTeX, and the exact contribution of each pattern."""
    return {
        **{name: getattr(derivation, name) for name in _MEANING},
        "averages": [
            {
                "symbol": average.symbol[0],
                "cost": average.cost._asdict(),
                "mean": str(average.mean.to_sympy(collect="L")),
                "patterns": [
                    {
                        "blocks": [list(block) for block in pattern.pattern],
                        "copies": [list(label) for label in pattern.labels],
                        "count": pattern.count,
                        "mean": str(pattern.mean.to_sympy()),
                        "contribution": str(pattern.contribution.to_sympy(collect="L")),
                        "coefficients": [
                            [stage.num_nonzero for stage in walk.stages] for walk in pattern.walks
                        ],
                    }
                    for term in average.terms
                    for pattern in term.patterns
                ],
                "second_route": None if average.second_route is None else average.second_route.route,
                "agrees": None if average.second_route is None else average.second_route.agrees,
            }
            for average in derivation.averages
        ],
        "steps": [
            {"title": _plain(step.title), "blocks": list(map(_record_of_block, step.blocks))}
            for step in derivation.steps()
        ],
    }


def _record_of_block(block: Block) -> dict[str, Any]:
    match block:
        case Paragraph():
            return {"paragraph": _plain(block)}
        case Equation():
            left, right = block.left, math_of(block.right)
            return {"left": left.text, "right": right.text, "latex": f"{left.latex} = {right.latex}"}
    return {"header": list(block.header), "rows": [[cell.text for cell in row] for row in block.rows]}


def _plain(paragraph: Paragraph) -> str:
    return prose(paragraph, lambda words: words.replace("*", ""), lambda m: m.text)
