"""Settings: options before the environment, every problem told at once, nothing misspelt taken in silence."""

from dataclasses import FrozenInstanceError, fields
from pathlib import Path

import pytest

from screener.errors import OperatorError
from screener.settings import Settings, env_name, load

SERVERS = {"SCREENER_BOOTSTRAP_SERVERS": "broker:9092"}


def test_defaults_are_what_the_manual_says():
    """Only the servers must be named."""
    assert load({}, SERVERS) == Settings(
        bootstrap_servers="broker:9092",
        snapshot=None,
        topic_prefix="",
        group="screener",
        slot=0,
        metrics_host="0.0.0.0",  # noqa: S104  the default that is tested
        metrics_port=9464,
        max_list_age=None,
        allow_stale=False,
        shadow=False,
    )


def test_every_setting_can_come_from_the_environment(tmp_path):
    """Each field is read from `SCREENER_` and its name in capitals."""
    snapshot = tmp_path / "a.snapshot"
    snapshot.touch()
    environment = {
        "SCREENER_BOOTSTRAP_SERVERS": "a:1,[::1]:65535, c.example:9092",
        "SCREENER_SECURITY_PROTOCOL": "sasl_ssl",
        "SCREENER_SASL_MECHANISM": "SCRAM-SHA-256",
        "SCREENER_SASL_USERNAME": "worker",
        "SCREENER_SASL_PASSWORD": " secret ",
        "SCREENER_SASL_PASSWORD_FILE": "",
        "SCREENER_SSL_CA_FILE": str(snapshot),
        "SCREENER_SSL_CERTIFICATE_FILE": str(snapshot),
        "SCREENER_SSL_KEY_FILE": str(snapshot),
        "SCREENER_SSL_KEY_PASSWORD_FILE": str(snapshot),
        "SCREENER_SNAPSHOT": str(snapshot),
        "SCREENER_TOPIC_PREFIX": "trial.",
        "SCREENER_GROUP": "night",
        "SCREENER_SLOT": "7",
        "SCREENER_METRICS_HOST": "127.0.0.1",
        "SCREENER_METRICS_PORT": "1",
        "SCREENER_MAX_LIST_AGE": "0",
        "SCREENER_ALLOW_STALE": "Yes",
        "SCREENER_PROFILE": "adopts_el_sdn",
        "SCREENER_SAMPLE": "true",
        "SCREENER_SHADOW": "on",
        "SCREENER_LOG_FORMAT": "JSON",
    }
    assert set(environment) == {env_name(field.name) for field in fields(Settings)}
    assert load({}, environment) == Settings(
        bootstrap_servers="a:1,[::1]:65535, c.example:9092",
        security_protocol="SASL_SSL",
        sasl_mechanism="SCRAM-SHA-256",
        sasl_username="worker",
        sasl_password=" secret ",  # noqa: S106  made up
        sasl_password_file=None,
        ssl_ca_file=Path(snapshot),
        ssl_certificate_file=Path(snapshot),
        ssl_key_file=Path(snapshot),
        ssl_key_password_file=Path(snapshot),
        snapshot=Path(snapshot),
        topic_prefix="trial.",
        group="night",
        slot=7,
        metrics_host="127.0.0.1",
        metrics_port=1,
        max_list_age=0,
        allow_stale=True,
        profile="adopts_el_sdn",
        sample=True,
        shadow=True,
        log_format="json",
    )


def test_option_goes_before_the_environment():
    """What the command line gives counts, also where the environment says something else or something wrong."""
    environment = SERVERS | {"SCREENER_SLOT": "seven", "SCREENER_GROUP": "night"}
    found = load({"slot": "3", "group": None, "bootstrap_servers": "other:1"}, environment)
    assert (found.slot, found.group, found.bootstrap_servers) == (3, "night", "other:1")


def test_all_problems_are_told_at_once():
    """One message lists every setting that is wrong, missing or unknown."""
    environment = {
        "SCREENER_SLOT": "-1",
        "SCREENER_METRICS_PORT": "http",
        "SCREENER_ALLOW_STALE": "perhaps",
        "SCREENER_GROUPE": "night",
    }
    with pytest.raises(OperatorError) as refusal:
        load({"max_list_age": "week"}, environment)
    said = str(refusal.value)
    assert said.startswith("6 setting(s) can't be used: ")
    for name in ("SLOT", "METRICS_PORT", "ALLOW_STALE", "GROUPE", "MAX_LIST_AGE", "BOOTSTRAP_SERVERS"):
        assert f"SCREENER_{name}" in said, name
    assert "\n" not in said


def test_servers_that_are_wrong_are_told_once():
    """Servers that can't be read are not told as missing besides."""
    with pytest.raises(OperatorError, match=r"^1 setting"):
        load({}, {"SCREENER_BOOTSTRAP_SERVERS": "broker"})


@pytest.mark.parametrize("name", ["SCREENER_GROUPS", "SCREENER_", "SCREENER_bootstrap_servers", "SCREENER_SLOT_"])
def test_stray_variable_is_told(name):
    """A variable that looks like a setting and is none is a problem, so that a misspelt one never goes unnoticed."""
    with pytest.raises(OperatorError, match=f"{name}: no such setting"):
        load({}, SERVERS | {name: "x"})


def test_other_programs_variables_are_left_alone():
    """Variables of the tests, of the broker and of other programs are none of the worker's business."""
    environment = SERVERS | {"SCREENER_DATA": "x", "SCREENER_JARS": "y", "PATH": "z", "screener_slot": "w"}
    assert load({}, environment) == load({}, SERVERS)


@pytest.mark.parametrize(
    ("field", "text"),
    [
        ("bootstrap_servers", ""),
        ("bootstrap_servers", "broker"),
        ("bootstrap_servers", "a:1,,b:2"),
        ("bootstrap_servers", "a:1,"),
        ("bootstrap_servers", "broker:port"),
        ("bootstrap_servers", "kafka://broker:9092"),
        ("snapshot", "missing.snapshot"),
        ("topic_prefix", "a b"),
        ("topic_prefix", "x" * 101),
        ("group", ""),
        ("group", "night shift"),
        ("slot", ""),
        ("slot", "1.0"),
        ("slot", "²"),
        ("slot", "10000"),
        ("metrics_host", ""),
        ("metrics_port", "0"),
        ("metrics_port", "65536"),
        ("max_list_age", "-1"),
        ("max_list_age", "36501"),
        ("allow_stale", "2"),
        ("shadow", "maybe"),
    ],
)
def test_wrong_value_is_told_with_what_was_expected(field, text):
    """A value that can't be taken is told by its variable, its text and what would be right."""
    with pytest.raises(OperatorError) as refusal:
        load({field: text}, SERVERS)
    assert f"{env_name(field)}={text!r}: expected " in str(refusal.value)


@pytest.mark.parametrize(
    ("field", "text", "value"),
    [
        ("slot", " 0 ", 0),
        ("slot", "9999", 9999),
        ("metrics_port", "65535", 65535),
        ("max_list_age", "36500", 36500),
        ("snapshot", "", None),
        ("topic_prefix", "", ""),
        ("topic_prefix", "x" * 100, "x" * 100),
        ("allow_stale", "FALSE", False),
        ("allow_stale", "", False),
        ("allow_stale", "1", True),
    ],
)
def test_value_at_its_limit_is_taken(field, text, value):
    """Values at their limits, with blanks around or in other letters, are read."""
    assert getattr(load({field: text}, SERVERS), field) == value


def test_transactional_id_names_slot_group_and_trial():
    """Two workers never share a transactional id: slot, group, prefix and trial are in it."""

    def transactional_id(**options):
        return load({"bootstrap_servers": "a:1", **options}, {}).transactional_id

    ids = [
        transactional_id(),
        transactional_id(slot="1"),
        transactional_id(group="night"),
        transactional_id(topic_prefix="trial."),
        transactional_id(shadow="true"),
    ]
    assert len(set(ids)) == len(ids)
    assert transactional_id() == transactional_id(slot="0") == "screener-0"


def test_settings_do_not_change():
    """Settings are read once and stay."""
    with pytest.raises(FrozenInstanceError):
        load({}, SERVERS).slot = 1


@pytest.mark.parametrize(
    ("given", "expected"),
    [
        ({"SECURITY_PROTOCOL": "SASL_SSL"}, "SASL_SSL needs a SCREENER_SASL_USERNAME"),
        ({"SECURITY_PROTOCOL": "TLS"}, "expected one of PLAINTEXT, SSL, SASL_PLAINTEXT, SASL_SSL"),
        ({"SASL_USERNAME": "worker"}, "a login is set, and SCREENER_SECURITY_PROTOCOL=PLAINTEXT does not use it"),
        ({"SSL_CA_FILE": "FILE"}, "TLS is set up, and SCREENER_SECURITY_PROTOCOL=PLAINTEXT does not use it"),
        ({"SSL_CA_FILE": "no/such/file"}, "expected a PEM file that exists"),
        ({"SSL_CA_FILE": "a\0b"}, "expected a PEM file that exists"),
        ({"SECURITY_PROTOCOL": "SSL", "SSL_KEY_FILE": "FILE"}, "go together: only one is set"),
        (
            {
                "SECURITY_PROTOCOL": "SASL_SSL",
                "SASL_USERNAME": "worker",
                "SASL_PASSWORD": "hunter2",
                "SASL_PASSWORD_FILE": "FILE",
            },
            "are both set",
        ),
        ({"SASL_PASSWORD": "hunter2\0"}, "SCREENER_SASL_PASSWORD: expected"),
    ],
)
def test_security_settings_that_do_not_fit_are_refused_and_no_secret_is_shown(tmp_path, given, expected):
    """One message says what does not go together; a password is in none of them, nor in what settings look like."""
    there = tmp_path / "there"
    there.touch()
    named = {f"SCREENER_{name}": str(there) if value == "FILE" else value for name, value in given.items()}
    with pytest.raises(OperatorError, match="can't be used") as refusal:
        load({}, SERVERS | named)
    assert expected in str(refusal.value)
    assert "hunter2" not in str(refusal.value)


def test_a_password_does_not_show_in_the_settings():
    """What settings look like when they are printed has no password."""
    login = {"SCREENER_SECURITY_PROTOCOL": "SASL_SSL", "SCREENER_SASL_USERNAME": "worker"}
    held = load({}, SERVERS | login | {"SCREENER_SASL_PASSWORD": "hunter2"})
    assert held.sasl_password == "hunter2"  # noqa: S105  made up
    assert "hunter2" not in repr(held)
