"""An integral as plain text and as exact data, with its meaning."""

from __future__ import annotations

import textwrap
from typing import TYPE_CHECKING, Any

from haarqntk.export._text import designs_text

if TYPE_CHECKING:
    from collections.abc import Mapping

    from haarqntk.haar import Integral


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
    lines = _wrapped(averaged_over(integral), width, "", "  ")
    lines += _wrapped(f"E[{integrand}]{where}", width, "", "  ")
    lines += _wrapped(str(value), width, "    ", "      ")
    held = "exact there" if at else range_of_integral(integral)
    lines += _wrapped(_meaning(integral, held), width, "  ", "  ")
    for note in integral.notes:
        lines += _wrapped(note, width, "  ", "  ")
    return "\n".join(lines)


def averaged_over(integral: Integral) -> str:
    """What was taken as random and what as given, on one line.

    Examples:
        >>> from haarqntk.haar import expect, matrices, parse_integrand
        >>> typed = parse_integrand("<psi|A|psi> tr(U P U^H B)", declared=matrices("P", projector=True))
        >>> averaged_over(expect(typed)).split("; given ")
        ['averaged over U: Haar unitary on D; psi: Haar state on D', 'A, B: general on D; P: hermitian projector on D']
    """
    random = _named_by_kind(integral, random=True) or ["nothing: no name is random"]
    given = _named_by_kind(integral, random=False)
    return "; ".join(
        [f"averaged over {random[0]}", *random[1:], *(f"given {x}" for x in given[:1]), *given[1:]]
    )


def _named_by_kind(integral: Integral, *, random: bool) -> list[str]:
    names: dict[str, list[str]] = {}
    for d in _declared(integral, random=random):
        kind = d.record.title if random else " ".join(sorted(d.properties)) or "general"
        names.setdefault(f"{kind} on {' x '.join(map(str, d.spaces))}", []).append(d.name)
    return [f"{', '.join(each)}: {kind}" for kind, each in names.items()]


def meaning_of_integral(integral: Integral) -> str:
    """What is random, the design order that suffices, and where the closed form holds, on one line.

    Examples:
        >>> from haarqntk.haar import expect, parse_integrand
        >>> meaning_of_integral(expect(parse_integrand("tr(U A U^H B)")))
        'U Haar unitary on D; 1-designs suffice; closed form for D ≥ 1'
    """
    return "; ".join([*_random(integral), _meaning(integral, range_of_integral(integral))])


def _meaning(integral: Integral, held: str) -> str:
    # only the scalars of the whole group make an unbalanced term vanish: designs need not have them
    scalars = {
        d.record.ways.scalars
        for d in _declared(integral, random=True)
        if any(f": {d.name} occurs" in x for x in integral.notes)
    }
    closed = f" closed under {' and '.join(sorted(scalars))}" if scalars else ""
    return f"{designs_text(integral.design_order, closed)}; {held}"


def integral_record(
    integrand: str, integral: Integral, *, at: Mapping[str, int] | None = None
) -> dict[str, Any]:
    """The integral as data: what is random, the closed form as text and LaTeX, its exact terms and their weights.

    A term is a monomial, trace or entry → exponent, and its coefficient: numerator and denominator as lists of
    [coefficient, {dimension: exponent}]. Its weights are those of the closed form, before they are summed: a group, a
    class and a dimension each, closed loops, and a factor.
    """
    value = integral.specialise(**at) if at else integral
    return {
        "integrand": integrand,
        "random": [
            {"name": d.name, "group": d.group, "dimensions": list(d.spaces)}
            for d in _declared(integral, random=True)
        ],
        "matrices": [
            {"name": d.name, "properties": sorted(d.properties), "dimensions": list(d.spaces)}
            for d in _declared(integral, random=False)
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
                "numerator": _polynomial(c.names, c.numerator_terms),
                "denominator": _polynomial(c.names, c.denominator_terms),
                "weights": _weights(integral, monomial),
            }
            for monomial, c in value.terms.items()
        ],
    }


def range_of_integral(integral: Integral) -> str:
    """The dimensions that the closed form surely holds for, as text; ``at`` is exact at all of them."""
    if integral.fixed:
        return f"exact at {_assignments(integral.fixed)}"
    spaces = {d.spaces for d in integral.declared.values()} | {integral.spaces} - {()}
    if spaces and all(isinstance(space, int) for each in spaces for space in each):
        written = sorted({" x ".join(map(str, each)) for each in spaces})
        return f"exact at {'dimension' if len(written) == 1 else 'dimensions'} {', '.join(written)}"
    least = dict(integral.least)
    even = integral.halved
    least |= {size: max(least.get(size, 2), 2) for size in even}
    for weight in {w for found in integral.counts.values() for weights, _ in found for w in weights}:
        if weight.law.step:
            size = "*".join(map(str, weight.spaces))
            needed = weight.law.step * weight.design_order
            least[size] = max(least.get(size, 1), needed)
    bounds = [
        f"{'even ' * (size in even)}{size} ≥ {needed}"
        for size, needed in sorted(least.items())
        if not size.replace("*", "").isdigit()
    ]
    return f"closed form for {', '.join(bounds)}" if bounds else "closed form for every dimension"


def _random(integral: Integral) -> list[str]:
    texts = [
        f"{d.name} {d.record.title} on {' x '.join(map(str, d.spaces))}"
        for d in _declared(integral, random=True)
    ]
    return texts or ["nothing is random"]


def _declared(integral: Integral, *, random: bool) -> list[Any]:
    return [d for _, d in sorted(integral.declared.items()) if hasattr(d, "group") == random]


def _polynomial(names: tuple[str, ...], terms: Mapping[tuple[int, ...], int]) -> list[list[Any]]:
    return [
        [c, {name: e for name, e in zip(names, exponents, strict=True) if e}]
        for exponents, c in terms.items()
    ]


def _weights(integral: Integral, monomial: Any) -> list[dict[str, Any]]:
    return [
        {
            "factors": [
                {"group": w.group, "classes": [list(c) for c in w.classes], "dimensions": list(w.spaces)}
                for w in weights
            ],
            "loops": list(loops),
            "numerator": _polynomial(c.names, c.numerator_terms),
            "denominator": _polynomial(c.names, c.denominator_terms),
        }
        for (weights, loops), c in integral.counts[monomial].items()
    ]


def _assignments(at: Mapping[str, int]) -> str:
    return ", ".join(f"{name} = {value}" for name, value in at.items())


def _wrapped(text: str, width: int, first: str, later: str) -> list[str]:
    return textwrap.wrap(
        text,
        width,
        initial_indent=first,
        subsequent_indent=later,
        break_long_words=False,
        break_on_hyphens=False,
    )
