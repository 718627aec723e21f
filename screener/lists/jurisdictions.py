"""`jurisdictions.toml` -> whose rules apply under which profile; checked."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from screener.errors import ListError, OperatorError
from screener.rulings import DEFAULT_PROFILE, Jurisdiction

if TYPE_CHECKING:
    from collections.abc import Collection, Mapping

    from screener.rulings import Rules

ALL = "*"
KEYS = frozenset({"says", "lists", "regimes", "rules", "citation", "verified", "reason"})


def jurisdictions(table: Mapping[str, Any], known: Mapping[str, Collection[str]]) -> dict[str, Jurisdiction]:
    """Profile -> what stops under it; `known` are the lists, regimes and rules there are. ListError for a wrong row."""
    if DEFAULT_PROFILE not in table:
        raise _wrong(DEFAULT_PROFILE, "expected this row: it is the profile where none is named")
    return {name: _jurisdiction(name, row, known) for name, row in table.items()}


class UnknownProfileError(OperatorError):
    """A profile that the rules do not have: whoever named it has to name another one."""


def must_know(rules: Rules, profile: str) -> None:
    """UnknownProfileError where the rules have no such profile."""
    if profile not in rules.jurisdictions:
        raise UnknownProfileError(f"profile {profile!r:.60} is none of the rules': {', '.join(rules.jurisdictions)}")


def _jurisdiction(name: str, row: Any, known: Mapping[str, Collection[str]]) -> Jurisdiction:  # noqa: ANN401
    if not isinstance(row, dict) or row.keys() - KEYS:
        raise _wrong(name, f"expected a row of {', '.join(sorted(KEYS))}, found {row!r:.60}")
    for key in ("says", "citation"):
        if not isinstance(row.get(key), str) or not row[key]:
            raise _wrong(name, f"expected {key}")
    verified = row.get("verified", True)
    if verified is False and not row.get("reason"):
        raise _wrong(name, "expected a reason why it is not verified")
    adopted = {kind: _names(name, kind, row.get(kind), all_of) for kind, all_of in known.items()}
    return Jurisdiction(name, row["says"], **adopted, citation=row["citation"], verified=verified is not False)


def _names(name: str, kind: str, given: object, known: Collection[str]) -> frozenset[str] | None:
    if given == [ALL]:
        return None
    if not isinstance(given, list) or not all(isinstance(one, str) and one in known for one in given):
        raise _wrong(name, f'{kind} = {given!r:.60}, expected ["{ALL}"] or some of {", ".join(sorted(known)):.200}')
    return frozenset(given)


def _wrong(name: str, says: str) -> ListError:
    return ListError("jurisdictions.toml", None, f"[{name}] {says}")
