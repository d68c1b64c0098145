"""Native MathML (MathML Core), which every current browser lays out without a script.

Browsers know no ``mathvariant`` but "normal", and space every ``<mo>`` by its dictionary. So the name of a function is
one ``<mi>`` with thin spaces, as LaTeX sets it, ∂ is a letter, a slash and the bars of ⟨φ|ψ⟩ are tight, and ∼ is a
relation.
"""

from __future__ import annotations

import re
from typing import TYPE_CHECKING
from xml.etree import ElementTree as ET

from haarqntk.base import LazyModule
from haarqntk.checks import one_of
from haarqntk.export._latex import latex

if TYPE_CHECKING:
    from collections.abc import Mapping

    from haarqntk.base import Shown
    from haarqntk.export._values import Value

converter = LazyModule("latex2mathml.converter")

_NAMESPACE = ' xmlns="http://www.w3.org/1998/Math/MathML"'
_ROWS = {"math", "mrow", "mtd", "mstyle", "msqrt", "mpadded"}  # whose children stand side by side
_LOW = {"mrow", "mi", "mn", "mo", "mspace", "msub", "mtext"}
_CLOSING = {")", "]", "}", "|", "!"}
_THIN = "0.1667em"


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


def mathml(latex: str, *, display: str = "block") -> str:
    r"""LaTeX as a MathML element that every browser lays out, also an ``aligned`` environment.

    Args:
        latex: One formula.
        display: "block" (default) or "inline".

    Examples:
        >>> mathml("D", display="inline")
        '<math xmlns="http://www.w3.org/1998/Math/MathML" display="inline"><mrow><mi>D</mi></mrow></math>'
        >>> mathml(r"\begin{aligned} a &= b \end{aligned}").count("<mtr>")
        1
    """
    return str(as_core(str(converter.convert(convertible(latex), display=display))))


def convertible(latex: str) -> str:
    r"""The LaTeX in what latex2mathml knows: an alphabet with braces around its letter, align* for aligned.

    Examples:
        >>> print(convertible(r"\mathbb E K"))
        \mathbb{E} K
    """
    latex = re.sub(r"\\(mathbb|mathcal|mathfrak)\s+([A-Za-z])", r"\\\1{\2}", latex)
    return re.sub(r"\\(begin|end)\{aligned\}", r"\\\1{align*}", latex)


def as_core(mathml: str) -> str:
    """The same formula in MathML Core.

    Examples:
        >>> as_core('<math display="inline"><mrow><mi>D</mi><mo>Tr</mo><mi>O</mi></mrow></math>')
        '<math display="inline"><mrow><mi>D</mi><mspace width="0.1667em" /><mi>Tr</mi><mspace width="0.1667em" />\
<mi>O</mi></mrow></math>'
    """
    root = ET.fromstring(mathml.replace(_NAMESPACE, "", 1))  # noqa: S314 - what latex2mathml has just written
    for element in root.iter():
        _merge_letters(element)
        _correct(element)
    for element in root.iter():
        if element.tag in _ROWS:
            _space(element)
            _lower_brackets(element)
            _mark_signs(element)
    text = ET.tostring(root, encoding="unicode")
    return text.replace("<math", f"<math{_NAMESPACE}", 1) if _NAMESPACE in mathml else text


def _merge_letters(element: ET.Element) -> None:
    r"""Turn a row of upright letters, \mathrm{Tr}, into one name."""
    if element.tag == "mrow" and len(element) > 1 and all(map(_is_upright, element)):
        name = "".join(child.text or "" for child in element)
        for child in list(element):
            element.remove(child)
        element.tag, element.text = "mi", name


def _is_upright(element: ET.Element) -> bool:
    return element.tag == "mi" and element.get("mathvariant") == "normal"


def _correct(element: ET.Element) -> None:
    text = element.text or ""
    if element.tag == "mo" and (text == "∂" or _is_name(text)):
        element.tag = "mi"
    elif element.tag == "mo" and (text == "/" or (text == "|" and element.get("stretchy") == "false")):
        element.set("lspace", "0")
        element.set("rspace", "0")
    elif element.tag == "mi" and text == "~":
        element.tag, element.text = "mo", "∼"


def _is_name(text: str) -> bool:
    return len(text) > 1 and text.isalpha()


def _space(row: ET.Element) -> None:
    """Put a thin space between the name of a function and a letter or number beside it."""
    children = list(row)
    for i in range(len(children) - 1, 0, -1):
        left, right = children[i - 1], children[i]
        if (_names(left) and _is_plain(right)) or (_is_plain(left) and _names(right)):
            row.insert(i, ET.Element("mspace", {"width": _THIN}))


def _names(element: ET.Element) -> bool:
    """Whether it is the name of a function, perhaps with an index."""
    base = element[0] if element.tag in {"msub", "msup", "msubsup"} else element
    return base.tag == "mi" and _is_name(base.text or "")


def _is_plain(element: ET.Element) -> bool:
    return element.tag in {"mi", "mn", "msub", "msup", "msubsup", "mfrac", "mover"}


def _lower_brackets(row: ET.Element) -> None:
    r"""Leave brackets as low as letters, where \left( … \right) holds nothing higher: they are wide once stretched."""
    fences = [child for child in row if child.get("fence") == "true"]
    if fences and all(element.tag in _LOW for child in row for element in child.iter()):
        for fence in fences:
            fence.set("stretchy", "false")


def _mark_signs(row: ET.Element) -> None:
    """Tell the sign of a number from a difference, after a relation or a comma, and at the beginning."""
    for left, sign in zip([None, *row], row, strict=False):
        follows_operator = left is None or (left.tag == "mo" and left.text not in _CLOSING)
        if sign.tag == "mo" and sign.text in {"+", "−"} and follows_operator:
            sign.set("form", "prefix")
