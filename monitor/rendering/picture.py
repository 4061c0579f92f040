"""Draws trends, in a process of its own: `python -m monitor.rendering.picture`, JSON in, JSON out.

The pictures hold numbers and no words, so that the mail around them says in
its reader's language what they show. Their colours are seen on white and on black.
"""

from __future__ import annotations

import base64
import io
import json
import sys
from collections.abc import Sequence
from typing import Any

import matplotlib
from matplotlib.backends.backend_agg import FigureCanvasAgg
from matplotlib.figure import Figure
from PIL import Image

WIDTH, HEIGHT = 5.5, 1.5  # inches; 550 points are the width of the mail's text
DOTS = 160  # an inch: sharp on a phone, 12 kilobytes a picture
DEEPENING, FRICTION, PALE = "#2f7fd6", "#d0662a", "#808b96"  # 3 : 1 at least on both grounds
COLOURS = 64
LEAST = 50.0  # the scale goes at least up to here, so that calm looks calm
HEADROOM = 1.15

Values = Sequence[float | None]


def drawn(deepening: Values, friction: Values, thresholds: Sequence[float]) -> bytes:
    """A picture of two lines, one value a week, as PNG; the same values give the same bytes."""
    figure = Figure(figsize=(WIDTH, HEIGHT), dpi=DOTS)
    canvas = FigureCanvasAgg(figure)
    axes = figure.add_axes((0.055, 0.17, 0.875, 0.79))
    known = [value for value in (*deepening, *friction) if value is not None]
    top = max(LEAST, HEADROOM * max(known, default=0.0))
    weeks = range(1 - len(deepening), 1)
    for number, (low, high) in enumerate(zip((0.0, *thresholds), (*thresholds, 100.0), strict=True)):
        axes.axhspan(low, high, color=PALE, alpha=0.06 + 0.07 * number, linewidth=0)
        axes.axhline(low, color=PALE, alpha=0.6, linewidth=0.7)
    # The two last values are written apart where they are close.
    last, other = deepening[-1] or 0.0, friction[-1] or 0.0
    apart = 6 if abs(last - other) < top / 6 else 0
    up = apart if last >= other else -apart
    _line(axes, weeks, friction, FRICTION, (0, (3, 1.5)), -up)
    _line(axes, weeks, deepening, DEEPENING, "-", up)
    axes.set_xlim(weeks[0] - 0.3, 0.4)
    axes.set_ylim(0, top)
    axes.set_yticks([t for t in thresholds if t <= top])
    axes.set_xticks([week for week in (-26, -20, -15, -10, -5, 0) if week >= weeks[0]])
    axes.tick_params(colors=PALE, labelsize=10, length=0, pad=2)
    for side in axes.spines.values():
        side.set_visible(False)
    figure.patch.set_alpha(0)
    axes.patch.set_alpha(0)
    canvas.draw()  # type: ignore[no-untyped-call]
    found = io.BytesIO()
    # Sixty-four colours are enough for two, and a quarter of the size.
    size, pixels = canvas.get_width_height(physical=True), canvas.buffer_rgba()  # type: ignore[no-untyped-call]
    image = Image.frombytes("RGBA", size, bytes(pixels))
    image.quantize(COLOURS, method=Image.Quantize.FASTOCTREE).save(found, format="png", optimize=True)
    return found.getvalue()


def _line(axes: Any, weeks: range, values: Values, colour: str, style: Any, up: int) -> None:
    """One line with its last value beside its end, so many points up; weeks without a number are a gap."""
    shown = [float("nan") if value is None else value for value in values]
    axes.plot(weeks, shown, color=colour, linewidth=2.2, linestyle=style, solid_capstyle="round")
    if values and values[-1] is not None:
        axes.plot([0], [values[-1]], "o", color=colour, markersize=5, clip_on=False)
        axes.annotate(
            f"{values[-1]:.0f}", (0, values[-1]), (6, up),
            textcoords="offset points", color=colour, fontsize=13, fontweight="bold",
            verticalalignment="center", annotation_clip=False,
        )  # fmt: skip


def main() -> None:
    """Read what is to be drawn, and write the pictures in base64."""
    # Whatever this machine's own settings are, the same values look the same.
    matplotlib.rcdefaults()
    asked = json.load(sys.stdin)
    pictures = [drawn(one["deepening"], one["friction"], asked["thresholds"]) for one in asked["trends"]]
    json.dump([base64.b64encode(picture).decode() for picture in pictures], sys.stdout)


if __name__ == "__main__":
    main()
