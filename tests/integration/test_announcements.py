"""Announced snapshots on a real broker: what workers take and refuse, and that publishing comes to the same answer."""

from __future__ import annotations

import signal
import time
from pathlib import Path
from typing import TYPE_CHECKING, Any

import orjson
import pytest
from confluent_kafka.admin import AdminClient

from screener import cli
from screener.errors import OperatorError
from screener.lists import build, snapshot
from screener.runners import topics
from screener.runners.announcements import announce
from screener.runners.worker_reports import read_reports
from screener.settings import Cluster, FleetSettings
from tests.integration.kafka import WAIT_SECONDS, Worker, order, outputs, publish, reading, running

if TYPE_CHECKING:
    from collections.abc import Callable


def fleet(broker: str) -> FleetSettings:
    """A fleet that takes the sample lists."""
    return FleetSettings(broker, sample=True)


def with_private(folder: Path, name: str) -> Path:
    """A snapshot file of the sample and a private list of one name."""
    deny = folder / f"{name}.csv"
    deny.write_text(f"name,list\n{name} GmbH,DENY\n", encoding="utf-8")
    path = folder / f"{name}.snapshot"
    snapshot.save(build.build(build.Inputs(private=[deny], sample=True)).content, path)
    return path


def test_an_announced_snapshot_is_taken_and_swapped_between_batches(broker: str, prefix: str, tmp_path: Path) -> None:
    """Not ready before the first announcement; each decision names the snapshot that made it."""
    first, second = with_private(tmp_path, "Hazelmoor"), with_private(tmp_path, "Thornfield")
    body = {"parties": [{"role": "end_user", "name": "Thornfield"}]}
    worker = Worker(broker, prefix, tmp_path / "worker.log", ["--sample"]).start()
    try:
        deadline = time.monotonic() + 30
        while worker.get("/ready")[0] == 0 and time.monotonic() < deadline:
            time.sleep(0.1)
        status, page = worker.get("/ready")
        assert (status, orjson.loads(page)["problems"][0]) == (503, "no snapshot is loaded")
        one = announce(fleet(broker), f"{prefix}screener.snapshots", first).sha256
        worker.wait_ready()
        publish(broker, f"{prefix}orders", [order("O-1", body)])
        with reading(broker, outputs(prefix)) as reader:
            reader.read_until(1)
            two = announce(fleet(broker), f"{prefix}screener.snapshots", second).sha256
            while worker.metric(f'screener_snapshot_info{{sha256="{two}"}}') != 1:
                time.sleep(0.1)
            publish(broker, f"{prefix}orders", [order("O-2", body)])
            found = {record.key: record.decision for record in reader.read_until(2)}
    finally:
        worker.kill()
    assert (found[b"O-1"]["outcome"], found[b"O-1"]["snapshot"]) == ("clear", one)
    assert (found[b"O-2"]["outcome"], found[b"O-2"]["snapshot"]) == ("block", two)


def test_a_snapshot_that_fails_its_checks_is_refused_and_the_old_one_stays(
    broker: str, prefix: str, tmp_path: Path
) -> None:
    """A changed file, a missing file, no announcement at all, and a list without rows: each is refused and counted."""
    good, changed, poor = with_private(tmp_path, "Hazelmoor"), with_private(tmp_path, "Thornfield"), tmp_path / "poor"
    topic = f"{prefix}screener.snapshots"
    one = announce(fleet(broker), topic, good).sha256
    with running(Worker(broker, prefix, tmp_path / "worker.log", ["--sample"])) as worker:
        two = snapshot.load(changed).sha256
        changed.write_bytes(changed.read_bytes().replace(b"Thornfield", b"Thornfeld ", 1))
        deny = tmp_path / "deny.csv"
        deny.write_text("name,list\nHazelmoor GmbH,DENY\n", encoding="utf-8")
        built = build.build(build.Inputs(private=[deny]))
        snapshot.save(built.content, poor)
        announcements = [
            {"schema_version": 1, "snapshot": two, "location": str(changed)},
            {"schema_version": 1, "snapshot": two, "location": str(tmp_path / "missing")},
            {"schema_version": 1, "snapshot": built.snapshot.sha256, "location": str(poor)}
            | {"before": {"snapshot": one, "lists": {}, "ownership_known": 9}},
        ]
        for count, value in enumerate([*map(orjson.dumps, announcements), b"\xff"], 1):
            publish(broker, topic, [(b"latest", value)])
            deadline = time.monotonic() + 20
            while worker.metric("screener_snapshots_refused_total") < count and time.monotonic() < deadline:
                time.sleep(0.1)
            assert worker.metric("screener_snapshots_refused_total") == count, worker.log.read_text()[-2000:]
        assert worker.metric(f'screener_snapshot_info{{sha256="{one}"}}') == 1
        assert worker.get("/ready")[0] == 200
    said = worker.log.read_text(encoding="utf-8")
    assert "the ownership graph knows 0 names" in said


def test_a_worker_that_starts_behind_a_snapshot_that_fails_takes_the_one_before(
    broker: str, prefix: str, tmp_path: Path
) -> None:
    """It does as those that run: it refuses the announced one and screens against the one before, also said twice."""
    topic = f"{prefix}screener.snapshots"
    one, two = with_private(tmp_path, "Hazelmoor"), with_private(tmp_path, "Thornfield")
    before = announce(fleet(broker), topic, one).sha256
    announce(fleet(broker), topic, two)
    announce(fleet(broker), topic, two)
    two.write_bytes(two.read_bytes().replace(b"Thornfield", b"Thornfeld ", 1))
    with running(Worker(broker, prefix, tmp_path / "worker.log", ["--sample"])) as worker:
        assert worker.metric(f'screener_snapshot_info{{sha256="{before}"}}') == 1
        assert worker.metric("screener_snapshots_refused_total") == 1
    said = worker.log.read_text(encoding="utf-8")
    assert "trying the snapshot that was announced before" in said


def test_what_is_announced_now_and_before_is_told_and_what_was_withdrawn_is_not_come_back_to(
    broker: str, prefix: str, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    """A snapshot names the one before it, unless that is withdrawn: by saying so, or by announcing the earlier one."""
    topic = f"{prefix}screener.snapshots"
    one, two, three = (with_private(tmp_path, name) for name in ("Hazelmoor", "Thornfield", "Millbrook"))
    where = ["--bootstrap-servers", broker, "--topic-prefix", prefix]

    def announced() -> list[str]:
        assert cli.main(["snapshot", "announced", *where]) == 0
        lines = capsys.readouterr().out.replace(" SAMPLE: not for compliance use", "").splitlines()
        return [line for line in lines if line.startswith(("sha256:", "before:"))]

    assert cli.main(["snapshot", "announced", *where]) == 2
    assert f"{topic}: nothing is announced" in capsys.readouterr().err
    first, second, third = (snapshot.load(path).sha256 for path in (one, two, three))
    for path, options, told in (
        (one, [], [f"{first} {one}"]),
        (two, [], [f"{second} {two}", f"before: {first} {one}"]),
        (two, [], [f"{second} {two}", f"before: {first} {one}"]),
        (one, [], [f"{first} {one}"]),
        (two, [], [f"{second} {two}", f"before: {first} {one}"]),
        (three, ["--withdraw"], [f"{third} {three}", f"before: {first} {one}"]),
        (two, [], [f"{second} {two}", f"before: {third} {three}"]),
    ):
        assert cli.main(["snapshot", "publish", str(path), "--sample", *where, *options]) == 0
        capsys.readouterr()
        assert announced() == told


def test_nothing_is_announced_behind_what_is_no_announcement_unless_that_is_accepted(
    broker: str, prefix: str, tmp_path: Path
) -> None:
    """Where the rows of before can't be known, a list could be lost without a word."""
    topic, path = f"{prefix}screener.snapshots", with_private(tmp_path, "Hazelmoor")
    publish(broker, topic, [(b"latest", b"hello")])
    with pytest.raises(OperatorError, match="nothing can be compared"):
        announce(fleet(broker), topic, path)
    assert announce(fleet(broker), topic, path, accept_losses=True)
    assert announce(fleet(broker), topic, path)


def test_a_list_that_lost_its_rows_is_not_announced_unless_it_may(broker: str, prefix: str, tmp_path: Path) -> None:
    """Publishing compares with the announcement before; what was accepted once is taken by workers too."""
    rows = (
        (Path(__file__).parents[2] / "screener" / "sample" / "consolidated.csv").read_bytes().splitlines(keepends=True)
    )
    paths = []
    for name, kept in (("full", rows), ("poor", [row for row in rows if b"Entity List (EL)" not in row])):
        (tmp_path / name).mkdir()
        (tmp_path / name / "consolidated_2026-07-31.csv").write_bytes(b"".join(kept))
        paths.append(tmp_path / f"{name}.snapshot")
        built = build.build(build.Inputs(lists=[tmp_path / name]))
        snapshot.save(built.content, paths[-1])
    topic = f"{prefix}screener.snapshots"
    announce(fleet(broker), topic, paths[0])
    with pytest.raises(OperatorError, match="list EL has 0 rows and had 26"):
        announce(fleet(broker), topic, paths[1])
    with running(Worker(broker, prefix, tmp_path / "worker.log", ["--allow-stale"])) as worker:
        poor = announce(fleet(broker), topic, paths[1], accept_losses=True).sha256
        deadline = time.monotonic() + 20
        while worker.metric(f'screener_snapshot_info{{sha256="{poor}"}}') != 1 and time.monotonic() < deadline:
            time.sleep(0.1)
        assert worker.metric(f'screener_snapshot_info{{sha256="{poor}"}}') == 1, worker.log.read_text()[-2000:]


# --- announcing and taking agree --------------------------------------------------------------------------------------


def with_holdings(folder: Path, name: str, companies: int) -> Path:
    """A snapshot file of a private list and holdings in so many companies; it has no sample and no list that ages."""
    deny, holdings = folder / f"{name}.csv", folder / f"{name}-holdings.csv"
    deny.write_text("name,list\nHazelmoor GmbH,DENY\n", encoding="utf-8")
    rows = [f"Hazelmoor GmbH,Thornfield {number} Ltd,60,register" for number in range(companies)]
    holdings.write_text("\n".join(["owner,owned,share,source", *rows, ""]), encoding="utf-8")
    path = folder / f"{name}.snapshot"
    snapshot.save(build.build(build.Inputs(private=[deny], ownership=[holdings])).content, path)
    return path


def until(holds: Callable[[], object], worker: Worker) -> None:
    """Wait until something holds of a worker; AssertionError with its log where it does not come true."""
    deadline = time.monotonic() + WAIT_SECONDS
    while not holds():
        assert time.monotonic() < deadline, worker.log.read_text()[-3000:]
        time.sleep(0.1)


def ready(worker: Worker) -> dict[str, Any]:
    """The page /ready of a worker that is ready."""
    status, page = worker.get("/ready")
    assert status == 200, page
    loaded: dict[str, Any] = orjson.loads(page)
    return loaded


def slots(broker: str, prefix: str, folder: Path, *options: str) -> list[Worker]:
    """Two workers of one group, not started."""
    return [Worker(broker, prefix, folder / f"{slot}.log", ["--slot", str(slot), *options]) for slot in range(2)]


def test_publish_refuses_an_ownership_graph_that_shrank(
    broker: str, prefix: str, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    """Publishing compares the names that the graph knows, not only rows; with --accept-losses it is announced."""
    large, small = with_holdings(tmp_path, "large", 8), with_holdings(tmp_path, "small", 2)
    where = ["--bootstrap-servers", broker, "--topic-prefix", prefix]
    assert cli.main(["snapshot", "publish", str(large), *where]) == 0
    assert cli.main(["snapshot", "publish", str(small), *where]) == 2
    assert "the ownership graph knows 3 names and knew 9" in capsys.readouterr().err
    assert cli.main(["snapshot", "publish", str(small), *where, "--accept-losses"]) == 0


def test_a_worker_that_runs_and_one_that_starts_come_to_the_same_answer(
    broker: str, prefix: str, tmp_path: Path
) -> None:
    """What is compared stands in the announcement; the snapshot that a worker has loaded decides nothing."""
    large, small = with_holdings(tmp_path, "large", 8), with_holdings(tmp_path, "small", 2)
    topic = f"{prefix}screener.snapshots"
    one, two = announce(fleet(broker), topic, large).sha256, snapshot.load(small).sha256
    lossy = {"schema_version": 1, "snapshot": two, "location": str(small), "lists": {}, "screener": "0"}
    lossy["previous"] = {"snapshot": one, "location": str(large)}
    compared = lossy | {"before": {"snapshot": one, "lists": {}, "ownership_known": 9}}
    first, second = slots(broker, prefix, tmp_path)
    with running(first):
        publish(broker, topic, [(b"latest", orjson.dumps(compared))])
        until(lambda: first.metric("screener_snapshot_refused") == 1, first)
        with running(second):
            for worker in (first, second):
                page = ready(worker)
                assert (page["snapshot"], page["refused"]["snapshot"]) == (one, two)
                assert "the ownership graph knows 3 names and knew 9" in page["refused"]["reason"]
        publish(broker, topic, [(b"latest", orjson.dumps(lossy))])
        until(lambda: first.metric("screener_snapshot_refused") == 0, first)
        with running(second):
            assert [(ready(worker)["snapshot"], ready(worker)["refused"]) for worker in (first, second)] == [
                (two, None),
                (two, None),
            ]


def test_a_sample_is_neither_announced_nor_taken_unless_it_is_meant(
    broker: str, prefix: str, sample_file: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    """Publishing, a worker that follows and a worker with a file of its own each need --sample."""
    large, topic = with_holdings(tmp_path, "large", 8), f"{prefix}screener.snapshots"
    where = ["--bootstrap-servers", broker, "--topic-prefix", prefix]
    one = announce(FleetSettings(broker), topic, large).sha256
    assert cli.main(["snapshot", "publish", str(sample_file), *where, "--accept-losses"]) == 2
    assert "expected --sample" in capsys.readouterr().err
    own = Worker(broker, prefix, tmp_path / "own.log", ["--snapshot", str(sample_file)]).start()
    assert own.wait_end() == 2
    assert "expected --sample" in own.log.read_text(encoding="utf-8")
    with running(Worker(broker, prefix, tmp_path / "worker.log")) as worker:
        assert cli.main(["snapshot", "publish", str(sample_file), *where, "--accept-losses", "--sample"]) == 0
        until(lambda: worker.metric("screener_snapshot_refused") == 1, worker)
        assert (ready(worker)["snapshot"], "--sample" in ready(worker)["refused"]["reason"]) == (one, True)


def test_publish_names_shipped_rules_that_are_not_in_force_in_the_snapshot(
    broker: str, prefix: str, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    """An overlay that switches a rule off is announced, and the rule is named."""
    deny, overlay, path = tmp_path / "deny.csv", tmp_path / "rules", tmp_path / "a.snapshot"
    deny.write_text("name,list\nHazelmoor GmbH,DENY\n", encoding="utf-8")
    overlay.mkdir()
    (overlay / "controls.toml").write_text(
        '[ADVANCED_COMPUTING_HEADQUARTERS]\nover = "item"\nsays = "Off."\nwhen = { destination = { in = ["CN"] } }\n'
        'outcome = "review"\npriority = 1\ncitation = "house rule"\neffective_from = "2020-01-01"\n'
        'effective_to = "2020-01-02"\n',
        encoding="utf-8",
    )
    snapshot.save(build.build(build.Inputs(private=[deny], rules=overlay)).content, path)
    where = ["--bootstrap-servers", broker, "--topic-prefix", prefix]
    assert cli.main(["snapshot", "publish", str(path), *where]) == 0
    (line,) = [line for line in capsys.readouterr().out.splitlines() if "not in force" in line]
    assert line == "shipped rules that are not in force in it: ADVANCED_COMPUTING_HEADQUARTERS"


# --- who has what -----------------------------------------------------------------------------------------------------


def test_publish_waits_for_every_worker_and_announced_shows_who_has_what(
    broker: str, prefix: str, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    """Each worker is a line: in use, refused with the reason, not running after a kill, gone after a clean stop."""
    one, two = with_private(tmp_path, "Hazelmoor"), with_private(tmp_path, "Thornfield")
    where = ["--bootstrap-servers", broker, "--topic-prefix", prefix]
    publishing = ["snapshot", "publish", "--sample", *where]
    first, second = slots(broker, prefix, tmp_path)
    first.options.append("--sample")
    second.options.append("--sample")
    own = Worker(broker, prefix, tmp_path / "own.log", ["--slot", "2", "--sample", "--snapshot", str(two)])
    names = [f"{prefix}screener-{slot}" for slot in range(3)]

    def lines(*command: str) -> tuple[int, list[str]]:
        status = cli.main([*command])
        return status, [line.strip() for line in capsys.readouterr().out.splitlines() if f"{prefix}screener-" in line]

    def announced() -> list[str]:
        status, shown = lines("snapshot", "announced", *where)
        assert status == 0
        return shown

    assert lines(*publishing, str(one), "--wait", "5") == (0, [])
    uses_one, uses_two = (f"uses {snapshot.load(path).sha256}" for path in (one, two))
    with running(first), running(second):
        assert announced() == [f"{name}: {uses_one}" for name in names[:2]]
        status, answers = lines(*publishing, str(two), "--wait", "60")
        assert (status, sorted(answers)) == (0, [f"{name}: {uses_two}" for name in names[:2]])
        second.stop()
        until(lambda: announced() == [f"{names[0]}: {uses_two}"], second)
        second.options.remove("--sample")
        with running(own):
            second.start()
            reports = f"{prefix}screener.workers"
            until(lambda: (read_reports(Cluster(broker), reports).get(names[1]) or {}).get("refused"), second)
            status, answers = lines(*publishing, str(one), "--wait", "60")
            assert status == 1
            assert f"{names[0]}: {uses_one}" in answers
            assert f"{names[2]}: follows no announcements (--snapshot); {uses_two}" in answers
            (refused,) = (line for line in answers if line.startswith(f"{names[1]}: refused: "))
            assert "--sample" in refused
            first.kill()
            until(lambda: f"{names[0]}: not running; its last report: {uses_one}" in announced(), first)


# --- a topic that was created again -----------------------------------------------------------------------------------


def delete(broker: str, topic: str) -> None:
    """Delete a topic and wait until it is gone."""
    admin = AdminClient({"bootstrap.servers": broker})
    admin.delete_topics([topic])[topic].result(30)
    deadline = time.monotonic() + WAIT_SECONDS
    while topic in admin.list_topics(timeout=10).topics:
        assert time.monotonic() < deadline
        time.sleep(0.1)


@pytest.mark.parametrize(("before", "after"), [(3, 0), (3, 4)], ids=["shorter", "longer"])
def test_a_topic_that_was_created_again_is_read_from_its_beginning(
    broker: str, prefix: str, before: int, after: int, tmp_path: Path
) -> None:
    """The new announcement is taken, whether the topic is now shorter or longer than the worker's position in it.

    The worker stands still meanwhile, so that it meets the new topic only when the announcement is in it.
    """
    topic = f"{prefix}screener.snapshots"
    one, two = with_private(tmp_path, "Hazelmoor"), with_private(tmp_path, "Thornfield")
    other: list[tuple[bytes | None, bytes | None]] = [(b"another key", b"{}")]
    publish(broker, topic, other * before)
    first = announce(fleet(broker), topic, one).sha256
    with running(Worker(broker, prefix, tmp_path / "worker.log", ["--sample"])) as worker:
        assert worker.popen is not None
        assert ready(worker)["snapshot"] == first
        worker.popen.send_signal(signal.SIGSTOP)
        try:
            delete(broker, topic)
            topics.apply(Cluster(broker), prefix, 2)
            second = announce(fleet(broker), topic, two).sha256
            publish(broker, topic, other * after)
        finally:
            worker.popen.send_signal(signal.SIGCONT)
        until(lambda: worker.metric(f'screener_snapshot_info{{sha256="{second}"}}') == 1, worker)
        worker.stop()
        worker.start().wait_ready()
        assert ready(worker)["snapshot"] == second


def test_a_worker_outlives_the_topic_of_announcements(broker: str, prefix: str, tmp_path: Path) -> None:
    """While the topic is gone it is ready on what it has; it takes what is announced once the topic is there again."""
    topic = f"{prefix}screener.snapshots"
    one, two = with_private(tmp_path, "Hazelmoor"), with_private(tmp_path, "Thornfield")
    first = announce(fleet(broker), topic, one).sha256
    with running(Worker(broker, prefix, tmp_path / "worker.log", ["--sample"])) as worker:
        delete(broker, topic)
        until(lambda: "the topic is gone" in worker.log.read_text(encoding="utf-8"), worker)
        assert ready(worker)["snapshot"] == first
        topics.apply(Cluster(broker), prefix, 2)
        second = announce(fleet(broker), topic, two).sha256
        until(lambda: worker.metric(f'screener_snapshot_info{{sha256="{second}"}}') == 1, worker)
