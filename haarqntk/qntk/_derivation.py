"""``Derivation``: how a formula comes about, as data; made by running the engine's own functions once more.

``derive_in_steps`` averages every expression of the formula's recipe again, one layer at a time, adds the contributions
of the layer patterns up, and takes a second route. The steps in words: definition, copies, layer patterns, layer
recursion, sum, check.
"""

from __future__ import annotations

from dataclasses import dataclass
from math import factorial
from typing import TYPE_CHECKING, TypeAlias

from haarqntk.algebra import Trace, TracePolynomial, collected
from haarqntk.base import Shown
from haarqntk.circuits import ENSEMBLES, LARGEST_K_BY_CLASSES, LARGEST_K_IN_FULL, Expression, design_orders
from haarqntk.errors import InputError
from haarqntk.qntk._blocks import (
    MEAN,
    Block,
    Equation,
    Math,
    Paragraph,
    Step,
    Table,
    Value,
    as_math,
    as_text,
    blocks_of_pattern,
    equations,
    joined,
    mean_of,
    name_of_product,
    note_on,
    said,
    shown,
    written,
)
from haarqntk.qntk._steps import Result, steps_of_mean

if TYPE_CHECKING:
    from haarqntk.qntk._closed_form import ClosedForm
    from haarqntk.qntk._recipe import Average, Recipe
    from haarqntk.qntk._steps import AverageSteps, TermSteps

    _Of: TypeAlias = tuple[
        tuple[str, str], ...
    ]  # the symbol of the mean that a title names, if there are several

CLOSED_FORM = Paragraph("Closed form")
CHECK = Paragraph("Check by a second route")
_NOTATION = Paragraph(
    "A permutation is written by its cycles, without fixed points, and `1` is the identity. Permutations of one "
    "cycle type with one coefficient `c` share a line."
)
_ONE = TracePolynomial.constant(1)
_U = Math(
    "U = S_0 e^{iθ_1X_1} S_1 … e^{iθ_LX_L} S_L", r"U = S_0 e^{i\theta_1X_1} S_1 \cdots e^{i\theta_LX_L} S_L"
)
_OF_GENERATORS = {"pauli": "Every generator has `X² = 1`, `Tr X = 0`.", "general": "Write `X_j = Tr X^j`."}
_ROUTES = {
    "definition": "*By definition*: the overlaps of every layer with every permutation operator, counted one by "
    "one, then the inverse of the Gram matrix; no average over the generator. It gives the same polynomial for {}.",
    "factorisation": "*By factorisation*, without the recursion: `K = v S_L` with independent `v` and `S_L` (document "
    "04). It gives the same polynomial for {}.",
    "one layer": "*With one layer* the output is a sinusoid in its angle, `z = c + A cos(2θ − φ)`, so the product "
    "is a number times a power of `A²`, as a power of `K` is; that one is known without the recursion (document 04). "
    "It gives the same polynomial for {} at `L = 1`.",
}


@dataclass(frozen=True, slots=True, repr=False)
class Derivation(Shown):
    """How a formula comes about, from its definition to the closed form.

    ``print`` gives the steps as text; ``steps()`` gives them as data that ``haarqntk.export`` writes as Markdown
    or LaTeX. Up to two copies every intermediate value is shown, with three and four those of the permutations
    that survive, with more the counts and what each layer pattern contributes.

    Attributes:
        name: The formula's name.
        definition: What is averaged, as text.
        definition_latex: What is averaged, in LaTeX.
        ensemble: The ensemble that is averaged over.
        generators: "pauli" or "general".
        design_order: The t of the unitary t-designs that give the same average.
        reference: Keys into the bibliography, and the document.
        averages: The means that the formula is made of, each with its layer patterns and their recursions.
        results: The closed forms: one, or one for each eigenvalue.

    Examples:
        >>> from haarqntk.qntk import formula
        >>> derivation = formula("kernel_mean").explain()
        >>> ((pattern,),) = [term.patterns for term in derivation.averages[0].terms]
        >>> [stage.num_nonzero for stage in pattern.walks[0].stages]
        [2, 2]
        >>> derivation.averages[0].second_route.agrees
        True

    Reference:
        derivations/02_the_walk.md.
    """

    name: str
    definition: str
    definition_latex: str
    ensemble: str
    generators: str
    design_order: int
    reference: str
    averages: tuple[AverageSteps, ...]
    results: tuple[Result, ...]

    def steps(self, *, known: frozenset[str] = frozenset()) -> tuple[Step, ...]:
        """The steps as titles, paragraphs, equations and tables.

        Args:
            known: The symbols of averages that the reader has seen, such as "E[K²]"; they are not derived again.
        """
        steps = [Step(Paragraph("Definition"), self._definition())]
        checks: list[Block] = []
        several = len(self.averages) > 1
        for average in self.averages:
            of = (average.symbol,) if several else ()
            if average.symbol[0] in known:
                value = equations((average.symbol, average.mean))
                steps.append(Step(_title("The mean", of), (Paragraph("As derived above:"), *value)))
                continue
            steps.append(Step(_title("Copies", of), _copies(average)))
            for term in average.terms:
                steps += _steps_of_term(term, of)
            is_result = not several and _combination(self.results[0].recipe) is None
            steps.append(Step(_title("Sum over the layers", of), _sum(average, is_result=is_result)))
            checks += _check(average)
        forms = equations(*((result.symbol, result.polynomial) for result in self.results))
        steps.append(Step(CLOSED_FORM, tuple(forms)))
        return (*steps, Step(CHECK, tuple(checks))) if checks else tuple(steps)

    def _definition(self) -> tuple[Block, ...]:
        setting = f"{ENSEMBLES[self.ensemble].setting} {_OF_GENERATORS[self.generators]}"
        blocks = [
            said("Wanted: {}.", (self.definition, self.definition_latex)),
            said(f"Ensemble {self.ensemble}: {setting}", _U),
        ]
        for result in self.results:
            combination = _combination(result.recipe)
            if combination is not None and len(self.results) > 1:
                blocks.append(said("{} is {}.", result.symbol, combination))
            elif combination is not None:
                blocks.append(said("In means it is {}.", combination))
        return tuple(blocks)

    def __str__(self) -> str:
        return as_text(self.name, self.steps())

    def __repr__(self) -> str:
        return f"<Derivation of {self.name} in {len(self.steps())} steps>"

    def latex(self) -> str:
        """What is averaged, in LaTeX; the steps are ``steps()``."""
        return self.definition_latex

    def facts(self) -> dict[str, str]:
        """The steps by their titles, for a notebook."""
        titles = (
            "".join(piece if isinstance(piece, str) else piece.text for piece in step.title.pieces())
            for step in self.steps()
        )
        return {str(i): title for i, title in enumerate(titles, start=1)}


def derive_in_steps(name: str, formulas: tuple[ClosedForm, ...]) -> Derivation:
    """The derivation of one formula, or of several that belong together.

    Raises:
        InputError: If a formula is no polynomial in means.
    """
    first = formulas[0]
    if not all(formula.recipe.is_whole for formula in formulas):
        raise InputError(
            f"explain must be asked of a whole formula, got {first.name}; ask it of the one that it comes from"
        )
    symbols = {
        average.expression: average.symbol
        for formula in formulas
        for average in formula.recipe.averages
        if isinstance(average.expression, Expression)
    }
    averages = tuple(steps_of_mean(expression, symbol) for expression, symbol in symbols.items())
    means = {average.expression: average.mean for average in averages}
    for formula in formulas:
        assert formula.recipe.value(means) == formula.polynomial  # noqa: S101 - the steps are the formula
    letters = [f"λ_{i}" for i in range(1, len(formulas) + 1)] if len(formulas) > 1 else [name]
    return Derivation(
        name,
        first.definition,
        first.definition_latex,
        first.ensemble,
        first.generators,
        first.design_order,
        first.reference,
        averages,
        tuple(
            Result((letter, formula.notation), formula.polynomial, formula.recipe)
            for letter, formula in zip(letters, formulas, strict=True)
        ),
    )


def _title(words: str, of: _Of) -> Paragraph:
    return said(words + " of {}" * len(of), *of)


def _combination(recipe: Recipe) -> Math | None:
    """The recipe as a formula; None if it is one plain mean."""
    (first, c), *rest = recipe.terms.items()
    if not rest and len(first) == 1 and not first[0].at and c == _ONE:
        return None
    pieces = []
    for averages, c in recipe.terms.items():
        product = joined(map(_average_at, averages), " ", r"\,")
        if c not in {_ONE, -_ONE}:
            product = Math("(%s) %s", r"(%s)\,%s").of(c, product)
        sign = Math(" − %s", " - %s") if c == -_ONE else Math(" + %s", " + %s")
        pieces.append(sign.of(product))
    total = joined(pieces, "")
    return Math(total.text.removeprefix(" + ").strip(), total.latex.removeprefix(" + ").strip())


def _average_at(average: Average) -> Math:
    """The mean with L or the overlap where they stand for something; equal observables go without saying."""
    values = [_equal(name, value) for name, value in average.at if not isinstance(name, Trace)]
    if not values:
        return as_math(average.symbol)
    return Math("%s|(%s)", r"\left.%s\right|_{%s}").of(average.symbol, joined(values, ", "))


def _equal(name: str, value: Value) -> Math:
    return Math("%s = %s", "%s = %s").of(TracePolynomial.variable(name), value)


def _copies(average: AverageSteps) -> tuple[Block, ...]:
    products = [len(term.term.copies) for term in average.terms if term.term.copies]
    if not products:
        return (Paragraph("Nothing is random here."),)
    sizes = joined(sorted(set(products)), ", ")
    circuit, order = average.expression.circuit, max(design_orders(average.expression).values())
    drawn = "rotations of the generators" if ENSEMBLES[circuit.ensemble].keeps_state else "segments"
    designs = f" Unitary {{}}-designs do for the {drawn}." if order else " No average is needed."
    return (
        said(
            "{} is a mean of products of {} *copies*: a copy is one factor `z`, `g_l` or `h_lm`, an output or a "
            "derivative of one; they are numbered from 0 in the order in which they are written. In its copy a "
            f"derivative `∂_l` inserts `i[X, ·]` where layer `l` acts.{designs}",
            *(average.symbol, sizes, order)[: 3 if order else 2],
        ),
        # of two copies the permutations are 1 and F
        *([_NOTATION] if LARGEST_K_IN_FULL < max(products) <= LARGEST_K_BY_CLASSES else []),
    )


def _steps_of_term(term: TermSteps, of: _Of) -> list[Step]:
    if term.factors is not None:
        return [Step(_title("Factorisation", of), _factorisation(term))]
    if not term.patterns:
        return []
    patterns = Step(_title("Layer patterns", of), _patterns(term))
    if len(term.term.copies) > LARGEST_K_BY_CLASSES:
        return [patterns, Step(_title("The recursion in numbers", of), _in_numbers(term))]
    means = (
        Step(said("Layer recursion for {}", mean_of(pattern)), blocks_of_pattern(pattern))
        for pattern in term.patterns
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
        Equation(MEAN.of(f"v^{n}"), variance),
        Equation(MEAN.of(f"S_L^{n}"), squares),
    )


def _patterns(term: TermSteps) -> tuple[Block, ...]:
    total = sum(pattern.count for pattern in term.patterns)
    indices = {index for copy in term.term.copies for index in copy.layers}
    rows = tuple(
        (name_of_product(x.labels, x.pattern), as_math(x.count), written(f"C(L, {len(x.pattern)})"))
        for x in term.patterns
    )
    words = "The {} summed layer indices coincide or follow each other in {} patterns"
    if len(indices) <= 1:
        words = "One summed layer index has one pattern" if indices else "No layer index: one pattern"
    alike = " Copies that are alike may change places; patterns that differ by that are one row." * (
        total > 1
    )
    return (
        said(
            f"{words}.{alike} Layers are numbered in the order in which they act; a pattern of `m` layers "
            "stands for `C(L, m)` choices.",
            *((len(indices), total) if len(indices) > 1 else ()),
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
    return (
        said(
            "The averaged state has {} coefficients, one for each permutation of the copies. Here is how many are "
            "not zero after the twirl of the input and after each layer, and in brackets how many different values "
            "they have. A term vanishes as `[X, 1] = 0`, as `Tr X = 0`, or because signs cancel.",
            f"{k}! = {factorial(k)}",
        ),
        Table(("product", "input → layer 1 → …"), tuple(rows)),
        Paragraph("Contracted with the observables, they give"),
        *equations(*((mean_of(pattern), pattern.mean) for pattern in term.patterns)),
    )


def _sum(average: AverageSteps, *, is_result: bool) -> tuple[Block, ...]:
    blocks: list[Block] = []
    for term in average.terms:
        pieces = []
        for pattern in term.patterns:
            count = "" if pattern.count == 1 else f"{pattern.count} "
            product = Math(f"{count}%s %s", rf"{count}%s\, %s")
            pieces.append(product.of(f"C(L, {len(pattern.pattern)})", mean_of(pattern)))
        if pieces:
            blocks.append(said("The patterns add up to {}.", joined(pieces, " + ")))
            blocks += _by_num_layers(term)
    factors = [term.coefficient for term in average.terms]
    if factors != [_ONE]:
        blocks.append(said("The products stand with the factors {}.", joined(factors, ", ")))
    if is_result:  # the closed form comes next
        return tuple(blocks)
    return (*blocks, Paragraph("Together:"), *equations((average.symbol, average.mean)))


def _by_num_layers(term: TermSteps) -> list[Block]:
    """The patterns with m layers together: what multiplies C(L, m), hence the powers of L up to L^m."""
    totals = collected((len(pattern.pattern), pattern.mean * pattern.count) for pattern in term.patterns)
    if max(totals) <= 1:
        return []
    blocks: list[Block] = []
    for m, total in sorted(totals.items()):
        powers = "power `L`" if m == 1 else f"powers `L` to `L^{m}`"
        blocks += [
            said(f"Patterns of {{}} layer{'s' * (m > 1)} feed the {powers} with", m),
            Equation(Math(f"[C(L, {m})]", rf"\left[\tbinom{{L}}{{{m}}}\right]"), shown(total)),
        ]
    return [*blocks, *note_on(totals.values())]


def _check(average: AverageSteps) -> list[Block]:
    route = average.second_route
    if route is None:
        words = "There is no second exact route for {} here; simulation is the check (haarqntk validate)."
        return [said(words, average.symbol)]
    blocks: list[Block] = [said(_ROUTES[route.route], average.symbol)]
    if route.values:
        point = joined([f"D = {route.D}", *(_equal(name, str(x)) for name, x in route.values)], ", ")
        words = "At {}: {} by the steps above, {} by the second route, run at this dimension."
        blocks.append(said(words, point, str(route.value_by_walk), str(route.value_by_route)))
    return blocks
