"""A real Kafka that asks who comes: logins over TLS, certificates of clients, and access lists.

One broker with several listeners: a plain one, whose unnamed clients may do everything (the test's own hand), SASL_SSL
with SCRAM, SSL where a client's certificate names it, and two with certificates that no client should believe.
"""

from __future__ import annotations

import base64
import contextlib
import time
import uuid
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from functools import cached_property
from typing import TYPE_CHECKING, Any

import trustme
from confluent_kafka import KafkaException
from confluent_kafka.admin import (  # type: ignore[attr-defined]  # it re-exports without __all__
    AclBinding,
    AclBindingFilter,
    AclOperation,
    AclPermissionType,
    AdminClient,
    ResourcePatternType,
    ResourceType,
    ScramCredentialInfo,
    ScramMechanism,
    UserScramCredentialUpsertion,
)
from cryptography.hazmat.primitives.serialization import (
    Encoding,
    NoEncryption,
    PrivateFormat,
    load_pem_private_key,
)

from screener import broker
from screener.runners.children import free_port

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator
    from pathlib import Path

RESOURCES = {
    "topic": ResourceType.TOPIC,
    "group": ResourceType.GROUP,
    "transactionalId": ResourceType.TRANSACTIONAL_ID,
}
OPERATIONS = {
    "Read": AclOperation.READ,
    "Write": AclOperation.WRITE,
    "Describe": AclOperation.DESCRIBE,
    "DescribeConfigs": AclOperation.DESCRIBE_CONFIGS,
}
READY_SECONDS = 90.0
PASSWORD = "correct horse, battery = staple"  # noqa: S105  of users that live as long as a test; signs that ask for care
LISTENERS = {"PLAINTEXT": "PLAINTEXT", "LOGIN": "SASL_SSL", "CERTIFICATE": "SSL", "EXPIRED": "SSL", "ELSEWHERE": "SSL"}


@dataclass
class Secured:
    """The broker's addresses by listener, and the folder with `ca.pem`, `other-ca.pem` and clients' certificates."""

    addresses: dict[str, str]
    folder: Path

    @cached_property
    def admin(self) -> AdminClient:
        """The test's own hand, which may do everything."""
        return AdminClient({"bootstrap.servers": self.addresses["PLAINTEXT"], "log_level": 0})

    def add_user(self, name: str, mechanism: ScramMechanism = ScramMechanism.SCRAM_SHA_512) -> None:
        """A user who may log in, and nothing else."""
        credential = ScramCredentialInfo(mechanism, 4_096)
        upsertion = UserScramCredentialUpsertion(name, credential, PASSWORD.encode())
        for future in self.admin.alter_user_scram_credentials([upsertion]).values():
            future.result(10)

    def grant(self, rights: Iterable[Any], user: str) -> None:
        """Let a user do what rows of topics/access.toml say."""
        bindings = _bindings(rights, user)
        for future in (self.admin.create_acls(bindings) if bindings else {}).values():
            future.result(10)

    def withdraw(self, rights: Iterable[Any], user: str) -> None:
        """Take the same away again."""
        filters = [
            AclBindingFilter(
                row.restype,
                row.name,
                row.resource_pattern_type,
                row.principal,
                row.host,
                row.operation,
                row.permission_type,
            )
            for row in _bindings(rights, user)
        ]
        for future in self.admin.delete_acls(filters).values():
            assert future.result(10)

    def environment(self, listener: str, user: str) -> dict[str, str]:
        """The settings of a client that comes to a listener as a user, its password in a file."""
        login = {
            "SCREENER_BOOTSTRAP_SERVERS": self.addresses[listener],
            "SCREENER_SSL_CA_FILE": str(self.folder / "ca.pem"),
        }
        if LISTENERS[listener] == "SSL":
            own = {
                "SCREENER_SSL_CERTIFICATE_FILE": str(self.folder / f"{user}.pem"),
                "SCREENER_SSL_KEY_FILE": str(self.folder / f"{user}.key"),
            }
            return login | own | {"SCREENER_SECURITY_PROTOCOL": "SSL"}
        secret = self.folder / "password"
        secret.write_text(f"{PASSWORD}\n", encoding="utf-8")
        named = {"SCREENER_SASL_USERNAME": user, "SCREENER_SASL_PASSWORD_FILE": str(secret)}
        return login | named | {"SCREENER_SECURITY_PROTOCOL": "SASL_SSL"}


def _bindings(rights: Iterable[Any], user: str) -> list[AclBinding]:
    patterns = {True: ResourcePatternType.PREFIXED, False: ResourcePatternType.LITERAL}
    return [
        AclBinding(
            RESOURCES[right.resource],
            right.name,
            patterns[right.prefix],
            f"User:{user}",
            "*",
            OPERATIONS[operation],
            AclPermissionType.ALLOW,
        )
        for right in rights
        for operation in right.operations
    ]


@contextlib.contextmanager
def secured(folder: Path, clients: tuple[str, ...]) -> Iterator[Secured]:
    """Start the broker, with certificates for these clients; it is ended whatever happens."""
    addresses = {name: f"{broker.HOST}:{free_port()}" for name in LISTENERS}
    java = broker.java_command()
    _certify(folder, clients)
    (folder / "tmp").mkdir()
    text = broker.server_properties(
        free_port(), (controller := free_port()), _properties(addresses, controller, folder)
    )
    (folder / "server.properties").write_text(text, encoding="utf-8")
    broker.format_data(folder, java, "x" + base64.urlsafe_b64encode(uuid.uuid4().bytes).decode()[1:22])
    child = broker.start_kafka(folder, java)
    made = Secured(addresses, folder)
    try:
        _wait_ready(made)
        yield made
    finally:
        child.kill()
        child.wait()


def _properties(addresses: dict[str, str], controller: int, folder: Path) -> dict[str, str]:
    own = {"LOGIN": "broker", "CERTIFICATE": "broker", "EXPIRED": "expired", "ELSEWHERE": "elsewhere"}
    listeners = ",".join(f"{name}://{address}" for name, address in addresses.items())
    kinds = ",".join(f"{name}:{kind}" for name, kind in {**LISTENERS, "CONTROLLER": "PLAINTEXT"}.items())
    settings = {
        "listeners": f"{listeners},CONTROLLER://{broker.HOST}:{controller}",
        "advertised.listeners": listeners,
        "listener.security.protocol.map": kinds,
        "authorizer.class.name": "org.apache.kafka.metadata.authorizer.StandardAuthorizer",
        "super.users": "User:ANONYMOUS",
        "sasl.enabled.mechanisms": "SCRAM-SHA-512,SCRAM-SHA-256",
        "listener.name.login.scram-sha-512.sasl.jaas.config": _JAAS,
        "listener.name.login.scram-sha-256.sasl.jaas.config": _JAAS,
        "listener.name.certificate.ssl.client.auth": "required",
        "listener.name.certificate.ssl.principal.mapping.rules": r"RULE:^.*CN=([^,]+).*$/$1/",
    }
    for listener, name in own.items():
        prefix = f"listener.name.{listener.lower()}.ssl"
        settings |= {
            f"{prefix}.keystore.type": "PEM",
            f"{prefix}.keystore.location": str(folder / f"{name}.both"),
            f"{prefix}.truststore.type": "PEM",
            f"{prefix}.truststore.location": str(folder / "ca.pem"),
        }
    return settings


_JAAS = "org.apache.kafka.common.security.scram.ScramLoginModule required;"


def _certify(folder: Path, clients: tuple[str, ...]) -> None:
    """Certificates of the broker (good, expired, of another host) and of clients, by one authority; another one."""
    ca, other = trustme.CA(), trustme.CA()
    ca.cert_pem.write_to_path(folder / "ca.pem")
    other.cert_pem.write_to_path(folder / "other-ca.pem")
    past = datetime.now(UTC) - timedelta(days=1)
    _write(folder, "broker", ca.issue_cert(broker.HOST))
    _write(folder, "expired", ca.issue_cert(broker.HOST, not_before=past - timedelta(days=9), not_after=past))
    _write(folder, "elsewhere", ca.issue_cert("kafka.example.org"))
    for name in clients:
        _write(folder, name, ca.issue_cert(f"{name}.example.org", common_name=name))
    _write(folder, "stranger", other.issue_cert("stranger.example.org", common_name="stranger"))


def _write(folder: Path, name: str, made: trustme.LeafCert) -> None:
    """A key and a chain, in a file each for clients and in one for the broker, which reads keys as PKCS 8 only."""
    key = load_pem_private_key(made.private_key_pem.bytes(), None)
    key_pem = key.private_bytes(Encoding.PEM, PrivateFormat.PKCS8, NoEncryption())
    chain_pem = b"".join(blob.bytes() for blob in made.cert_chain_pems)
    (folder / f"{name}.key").write_bytes(key_pem)
    (folder / f"{name}.pem").write_bytes(chain_pem)
    (folder / f"{name}.both").write_bytes(key_pem + chain_pem)


def _wait_ready(made: Secured) -> None:
    deadline = time.monotonic() + READY_SECONDS
    while True:
        try:
            made.admin.list_topics(timeout=2)
        except KafkaException:
            log = (made.folder / "broker.log").read_text(errors="replace")
            assert time.monotonic() < deadline, f"the broker is not ready:\n{log[-3000:]}"
        else:
            return
