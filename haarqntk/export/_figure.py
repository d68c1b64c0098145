"""Figures for a paper: panels of curves, simulated points and trajectories, as SVG and PDF.

Each kind of curve or point has one look, the same in every figure. The SVG has no background of its own and
its text takes the colour of the page around it; alone, or in an ``<img>``, it follows the reader's choice of
light or dark. The colours of the data have a contrast of 3 or more to white and to black alike. Text is drawn
as outlines in the SVG, which needs no fonts, and as text with its font in the PDF.
"""

from __future__ import annotations

import math
import re
from collections.abc import Mapping, Sequence
from html import escape
from io import BytesIO, StringIO
from string import ascii_lowercase
from typing import Any, Final

from msgspec import Struct

from haarqntk.base import LazyModule
from haarqntk.checks import one_of
from haarqntk.errors import InputError
from haarqntk.export._json import json_text

figure = LazyModule("matplotlib.figure")
matplotlib = LazyModule("matplotlib")
ticker = LazyModule("matplotlib.ticker")

Number = int | float
"""A coordinate; in a file that is read an integer stays one."""

_MOST_IN_A_ROW, _MOST_PANELS = 3, 6
_MANY_DECADES = 2e3  # ratio of the ends of an axis from which it has powers of ten only
_LARGEST_NUMBER = 1e200  # what can still be drawn
_BEYOND = (
    1.2  # how far the axis of z-scores reaches, in units of the bound; what lies farther off is at its end
)
_INK = "#010203"  # stands for the colour of the page's text, until the SVG is written
_INKED = ("text.color", "axes.labelcolor", "axes.edgecolor", "xtick.color", "ytick.color")
_SETTINGS = {"font.size": 10, "mathtext.fontset": "dejavusans", **dict.fromkeys(_INKED, _INK)}
# Okabe and Ito: distinguishable without colour vision. The dashes tell curves apart without any colour.
_BLUE, _VERMILION, _GREEN, _PINK, _GREY = "#0072B2", "#D55E00", "#009E73", "#CC79A7", "#808080"
_LINES: Final[Mapping[str, dict[str, Any]]] = {
    "exact": {"color": _BLUE, "linewidth": 1.8},
    "exact 2": {"color": _BLUE, "linewidth": 1.4, "linestyle": (0, (5, 1, 1, 1))},
    "floor": {"color": _BLUE, "linewidth": 1.5, "linestyle": (0, (1, 1.5))},
    "published": {"color": _VERMILION, "linewidth": 1.8, "linestyle": (0, (5, 2))},
    "published 2": {"color": _VERMILION, "linewidth": 1.4, "linestyle": (0, (1.5, 1.5))},
    "simulated": {"color": _GREEN, "linewidth": 1.6},
    "simulated 2": {"color": _PINK, "linewidth": 1.6, "linestyle": (0, (4, 1, 1, 1, 1, 1))},
    "first": {"color": _BLUE, "linewidth": 1.2},
    "second": {"color": _VERMILION, "linewidth": 1.2},
    "third": {"color": _GREEN, "linewidth": 1.2},
    "zero": {"color": _GREY, "linewidth": 1.2},
    "bound": {"color": _VERMILION, "linewidth": 1.5, "linestyle": (0, (4, 3))},
}
_POINTS: Final[Mapping[str, dict[str, Any]]] = {
    "fixed": {"color": _GREEN, "marker": "o"},
    "fresh": {"color": _PINK, "marker": "D", "markerfacecolor": "none"},
    "lowest": {"color": _GREY, "marker": "v"},
    "other": {"color": _GREEN, "marker": "s", "markerfacecolor": "none"},
    "first": {"color": _BLUE, "marker": "o"},
    "second": {"color": _VERMILION, "marker": "s"},
    "third": {"color": _GREEN, "marker": "^"},
    "pass": {"color": _BLUE, "marker": "o", "gid": "pass"},
    "fail": {"color": _VERMILION, "marker": "X", "gid": "fail"},
}
_STYLE = """<style>
.haarqntk-figure:root { color: #1a1a1a; background: #ffffff; }
@media (prefers-color-scheme: dark) { .haarqntk-figure:root { color: #e8e8e8; background: #15171c; } }
</style>"""


def _check(is_right: bool, field: str, rule: str, got: object) -> None:  # noqa: FBT001 - the condition of a rule
    if not is_right:
        raise InputError(f"{field} must be {rule}, got {str(got)[:60]!r}")


def _check_numbers(length: int | None = None, **values: Sequence[Number]) -> None:
    """Finite numbers that can be drawn, as many as there are abscissae."""
    for name, each in values.items():
        _check(all(abs(x) <= _LARGEST_NUMBER for x in each), name, "a list of finite numbers", each)
        _check(length in {None, len(each)}, name, f"{length} numbers, as its abscissae", len(each))


class Line(Struct, frozen=True, forbid_unknown_fields=True):
    """A curve.

    Attributes:
        kind: Which of the looks: "exact", "exact 2", "floor", "published", "published 2", "simulated", "simulated 2", …
        label: What the legend says; nothing if empty.
        x: Abscissae.
        y: Ordinates.
        error: A shaded band of this half-width around the curve, if not None.
    """

    kind: str
    label: str
    x: Sequence[Number]
    y: Sequence[Number]
    error: Sequence[Number] | None = None

    def __post_init__(self) -> None:
        one_of("kind", self.kind, tuple(_LINES))
        _check_numbers(len(self.x), x=self.x, y=self.y, error=self.x if self.error is None else self.error)


class Points(Struct, frozen=True, forbid_unknown_fields=True):
    """Simulated points with error bars.

    Attributes:
        kind: Which of the looks: "fixed", "fresh", "lowest", "other", …
        label: What the legend says; nothing if empty.
        x: Abscissae.
        y: Ordinates.
        error: Half the length of each bar, ≥ 0; no bars are drawn if all are 0.
    """

    kind: str
    label: str
    x: Sequence[Number]
    y: Sequence[Number]
    error: Sequence[Number]

    def __post_init__(self) -> None:
        one_of("kind", self.kind, tuple(_POINTS))
        _check_numbers(len(self.x), x=self.x, y=self.y, error=self.error)
        _check(all(each >= 0 for each in self.error), "error", "numbers ≥ 0", min(self.error, default=0))


class Panel(Struct, frozen=True, forbid_unknown_fields=True):
    """One pair of axes.

    Attributes:
        x_label: The abscissa with its unit, in Matplotlib's mathematics.
        y_label: The ordinate, likewise.
        lines: Curves.
        points: Simulated points.
        trajectories: Ordinates of thin grey curves.
        trajectory_x: Their common abscissae.
        logarithmic: Which axes are: "", "x", "y" or "xy".
        y_limits: The range of the ordinate; from the data if None.
        inset: A panel inside this one, at ``inset_place``.
        inset_place: Left, bottom, width and height of the inset, in units of the axes.
    """

    x_label: str
    y_label: str
    lines: Sequence[Line] = ()
    points: Sequence[Points] = ()
    trajectories: Sequence[Sequence[Number]] = ()
    trajectory_x: Sequence[Number] = ()
    logarithmic: str = ""
    y_limits: tuple[Number, Number] | None = None
    inset: Panel | None = None
    inset_place: tuple[Number, Number, Number, Number] = (0.0, 0.0, 1.0, 1.0)

    def __post_init__(self) -> None:
        one_of("logarithmic", self.logarithmic, ("", "x", "y", "xy"))
        _check_numbers(y_limits=self.y_limits or (), inset_place=self.inset_place)
        for each in self.trajectories:
            _check_numbers(len(self.trajectory_x), trajectory_x=self.trajectory_x, trajectories=each)


class PaperFigure(Struct, frozen=True, forbid_unknown_fields=True):
    """A figure with its data and the text under it.

    Attributes:
        name: The stem of its files, such as "fig1".
        alt: What the picture shows, for readers who do not see it.
        caption: What is seen, with the numbers.
        choices: What the source leaves open, and how it was chosen here: one sentence each.
        data: The numbers that are drawn, and where they come from.
        panels: The panels, left to right; four and more in two rows.
    """

    name: str
    alt: str
    caption: str
    choices: tuple[str, ...]
    data: Mapping[str, object]
    panels: tuple[Panel, ...]

    def __post_init__(self) -> None:
        is_word = self.name.replace("-", "_").isidentifier()
        _check(is_word, "name", "a word of letters, digits, - and _", self.name)
        count = len(self.panels)
        _check(1 <= count <= _MOST_PANELS, "panels", f"a list of 1 to {_MOST_PANELS} panels", count)

    def svg(self) -> str:
        """An ``<svg>`` element without an XML header, the same text for the same data."""
        return _svg(self.panels, name=self.name, alt=self.alt)

    def pdf(self) -> bytes:
        """A PDF document of one page, the same bytes for the same data."""
        stream = BytesIO()
        with matplotlib.rc_context(_SETTINGS | {"pdf.fonttype": 42}):
            metadata = {"CreationDate": None, "Title": self.alt}
            _draw(self.panels).savefig(stream, format="pdf", metadata=metadata)
        return stream.getvalue()

    def __repr__(self) -> str:
        return f"<PaperFigure {self.name}: {self.alt}>"

    def _repr_html_(self) -> str:
        return (
            f'<figure class="haarqntk">{self.svg()}<figcaption>{escape(self.caption)}</figcaption></figure>'
        )

    def json(self) -> str:
        """Caption, choices and data as JSON text."""
        return json_text({"figure": self.name, "caption": self.caption, "choices": self.choices, **self.data})


def z_plot_svg(scores: Sequence[tuple[str, float]], *, largest: float, alt: str) -> str:
    """One point for each z-score, lines at 0 and at plus and minus the largest that passes.

    Args:
        scores: Pairs (what it is, z), in their order; z may be infinite.
        largest: The |z| within which one passes, > 0.
        alt: What the picture shows, for readers who do not see it.

    Returns:
        An ``<svg>`` element; its points are the groups ``pass`` and ``fail``, each with its name and z as a tooltip.

    Examples:
        >>> svg = z_plot_svg([("first", 0.5), ("second", -5.0)], largest=4.0, alt="two z-scores")
        >>> svg.count("<title>"), "second: z = -5.00" in svg
        (2, True)
    """
    top = math.ceil(_BEYOND * largest)
    points, tips, ends = [], {}, (0, len(scores) + 1)
    for kind, passes in (("pass", True), ("fail", False)):
        chosen = [(i, n, z) for i, (n, z) in enumerate(scores, start=1) if (abs(z) <= largest) == passes]
        heights = [max(-top, min(top, z)) for _, _, z in chosen]
        points.append(Points(kind, "", [i for i, _, _ in chosen], heights, [0.0] * len(chosen)))
        tips[kind] = [f"{i}. {name}: z = {z:+.2f}" for i, name, z in chosen]
    bounds = [Line("bound", f"allowed: |z| ≤ {largest:.2f}", ends, (end, end)) for end in (largest, -largest)]
    lines = (Line("zero", "", ends, (0, 0)), *bounds)
    panel = Panel("claim", "$z$", lines=lines, points=points, y_limits=(-1.05 * top, 1.05 * top))
    return _svg([panel], name="z", alt=alt, tips=tips, size=(8.6, 4.0))


def _svg(
    panels: Sequence[Panel],
    *,
    name: str,
    alt: str,
    tips: Mapping[str, Sequence[str]] | None = None,
    size: tuple[float, float] | None = None,
) -> str:
    """The panels; ``tips`` are the tooltips of the points of each kind, in their order."""
    text = StringIO()
    with matplotlib.rc_context(_SETTINGS | {"svg.hashsalt": name}):
        _draw(panels, size).savefig(text, format="svg", metadata={"Date": None}, transparent=True)
    _, _, svg = text.getvalue().partition("<svg")
    head, body = svg.split(">", 1)
    for kind, titles in (tips or {}).items():
        before, group, after = body.partition(f'<g id="{kind}">')
        head_of_group, *marks = re.split(r"(<use [^>]*)/>", after, maxsplit=len(titles))
        marked = zip(marks[::2], titles, marks[1::2], strict=True)
        tipped = (f"{use}><title>{escape(title)}</title></use>{rest}" for use, title, rest in marked)
        body = "".join((before, group, head_of_group, *tipped)) if titles else body
    role = f'role="img" aria-label="{escape(alt)}" class="haarqntk-figure"'
    return f"<svg {role}{head}>\n{_STYLE}{body.replace(_INK, 'currentColor')}"


def _draw(panels: Sequence[Panel], size: tuple[float, float] | None = None) -> Any:
    rows = 1 if len(panels) <= _MOST_IN_A_ROW else 2
    columns = -(-len(panels) // rows)
    size = size or (6.4 if columns == 1 else 8.6, 4.9 if rows == 1 else 7.2)
    canvas = figure.Figure(figsize=size, layout="constrained")
    all_axes = canvas.subplots(rows, columns, squeeze=False).ravel()
    for unused in all_axes[len(panels) :]:
        unused.set_axis_off()
    for i, (axes, panel) in enumerate(zip(all_axes, panels, strict=False)):
        _fill(axes, panel)
        if len(panels) > 1:
            axes.set_title(f"({ascii_lowercase[i]})", loc="left", fontsize=10)
        if panel.inset is not None:
            axes.grid(visible=False)  # it would show through the inset, which has no background either
            inset = axes.inset_axes(panel.inset_place, facecolor="none")
            _fill(inset, panel.inset, scale=0.75)
    entries: dict[str, Any] = {}
    for axes in all_axes:
        for handle, label in zip(*axes.get_legend_handles_labels(), strict=True):
            entries.setdefault(label, handle)
    # below the axes, where no data is
    canvas.legend(
        entries.values(), entries.keys(), loc="outside lower center", ncols=2, frameon=False, fontsize=9
    )
    return canvas


def _fill(axes: Any, panel: Panel, *, scale: float = 1.0) -> None:
    for place, trajectory in enumerate(panel.trajectories):
        label = "single initialisations" if place == 0 else None
        axes.plot(panel.trajectory_x, trajectory, color=_GREY, linewidth=0.5, alpha=0.45, label=label)
    for line in panel.lines:
        look = _LINES[line.kind]
        axes.plot(line.x, line.y, label=line.label or None, **look | {"linewidth": scale * look["linewidth"]})
        if line.error is not None:
            low, high = ([y + sign * e for y, e in zip(line.y, line.error, strict=True)] for sign in (-1, 1))
            axes.fill_between(line.x, low, high, color=look["color"], alpha=0.25, linewidth=0)
    for points in panel.points:
        look = {"markersize": 5 * scale, "capsize": 2.5 * scale, "elinewidth": 1.2, "linestyle": "none"}
        look |= {"label": points.label or None, "zorder": 3, **_POINTS[points.kind]}
        axes.errorbar(points.x, points.y, yerr=points.error if any(points.error) else None, **look)
    for name in panel.logarithmic:
        _log_axis(axes, name)
    if panel.y_limits is not None:
        axes.set_ylim(*panel.y_limits)
    axes.set_xlabel(panel.x_label, fontsize=10 * scale**0.5)
    axes.set_ylabel(panel.y_label, fontsize=10 * scale**0.5)
    axes.tick_params(labelsize=9 * scale**0.5)
    axes.grid(visible=True, which="major", color=_GREY, alpha=0.25, linewidth=0.6)


def _log_axis(axes: Any, name: str) -> None:
    """A logarithmic axis, "x" or "y": ticks at 1, 2, 5, 10, or at powers of ten where it spans many."""
    axes.set(**{f"{name}scale": "log"})
    axis = getattr(axes, f"{name}axis")
    low, high = getattr(axes, f"get_{name}lim")()
    if high > _MANY_DECADES * low:
        axis.set_major_locator(ticker.LogLocator(numticks=8))
        axis.set_major_formatter(ticker.LogFormatterMathtext())
    else:
        axis.set_major_locator(ticker.LogLocator(subs=(1, 2, 5)))
        axis.set_major_formatter(ticker.FormatStrFormatter("%g"))
    axis.set_minor_formatter(ticker.NullFormatter())
