"""What `ownership explain` found -> an SVG: a tree for each regime and stretch of days, owners right of what they own.

Plain text generation, as `evaluate_plot`: no script, no font of its own, no background, colors that stand out on white
and on black, the same answer gives the same bytes. A listed party has a heavy border and all its list codes, so that it
can be told without colors. A tree of a day on which its rule is not in force says so. A dashed border is a company
whose owners are shown elsewhere, or not at all. Names are escaped and cut by a rough measure of their letters: a font
that is wider than most may still run over.
"""

from __future__ import annotations

import unicodedata
from collections import Counter
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Final, NamedTuple
from xml.sax.saxutils import escape, quoteattr

from screener.runners.ownership_text import (
    NO_FINDING,
    NOT_KNOWN,
    days,
    in_force,
    of_other_days,
    standing_of,
    sums,
    told,
)
from screener.runners.ownership_tree import Company, Mark, with_unit
from screener.runners.terminal import cut, printable

if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence

    from screener.runners.ownership import Answer, Stretch
    from screener.runners.ownership_tree import Branch

TREES_MAX: Final = 12
MARGIN, HEAD, BETWEEN = 20, 44, 34
BOX_WIDTH, BOX_HEIGHT, PAD = 214, 76, 9
GAP_MIN, TRUNK, PITCH = 90, 22, 88
BOX_LINES, NAME_LINES = 4, 2
SIZE, SMALL, LINE = 13, 12, 15
SUBTITLE_LINE = 18
PERCENT: Final = "%"
WIDTH_MIN: Final = 760
SUM_LINES_MAX: Final = 12
TITLE_CHARS_MAX: Final = 90
INK: Final = "#777777"
LISTED: Final = "#d1570f"
BOLD_WIDTH: Final = 0.9
"""Of what a plain text may take: bold letters are wider."""
SHORT_AGAIN: Final = {
    "circle": "a circle: met before",
    "elsewhere": "owners shown elsewhere",
    "cut": "owners not shown",
}


@dataclass(slots=True)
class _Box:
    """A company with its place: the middle of its left side; `standing` is what is said of it below its name."""

    company: Company
    standing: str
    x: int
    y: float = 0
    branch: Branch | None = None
    owners: list[_Box] = field(default_factory=list)


class _Section(NamedTuple):
    """One tree with its heading and what stands below its root."""

    title: str
    subtitles: list[str]
    root: _Box
    below: list[str]


def svg(answer: Answer) -> str:
    """The picture of an answer: of the day asked for, or of all days."""
    parts: list[str] = []
    width, top = WIDTH_MIN, MARGIN
    sections = list(_sections(answer))
    for section in sections[:TREES_MAX]:
        right, bottom = _place(section, top)
        parts += _heading(section, top)
        parts += _boxes(section.root)
        parts += _below(section)
        width, top = max(width, right + MARGIN), round(bottom) + BETWEEN
    if len(sections) > TREES_MAX:
        parts.append(_text(MARGIN, top, f"and {len(sections) - TREES_MAX} more: name a day with --as-of"))
        top += LINE
    return "\n".join([*_begin(answer, width, top), *parts, "</svg>", ""])


def _begin(answer: Answer, width: int, height: int) -> Iterator[str]:
    title = cut(printable(f"Owners of {answer.name.strip()}"), TITLE_CHARS_MAX)
    yield (
        f'<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 {width} {height}" width="{width}" height="{height}"'
        f' role="img" aria-label={quoteattr(title)} font-family="sans-serif" font-size="{SIZE}" fill="{INK}">'
    )
    yield f"<title>{escape(title)}</title>"
    yield (
        f"<desc>Owners stand to the right of what they own; a heavy border is a listed party."
        f" Snapshot {escape(answer.snapshot.sha256)}.</desc>"
    )


def _sections(answer: Answer) -> Iterator[_Section]:
    drawn = [one for rows in answer.companies for one in rows if answer.as_of is None or one.is_held]
    sample = ["SAMPLE, not for compliance use"] if answer.snapshot.sample else []
    for stretch in drawn:
        yield _section(stretch, answer.as_of, sample)
    if not drawn:
        on = f" on {answer.as_of}" if answer.as_of else ""
        title = f"No finding{on}" if answer.is_known else "Ownership not known"
        says = NO_FINDING if answer.is_known else NOT_KNOWN
        if answer.companies:
            says = of_other_days(answer.companies)
        strong = [one.entry for one in answer.listed if one.quality == "strong" and not one.entry.confidential]
        marks = dict.fromkeys(Mark(entry.list, entry.entry_id, counts=True) for entry in strong)
        root = _Box(Company(answer.name, tuple(marks)), "listed" if marks else "", MARGIN)
        yield _Section(title, ["in the ownership graph", *sample], root, [printable(says)])


def _section(stretch: Stretch, as_of: str | None, sample: list[str]) -> _Section:
    regime, said = stretch.regime, f"{told(stretch)} ({stretch.affiliation.basis})"
    title = f"{regime.name}: {said}"
    subtitles = [days(stretch.affiliation), f"the rule is in force {in_force(regime)}"]
    if as_of is not None and stretch.is_asked:
        period = regime.period(as_of)
        doubt = "; that the rule is in force is not confirmed" if period and not period.verified else ""
        subtitles = [f"on {as_of}{doubt}"]
    elif as_of is not None:
        title = f"{regime.name}: not in force on {as_of}"
        subtitles = [f"when it is in force: {said}", *subtitles[1:]]
    tier = "" if stretch.company.tier is None else f", tier {stretch.company.tier}"
    root = _grown(stretch.company, f"{told(stretch)}{tier}", _gap(stretch.company))
    return _Section(title, [*subtitles, *sample], root, list(sums(stretch.company, PERCENT)))


def _gap(root: Company) -> int:
    """How far apart companies stand: so far that no share has to be cut."""
    widest = 0.0
    companies = [root]
    for company in companies:
        widest = max([widest, *(width_of(_share(branch), SIZE) for branch in company.branches)])
        companies += [branch.owner for branch in company.branches]
    return max(GAP_MIN, round(widest) + TRUNK + 16)


def _share(branch: Branch) -> str:
    return with_unit(branch.share.text, PERCENT)


def _grown(company: Company, standing: str, gap: int, x: int = MARGIN, branch: Branch | None = None) -> _Box:
    """The boxes of a tree, as deep as a tree is at most."""
    box = _Box(company, standing, x, branch=branch)
    for one in company.branches:
        owner = one.owner
        line = SHORT_AGAIN.get(owner.again) or standing_of(owner)
        box.owners.append(_grown(owner, line, gap, x + BOX_WIDTH + gap, one))
    return box


# --- places ----------------------------------------------------------------------------------------------------------


def _place(section: _Section, top: int) -> tuple[int, float]:
    """Give every box its place below `top`; the right and the lower end of it all."""
    head = HEAD + SUBTITLE_LINE * len(section.subtitles)
    bottom, right = _rows(section.root, top + head + BOX_HEIGHT / 2)
    below = len(_sum_lines(section)) * LINE
    return right, max(bottom - PITCH + BOX_HEIGHT / 2, section.root.y + BOX_HEIGHT / 2 + below + PAD)


def _rows(box: _Box, y: float) -> tuple[float, int]:
    """Place a box in the middle of its owners, which take rows from `y` on; the next row and the right end."""
    right = box.x + BOX_WIDTH
    if not box.owners:
        box.y = y
        return y + PITCH, right
    for owner in box.owners:
        y, end = _rows(owner, y)
        right = max(right, end)
    box.y = (box.owners[0].y + box.owners[-1].y) / 2
    return y, right


# --- drawing ---------------------------------------------------------------------------------------------------------


def _heading(section: _Section, top: int) -> Iterator[str]:
    yield _text(MARGIN, top + 16, cut(printable(section.title), TITLE_CHARS_MAX), size=17)
    for at, subtitle in enumerate(section.subtitles):
        yield _text(MARGIN, top + 36 + SUBTITLE_LINE * at, cut(printable(subtitle), TITLE_CHARS_MAX))


def _boxes(box: _Box) -> Iterator[str]:
    yield from _box(box)
    if box.owners:
        start, trunk = box.x + BOX_WIDTH, box.x + BOX_WIDTH + TRUNK
        yield f'<path d="M{start} {box.y:g}H{trunk}M{trunk} {box.owners[0].y:g}V{box.owners[-1].y:g}" {_stroke()}/>'
    for owner in box.owners:
        yield from _edge(owner, box.x + BOX_WIDTH + TRUNK)
        yield from _boxes(owner)


def _edge(owner: _Box, trunk: int) -> Iterator[str]:
    if owner.branch is None:
        return
    dashes = ' stroke-dasharray="4 3"' if owner.branch.is_right else ""
    yield f'<path d="M{trunk} {owner.y:g}H{owner.x}" {_stroke()}{dashes}/>'
    yield _text(owner.x - 7, owner.y - 5, _share(owner.branch), anchor="end")
    if owner.branch.is_right:
        yield _text(owner.x - 7, owner.y + 14, "no share", anchor="end", size=SMALL)


def _box(box: _Box) -> Iterator[str]:
    company = box.company
    is_listed = any(mark.counts for mark in company.marks)
    color, thick = (LISTED, 3.5) if is_listed else (INK, 1.2)
    dashes = ' stroke-dasharray="5 3"' if company.again else ""
    top = box.y - BOX_HEIGHT / 2
    size = f'width="{BOX_WIDTH}" height="{BOX_HEIGHT}" rx="4"'
    yield f'<rect x="{box.x}" y="{top:g}" {size} {_stroke(color, thick)}{dashes}/>'
    lines = _box_lines(box)
    first = box.y - LINE * (len(lines) - 1) / 2 + SMALL / 3
    for at, (line, letters, weight) in enumerate(lines):
        yield _text(box.x + PAD, first + LINE * at, line, size=letters, rest=weight)


def _box_lines(box: _Box) -> list[tuple[str, int, str]]:
    """What stands in a box: the name, the entries that the company is, and what is said of it; each with its size."""
    inner = BOX_WIDTH - 2 * PAD
    names = wrap(printable(box.company.name.strip()), inner, SIZE, NAME_LINES)
    standing = [] if box.standing in ("listed", "") and box.company.marks else [box.standing]
    marks = _marks(box.company.marks, inner * BOLD_WIDTH, BOX_LINES - len(names) - len(standing))
    return [
        *((line, SIZE, "") for line in names),
        *((line, SMALL, ' font-weight="bold"') for line in marks),
        *((fit(printable(line), inner, SMALL), SMALL, "") for line in standing),
    ]


def _marks(marks: Sequence[Mark], width: float, lines_max: int) -> list[str]:
    """The entries that a company is, a line each where there is room, else the codes of all their lists."""
    if len(marks) <= lines_max:
        return [fit(printable(f"{mark.list} {mark.entry_id}"), width, SMALL) for mark in marks]
    counted = Counter(mark.list for mark in marks)
    codes = ", ".join(code if times == 1 else f"{code} ({times} entries)" for code, times in counted.items())
    return wrap(printable(codes), width, SMALL, lines_max)


def _below(section: _Section) -> Iterator[str]:
    y = section.root.y + BOX_HEIGHT / 2 + LINE + 2
    for at, line in enumerate(_sum_lines(section)):
        yield _text(MARGIN, y + LINE * at, line, size=SMALL)


def _sum_lines(section: _Section) -> list[str]:
    """What stands below the root: as wide as its box, or as the picture where no owners stand beside it."""
    width = BOX_WIDTH - PAD if section.root.owners else WIDTH_MIN - 2 * MARGIN
    wrapped = [line for text in section.below for line in wrap(text, width, SMALL, SUM_LINES_MAX)]
    return [*wrapped[: SUM_LINES_MAX - 1], "…"] if len(wrapped) > SUM_LINES_MAX else wrapped


def _stroke(color: str = INK, thick: float = 1.2) -> str:
    return f'fill="none" stroke="{color}" stroke-width="{thick:g}"'


def _text(x: float, y: float, text: str, *, anchor: str = "start", size: int = SIZE, rest: str = "") -> str:
    return f'<text x="{x:g}" y="{y:g}" text-anchor="{anchor}" font-size="{size}"{rest}>{escape(text)}</text>'


# --- how wide a text is ----------------------------------------------------------------------------------------------

_NARROW: Final = frozenset("iljftI.,:;'|!()[] -/")
_BROAD: Final = frozenset("mwMW@%+=<>")


def width_of(text: str, size: int) -> float:
    """About how many pixels a text takes in a usual sans-serif font."""
    return size * sum(map(_ems, text))


def _ems(letter: str) -> float:
    if letter in _NARROW:
        return 0.37
    if letter in _BROAD:
        return 0.98
    if unicodedata.combining(letter):
        return 0
    if unicodedata.east_asian_width(letter) in "WF":
        return 1.02
    return 0.72 if letter.isupper() else 0.63


def fit(text: str, width: float, size: int) -> str:
    """The text, cut to about so many pixels; a sign shows that there was more."""
    if width_of(text, size) <= width:
        return text
    room = width - width_of("…", size)
    kept = 0
    for letter in text:
        room -= size * _ems(letter)
        if room < 0:
            break
        kept += 1
    return text[:kept] + "…"


def wrap(text: str, width: float, size: int, lines_max: int) -> list[str]:
    """The text in lines of about so many pixels, the last one cut; a word too long for a line is cut."""
    lines: list[str] = []
    words: Sequence[str] = text.split(" ")
    line = ""
    for at, word in enumerate(words):
        longer = f"{line} {word}" if line else word
        if width_of(longer, size) <= width:
            line = longer
        elif len(lines) == lines_max - 1:
            return [*lines, fit(" ".join(filter(None, [line, *words[at:]])), width, size)]
        else:
            lines += [fit(line, width, size)] if line else []
            line = word
    return [*lines, fit(line, width, size)]
