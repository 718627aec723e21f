"""Repeated elements of an XML file -> small trees, one at a time, within limits.

Promises: no document type, so no entity of the file's own making; nothing is fetched; a file that is cut off or not
well-formed is a `ListError` with its line. Names are without their prefix. Not for files with text between elements.
"""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import TYPE_CHECKING, NoReturn
from xml.parsers import expat

if TYPE_CHECKING:
    from collections.abc import Callable

    from screener.lists.reading import PublishedFile

DEPTH_MAX = 50
RECORDS_MAX = 10_000_000
RECORD_ELEMENTS_MAX = 10_000
TEXT_CHARS_MAX = 100_000


@dataclass(slots=True)
class Element:
    """An element with its line, its `type` attribute, its text and its children."""

    name: str
    line: int
    type: str
    written: list[str] = field(default_factory=list)
    children: list[Element] = field(default_factory=list)

    def all(self, *path: str) -> list[Element]:
        """The elements at a path below this one, in order."""
        at = [self]
        for name in path:
            at = [child for element in at for child in element.children if child.name == name]
        return at

    def text(self, *path: str) -> str:
        """The text of the first element at a path, in one line; "" where there is none."""
        return next((" ".join("".join(element.written).split()) for element in self.all(*path)), "")


def root_name(file: PublishedFile) -> str:
    """The name of a file's first element; ListError where its beginning is not XML."""
    found: list[str] = []

    def begin(name: str, _: dict[str, str]) -> None:
        if not found:
            found.append(_bare(name))

    beginning = _parser(file)
    beginning.StartElementHandler = begin
    try:
        beginning.Parse(file.text[:TEXT_CHARS_MAX], False)
    except expat.ExpatError as error:
        if not found:
            raise _fault(file, error) from error
    return found[0] if found else ""


def read_records(
    file: PublishedFile, record: str, take: Callable[[Element], None], records_max: int | None = None
) -> None:
    """Give each element of a name to `take`; ListError where the file is not whole.

    `records_max` is how many there may be (default: RECORDS_MAX).
    """
    reader = _Reader(file, record, take, RECORDS_MAX if records_max is None else records_max)
    parser = _parser(file)
    parser.buffer_text = True
    parser.StartElementHandler = reader.begin
    parser.EndElementHandler = reader.end
    parser.CharacterDataHandler = reader.characters
    reader.parser = parser
    try:
        parser.Parse(file.text, True)
    except expat.ExpatError as error:
        raise _fault(file, error) from error


class _Reader:
    def __init__(self, file: PublishedFile, record: str, take: Callable[[Element], None], records_max: int) -> None:
        self._file = file
        self._records_max = records_max
        self._record = record
        self._take = take
        self._open: list[Element] = []
        self._depth = 0
        self._records = 0
        self._elements = 0
        self._chars = 0
        self.parser = expat.ParserCreate()

    def begin(self, name: str, attributes: dict[str, str]) -> None:
        bare = _bare(name)
        self._depth += 1
        if self._depth > DEPTH_MAX:
            raise self._fault(f"expected elements at most {DEPTH_MAX} deep")
        if not self._open:
            if bare != self._record:
                return
            self._records += 1
            self._elements = 0
            if self._records > self._records_max:
                raise self._fault(f"expected at most {self._records_max} records")
        self._elements += 1
        self._chars = 0
        if self._elements > RECORD_ELEMENTS_MAX:
            raise self._fault(f"expected at most {RECORD_ELEMENTS_MAX} elements in a record")
        element = Element(bare, self.parser.CurrentLineNumber, attributes.get("type", ""))
        if self._open:
            self._open[-1].children.append(element)
        self._open.append(element)

    def end(self, _: str) -> None:
        self._depth -= 1
        if self._open:
            element = self._open.pop()
            if not self._open:
                self._take(element)

    def characters(self, written: str) -> None:
        if self._open:
            self._chars += len(written)
            if self._chars > TEXT_CHARS_MAX:
                raise self._fault(f"expected at most {TEXT_CHARS_MAX} characters in an element")
            self._open[-1].written.append(written)

    def _fault(self, expected: str) -> Exception:
        return self._file.fault(self.parser.CurrentLineNumber, expected)


def _parser(file: PublishedFile) -> expat.XMLParserType:
    parser = expat.ParserCreate()

    def refuse(*_: object) -> NoReturn:
        raise file.fault(parser.CurrentLineNumber, "expected XML without a document type (it could hold entities)")

    parser.StartDoctypeDeclHandler = refuse
    return parser


def _bare(name: str) -> str:
    return name.rpartition(":")[2]


def _fault(file: PublishedFile, error: expat.ExpatError) -> Exception:
    return file.fault(error.lineno, f"expected whole XML ({expat.ErrorString(error.code)})")
