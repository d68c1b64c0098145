"""Native MathML, which every current browser lays out without a script."""

from __future__ import annotations

from typing import TYPE_CHECKING

from haarqntk._arguments import one_of
from haarqntk._notebook import mathml_of
from haarqntk.export._latex import latex

if TYPE_CHECKING:
    from collections.abc import Mapping

    from haarqntk._notebook import Shown
    from haarqntk.export._values import Value


def mathml(text: str, *, display: str = "block") -> str:
    """LaTeX as a MathML element.

    Args:
        text: One formula without alignment marks.
        display: "block" (default) or "inline".

    Examples:
        >>> mathml("D", display="inline")
        '<math xmlns="http://www.w3.org/1998/Math/MathML" display="inline"><mrow><mi>D</mi></mrow></math>'
    """
    return mathml_of(text, display=display)


def to_mathml(value: Value | Shown, *, names: Mapping[str, str] | None = None, display: str = "block") -> str:
    """A result as presentation MathML.

    Args:
        value: A formula, eigenvalues, ratio, series, polynomial, rational or Weingarten function, its expansion, or an
            integral or its series.
        names: As in ``latex``.
        display: "block" (default) or "inline".

    Raises:
        InputTypeError, InputError, UnknownNameError, OutputError: As ``latex``; if ``display`` is neither.

    Examples:
        >>> from haarqntk.algebra import RationalFunction
        >>> to_mathml(RationalFunction([0, 1]), names={"D": "d"}, display="inline")
        '<math xmlns="http://www.w3.org/1998/Math/MathML" display="inline"><mrow><mi>d</mi></mrow></math>'

    Reference:
        derivations/00_conventions.md, for the symbols.
    """
    one_of("display", display, ("block", "inline"))
    return mathml(latex(value, names=names), display=display)
