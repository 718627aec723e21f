"""The join of findings is an algebra: order and repetition do not matter, and more never softens.

Grants soften what they name and nothing else; a slow twin here says once more what that is.
"""

from types import SimpleNamespace

from hypothesis import given, settings
from hypothesis import strategies as st

from screener.core.fold import Folder, glue
from screener.core.route import STERNNESS, cover, route, sterner
from screener.model import Alias, Caveat, Finding, Grant, Hit, ListEntry, Order, Party, Place, Reference

FINDINGS = st.lists(
    st.builds(
        Finding,
        type=st.just("hit"),
        code=st.sampled_from("ABCD"),
        outcome=st.sampled_from(["clear", "review", "block"]),
        priority=st.integers(0, 100),
        evidence=st.sampled_from([{}, {}, {"grant": "GL-1"}, {"grant": "GL-2"}]),
    ),
    max_size=6,
)
CAVEATS = st.lists(
    st.builds(Caveat, code=st.sampled_from(["LIST_STALE", "DATE_MISSING"]), priority=st.integers(0, 100)), max_size=3
)


def answer(verdict):
    """What a verdict says, without the order in which it says it."""
    return verdict.outcome, verdict.priority, set(verdict.reasons)


def rank(verdict):
    return STERNNESS[verdict.outcome], verdict.priority


@given(FINDINGS, CAVEATS, st.randoms(use_true_random=False))
def test_join_is_commutative(findings, caveats, shuffler):
    """The order in which findings and caveats are met does not matter."""
    before = answer(route(findings, caveats))
    shuffler.shuffle(findings)
    shuffler.shuffle(caveats)
    assert answer(route(findings, caveats)) == before


@given(FINDINGS, CAVEATS)
def test_join_is_idempotent(findings, caveats):
    """The same findings and caveats twice say the same."""
    assert answer(route(findings * 2, caveats * 2)) == answer(route(findings, caveats))


@given(FINDINGS, FINDINGS)
def test_join_is_associative(some, others):
    """Findings joined in two parts have the answer of the sterner part."""
    parts = sterner([route(some, ()), route(others, ())])
    assert rank(route([*some, *others], ())) == rank(parts)


@given(FINDINGS, FINDINGS, CAVEATS, CAVEATS)
def test_join_is_monotone(findings, more, caveats, more_caveats):
    """More findings and caveats never soften an answer: neither its outcome nor its priority at that outcome."""
    before, after = route(findings, caveats), route([*findings, *more], [*caveats, *more_caveats])
    assert rank(after) >= rank(before)
    assert set(before.reasons) <= set(after.reasons)


@given(FINDINGS, CAVEATS)
def test_every_finding_and_caveat_is_told(findings, caveats):
    """Nothing found is lost on the way: each code is a reason, each finding is kept."""
    verdict = route(findings, caveats, ["SAMPLE"])
    standing = {row.code for row in findings if row.grant is None}
    assert set(verdict.reasons) == standing | {row.code for row in caveats} | {"SAMPLE"}
    assert len(verdict.findings) == len(findings)
    covered = {(row.grant, row.code) for row in findings if row.grant is not None}
    assert {(grant.id, code) for grant in verdict.grants for code in grant.satisfies} == covered


@given(st.lists(FINDINGS, min_size=1, max_size=3))
def test_sterner_takes_the_sternest_day(days):
    """Of the verdicts of several days none is sterner than the one that is taken."""
    verdicts = [route(findings, ()) for findings in days]
    assert rank(sterner(verdicts)) == max(map(rank, verdicts))


# --- grants ----------------------------------------------------------------------------------------------------------

FOLD = Folder(["Ltd"])
NAMES = ["Meadow Lathe", "MEADOW LATHE LTD", "Kiln", "Kiln Row"]
ADDRESSES = ["Kai 1", "KAI 1.", "Kai 2", ""]
IDENTIFIERS = [{}, {"tax": "12345"}, {"Tax": "12-345"}, {"tax": "54321"}, {"lei": "12345"}, {"tax": None}]
DAYS = ["2026-01-01", "2026-06-01", "2027-01-01"]
RULES = ["name_whole", "name_inside", "weak_whole", "word_inside", "name_similar", "address", "free_text"]
ENTRIES = (
    ListEntry("EL", "0", (Alias("Meadow Lathe", primary=True),)),
    ListEntry("EL", "1", (Alias("Oven", primary=True), Alias("Kiln", "weak"))),
)
WHOLE = {
    "meadowlathe": (Reference(0, 0, "whole"),),
    "oven": (Reference(1, 0, "whole"),),
    "kiln": (Reference(1, 1, "whole"),),
}
PARTIES = st.lists(
    st.builds(
        lambda name, others, address, country, identifiers: Party("", name, others, "", address, country, identifiers),
        st.sampled_from(NAMES),
        st.lists(st.sampled_from(NAMES), max_size=1),
        st.sampled_from(ADDRESSES),
        st.sampled_from(["DE", "DE", "de ", "CN"]),
        st.sampled_from(IDENTIFIERS),
    ),
    min_size=1,
    max_size=2,
)
BOUND = [("kai 1", "", ""), ("", "tax", "12345"), ("kai 1", "tax", "12345")]
TWISTS = [
    {},
    {},
    {"country": "CN"},
    {"name": "kilnrow"},
    {"entry": 1},
    {"effective_to": DAYS[1]},
    {"effective_from": DAYS[1]},
    {"identifier_type": "tax", "identifier": "54321"},
    {"address": "kai 2"},
]


@st.composite
def grant_lists(draw, parties, findings):
    """Grants for what was found in the parties' names, some of them with one condition that is another one."""
    named = [row.hit for row in findings if row.hit is not None and "name" in row.hit.place.field]
    grants = []
    for number in range(draw(st.integers(1, 3)) if named else 0):
        hit = draw(st.sampled_from(named))
        name = dict(parties[hit.place.party].names())[hit.place.field]
        base = Grant(
            *(f"GL-{number}", hit.entry, glue(FOLD(name)), "DE", *draw(st.sampled_from(BOUND)), draw(st.booleans())),
            *(DAYS[0], DAYS[2], "a", "b"),
        )
        grants.append(base._replace(**draw(st.sampled_from(TWISTS))))
    return grants


@st.composite
def screenings(draw):
    """An order, what was found in it, grants, and a day."""
    parties = draw(PARTIES)
    places = [Place(number, None, field) for number, party in enumerate(parties) for field, _ in party.names()]
    places += [*places, Place(0, None, "address"), Place(None, 0, "maker"), Place(None, None, "notes")]
    hits = st.builds(
        Hit,
        st.sampled_from(places),
        *(st.just(0), st.just(1), st.just("x")),
        *(st.sampled_from([0, 1]), st.just(0)),
        st.sampled_from(RULES),
    )
    findings = st.builds(
        lambda hit, outcome: Finding("hit", f"EL_{hit.entry}", outcome, 50, {"list": "EL"}, hit=hit),
        hits,
        st.sampled_from(["review", "block"]),
    )
    others = st.sampled_from([Finding(kind, "OTHER", "review", 60, {}) for kind in ("affiliation", "red_flag")])
    order = Order("O-1", False, None, None, parties, [], "", "")
    found = draw(st.lists(st.one_of(findings, findings, others), min_size=1, max_size=4))
    return order, found, draw(grant_lists(parties, found)), draw(st.sampled_from([DAYS[0], DAYS[0], *DAYS, None]))


def held(grants):
    """A snapshot, as far as grants need one."""
    keyed = {}
    for grant in grants:
        keyed.setdefault((grant.name, grant.entry), []).append(grant)
    return SimpleNamespace(grants=keyed, fold=FOLD, entries=ENTRIES, whole=WHOLE)


def names_it(grant, finding, order, day):
    """The slow twin: whether a grant names a finding, condition by condition."""
    if finding.hit is None or finding.hit.place.party is None or day is None:
        return False
    party = order.parties[finding.hit.place.party]
    text = {"name": party.name, "other_names[0]": (party.other_names or [""])[0]}.get(finding.hit.place.field)
    plain = {"".join(filter(str.isalnum, kind)).lower(): value for kind, value in party.identifiers.items() if value}
    tax = plain.get("tax", "").replace("-", "")
    by_identifier = grant.identifier != "" and tax == grant.identifier
    contradicted = grant.identifier != "" and tax not in {"", grant.identifier}
    by_address = grant.address != "" and FOLD(party.address) == grant.address
    exact = finding.hit.rule == "name_whole" or (finding.hit.entry == 0 and glue(FOLD(text or "")) == "meadowlathe")
    return (
        text is not None
        and grant.entry == finding.hit.entry
        and glue(FOLD(text)) == grant.name
        and party.country.strip().upper() == grant.country
        and grant.effective_from <= day < grant.effective_to
        and (by_identifier or by_address)
        and not contradicted
        and (not exact or (by_identifier and grant.differs))
    )


@given(screenings())
@settings(max_examples=1_000, deadline=None)
def test_grants_cover_what_they_name_and_nothing_else(screening):
    """A finding is covered if and only if a grant names it, and a decision is that of the findings left standing."""
    order, findings, grants, day = screening
    covered = cover(findings, order, held(grants), day)
    for before, after in zip(findings, covered, strict=True):
        naming = [grant.id for grant in grants if names_it(grant, before, order, day)]
        assert after.grant == (naming[0] if naming else None)
        assert before.grant is None
    standing = [finding for finding in findings if not any(names_it(row, finding, order, day) for row in grants)]
    assert rank(route(covered, ())) == rank(route(standing, ()))
    assert set(route(covered, ()).reasons) == set(route(standing, ()).reasons)


@given(screenings(), st.data())
@settings(max_examples=300, deadline=None)
def test_more_findings_never_soften_whatever_was_granted(screening, chosen):
    """One finding more, granted or not, never softens an order's answer; one grant more never makes it sterner."""
    order, findings, grants, day = screening
    fewer = findings[: chosen.draw(st.integers(0, len(findings)))]
    less = grants[: chosen.draw(st.integers(0, len(grants)))]

    def answered(found, given_grants):
        return rank(route(cover(found, order, held(given_grants), day), ()))

    assert answered(findings, grants) >= answered(fewer, grants)
    assert answered(findings, grants) <= answered(findings, less)
