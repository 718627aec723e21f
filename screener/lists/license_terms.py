"""The license requirement and review policy of an entry, as published -> `LicenseTerms`.

The wordings are data (`rules/license_terms.toml`); here is how they follow one another. A text is understood only when
every word of it is: what is left over is kept as `unparsed`, and then all items are reviewed as the most restrictive
policy says. The words themselves stay in the entry.
"""

from __future__ import annotations

import re
import unicodedata
from dataclasses import replace
from typing import TYPE_CHECKING, Any

from screener.core.terms import normal, policy_of, rank
from screener.licensing import ALL, ECCN, NOT_REQUIRED, UNKNOWN, LicenseTerms, Term
from screener.lists.license_rules import license_rules

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator, Mapping, Sequence

    from screener.lists.rules import Tables
    from screener.model import ListEntry

TEXT_CHARS_MAX = 4_000
LISTS_WITH_TERMS = frozenset({"EL", "MEU"})

_SECTION = r"\d{3}\.[\dl]+(?: ?\([a-z0-9]+\))*e?"
_PART_OF_REFERENCE = re.compile(
    rf"(?P<section>{_SECTION})|(?P<paragraph>\([a-z]\))|(?P<digit>[1-9])(?!\.?\d)"
    r"|see |see§|part|§|,|and |\(|\)|of the ear|of this part|\.(?=$| )"
)
_REFERENCE = re.compile(r"\(?see ?(?:part ?)?(?=§|\d)|(?:part ?)?§+ ?(?=\d)|(?=7\d\d\.\d)")
_FILLERS = re.compile(r"(?:[\s.;:,()]|and (?:for )?|of the ear\b|for (?=all|items|ear99|eccn)|the (?=items))+")
_EXCEPT = re.compile(r"(?:except(?: for)?|apart from):? ")
_REVIEWED_SO = re.compile(r",? ?which will be reviewed on a ")
_NOT_DESCRIBED = re.compile(r"items not described in (?=eccn)")
_DESCRIBED = re.compile(r" ?(?:to include )?items described in (?=eccn)")
_ECCNS = re.compile(r"(?:for )?eccns? (?=\d)")
_CODE = re.compile(r"(\d[a-e]\d{3})((?:\.[a-z0-9]+)*)")
_BESIDE_CODES = re.compile(r"[,; ]+(?:and |or )?(?=\d[a-e]\d{3}|\.?[a-z]\.|\.[a-z]\b)")
_FRAGMENT = re.compile(r"\.?[a-z](?:\.[a-z0-9]+)*(?: to \.[a-z])?(?=[ ,;.]|$)")
_WITH = re.compile(r",? ?with ")
_FOR = re.compile(r" (?:for|of) ")
_BLANK = re.compile(r" ?")
_BETWEEN_ITEMS = re.compile(r",? (?:and |or )?(?:for )?")


class Reader:
    """Reads license terms by the vocabulary of a set of rules."""

    def __init__(self, tables: Tables) -> None:
        """Compile the wordings; ListError where a row is not as it must be."""
        table = tables["license_terms"]
        self.rules = license_rules(table)
        self._policies = _wordings(table["policies"])
        self._items = _wordings(table["items"])
        self._passed_over = _wordings({"passed_over": table.get("passed_over", {})})
        self._sections = {name: row["policy"] for name, row in table["sections"].items()}
        self._footnote_of = {one: digit for digit, row in table["footnotes"].items() for one in row["sections"]}
        self._restricting = {name for name, row in table["items"].items() if row.get("restricts")}
        self._excepted = {name for name, row in table["items"].items() if row.get("excepted")}
        self._known: dict[tuple[str, str], LicenseTerms] = {}

    def with_terms(self, entry: ListEntry) -> ListEntry:
        """The entry with its terms, if it is of a list that states some."""
        if entry.list not in LISTS_WITH_TERMS:
            return entry
        return replace(entry, terms=self.read(entry.license_requirement, entry.license_review_policy))

    def read(self, requirement: str, policy: str) -> LicenseTerms:
        """The terms that two texts state; they are remembered, for most entries state the same."""
        if (requirement, policy) not in self._known:
            self._known[requirement, policy] = self._read(requirement, policy)
        return self._known[requirement, policy]

    def _read(self, requirement: str, policy: str) -> LicenseTerms:
        asked, reviewed = _Text(requirement), _Text(policy)
        required, policies = self._requirement(asked), self._policy(reviewed)
        footnotes = sorted(
            asked.footnotes | {self._footnote_of[one] for one in asked.sections & self._footnote_of.keys()}
        )
        unparsed = tuple(text.rest for text in (asked, reviewed) if text.rest)
        if unparsed or not required:
            return LicenseTerms((Term(ALL, UNKNOWN),), tuple(footnotes), unparsed)
        policies = asked.policies | policies
        if ALL not in policies:
            most = max(policies.values(), key=lambda one: rank(one, self.rules), default=UNKNOWN)
            policies[ALL] = most if len(policies) > 1 else UNKNOWN
        return LicenseTerms(normal(self._both(required, policies), self.rules), tuple(footnotes))

    def _both(self, required: Mapping[str, bool], policies: Mapping[str, str]) -> dict[str, str]:
        """Scope -> its policy, or that no license is required."""
        asked = LicenseTerms(
            tuple(Term(scope, UNKNOWN if needed else NOT_REQUIRED) for scope, needed in required.items())
        )
        reviewed = LicenseTerms(tuple(Term(*row) for row in policies.items()))
        scopes = required.keys() | policies.keys()
        return {
            scope: NOT_REQUIRED if self._of(asked, scope) == NOT_REQUIRED else self._of(reviewed, scope)
            for scope in scopes
        }

    def _of(self, terms: LicenseTerms, scope: str) -> str:
        return policy_of(terms, scope, self.rules)

    # --- the two texts

    def _requirement(self, text: _Text) -> dict[str, bool]:
        """Scope -> whether a license is required for it."""
        required: dict[str, bool] = {}
        excepting = False
        while text.goes_on():
            if text.take(_EXCEPT):
                excepting = True
            elif text.reference() or text.first(self._passed_over):
                continue
            elif text.take(_WITH):
                self._reviewed(text, text.policies, "")
            elif scope := text.first(self._items):
                if scope in self._restricting:
                    required[ALL] = False
                required[scope] = not (excepting or scope in self._excepted)
            else:
                break
        if required and True in required.values():
            required.setdefault(ALL, False)
        return required

    def _policy(self, text: _Text) -> dict[str, str]:
        """Scope -> how it is reviewed; what a section says counts where nothing else is stated."""
        policies: dict[str, str] = {}
        last = UNKNOWN
        while text.goes_on():
            if text.reference() or text.first(self._passed_over):
                continue
            if text.take(_EXCEPT) and (scopes := self._scopes(text)) and text.take(_REVIEWED_SO):
                policy = text.first(self._policies)
                policies |= dict.fromkeys(scopes, policy or UNKNOWN)
            elif not (said := self._reviewed(text, policies, last)):
                break
            else:
                last = said
        stated = [self._sections.get(section) for section in sorted(text.sections)]
        if not policies and stated and None not in stated:
            policies[ALL] = max(filter(None, stated), key=lambda policy: rank(policy, self.rules))
        elif not policies and stated:
            text.give_up()
        return policies

    def _reviewed(self, text: _Text, policies: dict[str, str], last: str) -> str | None:
        """Take a policy and the items that it is for; `last` is the policy that was stated before."""
        policy = text.first(self._policies)
        if policy is None:
            return None
        text.take(_FOR)
        if text.take(_NOT_DESCRIBED):  # the items that are described are reviewed as was stated before
            policies |= dict.fromkeys(text.eccns(), last) | {ALL: policy}
            return policy
        scopes = self._scopes(text)
        if text.take(_DESCRIBED):
            scopes += text.eccns()
        policies |= dict.fromkeys(scopes or [ALL], policy)
        return policy

    def _scopes(self, text: _Text) -> list[str]:
        """Take items that are named one behind the other."""
        scopes: list[str] = []
        while True:
            here = text.at
            text.take(_BETWEEN_ITEMS)
            found = text.eccns() or [scope for scope in [text.first(self._items)] if scope]
            if not found:
                text.at = here
                return scopes
            scopes += found


class _Text:
    """A text and how far it was read; notes sections, footnotes and policies on the way."""

    def __init__(self, written: str) -> None:
        self._text = _plain(written)
        self.at = 0
        self.sections: set[str] = set()
        self.footnotes: set[str] = set()
        self.policies: dict[str, str] = {}
        self._given_up = len(written) > TEXT_CHARS_MAX

    @property
    def rest(self) -> str:
        """What was not understood."""
        return self._text if self._given_up else self._text[self.at :]

    def give_up(self) -> None:
        """Take all of it as not understood."""
        self._given_up = True

    def goes_on(self) -> bool:
        """Pass over what only joins; whether something is left."""
        self.take(_FILLERS)
        return self.at < len(self._text) and not self._given_up

    def take(self, pattern: re.Pattern[str]) -> re.Match[str] | None:
        """Go on behind a pattern, if it is what comes next."""
        found = pattern.match(self._text, self.at)
        if found:
            self.at = found.end()
        return found

    def first(self, wordings: Sequence[tuple[re.Pattern[str], str]]) -> str | None:
        """Take the first wording that comes next, and say whose it is; the longest go first."""
        return next((name for pattern, name in wordings if self.take(pattern)), None)

    def reference(self) -> bool:
        """Take a reference to sections, with the footnotes whose digits are glued to it."""
        if not self.take(_REFERENCE):
            return False
        base, behind_section = "", False
        while found := self.take(_PART_OF_REFERENCE):
            section, paragraph, digit = found["section"], found["paragraph"], found["digit"]
            if section:
                base = _section(section)
                self.sections.add(base)
            elif paragraph and base:
                self.sections.add(base.partition("(")[0] + paragraph)
            elif digit and behind_section:
                self.footnotes.add(digit)
            behind_section = bool(section or paragraph) or (not digit and (behind_section or "ear" in found[0]))
            self.take(_BLANK)
        return True

    def eccns(self) -> list[str]:
        """Take ECCNs; of one with paragraphs that are told apart by fragments (".c, .d") the whole ECCN."""
        if not self.take(_ECCNS):
            return []
        codes: dict[str, None] = {}
        last = ""
        while True:
            if found := self.take(_CODE):
                last = found[1].upper()
                codes[last + found[2]] = None
            elif self.take(_FRAGMENT):
                codes = dict.fromkeys([*(code for code in codes if code.partition(".")[0] != last), last])
            else:
                return [f"{ECCN}{code}" for code in codes]
            self.take(_BESIDE_CODES)


def _plain(written: str) -> str:
    """A text in small letters, its blanks, dashes and marks made the same."""
    text = unicodedata.normalize("NFKC", written[:TEXT_CHARS_MAX]).lower()
    text = re.sub(r"[\u2010-\u2015\u2212]", "-", re.sub(r"[\"\u201c\u201d]", "", text)).replace("\u2019", "'")
    return " ".join(text.split())


def _section(written: str) -> str:
    """A section as the rules write it: "744.2 (d)" and "744.21e" are "744.2(d)" and "744.21(e)", "744.2l" is 744.21."""
    number, _, paragraphs = written.replace(" ", "").partition("(")
    letter = "(e)" if number.endswith("e") else ""
    return number.rstrip("e").replace("l", "1") + letter + (f"({paragraphs}" if paragraphs else "")


# --- wordings and what was not understood -----------------------------------------------------------------------------


def _wordings(rows: Mapping[str, Any]) -> list[tuple[re.Pattern[str], str]]:
    """The wordings of all rows, the longest first, each with its row."""
    found = [(written, name) for name, row in rows.items() for written in row.get("wordings", ())]
    found.sort(key=lambda row: -len(row[0]))
    return [(re.compile(rf"{written}(?![a-z0-9])"), name) for written, name in found]


def coverage(entries: Iterable[ListEntry]) -> Iterator[tuple[str, str, str]]:
    """List, entry id and words, of the entries whose terms were not understood."""
    for entry in entries:
        if entry.terms is not None:
            for text in entry.terms.unparsed:
                yield entry.list, entry.entry_id, text
