"""Write `docs/reference/`: commands, settings, metrics, topics and reason codes, taken from the code and the rules.

    python docs/generate.py [--check]

Whatever the code can say of itself is asked of it; the tables below hold only what it does not say. Something the code
has and no table explains is a fault here, so that a page is complete or is not written. The pages do not depend on the
environment. `tests/unit/test_reference.py` compares them with what this script would write.
"""
# ruff: noqa: INP001  a script and no package

from __future__ import annotations

import argparse
import os
import sys
from contextlib import contextmanager
from dataclasses import fields
from pathlib import Path
from typing import TYPE_CHECKING, Any, NamedTuple

from screener import cli, settings
from screener.core.policy import _CODES
from screener.lists import rules
from screener.runners import topics
from screener.runners.metrics import Metrics
from screener.runners.positions import PauseReason

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable, Iterator, Sequence

    from screener.rulings import Rules, Span

REFERENCE = Path(__file__).with_name("reference")
NOTE = "<!-- Written by docs/generate.py (make reference); a test compares it with the code. -->"
DAY_MS = 24 * 60 * 60 * 1000


class Undocumented(Exception):  # noqa: N818  a sentence for whoever added what is not explained yet
    """The code has something that no table of this script explains."""


def pages() -> dict[str, str]:
    """File name -> content, for every page of `docs/reference/`."""
    with _without_settings():
        return {name: write() for name, write in sorted(PAGES.items())}


@contextmanager
def _without_settings() -> Iterator[None]:
    """Leave out the environment's own settings: some options take their defaults from them."""
    held = {name: value for name, value in os.environ.items() if name.startswith(settings.PREFIX)}
    for name in held:
        del os.environ[name]
    try:
        yield
    finally:
        os.environ.update(held)


# --- Markdown --------------------------------------------------------------------------------------------------------


def _page(title: str, *parts: str) -> str:
    return "\n\n".join([f"# {title}", NOTE, *(part.strip("\n") for part in parts)]) + "\n"


def _table(head: Sequence[str], rows: Iterable[Sequence[str]]) -> str:
    lines = [head, ["---"] * len(head), *rows]
    return "\n".join(f"| {' | '.join(cell.replace('|', chr(92) + '|') for cell in line)} |" for line in lines)


def _code(text: object) -> str:
    return f"`{text}`"


def _sentence(text: str) -> str:
    return text[:1].upper() + text[1:] + ("" if text.endswith((".", ")")) else ".")


# --- commands --------------------------------------------------------------------------------------------------------

COMMAND_TEXTS = {
    "screener topics": "Create the topics, or compare them with the declaration in `topics/topics.toml`.",
    "screener broker": "Start, end and find a real Kafka in a folder of this machine, for development and tests.",
    "screener snapshot build": "Read lists, private lists, ownership, good lists and rules; write one snapshot file.",
    "screener snapshot show": "Verify a snapshot file and say what is in it.",
    "screener snapshot publish": "Check a snapshot file as the workers will, and announce it to all of them.",
    "screener snapshot announced": "Show which snapshot is announced, where its file is, which one was before it, and"
    " for each worker which snapshot it uses, or why it refused the announced one.",
}
"""Of commands that the parser describes by no or by a short word."""

INPUT_TEXTS = {
    "--lists": "published lists: files, or folders of them",
    "--private": "private lists (CSV)",
    "--ownership": "holdings: CSV, BODS 0.4, GLEIF and others (`docs/ownership.md`)",
}
TAKE_INPUTS = ("screen", "explain", "match", "ownership explain", "ownership check", "rules coverage", "snapshot build")
OPTION_TEXTS = {
    **{(f"screener {name}", option): text for name in TAKE_INPUTS for option, text in INPUT_TEXTS.items()},
    ("screener snapshot build", "--out"): "the snapshot file to write; it is replaced whole or not at all",
    ("screener snapshot show", "file"): "the snapshot file",
    ("screener snapshot publish", "file"): "the snapshot file; workers read it under the same absolute path",
}
"""Of options that the parser gives no help for."""

STATUS = """
Exit status of every command: 0 when it did what it says, 2 when an operator must fix something (one sentence on
standard error, or the usage of the command), 130 after an interrupt, 141 when the reader of its output went away.
Status 1 is an answer: `screen --fail-on` met one of the named outcomes, `topics check` found a difference,
`broker status` found no broker, `explain --decision` found that the order would be decided otherwise now, and
`snapshot publish --wait` that a worker refused the snapshot or did not answer.

`python -m screener` is the same as `screener`. Paths are relative to the working directory.
"""


def _commands() -> str:
    parser = cli._parser()  # noqa: SLF001  the parser as the commands use it
    parts = [
        f"## {_code(name)}\n\n{_command_text(name, command)}\n\n{_options(name, command)}"
        for name, command in _leaves("screener", parser)
    ]
    return _page("Commands", STATUS, *parts)


def _leaves(name: str, parser: argparse.ArgumentParser) -> Iterator[tuple[str, argparse.ArgumentParser]]:
    """The commands that do something, each with its whole name."""
    groups = [action for action in parser._actions if isinstance(action, argparse._SubParsersAction)]  # noqa: SLF001
    if not groups:
        yield name, parser
    for group in groups:
        for word, command in group.choices.items():
            yield from _leaves(f"{name} {word}", command)


def _command_text(name: str, command: argparse.ArgumentParser) -> str:
    text = COMMAND_TEXTS.get(name) or command.description
    if not text:
        raise Undocumented(f"{name} has no description: add one in screener/cli.py or to COMMAND_TEXTS")
    return _sentence(text)


def _options(name: str, command: argparse.ArgumentParser) -> str:
    actions = [action for action in command._actions if action.dest != "help"]  # noqa: SLF001
    rows = [(_spelling(action), _option_text(name, action), _default(action)) for action in actions]
    return _table(("option", "meaning", "default"), rows) if rows else "It has no options."


def _spelling(action: argparse.Action) -> str:
    word = action.metavar if isinstance(action.metavar, str) else action.dest.upper()
    values = "" if action.nargs == 0 else f" {word} ..." if action.nargs == "+" else f" {word}"
    if not action.option_strings:
        return _code(f"[{word}]" if action.nargs == "?" else word)
    return ", ".join(_code(option + values) for option in action.option_strings)


def _option_text(name: str, action: argparse.Action) -> str:
    option = action.option_strings[-1] if action.option_strings else action.dest
    text = action.help or OPTION_TEXTS.get((name, option))
    if not text:
        raise Undocumented(f"{name} {option} has no help: add it in screener/cli.py or to OPTION_TEXTS")
    return text


def _default(action: argparse.Action) -> str:
    if action.required and action.option_strings:
        return "must be given"
    none = action.default in (None, False, "", "-", ()) or action.default == []
    return "" if none else _code(action.default)


# --- settings --------------------------------------------------------------------------------------------------------

OTHER_VARIABLES = (
    ("SCREENER_JARS", "`screener broker`: a folder that holds Kafka's jars, used instead of the cache"),
    ("XDG_CACHE_HOME", "`screener broker`: where the cache of jars is made; `~/.cache` without it"),
    ("SCREENER_DATA", "the tests: a folder of reference lists and names; those that need it are skipped without"),
)

SECURITY_TEXTS = {
    "security_protocol": "how clients connect: plainly, by TLS, with a login, or with both",
    "sasl_mechanism": "how a login is proved",
    "sasl_username": "who logs in",
    "sasl_password": "the password, where it can't be in a file; never shown",
    "sasl_password_file": "a file of one line, the password; read again by each new client",
    "ssl_ca_file": "whose certificates are believed, as PEM; without it the authorities of the system",
    "ssl_certificate_file": "the client's own certificate and its chain, as PEM, where TLS is mutual",
    "ssl_key_file": "the key of that certificate, as PEM",
    "ssl_key_password_file": "a file of one line, what that key is locked with",
}
"""Of settings without an option: who can list processes could read them."""

SETTINGS_TEXT = """
What `screener worker` runs with. Each setting is an environment variable, and most are an option too; the option goes
first. How to come to a Kafka that asks who comes is in the environment and in files only. All values are checked
before anything starts, and all problems are told at once. A variable that begins with `SCREENER_` and is none of these
is refused: a misspelt setting must not go unnoticed.

Two workers of one group must not share a slot: the later one fences the earlier, which ends. In a StatefulSet the pod's
ordinal is the slot.
"""


def _settings() -> str:
    days = rules.parse(rules.read_tables()).list_age_days_max
    rows = [
        (
            _code(settings.env_name(field.name)),
            _code("--" + field.name.replace("_", "-")) if field.name not in settings.ENVIRONMENT_ONLY else "",
            SECURITY_TEXTS.get(field.name) or cli._WORKER_TEXTS[field.name],  # noqa: SLF001  its options' help
            _accepted(settings._READERS[field.name]),  # noqa: SLF001  the check that a value must pass
            "must be set" if field.name == "bootstrap_servers" else _default_of(field.default),
        )
        for field in fields(settings.Settings)
    ]
    elsewhere = _table(("variable", "read by"), [(_code(name), text) for name, text in OTHER_VARIABLES])
    return _page(
        "Settings",
        SETTINGS_TEXT,
        _table(("variable", "option", "meaning", "accepted", "default"), rows),
        f"Without a `{settings.env_name('max_list_age')}` the rules say how old a list may be: {days} days as shipped.",
        "`screener topics`, `screener snapshot publish`, `screener offsets` and `screener licenses` take"
        " `SCREENER_BOOTSTRAP_SERVERS`, `SCREENER_TOPIC_PREFIX` and what is without an option here as well;"
        " `screener offsets` takes `SCREENER_GROUP`, too. `SCREENER_PROFILE` and `SCREENER_SAMPLE`"
        " decide which snapshots are taken: `screener snapshot publish` reads them too, and they must be the same for"
        " all workers.",
        "## Other variables",
        elsewhere,
    )


def _default_of(value: object) -> str:
    return "" if value is None or value == "" else _code(str(value).lower() if isinstance(value, bool) else value)


def _accepted(read: Callable[[str], object]) -> str:
    """What a setting may be, in the words of the fault that a wrong value gets."""
    for wrong in ("\0", ""):
        try:
            read(wrong)
        except ValueError as fault:
            return str(fault)
    raise Undocumented(f"{read} takes every text: say in docs/generate.py what it accepts")


# --- metrics ---------------------------------------------------------------------------------------------------------


def _listed(words: Iterable[str]) -> str:
    """Some words as code, with commas."""
    return ", ".join(map(_code, words))


LABELS = {
    "code": "reason code, see [reasons.md](reasons.md)",
    "topic": "an outgoing topic that this worker writes to",
    "version": "of screener",
    "outcome": "`clear`, `review`, `block`, `quarantine`",
    "list": "code of a source list, such as `EL`",
    "reason": "of `screener_quarantined_total` the code of a quarantine, see [reasons.md](reasons.md); of"
    f" `screener_partitions_paused` {_listed(PauseReason)}",
    "result": "`committed`, `aborted`",
    "partition": "number of a partition that this worker has",
    "sha256": "hash of the snapshot in use; one series at a time",
}

METRIC_NOTES = {
    "screener_partitions_waiting": "any is an alert: `screener topics apply` adds partitions to outgoing topics",
    "screener_orders_expired_total": "each is an order that nobody answered: screen it again, and lengthen retention."
    " Offsets are counted, markers of a sender's transactions too; again when a worker finds the partition paused once"
    " more",
    "screener_orders_held_back_seconds": "looked at once a second; 0 where nothing is held back. A minute is no"
    " transaction of a sender that is well: see ScreenerOrdersHeldBack in the runbook",
    "screener_partitions_paused": "no order of the partition is answered until `screener offsets resume`; one series"
    " for each paused partition, none where none is paused",
    "screener_headers_unreadable_total": "a header whose name is not UTF-8: the decision is the same, and has no trace",
    "screener_parties_total": "the parties of a batch that is repeated count again",
    "screener_parties_new_total": "its share of `screener_parties_total` is what the memory misses; high after a start",
    "screener_license_contests_total": "some are normal where several workers have orders under one license",
    "screener_orders_total": "counted when the transaction is committed",
    "screener_build_info": "its value is always 1",
    "screener_reasons_total": "of every outcome; `EL_HIT`, `EL_SIMILAR_NAME` and so on tell a list and how it was hit,"
    " `RF_` codes are red flags: see [reasons.md](reasons.md)",
    "screener_answer_seconds": "what an order system waits for; holds the time that orders lay while no worker ran",
    "screener_transaction_seconds": "screening and commit of a batch; the coordinator ends one at ten seconds",
    "screener_output_stalled_seconds": "looked at every ten seconds; above a minute a transaction hangs, and readers of"
    " `read_committed` get nothing more from there",
    "screener_hits_total": "one an order and list, however many hits the order has",
    "screener_quarantined_total": "any growth is worth a look: someone sends what is no order",
    "screener_screening_seconds": "decoding to decision, without Kafka; committed orders only",
    "screener_batch_orders": "small when quiet, large when the worker is behind",
    "screener_transactions_total": "an abort is repeated; after eight in a row the worker ends",
    "screener_consumer_lag_records": "told once a second, for paused partitions too; orders behind a sender's open"
    " transaction count. Gone a few seconds after the partition goes to another worker, and half a minute after Kafka"
    " ceased to answer",
    "screener_snapshot_age_seconds": "since the first moment (UTC) of its edition's day; 0 where no list ages",
    "screener_snapshot_age_max_seconds": "`SCREENER_MAX_LIST_AGE`, or as the rules say; beyond it nothing is cleared",
    "screener_snapshot_info": "its value is always 1; all workers should tell the same hash",
    "screener_list_entries": "a list that is missing here is not screened against",
    "screener_snapshot_refused": "the snapshot in use is an older one then; `/ready` has the reason",
    "screener_snapshots_refused_total": "any growth: an announcement was wrong, and the old snapshot is still in use",
}

METRICS_TEXT = """
A worker serves them in Prometheus' text format on `/metrics` of its metrics port. Labels are bounded: no name of a
party and no order id is ever one. Beside each counter and histogram the client library serves the time at which it
began, as `..._created`. Histograms have the buckets below: the client library has no native ones, and Prometheus 3
makes them of these where a scrape says `convert_classic_histograms_to_nhcb: true`.

On the same port, `/health` answers 200 while the worker can go on and 503 when it ends, and `/ready` answers 200 when
it has a snapshot, the lists are not too old, partitions are assigned and each of them is read; else 503 with the
reasons, among them each paused partition. Its member `refused` names the newest announced snapshot and why it was
refused, and is null where that is in use; the worker stays ready.
"""


def _metrics() -> str:
    collectors = Metrics().registry._collector_to_names  # noqa: SLF001  the registry's only list of collectors
    return _page(
        "Metrics",
        METRICS_TEXT,
        _table(("metric", "type", "labels", "meaning"), [_metric(collector) for collector in collectors]),
        "## Labels",
        _table(("label", "values"), [(_code(name), text) for name, text in LABELS.items()]),
        "## Buckets",
        _table(("metric", "upper bounds"), [row for collector in collectors for row in _buckets(collector)]),
    )


def _metric(collector: Any) -> tuple[str, str, str, str]:  # noqa: ANN401  the client library's collectors
    (family,) = collector.collect()
    name = family.name + "_total" * (family.type == "counter")
    labels = getattr(collector, "_labelnames", ())  # not told in any other way
    if name not in METRIC_NOTES or not LABELS.keys() >= set(labels):
        raise Undocumented(f"{name}{labels}: add it to METRIC_NOTES and its labels to LABELS in docs/generate.py")
    meaning = f"{family.documentation} {_sentence(METRIC_NOTES[name])}"
    return _code(name), family.type, ", ".join(map(_code, labels)), meaning


def _buckets(collector: Any) -> list[tuple[str, str]]:  # noqa: ANN401  as above
    (family,) = collector.collect()
    bounds = [sample.labels["le"] for sample in family.samples if sample.name.endswith("_bucket")]
    return [(_code(family.name), ", ".join(bounds))] if bounds else []


# --- topics ----------------------------------------------------------------------------------------------------------

SCHEMAS = {
    "in": "order.schema.json",
    "out": "decision.schema.json",
    "shadow": "decision.schema.json",
    "announcements": "snapshot-announcement.schema.json",
    "workers": "worker-report.schema.json",
    "usage": "license-usage.schema.json",
}
"""Of `drawn` there is none: it is a changelog that only `screener licenses sum` writes and only the screener reads."""

TOPICS_TEXT = """
Declared in `topics/topics.toml`; `screener topics apply` makes them so and `screener topics check` compares. A prefix
(`SCREENER_TOPIC_PREFIX`) goes before every name. Partitions and retention are what a new topic gets; partitions are
only ever added, and the retention of a topic that exists is the operator's.

A decision has the key and the partition number of its order, and four headers: `screener-source`, the order's
`topic[partition]@offset`; `screener-source-timestamp-ms`, the time that the broker gave the order, or the worker's
where the broker gave none; `screener-topic-id`, Kafka's id of the topic that the order stood in, another one after each
creation; and `screener-round`, 0 for the worker's own answer. Consumers of decisions set
`isolation.level=read_committed`; without it they see decisions of transactions that were rolled back.
"""


def _topics() -> str:
    declared = topics.load()
    rows = [
        (_code(topic.name), topic.role, str(topic.partitions), topic.key, _retention(topic), topic.meaning)
        for topic in declared
    ]
    details = [
        (
            _code(topic.name),
            f"[{schema}](../../topics/schemas/{schema})" if (schema := SCHEMAS.get(topic.role)) else "internal",
            _config(topic),
        )
        for topic in declared
    ]
    return _page(
        "Topics",
        TOPICS_TEXT,
        _table(("topic", "role", "partitions", "key", "retention", "meaning"), rows),
        "## Values and what the screener relies on",
        _table(("topic", "schema of the value", "configuration"), details),
    )


def _retention(topic: topics.Topic) -> str:
    milliseconds = topic.on_creation.get("retention.ms")
    return "compacted" if milliseconds is None else f"{int(milliseconds) // DAY_MS:,} days"


def _config(topic: topics.Topic) -> str:
    return ", ".join(_code(f"{name}={value}") for name, value in topic.config.items())


# --- reason codes ----------------------------------------------------------------------------------------------------


class Reason(NamedTuple):
    """What a code means and what the person who meets it does."""

    meaning: str
    action: str


HITS = {
    "name_whole": Reason(
        "A party's name or other name is, as a whole, a strong name of an entry.",
        "Compare address, country and identifiers with the entry. The order stays stopped until someone shows that"
        " it is another party of that name.",
    ),
    "name_inside": Reason(
        "A strong name of several words stands inside a longer party name: a branch, a department, a `c/o`.",
        "Find out how the party belongs to the entry. The span says which words were found.",
    ),
    "word_inside": Reason(
        "One rare word that is a listed name, or a listed ship's or aircraft's name of several words, stands inside a"
        " longer party name.",
        "Judge whether the word names the entry or is chance.",
    ),
    "weak_whole": Reason(
        "A party's name is a weak alias: too short or too common to stop an order by itself.",
        "Look for a second sign: country, address, business.",
    ),
    "name_similar": Reason(
        "A party's name, or a part of it, is like a strong name of an entry: misspelt, in another order or script,"
        " abbreviated, a word more or less. `score` says how alike the two are and `reasons` why, word by word.",
        "Compare address, country and identifiers with the entry. If two persons find that it is another party, a good"
        " list can hold that.",
    ),
    "free_text": Reason(
        "A strong name stands in an item's description, maker or model, in the end use, in the notes or in an address;"
        " one rare word counts too, but in an address.",
        "Read the text: an end user named in the notes is a party, a maker of the item usually is not.",
    ),
    "address": Reason(
        "A party's address is that of an entry that lists an address and no name.",
        "As for a party of the list: everyone at that address needs the license.",
    ),
    "address_building": Reason(
        "A party is in the house of an entry that lists an address and no name, in another room or without one.",
        "Find out the room. Everyone in the listed one needs the license.",
    ),
    "address_in_text": Reason(
        "The address of an entry that lists an address and no name stands in the end use or in the notes.",
        "Find out who receives the goods there.",
    ),
}
"""By row of outcomes.toml; the code is the list's and the suffix that `policy` gives the row."""

AFFILIATIONS = {
    "code": Reason(
        "Owned to the regime's share by parties that it counts: `basis` says directly, indirectly or in aggregate,"
        " `path` who holds what.",
        "Check the holdings against a current source. The requirement of the owners applies to the party.",
    ),
    "unknown_code": Reason(
        "A party that the regime counts owns a share that is not known and could reach the limit.",
        "Find out the share and its source, or do not go on without a license.",
    ),
}
"""By the regime's field that holds the code."""

CODES = {
    "MINORITY_OWNER": Reason(
        "Parties that a regime counts own some of the party, less than its share.",
        "Ask for the other owners: shares of several listed owners add up.",
    ),
    "CIRCULAR_HOLDING": Reason(
        "Companies own each other in a circle; net of it, parties that a regime counts hold its share of the party, or"
        " of its owner.",
        "Ask for the owners outside of the circle: what the companies hold of each other is nobody's.",
    ),
    "OWNERSHIP_CONTROL": Reason(
        "A party that a regime counts holds votes, options or a trust, which are no shares, or controls who owns it.",
        "Judge the control; find out whether there is a share as well.",
    ),
    "RF_RECENT_SALE": Reason(
        "The party was owned to the regime's share until not long ago: a holding ended or became smaller. `path` shows"
        " the holdings as they were.",
        "Ask for the sale's documents, the buyer and who decides now; a sale on paper only changes nothing (OFAC FAQ"
        " 402).",
    ),
    "RF_LISTED_ADDRESS": Reason(
        "A party is at the address of a listed party of another name: in its room, or in a house that the list names"
        " without a room.",
        "Find out whether the two belong together: owners, managers, telephone numbers. Many firms share the rooms of"
        " an agent.",
    ),
    "ROLE_OUTSIDE": Reason(
        "Beside a hit or an affiliation: the party's role is none of those that the requirement binds: the stop is a"
        " review.",
        "Make sure that the role is right and that the party gets no part of the items.",
    ),
    "ITEMS_OUTSIDE": Reason(
        "Beside a hit or an affiliation: the requirement does not cover the items as the order classifies them.",
        "Have the classification checked; the party is listed all the same.",
    ),
    "NOT_SUBJECT_TO_EAR": Reason(
        "Beside a hit or an affiliation: the order says that no item is subject to the EAR.",
        "Have that checked: origin, US content, foreign direct product.",
    ),
    "ITEMS_UNCLEAR": Reason(
        "Beside a hit or an affiliation: whether the requirement covers an item depends on its ECCN, which is missing.",
        "Classify the items that `missing` names and send the order again.",
    ),
    "CONDITION_UNCLEAR": Reason(
        "Beside a hit or an affiliation: the requirement depends on a condition that an order can't show, such as a"
        " named project.",
        "Read the entry and find out whether its condition is met.",
    ),
    "STATEMENT_GIVEN": Reason(
        "Beside a hit: the order carries the statement that answers it; it counts no more.",
        "Nothing, if the statement is on file.",
    ),
    "EXCEPTION_SUSPENDED": Reason(
        "Beside a hit: the order carries the party's statement and claims a license exception, which the listing"
        " suspends.",
        "Ship under no license exception, or get a license.",
    ),
    "GENERAL_LICENSE": Reason(
        "Beside an affiliation: a general license of the day may cover it, under conditions that no order shows.",
        "Compare the transaction with the general license that the finding names.",
    ),
    "OUTSIDE_PROFILE": Reason(
        "Beside a finding: the profile that the order is judged under does not adopt the list, regime or rule; a stop"
        " under US rules is a review.",
        "Find out whether items of US origin are in it, or US persons take part: then US rules bind too.",
    ),
    "DAYS_DIFFER": Reason(
        "The order came on one day and leaves on another, and rules, lists or holdings make a difference between them:"
        " the sterner answer counts.",
        "Read the dates of the findings: what is licensed or listed may change before the goods leave.",
    ),
    "LICENSE_USED": Reason(
        "The order cites a license held and is within it: the findings that the license answers are told with it as"
        " their grant and do not count. What the order draws of it is in `grants`.",
        "Nothing for the license itself; what else is found stands.",
    ),
    "LICENSE_NOT_HELD": Reason(
        "The order cites a license that is none of those held. It changes no outcome.",
        "Correct the number, or add the license to the file of those held.",
    ),
    "LICENSE_NOT_IN_FORCE": Reason(
        "The license that the order cites is not in force on the day judged: it answers nothing.",
        "Check the export date; ask for a renewal or cite another license.",
    ),
    "LICENSE_PARTY": Reason(
        "A party of the order is not one that the license names, in its country: it answers nothing.",
        "Compare the party with the license; the license may need an amendment.",
    ),
    "LICENSE_ITEM": Reason(
        "An item of the order is not one that the license names, or has no ECCN: it answers nothing.",
        "Classify the items that `missing` names, or ship only what is licensed.",
    ),
    "LICENSE_DESTINATION": Reason(
        "The order goes elsewhere than the license allows: it answers nothing.", "Check the destination."
    ),
    "LICENSE_VALUE": Reason(
        "An item's value is not told in the license's currency, or the order is worth more than the whole license: it"
        " answers nothing.",
        "Give every item its value in the license's currency and send the order again.",
    ),
    "LICENSE_OVERDRAWN": Reason(
        "The order is within the license, and worth more than what other orders have left of it. It draws nothing.",
        "Cancel what will not be shipped, which gives its value back, or ask for another license.",
    ),
    "LICENSE_DRAWN": Reason(
        "The order is within the license, of which other orders have drawn so much that a person decides. It draws its"
        " value all the same.",
        "Compare with the shipments really made; cancel the order if it is not to go.",
    ),
    "LICENSE_USE_UNKNOWN": Reason(
        "The order is within the license, and what other orders have drawn of it could not be read.",
        "See that the worker reads `screener.license-usage`, then send the order again.",
    ),
    "NAME_UNREADABLE": Reason("A party's name has no letter or digit in it.", "Ask the sender for the name."),
    "NAME_MIXED_SCRIPTS": Reason(
        "One word of a party's name mixes letters of scripts that look alike, such as Latin and Cyrillic.",
        "Treat it as an attempt to hide a name until it is explained.",
    ),
    "NAME_DIRECTION_OVERRIDE": Reason(
        "A party's name holds a mark (U+202D, U+202E) that has letters shown in another order than they are written, so"
        " that a person reads another name than the one that was looked up.",
        "Ask the sender for the name without it; treat it as an attempt to hide a name until it is explained.",
    ),
    "BROKER_TIME_MISSING": Reason(
        "The broker did not say when it took the order: `message.timestamp.type` of `orders` is not `LogAppendTime`."
        " The order was judged on the worker's day.",
        "Have the operator run `screener topics apply` (ScreenerBrokerTimeMissing in the runbook), then send the order"
        " again.",
    ),
    "DATE_MISSING": Reason(
        "There is no day to judge on: a file's order without `export_date` and `placed_at`, and no `--as-of`. All that"
        " was found counts, whatever its dates.",
        "Add the export date and send the order again.",
    ),
    "DATE_IMPLAUSIBLE": Reason(
        "The export date is before the day on which the order came, or further ahead than the rules allow. The order"
        " was judged on the later of the two days.",
        "Correct the date and send the order again.",
    ),
    "LIST_STALE": Reason(
        "A list in the snapshot is older than the limit.",
        "Build and publish a snapshot from the current lists, then screen the order again.",
    ),
    "FINDINGS_CUT": Reason(
        "There were more findings than the decision has room for; the least were left out. The outcome is that of all"
        " of them.",
        "Look at the order itself: such a number is a sign of its own.",
    ),
    "SAMPLE": Reason(
        "The shipped sample lists were used. It changes no outcome.", "Use the decision for nothing but a trial."
    ),
    "ALLOW_STALE": Reason(
        "The operator allows old lists to clear orders. It changes no outcome.", "Ask the operator why, and until when."
    ),
    "LIST_AGE_ALLOWED": Reason(
        "A list is older than the rules allow, and the operator allows more days (`--max-list-age`). It changes no"
        " outcome.",
        "Ask the operator why, and until when; screen again with current lists before it ships.",
    ),
    "AS_OF_OVERRIDES_DATES": Reason(
        "The operator chose the day (`--as-of`), and the order's `export_date` and `placed_at` would have had it judged"
        " on another one. It changes no outcome.",
        "Where it is to ship on its own date, screen it again without `--as-of`.",
    ),
    "CANCELLED": Reason(
        "The order says that it is cancelled: it is answered clear, and its parties were not screened.",
        "Nothing; the decision on the order before it stands for the record.",
    ),
}

QUARANTINES = {
    "NOT_JSON": Reason("The value is not JSON in UTF-8.", "Have the sender fix it; the bytes are in `original`."),
    "NOT_AN_ORDER": Reason(
        "It is JSON and not an order as the schema says, or a member stands twice in one object; `reason` names what"
        " was found and expected.",
        "Have the sender fix the member and send the order again.",
    ),
    "ORDER_TOO_LARGE": Reason(
        "The value has more bytes than an order may have; the first 64 KiB are in `original`.",
        "Have the sender split the order.",
    ),
    "TOMBSTONE": Reason("The record has no value.", 'To cancel an order, send it again with `"cancelled": true`.'),
    "KEY_MISMATCH": Reason(
        "The record has a key, and it is not the order id in the value; `reason` quotes both, cut at 80 characters. The"
        " answer to a key of more than 800 bytes has no key.",
        "Find out which of the two is right; an answer under the wrong id would be taken for another order's.",
    ),
    "SCREENING_FAILED": Reason(
        "The screener itself failed on the order; `reason` holds the traceback. No other order is touched.",
        "Judge the order by hand, and report the traceback: it is a fault of the screener and not of the order.",
    ),
    "OUTPUT_TOO_LARGE": Reason(
        "The outgoing topic refused the decision for its size, so that this small record stands for it.",
        "Screen the order from its source record; raise `max.message.bytes` with `screener topics apply`.",
    ),
}
"""Given instead of a finding: the order was not judged."""

REASONS_TEXT = """
The codes in `reasons` of a decision, the weightiest first. New ones may come with any version and with any rules file:
consumers must pass over codes that they do not know. What a kind of finding does to an order and how urgent it is are
data, in `screener/rules/outcomes.toml` and `lists.toml`; the outcomes here are those that ship. The `snapshot` of a
decision fixes the ones it was made with.
"""

ORDER_RULES_TEXT = """\
What an order's own facts ask for, whoever the parties are: rows of `controls.toml`, `destinations.toml` and
`redflags.toml`. A row whose conditions can't be told is passed over, is a review that names what is missing, or stands
in `not_evaluated`, as the row says.\
"""

HITS_TEXT = """
## Listed names

`<LIST>` is the code of the source list below; a private list has the code that its owner gave it. "As the list" is the
outcome of the list. An entry of a list named below whose own dates are over, or have not begun, is a review all the
same; an entry of any other list counts on its own days only.
"""


def suffixes() -> dict[str, str]:
    """Row of outcomes.toml -> what comes behind the list's code; several rows may share one."""
    return dict(_CODES)


def documented() -> set[str]:
    """Every code that `reasons.md` explains, but for those of lists."""
    regimes = rules.parse(rules.read_tables()).regimes
    rows = {row.id for row in rules.parse(rules.read_tables()).orders.rows}
    return {*CODES, *QUARANTINES, *rows, *(code for regime in regimes for code in (regime.code, regime.unknown_code))}


def _reasons() -> str:
    parsed = rules.parse(rules.read_tables())
    names = {code: str(row.get("name", "")) for code, row in rules.read_tables()["lists"].items()}
    lists = [
        (_code(code), names[code], rule.outcome, "yes" if rule.names_inside else "no", rule.citation, rule.effect)
        for code, rule in parsed.lists.items()
    ]
    return _page(
        "Reason codes",
        REASONS_TEXT,
        HITS_TEXT,
        _table(("code", "rule", "outcome", "priority", "meaning", "what a reviewer does"), _hits(parsed)),
        "## Source lists",
        "`private` stands for every list that is not named here. `inside` says whether a listed name inside a\n"
        "longer party name counts.",
        _table(("list", "name", "outcome", "inside", "citation", "effect"), lists),
        "## Owners",
        _table(("code", "regime", "meaning", "what a reviewer does"), _affiliations(parsed)),
        "Each of these, and each sign of ownership below, may have one of the suffixes above but `_HIT`, such as\n"
        "`AFFILIATE_BIS_SIMILAR_NAME`: the company is named less surely than by its name as a party's name or inside\n"
        "one, and it is a review.",
        "## Controls, destinations and red flags",
        ORDER_RULES_TEXT,
        _table(("code", "looks at", "outcome", "priority", "in force", "says", "citation"), _order_rules(parsed)),
        "## Signs, days and notices",
        _table(("code", "meaning", "what a reviewer does"), [(_code(code), *row) for code, row in CODES.items()]),
        "## Quarantine",
        _table(("code", "meaning", "what to do"), [(_code(code), *row) for code, row in QUARANTINES.items()]),
    )


def _order_rules(parsed: Rules) -> list[tuple[str, ...]]:
    return [
        (
            _code(row.id),
            row.over,
            row.outcome,
            str(row.priority),
            ", ".join(map(_days, row.spans)),
            row.says,
            row.citation,
        )
        for row in sorted(parsed.orders.rows, key=lambda row: row.id)
    ]


def _days(span: Span) -> str:
    until = f" to before {span.effective_to}" if span.effective_to else ""
    return f"from {span.effective_from}{until}{'' if span.verified else ' (not verified)'}"


def _hits(parsed: Rules) -> list[tuple[str, ...]]:
    if suffixes().keys() != HITS.keys():
        raise Undocumented(f"HITS of docs/generate.py must explain {', '.join(suffixes())}")
    rows: list[tuple[str, ...]] = []
    for row, suffix in suffixes().items():
        rule = parsed.findings[row]
        outcome = "as the list" if rule.outcome == "list" else rule.outcome
        rows.append((_code(f"<LIST>_{suffix}"), _code(row), outcome, str(rule.priority), *HITS[row]))
    return rows


def _affiliations(parsed: Rules) -> list[tuple[str, ...]]:
    return [
        (_code(getattr(regime, field)), _code(regime.id), *reason)
        for regime in parsed.regimes
        for field, reason in AFFILIATIONS.items()
    ]


PAGES = {
    "commands.md": _commands,
    "metrics.md": _metrics,
    "reasons.md": _reasons,
    "settings.md": _settings,
    "topics.md": _topics,
}


def main(arguments: Sequence[str] | None = None) -> int:
    """Write the pages, or with --check say which differ (status 1)."""
    parser = argparse.ArgumentParser(description="Write docs/reference/ from the code.")
    parser.add_argument("--check", action="store_true", help="write nothing; status 1 when a page differs")
    check = parser.parse_args(arguments).check
    REFERENCE.mkdir(exist_ok=True)
    differing = [name for name, text in pages().items() if _written(name) != text]
    for name in differing:
        sys.stdout.write(f"docs/reference/{name}: {'differs from the code' if check else 'written'}\n")
        if not check:
            (REFERENCE / name).write_text(pages()[name], encoding="utf-8")
    return int(check and bool(differing))


def _written(name: str) -> str:
    path = REFERENCE / name
    return path.read_text(encoding="utf-8") if path.exists() else ""


if __name__ == "__main__":
    sys.exit(main())
