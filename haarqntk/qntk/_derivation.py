"""``Derivation``: how a formula comes about, as data; made by running the engine's own functions once more.

``derive_in_steps`` averages every expression of the formula's recipe again, one layer at a time, adds the contributions
of the layer patterns up, and takes a second route.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

from haarqntk._notebook import Shown
from haarqntk.circuits import Expression
from haarqntk.errors import InputError
from haarqntk.qntk._blocks import Math, as_text
from haarqntk.qntk._narrative import narrate
from haarqntk.qntk._steps import Result, steps_of_mean

if TYPE_CHECKING:
    from haarqntk.qntk._blocks import Step
    from haarqntk.qntk._closed_form import ClosedForm
    from haarqntk.qntk._steps import AverageSteps


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
        return narrate(
            Math(self.definition, self.definition_latex),
            self.averages,
            self.results,
            ensemble=self.ensemble,
            generators=self.generators,
            known=known,
        )

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
