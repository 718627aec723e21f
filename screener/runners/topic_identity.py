"""Confirms that `orders` is still the topic that it was: a batch is committed only after that.

Kafka gives a topic a new id when it is created again, and the client reads on in the new one as if nothing had
happened. So the id is asked for after the records of a batch were read, in a thread of its own and while the batch is
screened and produced; a commit waits for the answer, which is usually there by then.
"""

from __future__ import annotations

import logging
import threading
import time
from typing import TYPE_CHECKING

from confluent_kafka import KafkaError, KafkaException

from screener.runners.cluster import quiet_admin, topic_id

if TYPE_CHECKING:
    from confluent_kafka.admin import AdminClient

    from screener.settings import Cluster

log = logging.getLogger(__name__)

LOOK_SECONDS = 1.0
RETRY_SECONDS = 0.2
UNKNOWN_SECONDS = 60.0


class TopicIdentity:
    """Knows the id that one topic has, as of a question."""

    def __init__(self, cluster: Cluster, topic: str) -> None:
        self._cluster, self._topic = cluster, topic
        self._changed = threading.Condition()
        self._stopping = False
        self._questions = self._answered = 0
        self._topic_id = ""
        self.fault = ""
        """Why the id is not known now, in words; "" while it is."""

    def ask(self) -> int:
        """Ask for the id as it is from now on; the number of the question."""
        with self._changed:
            self._questions += 1
            self._changed.notify_all()
            return self._questions

    def answer(self, question: int, seconds: float) -> str | None:
        """The topic's id after the question was asked; None where no answer came in so many seconds."""
        with self._changed:
            if self._changed.wait_for(lambda: self._answered >= question or self._stopping, seconds):
                return self._topic_id if self._answered >= question else None
            return None

    @property
    def latest(self) -> str:
        """The id that was seen last, "" before the first answer."""
        with self._changed:
            return self._topic_id

    def stop(self) -> None:
        """End `run` soon."""
        with self._changed:
            self._stopping = True
            self._changed.notify_all()

    def run(self) -> None:
        """Answer questions until `stop`, and look once a second without any."""
        admin: AdminClient | None = None
        failing_since: float | None = None
        while True:
            with self._changed:
                self._changed.wait_for(lambda: self._questions > self._answered or self._stopping, LOOK_SECONDS)
                if self._stopping:
                    return
                question = self._questions
            try:
                admin = admin or quiet_admin(self._cluster)
                current = topic_id(admin, self._topic)
                if current is None:
                    raise KafkaException(KafkaError(KafkaError.UNKNOWN_TOPIC_OR_PART, "there is no such topic"))
            except KafkaException as error:
                failing_since = failing_since or time.monotonic()
                self._report(error, failing_since)
                if error.args[0].code() == KafkaError._TIMED_OUT:  # noqa: SLF001  its public name
                    admin = None  # a client may go on with brokers that are gone
                time.sleep(RETRY_SECONDS)
                continue
            failing_since, self.fault = None, ""
            with self._changed:
                self._topic_id, self._answered = current, question
                self._changed.notify_all()

    def _report(self, error: KafkaException, failing_since: float) -> None:
        """Log the first failure, and each one that has lasted as a warning."""
        text = f"{self._topic}: its id is not known: {error.args[0].str()}"
        lasting = time.monotonic() - failing_since > UNKNOWN_SECONDS
        if lasting or not self.fault:
            log.log(logging.WARNING if lasting else logging.INFO, "%s", text, extra={"seldom": True})
        self.fault = text
