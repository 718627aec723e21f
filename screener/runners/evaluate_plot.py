"""The threshold curve as an SVG: precision, recall, F1 and the share of alerts over thresholds.

Plain text generation. The picture has no script, no font of its own and no background; its colors stand out on white
and on black, and each line has a dash pattern of its own, so that it can be read without colors. The same figures give
the same bytes. All text is escaped.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Final, NamedTuple
from xml.sax.saxutils import escape, quoteattr

from screener.runners.terminal import cut, printable

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping, Sequence

WIDTH, HEIGHT = 820, 500
LEFT, RIGHT, TOP, BOTTOM = 70, 640, 90, 440
TITLE_CHARS_MAX: Final = 80
INK: Final = "#777777"
LINES: Final = {
    "precision": ("#1f78d1", ""),
    "recall": ("#d1570f", "9 4"),
    "F1": ("#9a55d6", "2 3"),
    "alerts": ("#2a8a4a", "9 4 2 4"),
}
"""Line -> color and dash pattern; in the order of the fields of a `Row`."""
TOLD: Final = {"alerts": "share of alerts"}


class Row(NamedTuple):
    """The figures at one threshold, each from 0 to 1 or None where the pairs can't tell it."""

    threshold: float
    precision: float | None
    recall: float | None
    f1: float | None
    alerts: float | None


def svg(rows: Sequence[Row], in_use: Mapping[str, float], title: str, labels: str, figures: Sequence[str]) -> str:
    """The picture; `in_use` is the threshold of each kind, `figures` what the pairs come to at these thresholds."""
    low = min(0.5, *(int(row.threshold * 10) / 10 for row in rows))
    parts = (_begin(title, labels), _axes(low), _curves(rows, low), _marks(in_use, low), _figures(in_use, figures))
    return "\n".join([line for part in parts for line in part] + ["</svg>", ""])


def _begin(title: str, labels: str) -> Iterator[str]:
    told = cut(printable(title), TITLE_CHARS_MAX)
    yield (
        f'<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 {WIDTH} {HEIGHT}" width="{WIDTH}" height="{HEIGHT}"'
        f' role="img" aria-label={quoteattr(told)} font-family="sans-serif" font-size="13" fill="{INK}">'
    )
    yield f"<title>{escape(told)}</title>"
    yield f"<desc>Precision, recall, F1 and share of alerts over thresholds; {escape(printable(labels))}.</desc>"
    yield _text(LEFT, 30, told, size=17)
    yield _text(LEFT, 50, printable(labels))


def _axes(low: float) -> Iterator[str]:
    for step in range(0, 11, 2):
        y = _y(step / 10)
        yield f'<path d="M{LEFT} {y}H{RIGHT}" stroke="{INK}" stroke-opacity="{1 if step == 0 else 0.35}"/>'
        yield _text(LEFT - 8, y + 4, f"{step / 10:.1f}", anchor="end")
    tenths = range(round(low * 10), 11)
    for tenth in tenths:
        x = _x(tenth / 10, low)
        yield f'<path d="M{x} {BOTTOM}v5" stroke="{INK}"/>'
        yield _text(x, BOTTOM + 20, f"{tenth / 10:.1f}", anchor="middle")
    yield f'<path d="M{LEFT} {TOP}V{BOTTOM}" stroke="{INK}"/>'
    yield _text((LEFT + RIGHT) / 2, BOTTOM + 44, "threshold (score from which on a pair is an alert)", anchor="middle")
    middle = (TOP + BOTTOM) / 2
    yield (
        f'<text transform="translate(24 {middle:g}) rotate(-90)" text-anchor="middle">share of pairs or figure,'
        " 0 to 1</text>"
    )


def _curves(rows: Sequence[Row], low: float) -> Iterator[str]:
    for number, (name, (color, dashes)) in enumerate(LINES.items()):
        style = f'fill="none" stroke="{color}" stroke-width="2.2"' + (f' stroke-dasharray="{dashes}"' if dashes else "")
        path = _path([(row.threshold, row[number + 1]) for row in rows], low)
        if path:
            yield f'<path id="curve-{name.lower()}" d="{path}" {style}/>'
        y = TOP + 14 + 24 * number
        yield f'<path d="M{RIGHT + 14} {y - 4}h30" {style}/>'
        yield _text(RIGHT + 52, y, TOLD.get(name, name) if path else f"{name}: not known")


def _path(points: Sequence[tuple[float, float | None]], low: float) -> str:
    """The commands of a line; it breaks where the figure is not known."""
    parts: list[str] = []
    pen_down = False
    for threshold, figure in points:
        if figure is not None:
            parts.append(f"{'L' if pen_down else 'M'}{_x(threshold, low):g} {_y(figure):g}")
        pen_down = figure is not None
    return "".join(parts)


def _marks(in_use: Mapping[str, float], low: float) -> Iterator[str]:
    for threshold, letter in _letters(in_use).items():
        x = _x(threshold, low)
        yield f'<path d="M{x:g} {TOP - 14}V{BOTTOM}" stroke="{INK}" stroke-width="1.6" stroke-dasharray="4 3"/>'
        yield _text(x, TOP - 18, letter or f"{threshold:g}", anchor="middle")


def _figures(in_use: Mapping[str, float], figures: Sequence[str]) -> Iterator[str]:
    letters = _letters(in_use)
    lines = ["thresholds in use"]
    lines += [f"{letters[threshold]} {threshold:g} {kind}".strip() for kind, threshold in in_use.items()]
    lines += ["", "at these thresholds", *figures]
    for number, line in enumerate(lines):
        if line:
            yield _text(RIGHT + 14, TOP + 124 + 19 * number, line, size=12)


def _letters(in_use: Mapping[str, float]) -> dict[float, str]:
    """Threshold -> the letter that stands at its line; none where there is only one threshold."""
    thresholds = sorted(set(in_use.values()))
    return {one: chr(ord("a") + number) if len(thresholds) > 1 else "" for number, one in enumerate(thresholds)}


def _text(x: float, y: float, text: str, anchor: str = "start", size: int = 13) -> str:
    return f'<text x="{x:g}" y="{y:g}" text-anchor="{anchor}" font-size="{size}">{escape(text)}</text>'


def _x(threshold: float, low: float) -> float:
    return round(LEFT + (RIGHT - LEFT) * (threshold - low) / (1 - low), 2)


def _y(figure: float) -> float:
    return round(BOTTOM - (BOTTOM - TOP) * figure, 2)
