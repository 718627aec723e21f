"""An address text -> its comparable form: what each of its words and numbers says.

`Lexicon.read` finds streets and named buildings, house numbers, the block, the floor and the room, the postcode,
districts and cities. The order of the parts, case, accents, script, abbreviations and blanks ("Fa Yuen", "Fayuen") do
not matter. The words are data (`rules/address_words.toml`). How far two addresses agree is said in `premises`.

It promises: total over `str`, and bounded: of a text only the first `TEXT_CHARS_MAX` characters are read. It is no
geocoder: what stands in no word of the text is not known.
"""

from __future__ import annotations

import re
from typing import TYPE_CHECKING, Any, NamedTuple

from screener.core.fold import words

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator, Mapping, Sequence

TEXT_CHARS_MAX = 2_000  # as decode takes of an address
GRAM_WORDS_MAX = 4
FLOOR_DIGITS_MAX = 3
PARTS_WITH_COUNTRY_MIN = 3
TERM_WORDS_MAX = 4
RANGE_ROOMS_MAX = 30
ROOM_DIGITS_MAX = 9
POSTCODE_DIGITS_MIN = 6
POSTCODE_DIGITS_LIKELY = 5

_PART = re.compile("[,;\n\r|()\uff0c\uff1b\u3001]+")
_ROOM_MARK = re.compile(r"#\s*([A-Za-z]?[0-9]{1,2})\s*-\s*([0-9]{2,3}[A-Za-z]?)(?![0-9])")  # "#08-06": floor 8, room 6
_RANGE = re.compile("(?<=[0-9])\\s*[-\u2010-\u2015~\uff0d]\\s*(?=[0-9])")
_UPTO = "upto"
_TOKEN = re.compile(r"[0-9]+(?:st|nd|rd|th)\b|[0-9]+[a-z]\b|\b[a-z][0-9]+\b|[0-9]+|[a-z]+")
_ROMAN = re.compile(r"[ivx]{1,4}")
_ALIKE = str.maketrans("yj", "ii")


class Phrase(NamedTuple):
    """The name of a street or a place: its words in one, "north" and the like, its kind.

    `numbered`: the house number stands beside it.
    """

    core: str
    parts: frozenset[str]
    kind: str
    numbered: bool = False


class Address(NamedTuple):
    """What an address says. Numbers are texts without leading zeros; names are in small letters, blanks left out."""

    phrases: tuple[Phrase, ...]
    numbers: frozenset[str]
    blocks: frozenset[str]
    floors: frozenset[str]
    units: frozenset[str]
    postcodes: frozenset[str]
    areas: frozenset[str]
    wide: frozenset[str]
    every: frozenset[str]
    grams: frozenset[str]


class _Word(NamedTuple):
    """A word (or several that are one term), a number, or two numbers of a range, with what it may say."""

    text: str
    roles: frozenset[str]
    last: str = ""


_NUMBER = frozenset({"#"})
_NO_ROLES: frozenset[str] = frozenset()
_ROOMS = ("unit", "floor", "block")
_NAMING = frozenset({"area", "wide", "area>", "area<", "unit>", "floor>", "block>", "number>"})
_TURNS = {"n": "north", "e": "east", "s": "south", "w": "west"}


# --- reading ---------------------------------------------------------------------------------------------------------


class Lexicon:
    """The words of addresses, with what each may say."""

    __slots__ = ("_roles", "_same", "respelled")

    def __init__(self, table: Mapping[str, Any]) -> None:
        """Take the table as read from the rules."""
        self._roles: dict[str, frozenset[str]] = {}
        self._same = {_plain(old): _plain(new) for old, new in table["same"].items()}
        self.respelled: dict[str, list[str]] = {}
        for old, new in self._same.items():
            self.respelled.setdefault(new.replace(" ", ""), []).append(old.replace(" ", ""))
        for role in ("unit", "floor", "block", "number", "box", "area", "street", "place"):
            rows = table[role]
            for kind, row in ((role, rows),) if role not in {"street", "place"} else rows.items():
                mark = f"{role}.{kind}" if role != kind else role
                self._add(f"{mark}<", row.get("before", ()))
                self._add(f"{mark}>", row.get("after", ()))
        for role in ("generic", "modifier", "area", "wide"):
            self._add(role, table[role].get("words", ()))

    def _add(self, role: str, listed: Iterable[str]) -> None:
        for text in listed:
            term = _plain(text)
            self._roles[term] = self._roles.get(term, _NO_ROLES) | {role}

    def read(self, text: str) -> Address:
        """Analyze an address."""
        draft = _Draft()
        parts = [found for part in _PART.split(text[:TEXT_CHARS_MAX]) if (found := self._words(_tokens(part)))]
        for number, part in enumerate(parts, 1):
            draft.add(part, "wide" if number == len(parts) >= PARTS_WITH_COUNTRY_MIN else "area")
        return draft.finished()

    def _words(self, tokens: Sequence[str]) -> list[_Word]:
        found: list[_Word] = []
        at = 0
        while at < len(tokens):
            term, size = self._term(tokens, at)
            if term[0].isdigit() or term[-1].isdigit():
                if at + 2 < len(tokens) and tokens[at + 1] == _UPTO:
                    found.append(_Word(_bare(term), _NUMBER, tokens[at + 2]))
                    size = 3
                elif len(term) > 1 and term[-1] == "f" and term[:-1].isdigit():
                    found += [_Word(_bare(term[:-1]), _NUMBER), _Word("f", self._roles.get("f", _NO_ROLES))]
                else:
                    found.append(_Word(_bare(term), _NUMBER | self._roles.get(term, _NO_ROLES)))
            elif term != _UPTO:
                found.append(_Word(term.replace(" ", ""), self._roles.get(term, _NO_ROLES)))
            at += size
        return found

    def _term(self, tokens: Sequence[str], at: int) -> tuple[str, int]:
        """The longest term that begins here, as it is to be written, and how many tokens it takes."""
        for size in range(min(TERM_WORDS_MAX, len(tokens) - at), 0, -1):
            term = " ".join(tokens[at : at + size])
            term = self._same.get(term, term)
            if size == 1 or term in self._roles:
                return term, size
        return tokens[at], 1


def _tokens(text: str) -> list[str]:
    folded = " ".join(words(_RANGE.sub(f" {_UPTO} ", _ROOM_MARK.sub(r" unit \1\2 ", text))))
    return _TOKEN.findall(folded.translate(_ALIKE))


def _plain(text: str) -> str:
    return " ".join(_tokens(text))


def _bare(number: str) -> str:
    """A number without leading zeros and the ending of an ordinal."""
    number = number[:-2] if number[-2:] in {"st", "nd", "rd", "th"} else number
    return number.lstrip("0") or "0"


class _Draft:
    """An address while its parts are read."""

    def __init__(self) -> None:
        self.held: dict[str, set[str]] = {
            name: set() for name in (*_ROOMS, "number", "postcode", "area", "wide", "every", "box")
        }
        self.grams: set[str] = set()
        self.phrases: list[Phrase] = []
        self.alone: list[_Word] = []
        self.leading: list[_Word] = []  # those before any name: a house number or, where that comes later, a room
        self.open = False  # a house number waits for its street in the next part

    def add(self, part: list[_Word], place: str) -> None:
        """Read one part, which no comma cuts; names that stand alone in it are those of a `place`."""
        claimed = _claims(part)
        loose = self._take_numbers(part, claimed)
        runs = _Runs(part, claimed)
        self.held["area"].update(runs.areas)
        self.held["wide"].update(word.text for word in part if "wide" in word.roles)
        letters = [word.text for word in part if "#" not in word.roles]
        self.grams.update(grams(letters))
        typed = any(phrase.kind for phrase in runs.phrases)
        named = typed or any(claim == "number" for claim in claimed.values())
        if not runs.phrases and not named and not runs.areas:
            (self.alone if self.phrases or self.held["area"] else self.leading).extend(part[at] for at in loose)
            self.open = not self.held["number"] and bool(loose)
            return
        houses = self._take_loose(part, loose, typed=typed)
        house = houses or "number" in claimed.values()
        street = any(phrase.kind[:6] != "place." for phrase in runs.phrases)
        if house and not runs.phrases and self.phrases and not self.phrases[-1].numbered:
            self.phrases[-1] = self.phrases[-1]._replace(numbered=True)  # "ul. Lenina, d. 5"
        for phrase in runs.phrases:
            if phrase.kind or (not typed and (named or houses)):
                self.phrases.append(phrase._replace(numbered=house or self.open))
            else:
                self.held[place].add(phrase.core)
        self.open = house and not street

    def _take_numbers(self, part: Sequence[_Word], claimed: Mapping[int, str]) -> list[int]:
        """Put the numbers that a word claims where they belong; the places of the others."""
        loose: list[int] = []
        for at, word in enumerate(part):
            role = claimed.get(at)
            if role is None:
                if "#" in word.roles and "modifier" not in word.roles:
                    loose.append(at)
            elif role in _ROOMS:
                before = part[at - 1].text if at and claimed.get(at - 1) == role else ""
                if "#" in word.roles and before.isalpha():  # "Flat B 607" is "Flat B607"
                    self.held[role].discard(before)
                    self.held[role].add(before + word.text)
                else:
                    self.held[role].update(_rooms(word))
            else:
                self.held[role].update(_ends(word))
            if "#" in word.roles and role != "box":
                self.held["every"].update(_ends(word))
        return loose

    def _take_loose(self, part: Sequence[_Word], loose: Sequence[int], *, typed: bool) -> bool:
        """Numbers that no word claims are house numbers beside a name, or postcodes; whether one is a house's."""
        houses = False
        for at in loose:
            word = part[at]
            digits = len(word.text)
            likely = digits == POSTCODE_DIGITS_LIKELY and at > 0
            behind = digits == POSTCODE_DIGITS_LIKELY - 1 and at == len(part) - 1 and at > 0 and not typed
            if not word.last and (digits >= POSTCODE_DIGITS_MIN or likely or behind):
                self.held["postcode"].add(word.text)
                self.held["every"].discard(word.text)
            else:
                self.held["number"].update(_ends(word))
                houses = True
        return houses

    def finished(self) -> Address:
        """The address; numbers that stood alone between commas are the house's where no other is."""
        held = self.held
        for word in self.leading:
            held["unit" if held["number"] else "number"].update(_rooms(word) if held["number"] else _ends(word))
        for word in self.alone:
            if not word.last and len(word.text) >= POSTCODE_DIGITS_LIKELY:
                held["postcode"].add(word.text)
                held["every"].discard(word.text)
            elif not held["number"]:
                held["number"].update(_ends(word))
            elif word.last:
                held["unit"].update(_rooms(word))
        if not held["number"] and all(block[0].isdigit() for block in held["block"]):
            held["number"], held["block"] = held["block"], set()  # "Building 9" of a street is its house number
        kept = {name: frozenset(found) for name, found in held.items()}
        return Address(
            phrases=tuple(self.phrases),
            numbers=kept["number"],
            blocks=kept["block"],
            floors=kept["floor"],
            units=kept["unit"],
            postcodes=kept["postcode"],
            areas=kept["area"],
            wide=kept["wide"],
            every=kept["every"],
            grams=frozenset(self.grams),
        )


def _claims(part: Sequence[_Word]) -> dict[int, str]:
    """Which numbers (and letters of rooms) a word beside them claims: place -> unit, floor, block, number or box."""
    claimed: dict[int, str] = {}
    for at, word in enumerate(part):
        if "#" in word.roles:
            role = _behind(part, at) or _before(part, at, claimed)
            if role and (role != "floor" or len(word.text) <= FLOOR_DIGITS_MAX):
                claimed[at] = role
        elif at and _is_letter(word) and not (at + 1 < len(part) and _is_street(part, at)):
            role = _before(part, at, claimed)
            if role in _ROOMS:
                claimed[at] = role
    return claimed


def _is_letter(word: _Word) -> bool:
    return len(word.text) == 1 or bool(_ROMAN.fullmatch(word.text))


def _is_street(part: Sequence[_Word], at: int) -> bool:
    return len(part[at].text) > 1 and _is_kind(part[at + 1].roles, "street")


def _behind(part: Sequence[_Word], at: int) -> str | None:
    """What the word after a number makes of it ("16/F")."""
    if at + 1 < len(part):
        roles = part[at + 1].roles
        for role in ("floor", "block", "number", "unit"):
            if f"{role}>" in roles:
                followed = at + 2 < len(part) and ("#" in part[at + 2].roles or _is_letter(part[at + 2]))
                return None if followed and f"{role}<" in roles and part[at + 1].text != "f" else role
    return None


def _before(part: Sequence[_Word], at: int, claimed: Mapping[int, str]) -> str | None:
    """What the word before a number makes of it ("Room 1318", "Building No. 4", "Flat B 607")."""
    if not at:
        return None
    before = part[at - 1]
    if claimed.get(at - 1) in {"unit", "block"} and before.text.isalpha():
        return claimed[at - 1]
    for role in ("box", "unit", "floor"):
        if f"{role}<" in before.roles:
            return role
    if "number<" in before.roles:
        earlier = part[at - 2].roles if at > 1 else _NO_ROLES
        return next((role for role in _ROOMS if f"{role}<" in earlier), "number")
    if "block<" in before.roles:
        return None if at > 1 and _names_it(part[at - 2], before) else "block"
    return None


def _names_it(word: _Word, before: _Word) -> bool:
    """Whether the word before "Building" is its name, so that the number behind it is the street's."""
    is_type = _is_kind(before.roles, "place.") or _is_kind(before.roles, "street")
    return is_type and (not word.roles or word.roles <= {"generic", "modifier"})


def _rooms(word: _Word) -> set[str]:
    """The rooms from a number to another one: "1318-19" is two; the ends only, where that would be too many.

    "17-05" is one room of a floor, written in one as it is behind a "#".
    """
    first, last = word.text, word.last
    if first.isdigit() and last.isdigit() and max(len(first), len(last)) <= ROOM_DIGITS_MAX:
        last = first[: len(first) - len(last)] + last
        rooms = int(last) - int(first)
        if rooms < 0:
            return {first + word.last}
        if rooms <= RANGE_ROOMS_MAX:
            return {str(number) for number in range(int(first), int(last) + 1)}
    return _ends(word)


def _ends(word: _Word) -> set[str]:
    return {word.text, _bare(word.last)} if word.last else {word.text}


class _Runs:
    """The names in a part: words in a row, with the word that says what they name."""

    def __init__(self, part: Sequence[_Word], claimed: Mapping[int, str]) -> None:
        self.phrases: list[Phrase] = []
        self.areas: set[str] = set()
        self._words: list[str] = []
        self._parts: set[str] = set()
        self._kind = ""
        self._ended_at = -1
        for at, word in enumerate(part):
            self._take(at, word, part, claimed)
        self._close("", len(part))

    def _take(self, at: int, word: _Word, part: Sequence[_Word], claimed: Mapping[int, str]) -> None:
        roles = word.roles
        kinds = [role for role in roles if role[:6] in {"street", "place."}]
        marks = _marks(at, part, claimed)
        if at in claimed or marks or ("#" in roles and "modifier" not in roles):
            self._close("", at)
        elif "modifier" in roles:
            self._modify(at, word)
        elif _turns(at, word, part, ended=self._ended_at == at):
            self._modify(at, _Word(_TURNS[word.text], _NO_ROLES))
        elif "generic" in roles or len(word.text) == 1 or (roles and not kinds and not roles & _NAMING):
            return
        elif roles & {"area", "wide"} and not self._names_street(at, part):
            self._close("", at)
            self.areas.update({word.text} if "area" in roles else ())
        elif "area>" in roles and self._words:
            self.areas.update(grams(self._words))
            self._words, self._parts, self._kind = [], set(), ""
        elif "area>" in roles and at and part[at - 1].roles & {"area", "wide"}:
            return
        elif kinds and not (self._words and _is_type(part, at + 1, claimed)):
            self._take_kind(at, kinds)
        elif "area<" not in roles:
            self._words.append(word.text)

    @staticmethod
    def _names_street(at: int, part: Sequence[_Word]) -> bool:
        """Whether a district's name is that of a street here ("Wan Chai Road")."""
        return at + 1 < len(part) and _is_kind(part[at + 1].roles, "street")

    def _modify(self, at: int, word: _Word) -> None:
        if not self._words and self.phrases and self._ended_at == at:
            last = self.phrases[-1]
            self.phrases[-1] = last._replace(parts=last.parts | {word.text})
            self._ended_at = at + 1
        else:
            self._parts.add(word.text)

    def _take_kind(self, at: int, kinds: Sequence[str]) -> None:
        behind = min((role for role in kinds if role[-1] == ">"), default=None)
        ahead = min((role for role in kinds if role[-1] == "<"), default=None)
        if self._words and behind and not (self._kind and ahead):
            self._close(behind[:-1], at + 1)
        elif ahead:
            self._close("", at)
            self._kind = ahead[:-1]
        elif behind and self.phrases and self._ended_at == at - 1 and not self.phrases[-1].kind:
            self.phrases[-1] = self.phrases[-1]._replace(kind=behind[:-1])
            self._ended_at = at + 1

    def _close(self, kind: str, at: int) -> None:
        if self._words:
            self.phrases.append(Phrase("".join(self._words), frozenset(self._parts), kind or self._kind))
            self._words, self._parts, self._kind = [], set(), ""
            self._ended_at = at


def _turns(at: int, word: _Word, part: Sequence[_Word], *, ended: bool) -> bool:
    """Whether a letter stands for a direction: beside the word for a street ("Fenghao E. Road")."""
    return word.text in _TURNS and (ended or (at + 1 < len(part) and _is_kind(part[at + 1].roles, "street")))


def _is_kind(roles: frozenset[str], which: str) -> bool:
    return any(role[:6] == which and role[-1] == ">" for role in roles)


def _is_type(part: Sequence[_Word], at: int, claimed: Mapping[int, str]) -> bool:
    """Whether the word for a street or place stands here, so that the one before it is a name ("Bright Way Tower")."""
    if at >= len(part) or _marks(at, part, claimed):
        return False
    return _is_kind(part[at].roles, "street") or _is_kind(part[at].roles, "place.")


def _marks(at: int, part: Sequence[_Word], claimed: Mapping[int, str]) -> bool:
    """Whether a word is there for the number beside it."""
    roles = part[at].roles
    after, before = claimed.get(at + 1), claimed.get(at - 1)
    if after and (f"{after}<" in roles or "number<" in roles):
        return True
    return bool(before) and f"{before}>" in roles


def grams(found: Sequence[str], size_max: int = GRAM_WORDS_MAX) -> Iterator[str]:
    """Neighboring words in one, from one to `size_max` words."""
    for start in range(len(found)):
        for end in range(start + 1, min(start + size_max, len(found)) + 1):
            yield "".join(found[start:end])
