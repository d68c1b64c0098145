"""Figures for a paper: panels of curves, simulated points and trajectories, as SVG and PDF.

Each kind of curve or point has one look, the same in every figure. The SVG has no background of its own and
its text takes the colour of the page around it; alone, or in an ``<img>``, it follows the reader's choice of
light or dark. The colours of the data have a contrast of 3 or more to white and to black alike. Text is drawn
as outlines in the SVG, which needs no fonts, and as text with its font in the PDF.
"""

from __future__ import annotations

from dataclasses import dataclass
from html import escape
from io import BytesIO, StringIO
from string import ascii_lowercase
from typing import TYPE_CHECKING, Any

from haarqntk.base import LazyModule
from haarqntk.export._json import json_text

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

figure = LazyModule("matplotlib.figure")
matplotlib = LazyModule("matplotlib")
ticker = LazyModule("matplotlib.ticker")

_MOST_IN_A_ROW = 3
_MANY_DECADES = 2e3  # ratio of the ends of an axis from which it has powers of ten only
INK = "#010203"  # stands for the colour of the page's text, until the SVG is written
# Okabe and Ito: distinguishable without colour vision. The dashes tell curves apart without any colour.
_BLUE, _VERMILION, _GREEN, _PINK, _GREY = "#0072B2", "#D55E00", "#009E73", "#CC79A7", "#808080"
_LINES: Mapping[str, dict[str, Any]] = {
    "exact": {"color": _BLUE, "linewidth": 1.8},
    "exact 2": {"color": _BLUE, "linewidth": 1.4, "linestyle": (0, (5, 1, 1, 1))},
    "floor": {"color": _BLUE, "linewidth": 1.5, "linestyle": (0, (1, 1.5))},
    "published": {"color": _VERMILION, "linewidth": 1.8, "linestyle": (0, (5, 2))},
    "published 2": {"color": _VERMILION, "linewidth": 1.4, "linestyle": (0, (1.5, 1.5))},
    "simulated": {"color": _GREEN, "linewidth": 1.6},
    "simulated 2": {"color": _PINK, "linewidth": 1.6, "linestyle": (0, (4, 1, 1, 1, 1, 1))},
}
_POINTS: Mapping[str, dict[str, Any]] = {
    "fixed": {"color": _GREEN, "marker": "o"},
    "fresh": {"color": _PINK, "marker": "D", "markerfacecolor": "none"},
    "lowest": {"color": _GREY, "marker": "v"},
    "other": {"color": _GREEN, "marker": "s", "markerfacecolor": "none"},
}
LINE_KINDS, POINT_KINDS = tuple(_LINES), tuple(_POINTS)
_STYLE = """<style>
.haarqntk-figure:root { color: #1a1a1a; background: #ffffff; }
@media (prefers-color-scheme: dark) { .haarqntk-figure:root { color: #e8e8e8; background: #15171c; } }
</style>"""


@dataclass(frozen=True, slots=True)
class Line:
    """A curve.

    Attributes:
        kind: "exact", "exact 2", "floor", "published", "published 2", "simulated" or "simulated 2".
        label: What the legend says; nothing if empty.
        x: Abscissae.
        y: Ordinates.
        error: A shaded band of this half-width around the curve, if not None.
    """

    kind: str
    label: str
    x: Sequence[float]
    y: Sequence[float]
    error: Sequence[float] | None = None


@dataclass(frozen=True, slots=True)
class Points:
    """Simulated points with error bars.

    Attributes:
        kind: "fixed", "fresh", "lowest" or "other".
        label: What the legend says; nothing if empty.
        x: Abscissae.
        y: Ordinates.
        error: Half the length of each bar.
    """

    kind: str
    label: str
    x: Sequence[float]
    y: Sequence[float]
    error: Sequence[float]


@dataclass(frozen=True, slots=True)
class Panel:
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
    trajectories: Sequence[Sequence[float]] = ()
    trajectory_x: Sequence[float] = ()
    logarithmic: str = ""
    y_limits: tuple[float, float] | None = None
    inset: Panel | None = None
    inset_place: tuple[float, float, float, float] = (0.0, 0.0, 1.0, 1.0)


@dataclass(frozen=True, slots=True, repr=False)
class PaperFigure:
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

    def svg(self) -> str:
        """An ``<svg>`` element without an XML header, the same text for the same data."""
        text = StringIO()
        with matplotlib.rc_context(ink_settings() | {"svg.hashsalt": self.name}):
            canvas = _draw(self.panels)
            canvas.savefig(text, format="svg", metadata={"Date": None}, transparent=True)
        svg = text.getvalue()
        head, body = svg[svg.index("<svg") :].split(">", 1)
        head = head.replace(
            "<svg", f'<svg class="haarqntk-figure" role="img" aria-label="{escape(self.alt)}"'
        )
        return f"{head}>\n{_STYLE}{body.replace(INK, 'currentColor')}"

    def pdf(self) -> bytes:
        """A PDF document of one page, the same bytes for the same data."""
        stream = BytesIO()
        with matplotlib.rc_context(ink_settings() | {"pdf.fonttype": 42}):
            _draw(self.panels).savefig(
                stream, format="pdf", metadata={"CreationDate": None, "Title": self.alt}
            )
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


def ink_settings() -> dict[str, object]:
    """Matplotlib's settings for words and axes in the colour that stands for that of the page's text."""
    inked = ("text.color", "axes.labelcolor", "axes.edgecolor", "xtick.color", "ytick.color")
    return {"font.size": 10, "mathtext.fontset": "dejavusans", **dict.fromkeys(inked, INK)}


def _draw(panels: Sequence[Panel]) -> Any:
    rows = 1 if len(panels) <= _MOST_IN_A_ROW else 2
    columns = -(-len(panels) // rows)
    size = (6.4 if columns == 1 else 8.6, 4.9 if rows == 1 else 7.2)
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
            low = [y - e for y, e in zip(line.y, line.error, strict=True)]
            high = [y + e for y, e in zip(line.y, line.error, strict=True)]
            axes.fill_between(line.x, low, high, color=look["color"], alpha=0.25, linewidth=0)
    for points in panel.points:
        look = {"markersize": 5 * scale, "capsize": 2.5 * scale, "elinewidth": 1.2, "linestyle": "none"}
        label = points.label or None
        axes.errorbar(
            points.x, points.y, yerr=points.error, label=label, zorder=3, **look, **_POINTS[points.kind]
        )
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
