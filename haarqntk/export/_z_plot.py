"""z-scores against the bounds that a verdict allows, as SVG that takes its colours from the page around it."""

from __future__ import annotations

import math
from html import escape
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Sequence

_WIDTH, _HEIGHT = 560, 260
_LEFT, _RIGHT, _TOP, _BOTTOM = 46, 12, 14, 40
_BEYOND = 1.2  # how far the axis reaches, in units of the bound; what lies farther off is drawn at its end


def z_plot_svg(scores: Sequence[tuple[str, float]], *, largest: float, alt: str) -> str:
    """One point for each z-score, lines at 0 and at plus and minus the largest that passes.

    Args:
        scores: Pairs (what it is, z), in their order; z may be infinite.
        largest: The |z| within which one passes, > 0.
        alt: What the picture shows, for readers who do not see it.

    Returns:
        An ``<svg>`` element; its texts have the colour of the page, its points the classes ``pass`` and ``fail``.

    Examples:
        >>> svg = z_plot_svg([("first", 0.5), ("second", -5.0)], largest=4.0, alt="two z-scores")
        >>> svg.count('class="pass"'), svg.count('class="fail"'), "second: z = -5.00" in svg
        (1, 1, True)
    """
    top = math.ceil(_BEYOND * largest)
    right, bottom = _WIDTH - _RIGHT, _HEIGHT - _BOTTOM

    def height(z: float) -> float:
        return _TOP + (bottom - _TOP) * (top - max(-top, min(top, z))) / (2 * top)

    head = f'<svg class="z-plot" role="img" aria-label="{escape(alt)}" viewBox="0 0 {_WIDTH} {_HEIGHT}"'
    parts = [f'{head} xmlns="http://www.w3.org/2000/svg" fill="currentColor" font-size="13">']
    for tick in range(-top + top % 2, top + 1, 2):
        text = f"{tick:+d}".replace("-", "−") if tick else "0"
        parts.append(f'<text x="{_LEFT - 8}" y="{height(tick) + 4.5:.1f}" text-anchor="end">{text}</text>')
        parts.append(_rule(height(tick), "grid" if tick else "zero"))
    parts += [_rule(height(sign * largest), "bound") for sign in (1, -1)]
    parts.append(
        f'<text x="{right}" y="{height(largest) - 5:.1f}" text-anchor="end">allowed: |z| ≤ {largest:.2f}</text>'
    )
    step = (right - _LEFT) / len(scores)
    for place, (name, z) in enumerate(scores, start=1):
        x = _LEFT + step * (place - 0.5)
        kind = "pass" if abs(z) <= largest else "fail"
        parts.append(
            f'<circle class="{kind}" cx="{x:.1f}" cy="{height(z):.1f}" r="3.6">'
            f"<title>{place}. {escape(name)}: z = {z:+.2f}</title></circle>"
        )
        if place == 1 or place % 10 == 0:
            parts.append(f'<text x="{x:.1f}" y="{bottom + 17}" text-anchor="middle">{place}</text>')
    middle = (_LEFT + right) / 2
    parts.append(f'<text x="{middle}" y="{_HEIGHT - 6}" text-anchor="middle">claim</text>')
    parts.append(f'<text x="12" y="{height(0) + 4.5:.1f}" text-anchor="middle" font-style="italic">z</text>')
    return "\n".join([*parts, "</svg>"])


def _rule(y: float, kind: str) -> str:
    return f'<line class="{kind}" x1="{_LEFT}" x2="{_WIDTH - _RIGHT}" y1="{y:.1f}" y2="{y:.1f}"/>'
