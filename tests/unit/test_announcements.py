"""Announcements: what is one, and the checks that decide whether a snapshot is taken, without a broker."""

from __future__ import annotations

import json
from typing import TYPE_CHECKING, Any

import orjson
import pytest

from screener.errors import OperatorError
from screener.lists import rules, rules_report, snapshot
from screener.lists.build import Inputs, build
from screener.runners import worker
from screener.runners.announcements import announcement_of, check, hash_of
from screener.runners.follower import Answer, Follower, Refusal
from screener.runners.metrics import Metrics
from screener.settings import FleetSettings, Settings

if TYPE_CHECKING:
    from pathlib import Path

    from screener.model import Snapshot

SHA = "sha256:" + "0" * 64
FLEET = FleetSettings("127.0.0.1:9", sample=True)


@pytest.fixture(scope="module")
def sample() -> Snapshot:
    return build(Inputs(sample=True)).snapshot


def announcement(fresh: Snapshot, **members: Any) -> dict[str, Any]:
    """An announcement of an earlier version, with members of this one."""
    return {"schema_version": 1, "snapshot": fresh.sha256, "location": "a", "lists": {}, "screener": "0"} | members


def before(names: int, **lists: int) -> dict[str, Any]:
    return {"snapshot": SHA, "lists": lists, "ownership_known": names}


def test_an_announcement_of_an_earlier_version_is_taken(sample: Snapshot) -> None:
    """Without the facts of what it was compared with, nothing is compared."""
    older = announcement(sample)
    assert announcement_of(orjson.dumps(older)) == older
    check(older, sample, FLEET)


def test_losses_are_those_that_the_announcement_has(sample: Snapshot) -> None:
    """Half of the names or rows is enough, one less is not; accepted losses are not looked at."""
    names = len(sample.ownership_known)
    check(announcement(sample, before=before(2 * names)), sample, FLEET)
    check(announcement(sample, before={"snapshot": SHA, "lists": {}}), sample, FLEET)
    lost = announcement(sample, before=before(2 * names + 1))
    with pytest.raises(OperatorError, match=f"knows {names} names and knew {2 * names + 1} in the snapshot announced"):
        check(lost, sample, FLEET)
    check(lost | {"accept_losses": True}, sample, FLEET)
    rows = sample.lists["EL"].rows
    check(announcement(sample, before=before(0, EL=2 * rows)), sample, FLEET)
    with pytest.raises(OperatorError, match=f"list EL has {rows} rows and had {2 * rows + 1}"):
        check(announcement(sample, before=before(0, EL=2 * rows + 1)), sample, FLEET)


def test_hash_sample_and_profile_must_be_as_expected(sample: Snapshot) -> None:
    """Another file, a sample that is not meant and a profile that the rules lack are refused."""
    for fleet, announced, says in (
        (FLEET, announcement(sample) | {"snapshot": SHA}, "another hash"),
        (FleetSettings("127.0.0.1:9"), announcement(sample, sample=False), "expected --sample"),
        (FleetSettings("127.0.0.1:9", sample=True, profile="none"), announcement(sample), "profile 'none'"),
    ):
        with pytest.raises(OperatorError, match=says):
            check(announced, sample, fleet)


@pytest.mark.parametrize(
    "members",
    [
        {"ownership_known": "3"},
        {"ownership_known": -1},
        {"sample": 1},
        {"announced_at": 5},
        {"before": []},
        {"before": {"snapshot": SHA}},
        {"before": {"snapshot": 1, "lists": {}}},
        {"before": {"snapshot": SHA, "lists": {"EL": "many"}}},
        {"before": {"snapshot": SHA, "lists": {"EL": -1}}},
        {"before": {"snapshot": SHA, "lists": {}, "ownership_known": None}},
    ],
    ids=json.dumps,
)
def test_what_has_another_shape_is_no_announcement(sample: Snapshot, members: dict[str, Any]) -> None:
    """A new member of a wrong type is a fault of the announcement, not of the worker."""
    with pytest.raises(OperatorError, match="not an announcement"):
        announcement_of(orjson.dumps(announcement(sample, **members)))


def test_a_follower_answers_each_announcement_whatever_it_has_loaded(tmp_path: Path, sample: Snapshot) -> None:
    """The snapshot in use is checked like any other when it is announced again, and a refusal leaves it in use."""
    path = tmp_path / "a.snapshot"
    snapshot.save(build(Inputs(sample=True)).content, path)
    answers: list[Answer] = []
    metrics = Metrics()
    follower = Follower(FLEET, "screener.snapshots", metrics, answers.append)
    taken: list[Snapshot] = []
    good = orjson.dumps(announcement(sample) | {"location": str(path)})
    lossy = orjson.dumps(announcement(sample, before=before(100_000)) | {"location": str(path)})
    for value in (good, lossy, b"none", good):
        follower._take(value, taken.append)
    assert [answer.announcement for answer in answers] == [hash_of(value) for value in (good, lossy, b"none", good)]
    refusals = [answer.refusal for answer in answers]
    assert [refusal and refusal.snapshot for refusal in refusals] == [None, sample.sha256, None, None]
    assert refusals[2] is not None
    assert "not an announcement" in refusals[2].reason
    assert [one.sha256 for one in taken] == [sample.sha256]
    assert metrics.registry.get_sample_value("screener_snapshot_refused") == 0
    follower._take(lossy, taken.append)
    assert metrics.registry.get_sample_value("screener_snapshot_refused") == 1


def test_a_follower_without_a_snapshot_ends_where_its_profile_is_unknown(tmp_path: Path, sample: Snapshot) -> None:
    """A profile that the announced rules lack is told at once and ends the worker; one that runs keeps its snapshot."""
    path = tmp_path / "a.snapshot"
    snapshot.save(build(Inputs(sample=True)).content, path)
    value = orjson.dumps(announcement(sample) | {"location": str(path)})
    answers: list[Answer] = []
    lost = FleetSettings("127.0.0.1:9", sample=True, profile="nope")
    follower = Follower(lost, "screener.snapshots", Metrics(), answers.append)
    with pytest.raises(OperatorError, match="profile 'nope' is none of the rules': adopts_el_sdn, us"):
        follower._take(value, lambda _: None)
    (answer,) = answers
    assert answer.refusal is not None
    assert "profile 'nope'" in answer.refusal.reason
    follower.current = sample
    follower._take(orjson.dumps(announcement(sample) | {"snapshot": SHA, "location": str(path)}), lambda _: None)
    assert follower.caught_up.is_set()


def test_a_follower_takes_the_snapshot_before_where_only_that_has_its_profile(tmp_path: Path) -> None:
    """A profile of one's own stays known by the snapshot announced before, and the worker goes on with that."""
    rows = '[own]\nsays = "x"\nlists = ["EL"]\nregimes = []\nrules = []\ncitation = "x"\n'
    (tmp_path / "jurisdictions.toml").write_text(rows, encoding="utf-8")
    before_it, latest = build(Inputs(sample=True, rules=tmp_path)), build(Inputs(sample=True))
    for name, built in (("old", before_it), ("new", latest)):
        snapshot.save(built.content, tmp_path / name)
    announced = announcement(latest.snapshot) | {"location": str(tmp_path / "new")}
    announced |= {"previous": {"snapshot": before_it.snapshot.sha256, "location": str(tmp_path / "old")}}
    taken: list[Snapshot] = []
    fleet = FleetSettings("127.0.0.1:9", sample=True, profile="own")
    Follower(fleet, "screener.snapshots", Metrics())._take(orjson.dumps(announced), taken.append)
    assert [one.sha256 for one in taken] == [before_it.snapshot.sha256]


@pytest.mark.parametrize(
    ("refused", "says"), [(None, "announced within 0"), ("no rows for EL", "refused: no rows for EL")]
)
def test_a_worker_that_waited_in_vain_says_what_for(monkeypatch: pytest.MonkeyPatch, refused: str, says: str) -> None:
    """After the longest wait for a first snapshot the sentence names why the announced one was refused."""
    monkeypatch.setattr(worker, "FIRST_SNAPSHOT_SECONDS_MAX", 0.0)
    state = worker.State(Settings("127.0.0.1:9"))
    state.refusal = None if refused is None else Refusal(SHA, refused)
    hosted = worker.Hosted(state)
    hosted._follower = Follower(FLEET, "screener.snapshots", Metrics())
    with pytest.raises(OperatorError, match=says):
        hosted._run_lane(None)


def test_a_profile_that_no_shipped_rules_have_is_doubted_at_once(caplog: pytest.LogCaptureFixture) -> None:
    """Before anything is announced a misspelt profile is said in the log; a shipped one is not."""
    worker._doubt_profile("us")
    assert caplog.records == []
    worker._doubt_profile("nope")
    assert "profile 'nope' is none of the shipped rules' (us, adopts_el_sdn)" in caplog.text


def test_rules_that_an_overlay_switches_off_are_named(tmp_path: Path) -> None:
    """A row that ended, one that is only proposed and a regime without a day; what stays in force is not named."""
    shipped = rules.parse(rules.read_tables())
    assert rules_report.switched_off(shipped, shipped, "2026-11-30") == []
    row = (
        'over = "order"\nsays = "x"\nwhen = { destination = { in = ["IR"] } }\noutcome = "block"\npriority = 1\n'
        'citation = "x"\neffective_from = "2020-01-01"\n'
    )
    (tmp_path / "destinations.toml").write_text(
        f'[EMBARGO_IR]\n{row}status = "proposed"\n[EMBARGO_CU]\n{row}effective_to = "2026-11-30"\n[EMBARGO_KP]\n{row}',
        encoding="utf-8",
    )
    own = rules.parse(rules.read_tables(tmp_path))
    assert rules_report.switched_off(own, shipped, "2026-11-30") == ["EMBARGO_CU", "EMBARGO_IR"]
    assert rules_report.switched_off(own, shipped, "2026-11-29") == ["EMBARGO_IR"]
