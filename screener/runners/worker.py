"""The worker: a Faust app that hosts the lane.

Faust owns the process: life cycle, signals, timers and the web server with `/metrics`, `/health` and `/ready`. Orders
do not pass through a Faust agent, for two reasons that `docs/adr/` has the figures of: an agent acknowledges an event
even when its body raises, and it costs a quarter of a millisecond an event. They pass through `runners.lane`, a service
of the app in a thread of its own. The app has no agents yet, so that Faust's own Kafka client stays off.
"""

from __future__ import annotations

import asyncio
import gc
import logging
import logging.config
import sys
import time
from datetime import UTC, datetime
from functools import partial
from threading import Thread
from typing import TYPE_CHECKING, Any

import faust
from faust.app.base import BootStrategy
from mode import Service

from screener.core.policy import age_days_max, is_stale
from screener.errors import OperatorError
from screener.lists import build, rules, snapshot
from screener.lists.jurisdictions import must_know
from screener.model import Terms
from screener.runners import logs, topics
from screener.runners.announcements import check_sample
from screener.runners.days import today
from screener.runners.follower import Follower
from screener.runners.hosting import app_options, check_port, status_of
from screener.runners.lane import Lane
from screener.runners.metrics import CONTENT_TYPE, Metrics
from screener.runners.outputs import Outputs
from screener.runners.watchdog import Watchdog
from screener.runners.worker_reports import Reporter

if TYPE_CHECKING:
    from collections.abc import Callable

    from screener.model import Snapshot
    from screener.runners.follower import Answer, Refusal
    from screener.runners.positions import Pause
    from screener.settings import Settings

log = logging.getLogger(__name__)

FIRST_SNAPSHOT_SECONDS_MAX = 3_600.0
LANE_END_SECONDS_MAX = 60.0
WATCH_SECONDS = 0.5
STUCK_SECONDS = 45.0
"""No call of the lane takes as long (they have 30 seconds at most), but the client may never come back from one."""
WATCH_GAP_SECONDS_MAX = 2 * WATCH_SECONDS
"""The most that one gap between two looks at the lane counts: in a longer one the process did not run."""
GC_THRESHOLDS = (50_000, 20, 100)
"""Objects made before the garbage collector looks, and how seldom it looks at older ones (CPython's own: 700, 10, 10).

Orders make no circles, so there is next to nothing for it to find, and what the memory keeps it would walk every time.
"""

SWITCH_SECONDS = 0.001
"""How long a thread that loads a snapshot keeps the one that answers orders waiting (CPython's own: 0.005)."""


class State:
    """What the parts of a worker share: the snapshot in use, swapped by one assignment, and who is up.

    `refusal` is of the newest announcement, None where that was taken; `reporter` tells the fleet, None in tests.
    """

    def __init__(self, settings: Settings, reporter: Reporter | None = None) -> None:
        self.settings = settings
        self.reporter = reporter
        self.refusal: Refusal | None = None
        self.metrics = Metrics()
        self.lane: Lane | None = None
        self.failure: str | None = None
        self._snapshot: Snapshot | None = None

    @property
    def snapshot(self) -> Snapshot | None:
        """The snapshot in use; None before the first."""
        return self._snapshot

    def in_use(self) -> Snapshot:
        """The snapshot in use, where there must be one."""
        if self._snapshot is None:
            raise OperatorError("no snapshot is loaded")
        return self._snapshot

    def swap(self, fresh: Snapshot) -> None:
        """Use another snapshot from the next batch on; OperatorError where its rules lack the worker's profile."""
        must_know(fresh.rules, self.settings.profile)
        self._snapshot = fresh
        self.metrics.swapped(fresh)
        self.tell_age()
        for doubt in build.doubts(fresh, self._terms, today()):
            log.warning("snapshot %s: %s", fresh.sha256, doubt)
        log.info("snapshot in use: %s", fresh.sha256)
        self._report(snapshot=fresh.sha256)

    def answered(self, answer: Answer) -> None:
        """Note what became of the newest announcement."""
        self.refusal = answer.refusal
        refused = None if answer.refusal is None else answer.refusal._asdict()
        self._report(announcement=answer.announcement, refused=refused)

    def paused(self, pauses: list[Pause]) -> None:
        """Note which partitions are paused."""
        self._report(
            paused=[
                {
                    "partition": pause.partition,
                    "reason": pause.reason,
                    "detail": pause.detail,
                    "position": pause.position,
                    "topic_id": pause.topic_id,
                }
                for pause in pauses
            ]
        )

    def _report(self, **changes: object) -> None:
        if self.reporter is not None:
            self.reporter.report(**changes)

    def tell_age(self) -> None:
        """Have the metrics say how old the oldest list in use is, 0 where nothing ages, and how old it may be."""
        held = self._snapshot
        if held is not None:
            edition = held.edition
            begun = datetime.fromisoformat(edition).replace(tzinfo=UTC).timestamp() if edition else time.time()
            self.metrics.aged(max(0.0, time.time() - begun), age_days_max(held, self._terms))

    def problems(self) -> list[str]:
        """Why the worker is not ready, as phrases; empty when it is."""
        held = self._snapshot
        found = [] if held else ["no snapshot is loaded"]
        if held and is_stale(held, self._terms, today()):
            found.append(f"the oldest list is of {held.edition}, older than allowed")
        if self.lane is None or not self.lane.joined:
            found.append("no partitions were assigned yet")
        elif not self.lane.assigned:
            found.append("no partitions are assigned now: no broker answers, or the group is about to share them out")
        else:
            found += self.lane.problems()
        return [*found, self.failure] if self.failure else found

    @property
    def _terms(self) -> Terms:
        return Terms(list_age_days_max=self.settings.max_list_age, allow_stale=self.settings.allow_stale)


def run(settings: Settings) -> int:
    """Start a worker and return its exit status when it ended: 0 after a signal, 2 when it could not go on.

    Topics and the snapshot file are checked first; OperatorError says what an operator must fix.
    """
    logging.config.dictConfig(logs.config(settings.log_format))
    gc.set_threshold(*GC_THRESHOLDS)
    sys.setswitchinterval(SWITCH_SECONDS)
    state = State(settings)
    _check_topics(settings)
    check_port(settings)
    state.reporter = Reporter.of(settings)
    if settings.snapshot is not None:
        named = snapshot.load(settings.snapshot)
        check_sample(named, settings)
        state.swap(named)
    else:
        _doubt_profile(settings.profile)
    state.reporter.report()
    app = _app(settings)
    _serve(app, state)
    app.service(Hosted(state))
    status = status_of(app, settings)
    if status and state.failure is None:
        state.failure = f"the worker ended with status {status}"
    if state.failure is not None:
        raise OperatorError(state.failure)
    return 0


def _check_topics(settings: Settings) -> None:
    """Refuse to start where topics are missing or configured otherwise; partitions without a counterpart may wait."""
    problems = topics.start_problems(settings, settings.topic_prefix, shadow=settings.shadow)
    if problems:
        raise OperatorError(f"the topics are not as topics.toml says: {'; '.join(problems)}")


def _doubt_profile(profile: str) -> None:
    """Say at once that a profile is none of the shipped ones: whether it is one the announced rules tell, later on."""
    shipped = rules.shipped_table("jurisdictions")
    if profile not in shipped:
        log.warning(
            "profile %r is none of the shipped rules' (%s): only a snapshot that was built with --rules can have it",
            profile,
            ", ".join(shipped),
        )


class _Boot(BootStrategy):  # type: ignore[misc]  # Faust is not typed
    """Without agents Faust needs no Kafka client of its own."""

    enable_kafka = False


class _App(faust.App):  # type: ignore[misc]  # Faust is not typed
    BootStrategy = _Boot


def _app(settings: Settings) -> faust.App:
    name = f"{settings.topic_prefix}{settings.group}"
    return _App(name, **app_options(settings, name))


def _serve(app: faust.App, state: State) -> None:
    @app.page("/metrics")  # type: ignore[untyped-decorator]
    async def metrics(web: Any, _request: Any) -> Any:  # noqa: ANN401
        return web.bytes(state.metrics.exposition(), content_type=CONTENT_TYPE.partition(";")[0])

    @app.page("/health")  # type: ignore[untyped-decorator]
    async def health(web: Any, _request: Any) -> Any:  # noqa: ANN401
        return web.json({"healthy": state.failure is None}, status=200 if state.failure is None else 503)

    @app.page("/ready")  # type: ignore[untyped-decorator]
    async def ready(web: Any, _request: Any) -> Any:  # noqa: ANN401
        problems = state.problems()
        held = state.snapshot
        refused = state.refusal._asdict() if state.refusal else None
        page = {"ready": not problems, "problems": problems, "snapshot": held.sha256 if held else None}
        return web.json(page | {"refused": refused}, status=503 if problems else 200)


class Hosted(Service):  # type: ignore[misc]  # mode is not typed
    """Runs lane and follower in threads while the app lives, watches them, and ends them with the app."""

    def __init__(self, state: State) -> None:
        super().__init__()
        self._state = state
        self._threads: list[Thread] = []
        self._follower: Follower | None = None
        self._outputs: Outputs | None = None
        self._watchdog = Watchdog(STUCK_SECONDS, WATCH_GAP_SECONDS_MAX)

    async def on_start(self) -> None:
        """Start the threads; the lane waits for the first snapshot."""
        settings = self._state.settings
        if settings.snapshot is None:
            topic = topics.named(topics.load(settings.topic_prefix), "announcements").name
            self._follower = Follower(settings, topic, self._state.metrics, self._state.answered)
            self._spawn("follower", partial(self._follower.run, self._state.swap))
        self._state.lane = Lane(settings, self._state.in_use, self._state.metrics, self._state.paused)
        self._spawn("lane", partial(self._run_lane, self._state.lane))
        self._outputs = Outputs(settings, self._state.lane, self._state.metrics)
        self._spawn("outputs", self._outputs.run)

    def _spawn(self, name: str, body: Callable[[], None]) -> None:
        thread = Thread(target=self._guarded, args=(body,), name=name, daemon=True)
        self._threads.append(thread)
        thread.start()

    def _guarded(self, body: Callable[[], None]) -> None:
        """Run a thread's body; its death is the worker's, whatever it died of."""
        try:
            body()
        except OperatorError as error:
            self._state.failure = str(error)
        except Exception as error:
            self._state.failure = f"{type(error).__name__}: {error}"
            log.exception("the worker stops")

    def _run_lane(self, lane: Lane) -> None:
        follower = self._follower
        if follower is not None:
            log.info("waiting for a snapshot: screener snapshot publish FILE announces one")
        if follower is not None and not follower.caught_up.wait(FIRST_SNAPSHOT_SECONDS_MAX):
            within, refusal = f"within {FIRST_SNAPSHOT_SECONDS_MAX:.0f} seconds", self._state.refusal
            if refusal is None:
                raise OperatorError(f"no snapshot was announced {within}")
            raise OperatorError(f"no snapshot was taken {within}; the announced one was refused: {refusal.reason}")
        if not self.should_stop:
            lane.run()

    @Service.task  # type: ignore[untyped-decorator]
    async def _watch(self) -> None:
        while not self.should_stop:
            self._look_at_lane()
            if self._state.failure is not None:
                await self.crash(OperatorError(self._state.failure))
                return
            self._state.tell_age()
            if self._state.reporter is not None:
                self._state.reporter.report()  # again, where it could not be delivered
            await self.sleep(WATCH_SECONDS)

    def _look_at_lane(self) -> None:
        """A lane that hangs in its client can't be helped from here: the worker ends, and its successor goes on."""
        lane = self._state.lane
        if lane is None or not lane.joined or self._state.failure is not None:
            return
        if self._watchdog.tick(time.perf_counter(), lane.alive_at):
            self._state.failure = f"nothing was heard of the lane for {STUCK_SECONDS:.0f} seconds"
            self._threads = [thread for thread in self._threads if thread.name != "lane"]  # not waited for

    async def on_stop(self) -> None:
        """End the threads after the batch in hand."""
        if self._state.lane is not None:
            self._state.lane.stop()
        if self._outputs is not None:
            self._outputs.stop()
        if self._follower is not None:
            self._follower.stop()
            self._follower.caught_up.set()
        for thread in self._threads:
            await asyncio.to_thread(thread.join, LANE_END_SECONDS_MAX)
        if self._state.reporter is not None:
            await asyncio.to_thread(self._state.reporter.stop, clean=self._state.failure is None)
