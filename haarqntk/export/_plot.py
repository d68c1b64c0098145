"""One plot of exact curves with simulated points, as SVG text."""

from __future__ import annotations

from dataclasses import dataclass
from io import StringIO
from typing import TYPE_CHECKING

from haarqntk.base import LazyModule
from haarqntk.export._figure import INK, ink_settings

if TYPE_CHECKING:
    from collections.abc import Sequence

figure = LazyModule("matplotlib.figure")
matplotlib = LazyModule("matplotlib")
ticker = LazyModule("matplotlib.ticker")

# Okabe and Ito: distinguishable without colour vision, in order of use.
_COLOURS = ("#0072B2", "#D55E00", "#009E73", "#CC79A7")
_MARKERS = ("o", "s", "^", "D")


@dataclass(frozen=True, slots=True)
class Curve:
    """An exact curve and the simulated points that belong to it.

    Attributes:
        label: What the legend says.
        x: Abscissae of the exact curve.
        y: Its ordinates.
        points: Triples (x, estimate, standard error).
    """

    label: str
    x: Sequence[float]
    y: Sequence[float]
    points: Sequence[tuple[float, float, float]]


def plot_svg(curves: Sequence[Curve], *, x_label: str, y_label: str, alt: str) -> str:
    """Curves on logarithmic axes, points with error bars of four standard errors.

    Args:
        curves: Up to four curves.
        x_label: The abscissa, in Matplotlib's mathematics.
        y_label: The ordinate, likewise.
        alt: What the picture shows, for readers who do not see it.

    Returns:
        An ``<svg>`` element without an XML header, the same text for the same data; its words and axes take the
        colour of the page around it.
    """
    with matplotlib.rc_context(ink_settings() | {"svg.hashsalt": "haarqntk", "font.size": 11}):
        canvas = figure.Figure(figsize=(6.4, 4.0), layout="constrained")
        axes = canvas.subplots()
        for curve, colour, marker in zip(curves, _COLOURS, _MARKERS, strict=False):
            axes.plot(curve.x, curve.y, color=colour, linewidth=1.2)
            x, y, error = zip(*curve.points, strict=True)
            axes.errorbar(
                x,
                y,
                yerr=[4 * e for e in error],
                fmt=marker,
                color=colour,
                markersize=5,
                capsize=3,
                label=curve.label,
            )
        axes.set(xscale="log", yscale="log", xlabel=x_label, ylabel=y_label)
        for axis in (axes.xaxis, axes.yaxis):  # 1, 2, 5, 10 instead of powers of ten
            axis.set_major_locator(ticker.LogLocator(subs=(1, 2, 5)))
            axis.set_major_formatter(ticker.FormatStrFormatter("%g"))
            axis.set_minor_formatter(ticker.NullFormatter())
        axes.grid(visible=True, which="major", alpha=0.3)
        axes.legend(frameon=False)
        text = StringIO()
        canvas.savefig(text, format="svg", metadata={"Date": None}, transparent=True)
    svg = text.getvalue()
    element = svg[svg.index("<svg") :].replace(INK, "currentColor")
    return element.replace("<svg", f'<svg role="img" aria-label="{alt}"', 1)
