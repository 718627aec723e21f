"""Prometheus metrics: listens to decisions, snapshots and batches, and knows nothing of what made them.

Names are `screener_<noun>_<unit>` in base units; labels are bounded: outcomes, list codes, reason codes, partitions,
never a name or an order id.
"""

from __future__ import annotations

from collections import Counter as Counts
from math import inf
from typing import TYPE_CHECKING

from prometheus_client import CollectorRegistry, Counter, Gauge, generate_latest
from prometheus_client.exposition import CONTENT_TYPE_LATEST

from screener import __version__
from screener.model import FAULTS
from screener.runners.distribution import Distribution

if TYPE_CHECKING:
    from collections.abc import Iterable, Mapping, Sequence

    from screener.model import Decision, Snapshot
    from screener.runners.positions import Pause

DAY_SECONDS = 86_400
OUTCOMES = ("clear", "review", "block", "quarantine")
ANSWER_SECONDS_BUCKETS = (2e-3, 5e-3, 10e-3, 25e-3, 50e-3, 0.1, 0.25, 0.5, 1.0, 2.5, 5.0, 10.0, 60.0, 600.0)
TRANSACTION_SECONDS_BUCKETS = (2e-3, 5e-3, 10e-3, 25e-3, 50e-3, 0.1, 0.25, 0.5, 1.0, 2.5, 5.0, 10.0)
SCREENING_SECONDS_BUCKETS = (25e-6, 50e-6, 100e-6, 250e-6, 500e-6, 1e-3, 2.5e-3, 5e-3, 10e-3, 50e-3, 250e-3, 1.0)
BATCH_ORDERS_BUCKETS = (1, 2, 5, 10, 50, 100, 500, 1_000, 2_000, 5_000)
CONTENT_TYPE = CONTENT_TYPE_LATEST


class Metrics:
    """The metrics of one worker, in a registry of their own."""

    def __init__(self) -> None:
        self.registry = CollectorRegistry()
        self._gauge("screener_build_info", "This version.", "version").labels(__version__).set(1)
        self._orders = self._counter("screener_orders", "Orders answered, by outcome.", "outcome")
        self._hits = self._counter("screener_hits", "Orders with a hit on a list.", "list")
        self._reasons = self._counter("screener_reasons", "Orders with a reason, by its code.", "code")
        self._quarantined = self._counter("screener_quarantined", "Orders quarantined, by reason.", "reason")
        text = "From the broker's timestamp of an order to its committed decision."
        self._answer = Distribution("screener_answer_seconds", text, ANSWER_SECONDS_BUCKETS, self.registry)
        text = "Time to screen one order."
        self._screening = Distribution("screener_screening_seconds", text, SCREENING_SECONDS_BUCKETS, self.registry)
        text = "Orders answered in one transaction."
        self._batch = Distribution("screener_batch_orders", text, BATCH_ORDERS_BUCKETS, self.registry)
        text = "From the beginning of a transaction to its commit."
        self._took = Distribution("screener_transaction_seconds", text, TRANSACTION_SECONDS_BUCKETS, self.registry)
        self._transactions = self._counter("screener_transactions", "Kafka transactions, by result.", "result")
        text = "Batches screened again because another worker drew on the same license."
        self._contested = self._counter("screener_license_contests", text)
        self._parties = self._counter("screener_parties", "Parties of the orders that were read.")
        text = "Parties that were not remembered and had to be worked out."
        self._parties_new = self._counter("screener_parties_new", text)
        self._met = ("", 0, 0)
        text = "Offsets from the worker's position to the end of a partition of orders; 0 where all is answered."
        self._lag = self._gauge("screener_consumer_lag_records", text, "partition")
        text = "How long committed orders have been held back by a sender's transaction that stays open."
        self._held_back = self._gauge("screener_orders_held_back_seconds", text, "partition")
        text = "Partitions of orders that wait for an operator: 1 with the reason, after the log changed."
        self._paused = self._gauge("screener_partitions_paused", text, "partition", "reason")
        text = "Records whose headers could not be read; they were screened without."
        self._headers_unreadable = self._counter("screener_headers_unreadable", text)
        text = "Partitions of orders that are not read: an outgoing topic has fewer partitions."
        self._waiting = self._gauge("screener_partitions_waiting", text)
        text = "How long readers of committed decisions have stood still before records that are there."
        self._stalled = self._gauge("screener_output_stalled_seconds", text, "topic", "partition")
        text = "Records of orders that the topic deleted before they were answered."
        self._expired = self._counter("screener_orders_expired", text)
        self._age = self._gauge("screener_snapshot_age_seconds", "Age of the oldest list of the snapshot in use.")
        text = "Age of the oldest list up to which orders are cleared."
        self._age_max = self._gauge("screener_snapshot_age_max_seconds", text)
        self._age_max.set(inf)
        self._snapshot = self._gauge("screener_snapshot_info", "The snapshot in use, by its hash.", "sha256")
        self._entries = self._gauge("screener_list_entries", "Entries of the snapshot in use, by list.", "list")
        self._refused = self._counter("screener_snapshots_refused", "Announced snapshots that were not taken.")
        text = "1 while this worker refuses the newest announced snapshot, else 0."
        self._newest_refused = self._gauge("screener_snapshot_refused", text)
        for outcome in OUTCOMES:
            self._orders.labels(outcome)
        for result in ("committed", "aborted"):
            self._transactions.labels(result)
        for code in FAULTS:
            self._quarantined.labels(code)

    def _counter(self, name: str, text: str, *labels: str) -> Counter:
        return Counter(name, text, labels, registry=self.registry)

    def _gauge(self, name: str, text: str, *labels: str) -> Gauge:
        return Gauge(name, text, labels, registry=self.registry)

    def committed(
        self, decided: Sequence[tuple[Decision, float]], waited: Iterable[float], transaction_seconds: float
    ) -> None:
        """Count a transaction: its decisions, with the seconds that screening each order took.

        `waited` has the seconds from the broker's timestamp of each order to the commit.
        """
        self._batch.observe((len(decided),))
        self._took.observe((transaction_seconds,))
        self._transactions.labels("committed").inc()
        for outcome, count in Counts(decision.outcome for decision, _ in decided).items():
            self._orders.labels(outcome).inc(count)
        self._screening.observe(seconds for _, seconds in decided)
        self._answer.observe(waited)
        for code, count in Counts(code for decision, _ in decided for code in decision.lists).items():
            self._hits.labels(code).inc(count)
        for code, count in Counts(code for decision, _ in decided for code in decision.reasons).items():
            self._reasons.labels(code).inc(count)
        faults = (decision.reasons[0] for decision, _ in decided if decision.outcome == "quarantine")
        for reason, count in Counts(faults).items():
            self._quarantined.labels(reason).inc(count)

    def met(self, snapshot: Snapshot) -> None:
        """Count the parties that the snapshot in use was asked about, and those that it did not remember."""
        asked, new = snapshot.memory.parties_asked, snapshot.memory.bodies.misses
        sha256, asked_before, new_before = self._met
        if sha256 == snapshot.sha256:
            self._parties.inc(asked - asked_before)
            self._parties_new.inc(new - new_before)
        self._met = (snapshot.sha256, asked, new)

    def aborted(self) -> None:
        """Count a transaction that was rolled back."""
        self._transactions.labels("aborted").inc()

    def contested(self) -> None:
        """Count a batch that is screened again with what another worker has drawn."""
        self._contested.inc()

    def left(self, partition: int) -> None:
        """Forget a partition that another worker has now."""
        for gauge in (self._lag, self._held_back):
            gauge.remove(str(partition))

    def lagging(self, partition: int, records: int) -> None:
        """Say how many orders of a partition are not yet answered."""
        self._lag.labels(str(partition)).set(records)

    def held_back(self, partition: int, seconds: float) -> None:
        """Say how long the committed end of a partition of orders has stood still before its end."""
        self._held_back.labels(str(partition)).set(seconds)

    def lag_unknown(self) -> None:
        """Forget the lags: nobody knows them now."""
        self._lag.clear()
        self._held_back.clear()

    def paused(self, pauses: Iterable[Pause]) -> None:
        """Say which partitions are paused."""
        self._paused.clear()
        for pause in pauses:
            self._paused.labels(str(pause.partition), pause.reason).set(1)

    def headers_unreadable(self, records: int) -> None:
        """Count records whose headers could not be read."""
        self._headers_unreadable.inc(records)

    def waiting(self, partitions: int) -> None:
        """Say how many partitions have no counterpart in an outgoing topic and are not read."""
        self._waiting.set(partitions)

    def stalled(self, seconds: Mapping[tuple[str, int], float]) -> None:
        """Say how long the committed ends of outgoing partitions have stood still before their ends; 0: one does not.

        Of those that are not named it is not known.
        """
        self._stalled.clear()
        for (topic, partition), stood in seconds.items():
            self._stalled.labels(topic, str(partition)).set(stood)

    def expired(self, records: int) -> None:
        """Count records of `orders` that were deleted before they were answered."""
        self._expired.inc(records)

    def swapped(self, snapshot: Snapshot) -> None:
        """Say which snapshot is in use."""
        self.met(snapshot)
        self._snapshot.clear()
        self._snapshot.labels(snapshot.sha256).set(1)
        self._entries.clear()
        for code, facts in snapshot.lists.items():
            self._entries.labels(code).set(facts.entries)

    def aged(self, seconds: float, days_max: int) -> None:
        """Say how old the oldest list is, and how many days old it may be."""
        self._age.set(seconds)
        self._age_max.set(days_max * DAY_SECONDS)

    def refused(self) -> None:
        """Count an announced snapshot that was not taken."""
        self._refused.inc()

    def answered(self, *, refused: bool) -> None:
        """Say whether the newest announced snapshot was refused."""
        self._newest_refused.set(refused)

    def exposition(self) -> bytes:
        """All metrics in Prometheus' text format."""
        return generate_latest(self.registry)
