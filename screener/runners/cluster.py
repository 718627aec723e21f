"""How every client reaches the cluster, and in one sentence why one does not.

Promises: secrets are read from their files whenever a client is made and are in no message; a login that is refused, a
certificate that is not believed and a broker that does not answer are told apart.
"""

from __future__ import annotations

import re
import socket
import ssl
import time
from types import MappingProxyType
from typing import TYPE_CHECKING, Any

from confluent_kafka import KafkaError, KafkaException, TopicCollection
from confluent_kafka.admin import AdminClient

from screener.errors import OperatorError

if TYPE_CHECKING:
    from collections.abc import Mapping
    from pathlib import Path

    from confluent_kafka.admin import ClusterMetadata  # type: ignore[attr-defined]  # it re-exports without __all__

    from screener.settings import Cluster

TLS_SECONDS_MAX = 5.0
ASK_SECONDS_MAX = 1.0
TOPIC_ID_SECONDS_MAX = 5.0
REACH_SECONDS_MAX = 8.0  # until a broker that does not answer is given up
REFUSED = frozenset({KafkaError._AUTHENTICATION, KafkaError._SSL})  # noqa: SLF001  their public names
_STATE = re.compile(r" \(after \d+ms in state \w+\)")
_ALERT = re.compile(r"alert .*(certificate|unknown ca)")
"""What the broker says of a client's certificate comes as an alert, after the connection stands."""


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


QUIET: Mapping[str, Any] = MappingProxyType({"log_level": 0, "error_cb": lambda _: None})
"""Settings of a client whose user reports the faults: it logs nothing itself."""


def quiet_admin(cluster: Cluster) -> AdminClient:
    """A client for questions to the cluster that logs nothing; OperatorError as `connection`."""
    return AdminClient({**connection(cluster), **QUIET})


class Reached:
    """A cluster that answered; OperatorError of one sentence says why another one did not."""

    def __init__(self, cluster: Cluster) -> None:
        """Connect."""
        self._cluster = cluster
        self._heard = Heard()
        quiet: dict[str, Any] = {"log_level": 0, "error_cb": self._heard}  # faults are reported here, once
        try:
            self.admin = AdminClient({**connection(cluster), "socket.timeout.ms": 10_000, **quiet})
        except KafkaException as error:
            servers = cluster.bootstrap_servers
            raise OperatorError(f"The bootstrap servers {servers!r} cannot be used: {reason_of(error)}.") from error
        self.counts = self.partition_counts()
        """The topics that were there, with the numbers of their partitions."""

    def partition_counts(self) -> dict[str, int]:
        """The topics that are there now, as `counts`."""
        return partition_counts(self.metadata())

    def metadata(self) -> ClusterMetadata:
        """Ask for the brokers, and the topics with their partitions and replicas."""
        deadline = time.monotonic() + REACH_SECONDS_MAX
        while True:
            try:
                return self.admin.list_topics(timeout=ASK_SECONDS_MAX)
            except KafkaException as error:
                self.admin.poll(0)  # only now it tells what it met
                if refusal := self._heard.refusal(self._cluster):
                    raise OperatorError(refusal) from error
                if time.monotonic() > deadline:
                    servers, why = self._cluster.bootstrap_servers, self._heard.last or reason_of(error)
                    raise OperatorError(
                        f"No Kafka broker answers at {servers} within {REACH_SECONDS_MAX:.0f} s: {why}."
                    ) from error


def partition_counts(cluster: ClusterMetadata) -> dict[str, int]:
    """Count the partitions of each topic in what `list_topics` of any client returned, but for topics in error."""
    return {name: len(topic.partitions) for name, topic in cluster.topics.items() if topic.error is None}


def reason_of(error: KafkaException) -> str:
    """An error of the client, in the client's words."""
    return str(error.args[0].str()).rstrip(".")


def topic_id(admin: AdminClient, name: str) -> str | None:
    """The id that Kafka gave a topic when it was created, another one after each creation; None without the topic.

    Raises KafkaException where the cluster does not say.
    """
    asked = admin.describe_topics(TopicCollection([name]), request_timeout=TOPIC_ID_SECONDS_MAX)
    try:
        return str(asked[name].result().topic_id)
    except KafkaException as error:
        if error.args[0].code() == KafkaError.UNKNOWN_TOPIC_OR_PART:
            return None
        raise
