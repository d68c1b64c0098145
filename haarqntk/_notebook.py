"""How a value shows: one line at a prompt, mathematics and what it means in a notebook.

A notebook takes HTML first and LaTeX second. The HTML is self-contained: MathML, which every browser lays out by
itself, and a table; every text in it is escaped.
"""

from __future__ import annotations

from html import escape
from typing import TYPE_CHECKING

from haarqntk._lazy import LazyModule

if TYPE_CHECKING:
    from collections.abc import Mapping

converter = LazyModule("latex2mathml.converter")
core = LazyModule("haarqntk._mathml_core")

_LONGEST_LINE = 100  # characters of a value at a prompt
_LONGEST_FORMULA = 50_000  # characters of LaTeX past which no browser lays it out in reasonable time


class Shown:
    r"""A value with ``latex()``, and perhaps ``facts()``, that shows itself.

    Examples:
        >>> class Half(Shown):
        ...     def latex(self):
        ...         return r"\frac{1}{2}"
        ...     def __str__(self):
        ...         return "1/2"
        >>> Half(), Half()._repr_latex_()
        (<Half 1/2>, '$\\frac{1}{2}$')
    """

    __slots__ = ()

    def latex(self) -> str:
        r"""The value in LaTeX.

        Examples:
            >>> import haarqntk as hq
            >>> print(hq.weingarten((2,)).latex())
            - \frac{1}{D \left(D - 1\right) \left(D + 1\right)}
        """
        raise NotImplementedError

    def facts(self) -> Mapping[str, str]:
        """What the value means: a name and a text each.

        Examples:
            >>> import haarqntk as hq
            >>> hq.weingarten((2,)).facts()["group"]
            'unitary'
        """
        return {}

    def _repr_latex_(self) -> str:
        return f"${self.latex()}$"

    def _repr_html_(self) -> str:
        return html_of(self.latex(), self.facts())

    def __repr__(self) -> str:
        return f"<{type(self).__name__} {one_line(str(self))}>"


class Tabled:
    """A value without a formula, such as a curve or a run, with ``facts()`` that show it.

    Examples:
        >>> class Curve(Tabled):
        ...     def facts(self):
        ...         return {"times": "3", "ends at": "0 < 1"}
        >>> Curve()
        <Curve times: 3; ends at: 0 < 1>
        >>> Curve()._repr_html_().partition("<table>")[2][:59]
        '<tr><th>times</th><td style="text-align:left">3</td></tr><t'
    """

    __slots__ = ()

    def facts(self) -> Mapping[str, str]:
        """What the value says: a name and a text each.

        Examples:
            >>> import haarqntk as hq
            >>> hq.dynamics.step_sizes(2).facts()["stability edge"]
            '1'
        """
        raise NotImplementedError

    def _repr_html_(self) -> str:
        return f'<div class="haarqntk">{table_of(self.facts())}</div>'

    def __repr__(self) -> str:
        facts = "; ".join(f"{name}: {text}" for name, text in self.facts().items())
        return f"<{type(self).__name__} {one_line(facts)}>"


def one_line(text: str) -> str:
    r"""The text on one line, cut where it is long.

    Examples:
        >>> one_line("a\nb"), len(one_line("x" * 500))
        ('a b', 100)
    """
    joined = " ".join(text.split())
    return joined if len(joined) <= _LONGEST_LINE else f"{joined[: _LONGEST_LINE - 1]}…"


def mathml_of(latex: str, *, display: str = "block") -> str:
    r"""LaTeX as a MathML element that every browser lays out, also an ``aligned`` environment.

    Examples:
        >>> mathml_of(r"\begin{aligned} a &= b \end{aligned}").count("<mtr>")
        1
    """
    return str(core.as_core(str(converter.convert(core.convertible(latex), display=display))))


def html_of(latex: str, facts: Mapping[str, str]) -> str:
    """A formula and a table of facts as HTML.

    Examples:
        >>> html_of("x", {"range": "D < 3"}).partition("<table>")[2]
        '<tr><th>range</th><td style="text-align:left">D &lt; 3</td></tr></table></div>'
    """
    short = len(latex) <= _LONGEST_FORMULA
    formula = mathml_of(latex) if short else f"<pre>{escape(latex)}</pre>"
    scrolls = f'<div style="overflow-x:auto">{formula}</div>'
    return f'<div class="haarqntk">{scrolls}{table_of(facts) if facts else ""}</div>'


def table_of(facts: Mapping[str, str]) -> str:
    """Facts as an HTML table.

    Examples:
        >>> table_of({"range": "D < 3"})
        '<table><tr><th>range</th><td style="text-align:left">D &lt; 3</td></tr></table>'
    """
    rows = "".join(
        f'<tr><th>{escape(name)}</th><td style="text-align:left">{escape(text)}</td></tr>'
        for name, text in facts.items()
    )
    return f"<table>{rows}</table>"
