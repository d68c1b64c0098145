"""The steps of a derivation in words: definition, copies, layer patterns, walks, sum, check."""

from __future__ import annotations

from math import factorial
from typing import TYPE_CHECKING

from haarqntk.algebra import TracePolynomial
from haarqntk.circuits import design_orders
from haarqntk.qntk._blocks import (
    Block,
    Equation,
    Math,
    Paragraph,
    Step,
    Table,
    joined,
    math_of,
    number,
    written,
)
from haarqntk.qntk._walk_in_words import mean_of, name_of_product, note_on, shown, walk_blocks

if TYPE_CHECKING:
    from collections.abc import Sequence

    from haarqntk.qntk._recipe import Average, Recipe
    from haarqntk.qntk._steps import AverageSteps, Result, SecondRoute, TermSteps

CLOSED_FORM = Paragraph("Closed form")
CHECK = Paragraph("Check by a second route")
_LARGEST_K_BY_CLASSES = 4
_NOTATION = Paragraph(
    "A permutation is written by its cycles, without fixed points, and `1` is the identity. Permutations of one "
    "cycle type with one coefficient `c` share a line."
)
_ONE = TracePolynomial.constant(1)
_U = Math(
    "U = S_0 e^{iθ_1X_1} S_1 … e^{iθ_LX_L} S_L", r"U = S_0 e^{i\theta_1X_1} S_1 \cdots e^{i\theta_LX_L} S_L"
)
_SEGMENTS = "{} with independent Haar unitaries `S_0, …, S_L`"
_OF_ENSEMBLE = {
    "segments": f"Ensemble segments: {_SEGMENTS}.",
    "independent_layers": f"Ensemble independent_layers: {_SEGMENTS}, different derivatives taken as independent.",
    "prl_ansatz": f"Ensemble prl_ansatz: {_SEGMENTS}, but `S_L = 1`, which the averages below do not see; each "
    "generator the identity with probability `1/D²`.",
    "prl_ansatz_with_input_block": f"Ensemble prl_ansatz_with_input_block: {_SEGMENTS}, each generator the identity "
    "with probability `1/D²`.",
    "generator_average": "Ensemble generator_average: in {} the output state and `M = U†OU` are kept, the "
    "generator of each layer is Haar-rotated.",
}
_OF_GENERATORS = {"pauli": "Every generator has `X² = 1`, `Tr X = 0`.", "general": "Write `X_j = Tr X^j`."}
_ROUTES = {
    "definition": "*By definition*: the overlaps of every layer with every permutation operator, counted one by "
    "one, then the inverse of the Gram matrix; no average over the generator. It gives the same polynomial for {}.",
    "factorisation": "*By factorisation*, without a walk: `K = v S_L` with independent `v` and `S_L` (document "
    "04). It gives the same polynomial for {}.",
    "one layer": "*With one layer* the output is a sinusoid in its angle, `z = c + A cos(2θ − φ)`, so the product "
    "is a number times a power of `A²`, as a power of `K` is; that one is known without a walk (document 04). It "
    "gives the same polynomial for {} at `L = 1`.",
}


def narrate(
    definition: Math,
    averages: Sequence[AverageSteps],
    results: Sequence[Result],
    *,
    ensemble: str,
    generators: str,
    known: frozenset[str],
) -> tuple[Step, ...]:
    """The steps of a derivation; averages whose symbols are known are not derived again."""
    setting = Paragraph(f"{_OF_ENSEMBLE[ensemble]} {_OF_GENERATORS[generators]}", (_U,))
    steps = [_definition(definition, setting, results)]
    checks: list[Block] = []
    several = len(averages) > 1
    for average in averages:
        of = (" of {}", (Math(*average.symbol),)) if several else ("", ())
        if average.symbol[0] in known:
            words = Paragraph("As derived above:")
            value = Equation(Math(*average.symbol), shown(average.mean))
            steps.append(Step(_title("The mean", of), (words, value, *note_on([average.mean]))))
            continue
        steps.append(Step(_title("Copies", of), _copies(average)))
        for term in average.terms:
            steps += _steps_of_term(term, of)
        is_result = not several and _combination(results[0].recipe) is None
        steps.append(Step(_title("Sum over the layers", of), _sum(average, is_result=is_result)))
        checks += _check(average)
    steps.append(Step(CLOSED_FORM, _closed_form(results)))
    if checks:
        steps.append(Step(CHECK, tuple(checks)))
    return tuple(steps)


def _title(words: str, of: tuple[str, tuple[Math, ...]]) -> Paragraph:
    return Paragraph(words + of[0], of[1])


def _definition(definition: Math, setting: Paragraph, results: Sequence[Result]) -> Step:
    blocks: list[Block] = [Paragraph("Wanted: {}.", (definition,)), setting]
    for result in results:
        combination = _combination(result.recipe)
        if combination is not None and len(results) > 1:
            blocks.append(Paragraph("{} is {}.", (Math(*result.symbol), combination)))
        elif combination is not None:
            blocks.append(Paragraph("In means it is {}.", (combination,)))
    return Step(Paragraph("Definition"), tuple(blocks))


def _combination(recipe: Recipe) -> Math | None:
    """The recipe as a formula; None if it is one plain mean."""
    products = recipe.terms
    first, *rest = products
    if not rest and len(first) == 1 and not first[0].at and products[first] == _ONE:
        return None
    text, latex = "", ""
    for averages, coefficient in products.items():
        product = joined([_average_at(average) for average in averages], " ", r"\,")
        is_minus = coefficient == -_ONE
        c = math_of(coefficient)
        factor = Math("", "") if is_minus or coefficient == _ONE else Math(f"({c.text}) ", rf"({c.latex})\,")
        text += f" {'−' if is_minus else '+'} {factor.text}{product.text}"
        latex += f" {'-' if is_minus else '+'} {factor.latex}{product.latex}"
    return Math(text.removeprefix(" + ").strip(), latex.removeprefix(" + ").strip())


def _average_at(average: Average) -> Math:
    """The mean with L or the overlap where they stand for something; equal observables go without saying."""
    symbol = Math(*average.symbol)
    values = [
        Math(f"{name} = {value.text}", f"{math_of(TracePolynomial.variable(name)).latex} = {value.latex}")
        for name, value in ((name, math_of(value)) for name, value in average.at if not name.startswith("T"))
    ]
    if not values:
        return symbol
    at = joined(values, ", ")
    return Math(f"{symbol.text}|({at.text})", rf"\left.{symbol.latex}\right|_{{{at.latex}}}")


def _copies(average: AverageSteps) -> tuple[Block, ...]:
    products = [len(term.term.copies) for term in average.terms if term.term.copies]
    if not products:
        return (Paragraph("Nothing is random here."),)
    sizes = joined([number(k) for k in sorted(set(products))], ", ")
    circuit, order = average.expression.circuit, max(design_orders(average.expression).values())
    drawn = "segments" if circuit.ensemble != "generator_average" else "rotations of the generators"
    designs = f" Unitary {{}}-designs do for the {drawn}." if order else " No average is needed."
    return (
        Paragraph(
            "{} is a mean of products of {} *copies*: a copy is one factor `z`, `g_l` or `h_lm`, an output or a "
            "derivative of one; they are numbered from 0 in the order in which they are written. In its copy a "
            f"derivative `∂_l` inserts `i[X, ·]` where layer `l` acts.{designs}",
            (Math(*average.symbol), sizes, *([number(order)] if order else [])),
        ),
        *([_NOTATION] if 2 < max(products) <= _LARGEST_K_BY_CLASSES else []),  # noqa: PLR2004 - 1 and F have names
    )


def _steps_of_term(term: TermSteps, of: tuple[str, tuple[Math, ...]]) -> list[Step]:
    if term.factors is not None:
        return [Step(_title("Factorisation", of), _factorisation(term))]
    if not term.patterns:
        return []
    patterns = Step(_title("Layer patterns", of), _patterns(term))
    if len(term.term.copies) > _LARGEST_K_BY_CLASSES:
        return [patterns, Step(_title("The walks in numbers", of), _in_numbers(term))]
    means = (
        Step(Paragraph("Walk for {}", (mean_of(pattern),)), walk_blocks(pattern)) for pattern in term.patterns
    )
    return [patterns, *means]


def _factorisation(term: TermSteps) -> tuple[Block, ...]:
    variance, squares = term.factors or (_ONE, _ONE)
    n = len(term.term.copies) // 2
    return (
        Paragraph(
            "`K = v S_L` with `v = ⟨M²⟩ − ⟨M⟩²`, the variance of the observable in the output state, and "
            "`S_L = Σ_l ξ_l²` independent of it (document 04). The mean is the product of"
        ),
        Equation(Math(f"E[v^{n}]", rf"\mathbb{{E}}[v^{{{n}}}]"), variance),
        Equation(Math(f"E[S_L^{n}]", rf"\mathbb{{E}}[S_L^{{{n}}}]"), squares),
    )


def _patterns(term: TermSteps) -> tuple[Block, ...]:
    total = sum(pattern.count for pattern in term.patterns)
    indices = {index for copy in term.term.copies for index in copy.layers}
    rows = tuple(
        (
            name_of_product(pattern.labels, pattern.pattern),
            number(pattern.count),
            written(f"C(L, {len(pattern.pattern)})"),
        )
        for pattern in term.patterns
    )
    words = "The {} summed layer indices coincide or follow each other in {} patterns"
    if len(indices) <= 1:
        words = "One summed layer index has one pattern" if indices else "No layer index: one pattern"
    alike = " Copies that are alike may change places; patterns that differ by that are one row." * (
        total > 1
    )
    return (
        Paragraph(
            f"{words}.{alike} Layers are numbered in the order in which they act; a pattern of `m` layers "
            "stands for `C(L, m)` choices.",
            (number(len(indices)), number(total)) if len(indices) > 1 else (),
        ),
        Table(("product", "patterns", "choices"), rows),
    )


def _in_numbers(term: TermSteps) -> tuple[Block, ...]:
    """For many copies: how many coefficients survive each layer, and what each pattern gives."""
    k = len(term.term.copies)
    rows = []
    for pattern in term.patterns:
        stages = [stage for walk in pattern.walks for stage in walk.stages]
        counts = [f"{stage.num_nonzero} ({stage.num_values})" for stage in stages]
        rows.append((name_of_product(pattern.labels, pattern.pattern), written(" → ".join(counts))))
    values = [pattern.mean for pattern in term.patterns]
    return (
        Paragraph(
            "The averaged state has {} coefficients, one for each permutation of the copies. Here is how many are "
            "not zero after the twirl of the input and after each layer, and in brackets how many different values "
            "they have. A term vanishes as `[X, 1] = 0`, as `Tr X = 0`, or because signs cancel.",
            (Math(f"{k}! = {factorial(k)}", f"{k}! = {factorial(k)}"),),
        ),
        Table(("product", "input → layer 1 → …"), tuple(rows)),
        Paragraph("Contracted with the observables, they give"),
        *(Equation(mean_of(pattern), shown(pattern.mean)) for pattern in term.patterns),
        *note_on(values),
    )


def _sum(average: AverageSteps, *, is_result: bool) -> tuple[Block, ...]:
    blocks: list[Block] = []
    for term in average.terms:
        pieces = []
        for pattern in term.patterns:
            name, choices = mean_of(pattern), written(f"C(L, {len(pattern.pattern)})")
            count = "" if pattern.count == 1 else f"{pattern.count} "
            pieces.append(
                Math(f"{count}{choices.text} {name.text}", rf"{count}{choices.latex}\, {name.latex}")
            )
        if pieces:
            blocks.append(Paragraph("The patterns add up to {}.", (joined(pieces, " + "),)))
            blocks += _by_num_layers(term)
    factors = [term.coefficient for term in average.terms]
    if factors != [_ONE]:
        names = joined([math_of(factor) for factor in factors], ", ")
        blocks.append(Paragraph("The products stand with the factors {}.", (names,)))
    if is_result:  # the closed form comes next
        return tuple(blocks)
    blocks.append(Paragraph("Together:"))
    return (*blocks, Equation(Math(*average.symbol), shown(average.mean)), *note_on([average.mean]))


def _by_num_layers(term: TermSteps) -> list[Block]:
    """The patterns with m layers together: what multiplies C(L, m), hence the powers of L up to L^m."""
    sizes = sorted({len(pattern.pattern) for pattern in term.patterns})
    if sizes[-1] <= 1:
        return []
    blocks: list[Block] = []
    totals = []
    for m in sizes:
        total = TracePolynomial({})
        for pattern in term.patterns:
            if len(pattern.pattern) == m:
                total = total + pattern.mean * pattern.count
        totals.append(total)
        powers = "power `L`" if m == 1 else f"powers `L` to `L^{m}`"
        blocks += [
            Paragraph(f"Patterns of {{}} layer{'s' * (m > 1)} feed the {powers} with", (number(m),)),
            Equation(Math(f"[C(L, {m})]", rf"\left[\tbinom{{L}}{{{m}}}\right]"), shown(total)),
        ]
    return [*blocks, *note_on(totals)]


def _closed_form(results: Sequence[Result]) -> tuple[Block, ...]:
    forms = [Equation(Math(*result.symbol), shown(result.polynomial)) for result in results]
    return (*forms, *note_on(result.polynomial for result in results))


def _check(average: AverageSteps) -> list[Block]:
    route, symbol = average.second_route, Math(*average.symbol)
    if route is None:
        words = "There is no second exact route for {} here; simulation is the check (haarqntk validate)."
        return [Paragraph(words, (symbol,))]
    return [Paragraph(_ROUTES[route.route], (symbol,)), *_point(route)]


def _point(route: SecondRoute) -> list[Block]:
    if not route.values:
        return []
    given = [Math(f"D = {route.D}", f"D = {route.D}")]
    given += [
        Math(f"{name} = {value}", f"{math_of(TracePolynomial.variable(name)).latex} = {value}")
        for name, value in route.values
    ]
    numbers = (Math(str(x), str(x)) for x in (route.value_by_walk, route.value_by_route))
    words = "At {}: {} by the steps above, {} by the second route, run at this dimension."
    return [Paragraph(words, (joined(given, ", "), *numbers))]
