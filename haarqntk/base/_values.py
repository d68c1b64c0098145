"""What the values of every room share: set once at birth, shown as a line at a prompt and as mathematics in a notebook.

Rendering is the business of ``export``, below all values: the front of the package hands it in with ``render_with``,
so that no room imports one that comes after it. ``LazyModule`` keeps SymPy and QuTiP, which take 1–3 s to import, out
of ``haarqntk --help``: a file names such a module at its top, as any import, and pays at the first attribute. What that
help shows, formats and defaults, stands here too, so that it loads no other room.
"""

from __future__ import annotations

from importlib import import_module
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping

EXPORTS = ("text", "latex", "mathml", "json", "python", "c", "mathematica", "maple")
"""The formats of a closed form, in the order of the table that ``export`` has of them."""

SAMPLES = 5_000
"""Values for each check of the NumPy route: a standard error of one or two percent."""

REFERENCE_SAMPLES = 500
"""Values for each check of the QuTiP route, which takes some milliseconds for one."""

FIGURE_SAMPLES = 1_000
"""Draws of the angles in Fig. 1 of the paper at the root."""

FIGURE_INSTANCES = 50
"""Initialisations in its Fig. 2, and instances in its Fig. 3."""

SEED = 130_150601
"""The paper at the root: PRL 130, 150601."""

_LONGEST_LINE = 100  # characters of a value at a prompt
_renderers: list[Callable[[object, str], str]] = []  # one: what the front of the package hands in


class LazyModule:
    """Stands for the module ``name`` until an attribute of it is asked for.

    Examples:
        >>> LazyModule("math").isqrt(17)
        4
    """

    def __init__(self, name: str) -> None:
        self._name = name

    def __getattr__(self, attribute: str) -> Any:
        return getattr(import_module(self._name), attribute)


class Frozen:
    """A value that does not change: what has been set cannot be set again or deleted.

    Examples:
        >>> class Point(Frozen):
        ...     def __init__(self, x):
        ...         self.x = x
        >>> Point(1).x = 2
        Traceback (most recent call last):
        ...
        AttributeError: x of a Point cannot be changed; build another
    """

    __slots__ = ()

    def __setattr__(self, name: str, value: object) -> None:
        if hasattr(self, name):
            raise AttributeError(f"{name} of a {type(self).__name__} cannot be changed; build another")
        super().__setattr__(name, value)

    def __delattr__(self, name: str) -> None:
        raise AttributeError(f"{name} of a {type(self).__name__} cannot be changed; build another")


def render_with(renderer: Callable[[object, str], str]) -> None:
    """Name the function that writes a value in a form, "html" or "svg"; the front of the package does."""
    _renderers[:] = [renderer]


def rendered(value: object, form: str) -> str:
    """The value in a form, "html" or "svg".

    Examples:
        >>> import haarqntk as hq
        >>> rendered(hq.dynamics.step_sizes(2), "html").startswith('<div class="haarqntk"><table>')
        True
    """
    return _renderers[0](value, form)


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
        return rendered(self, "html")

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

    def headline(self) -> str:
        """A line above the table of facts; "" for none.

        Examples:
            >>> import haarqntk as hq
            >>> hq.dynamics.step_sizes(2).headline()
            ''
        """
        return ""

    def _repr_html_(self) -> str:
        return rendered(self, "html")

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
