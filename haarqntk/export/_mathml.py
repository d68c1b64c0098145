"""Native MathML, which every current browser lays out without a script."""

from __future__ import annotations

from latex2mathml.converter import convert


def mathml(latex: str, *, display: str = "block") -> str:
    """LaTeX as a MathML element.

    Args:
        latex: One formula without alignment marks.
        display: "block" (default) or "inline".

    Examples:
        >>> mathml("D", display="inline")
        '<math xmlns="http://www.w3.org/1998/Math/MathML" display="inline"><mrow><mi>D</mi></mrow></math>'
    """
    return str(convert(latex, display=display))
