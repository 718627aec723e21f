"""The Kafka clients: how they reach the cluster, what a lane's are set to, what errors mean, the records they give."""

from __future__ import annotations

import re
import socket
import ssl
import threading
from queue import Empty, SimpleQueue
from typing import TYPE_CHECKING, Any, NamedTuple

from confluent_kafka import KafkaError

from screener.errors import OperatorError

if TYPE_CHECKING:
    from collections.abc import Callable
    from pathlib import Path

    from confluent_kafka import KafkaException, Message

    from screener.settings import Cluster, Settings

TRANSACTION_TIMEOUT_MS = 10_000
SESSION_TIMEOUT_MS = 10_000
METADATA_MS = 10_000
TLS_SECONDS_MAX = 5.0
RETRY_BACKOFF_MS = 2
"""A transaction that follows at once waits for the markers of the last one in steps of this length; it doubles."""
POISON = frozenset({KafkaError.MSG_SIZE_TOO_LARGE, KafkaError.INVALID_RECORD})
HOPELESS = frozenset(
    {
        KafkaError._FATAL,  # noqa: SLF001  its public name; such as a consumer fenced by another of its slot
        KafkaError.UNKNOWN_TOPIC_OR_PART,
        KafkaError.TOPIC_AUTHORIZATION_FAILED,
        KafkaError.GROUP_AUTHORIZATION_FAILED,
    }
)
REFUSED = frozenset({KafkaError._AUTHENTICATION, KafkaError._SSL})  # noqa: SLF001  their public names
LOST = frozenset({KafkaError._ALL_BROKERS_DOWN, KafkaError._TRANSPORT})  # noqa: SLF001  their public names

_STATE = re.compile(r" \(after \d+ms in state \w+\)")
_ALERT = re.compile(r"alert .*(certificate|unknown ca)")
"""What the broker says of a client's certificate comes as an alert, after the connection stands."""

Source = tuple[int, int]  # partition, offset


class Received(NamedTuple):
    """An order's record, without what the client's types leave open."""

    source: Source
    timestamp_ms: int
    key: bytes | None
    value: bytes | None


def received(message: Message) -> Received:
    """The order's record of a message that is no error."""
    source = (message.partition() or 0, message.offset() or 0)
    return Received(source, message.timestamp()[1], message.key(), message.value())


def connection(cluster: Cluster) -> dict[str, Any]:
    """The settings by which every client reaches the cluster; OperatorError where a file can't be read."""
    given: dict[str, Any] = {"bootstrap.servers": cluster.bootstrap_servers}
    if cluster.security_protocol != "PLAINTEXT":
        given["security.protocol"] = cluster.security_protocol
    if cluster.logs_in:
        given["sasl.mechanism"] = cluster.sasl_mechanism
        given["sasl.username"] = cluster.sasl_username
        given["sasl.password"] = password(cluster)
    if cluster.ssl_ca_file:
        given["ssl.ca.location"] = str(cluster.ssl_ca_file)
    if cluster.ssl_certificate_file and cluster.ssl_key_file:
        given["ssl.certificate.location"] = str(cluster.ssl_certificate_file)
        given["ssl.key.location"] = str(cluster.ssl_key_file)
    if cluster.ssl_key_password_file:
        given["ssl.key.password"] = _secret(cluster.ssl_key_password_file)
    return given


def password(cluster: Cluster) -> str:
    """The password to log in with; OperatorError where its file can't be read."""
    return _secret(cluster.sasl_password_file) if cluster.sasl_password_file else cluster.sasl_password


def _secret(path: Path) -> str:
    """What a file of one line says."""
    try:
        text = path.read_text(encoding="utf-8").rstrip("\r\n")
        why = "" if text else "it is empty"
    except (OSError, UnicodeDecodeError) as error:
        why = getattr(error, "strerror", None) or "it is no UTF-8 text"
    if why:
        raise OperatorError(f"{path}: the secret can't be read ({why})")
    return text


class Heard:
    """Hears a client's errors, and can say why the cluster would not have it."""

    def __init__(self) -> None:
        self._refused: KafkaError | None = None
        self.last = ""
        """What was heard last of a connection that did not come about."""

    def __call__(self, error: KafkaError) -> None:
        """Take one error."""
        text = _STATE.sub("", error.str()).rstrip(".")
        if error.code() in REFUSED or _ALERT.search(text):
            self._refused = error
        if error.code() != KafkaError._ALL_BROKERS_DOWN:  # noqa: SLF001  as above; it says nothing new
            self.last = text

    def refusal(self, cluster: Cluster) -> str | None:
        """Why the cluster refused, or was refused, in one sentence; None where nothing of the kind was heard."""
        if self._refused is None:
            return None
        servers, why = cluster.bootstrap_servers, self.last.rpartition(": ")[2]
        if self._refused.code() == KafkaError._AUTHENTICATION:  # noqa: SLF001  as above
            return f"Kafka at {servers} refuses the login of {cluster.sasl_username} ({why})."
        if _ALERT.search(self._refused.str()):
            own = cluster.ssl_certificate_file or "none given"
            return f"Kafka at {servers} refuses the certificate of this client ({own})."
        return f"No TLS connection to Kafka at {servers}: {_tls_fault(cluster) or why}."


def tls_context(cluster: Cluster) -> ssl.SSLContext:
    """The same trust and the same certificate for clients that are not librdkafka's; OperatorError as `connection`."""
    try:
        context = ssl.create_default_context(cafile=cluster.ssl_ca_file)
        if cluster.ssl_certificate_file and cluster.ssl_key_file:
            secret = _secret(cluster.ssl_key_password_file) if cluster.ssl_key_password_file else ""
            context.load_cert_chain(cluster.ssl_certificate_file, cluster.ssl_key_file, secret)
    except (OSError, ssl.SSLError) as error:
        raise OperatorError(f"the certificates and keys for TLS can't be used ({error})") from None
    return context


def _tls_fault(cluster: Cluster) -> str | None:
    """What is wrong with a broker's certificate: the client library only says that something is."""
    host, _, port = cluster.bootstrap_servers.split(",")[0].strip().rpartition(":")
    try:
        with (
            socket.create_connection((host.strip("[]"), int(port)), TLS_SECONDS_MAX) as plain,
            tls_context(cluster).wrap_socket(plain, server_hostname=host.strip("[]")),
        ):
            return None
    except ssl.SSLCertVerificationError as error:
        return f"the certificate of {host} is not accepted ({error.verify_message.rstrip('.')})"
    except (OSError, OperatorError) as error:
        return str(error)


def producer_settings(
    settings: Settings, output_bytes_max: int, on_delivery: Callable[..., None], on_error: Callable[[KafkaError], None]
) -> dict[str, Any]:
    """The transactional producer of a slot; `on_delivery` hears of records that were not delivered only."""
    return {
        **connection(settings),
        "client.id": settings.transactional_id,
        "transactional.id": settings.transactional_id,
        "transaction.timeout.ms": TRANSACTION_TIMEOUT_MS,
        "message.max.bytes": output_bytes_max,
        "compression.type": "lz4",
        "linger.ms": 1,
        "retry.backoff.ms": RETRY_BACKOFF_MS,
        "topic.metadata.refresh.interval.ms": METADATA_MS,
        "delivery.report.only.error": True,
        "on_delivery": on_delivery,
        "error_cb": on_error,
    }


def consumer_settings(settings: Settings, on_error: Callable[[KafkaError], None]) -> dict[str, Any]:
    """The consumer of a slot, a static member of the group."""
    return {
        **connection(settings),
        "client.id": settings.transactional_id,
        "group.id": f"{settings.topic_prefix}{settings.group}{'-shadow' * settings.shadow}",
        "group.instance.id": settings.transactional_id,
        "session.timeout.ms": SESSION_TIMEOUT_MS,
        "enable.auto.commit": False,
        "error_cb": on_error,
        "topic.metadata.refresh.interval.ms": METADATA_MS,
        "auto.offset.reset": "earliest",
        "isolation.level": "read_committed",
        "queued.max.messages.kbytes": 8_192,
        "fetch.message.max.bytes": 1_048_588,
    }


class Hung(Exception):  # noqa: N818  said of the client
    """A call of the client did not come back; the client is of no more use."""


class Bounded:
    """Makes calls in a thread of its own, and leaves behind one that does not come back.

    `send_offsets_to_transaction` does not keep to its timeout: where the group's coordinator went away meanwhile, it
    may wait for ever (librdkafka's issues 5456 and 5511, open in 2.16).
    """

    def __init__(self) -> None:
        self._calls: SimpleQueue[Callable[[], object] | None] = SimpleQueue()
        self._ends: SimpleQueue[BaseException | None] = SimpleQueue()
        threading.Thread(target=self._serve, name="bounded", daemon=True).start()

    def __call__(self, call: Callable[[], object], seconds: float) -> None:
        """Make one call; raises what it raises, and Hung after `seconds`. After that make no other."""
        self._calls.put(call)
        try:
            error = self._ends.get(timeout=seconds)
        except Empty:
            raise Hung(f"the Kafka client did not come back from a call for {seconds:.0f} seconds") from None
        if error is not None:
            raise error

    def end(self) -> None:
        """End the thread, after the call that it is in."""
        self._calls.put(None)

    def _serve(self) -> None:
        while (call := self._calls.get()) is not None:
            error: BaseException | None = None
            try:
                call()
            except BaseException as raised:  # noqa: BLE001  the caller's to deal with
                error = raised
            self._ends.put(error)


def told(error: KafkaException | Hung) -> str:
    """An error of the client in words."""
    fault = error.args[0]
    if isinstance(fault, KafkaError) and "fenced" in fault.str().lower():
        return (
            "another worker runs in this slot of the group (give each worker a --slot of its own), or a transaction"
            f" was open for more than {TRANSACTION_TIMEOUT_MS // 1_000} seconds"
        )
    return f"{fault.name()}: {fault.str()}" if isinstance(fault, KafkaError) else str(error)
