"""``Derivation``: how a formula comes about, as data; made by running the engine's own functions once more.

Nothing is recorded while a formula is derived. ``derive_in_steps`` averages every expression of the formula's
recipe again, one layer at a time, adds the contributions of the layer patterns up, and takes a second route.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

from haarqntk._notebook import Shown
from haarqntk.algebra import TracePolynomial
from haarqntk.circuits import (
    FACTORISED_FROM,
    Cost,
    Expression,
    PatternSteps,
    Term,
    cost_of,
    kernel_factors,
    kernel_power,
    steps_of_product,
)
from haarqntk.errors import InputError
from haarqntk.qntk._blocks import as_text
from haarqntk.qntk._narrative import narrate
from haarqntk.qntk._recipe import Recipe, value_of_recipe
from haarqntk.qntk._second_route import SecondRoute, second_route

if TYPE_CHECKING:
    from haarqntk.qntk._blocks import Step
    from haarqntk.qntk._formula import Formula


@dataclass(frozen=True, slots=True)
class TermSteps:
    """A product of copies, summed over its layer indices, and how its mean is found.

    Attributes:
        term: The product.
        coefficient: What it is multiplied by.
        patterns: Its layer patterns, up to the order of alike copies, each with its walk.
        factors: (E v^n, E S_L^n) where the mean is E K^n from n = 3 on; no walk is taken there.
        mean: The mean of the product.
    """

    term: Term
    coefficient: TracePolynomial
    patterns: tuple[PatternSteps, ...]
    factors: tuple[TracePolynomial, TracePolynomial] | None
    mean: TracePolynomial


@dataclass(frozen=True, slots=True)
class AverageSteps:
    """The mean of one expression.

    Attributes:
        expression: What is averaged.
        symbol: The letter for its mean, as text and in LaTeX.
        cost: Copies, different layer patterns, coefficients of the walk.
        terms: Its products of copies.
        mean: The mean.
        second_route: The mean by another route, at the symbol and at a point; None where there is none.
    """

    expression: Expression
    symbol: tuple[str, str]
    cost: Cost
    terms: tuple[TermSteps, ...]
    mean: TracePolynomial
    second_route: SecondRoute | None


@dataclass(frozen=True, slots=True)
class Result:
    """One closed form of the derivation, with its letter as text and in LaTeX, and what it is made of."""

    symbol: tuple[str, str]
    polynomial: TracePolynomial
    recipe: Recipe


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
        averages: The means that the formula is made of, each with its layer patterns and walks.
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
        return narrate(self, known)

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


def derive_in_steps(name: str, formulas: tuple[Formula, ...]) -> Derivation:
    """The derivation of one formula, or of several that belong together.

    Raises:
        InputError: If a formula is no polynomial in means.
    """
    first = formulas[0]
    if not all(formula.recipe for formula in formulas):
        raise InputError(
            f"explain must be asked of a whole formula, got {first.name}; ask it of the one that it comes from"
        )
    symbols = {
        average.expression: average.symbol
        for formula in formulas
        for summand in formula.recipe
        for average in summand.averages
    }
    averages = tuple(_average(expression, symbol) for expression, symbol in symbols.items())
    means = {average.expression: average.mean for average in averages}
    for formula in formulas:
        assert value_of_recipe(formula.recipe, means) == formula.polynomial  # noqa: S101 - the steps are the formula
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


def _average(expression: Expression, symbol: tuple[str, str]) -> AverageSteps:
    terms = tuple(_term(expression, term, c) for term, c in expression.terms.items())
    mean = TracePolynomial({})
    for steps in terms:
        mean = mean + steps.coefficient * steps.mean
    return AverageSteps(expression, symbol, cost_of(expression), terms, mean, second_route(expression))


def _term(expression: Expression, term: Term, coefficient: TracePolynomial) -> TermSteps:
    ensemble, generators = expression.circuit.ensemble, expression.circuit.generators
    if not term.copies:
        return TermSteps(term, coefficient, (), None, TracePolynomial.constant(1))
    power = kernel_power(term.copies, ensemble, generators)
    if power is not None and power >= FACTORISED_FROM:
        factors = kernel_factors(power)
        return TermSteps(term, coefficient, (), factors, factors[0] * factors[1])
    patterns = steps_of_product(term.copies, ensemble=ensemble, generators=generators)
    mean = TracePolynomial({})
    for pattern in patterns:
        mean = mean + pattern.contribution
    return TermSteps(term, coefficient, patterns, None, mean)
