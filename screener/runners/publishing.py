"""The commands `snapshot publish` and `snapshot announced`: announce a snapshot file, and show which worker has it."""

from __future__ import annotations

import argparse
import os
import sys
from functools import partial
from pathlib import Path
from typing import TYPE_CHECKING, Any

from screener.errors import OperatorError
from screener.lists import rules, rules_report
from screener.runners import fleet, options, topics
from screener.runners.announcements import announce, announced_now
from screener.runners.days import today
from screener.runners.terminal import printable
from screener.settings import Settings, env_name, load_fleet

if TYPE_CHECKING:
    from screener.runners.announcements import Published
    from screener.settings import Cluster

WAIT_SECONDS = 600
WAIT_SECONDS_MAX = 86_400


def add_commands(actions: argparse._SubParsersAction[argparse.ArgumentParser]) -> None:
    """Add `publish` and `announced` to the commands on snapshots."""
    publish = actions.add_parser("publish", help="announce a snapshot file to all workers")
    publish.add_argument("file", type=Path)
    options.add_broker(publish)
    publish.add_argument("--accept-losses", action="store_true", help="announce it even when a list lost its rows")
    text = "never let a worker fall back to what is announced now: it is wrong"
    publish.add_argument("--withdraw", action="store_true", help=text)
    text = "announce a snapshot of the shipped sample lists (default: SCREENER_SAMPLE)"
    publish.add_argument("--sample", action="store_const", const="true", help=text)
    text = "the profile that the workers have (default: SCREENER_PROFILE, else us)"
    publish.add_argument("--profile", metavar="NAME", help=text)
    text = (
        f"wait until every running worker uses or refuses it, a line for each (default: {WAIT_SECONDS} seconds);"
        " status 1 when one refused or did not answer"
    )
    publish.add_argument("--wait", type=_seconds, nargs="?", const=WAIT_SECONDS, metavar="SECONDS", help=text)
    publish.set_defaults(run=_run_publish)
    now = actions.add_parser("announced", help="show which snapshot is announced, where, and which workers have it")
    options.add_broker(now)
    now.set_defaults(run=_run_announced)


def _seconds(text: str) -> int:
    seconds = int(text) if text.isascii() and text.isdigit() and len(text) < 6 else 0
    if not 0 < seconds <= WAIT_SECONDS_MAX:
        raise argparse.ArgumentTypeError(f"{text!r} is no whole number of seconds from 1 to {WAIT_SECONDS_MAX}")
    return seconds


def _topic(namespace: argparse.Namespace, role: str) -> str:
    return topics.named(topics.load(namespace.topic_prefix), role).name


def _run_publish(namespace: argparse.Namespace) -> int:
    given = {name: getattr(namespace, name) for name in ("bootstrap_servers", "profile", "sample")}
    settings = load_fleet(given, os.environ)
    topic = _topic(namespace, "announcements")
    losses, withdraw = namespace.accept_losses, namespace.withdraw
    published = announce(settings, topic, namespace.file, accept_losses=losses, withdraw=withdraw)
    print(f"{topic}: {published.sha256}")
    off = rules_report.switched_off(published.snapshot.rules, rules.parse(rules.read_tables()), today())
    if off:
        print(f"shipped rules that are not in force in it: {', '.join(off)}")
    options.tell_doubts(published.snapshot)
    return 0 if namespace.wait is None else _wait(settings, namespace, published)


def _wait(cluster: Cluster, namespace: argparse.Namespace, published: Published) -> int:
    """Print each worker as it answers; 0 when all of them use the snapshot."""
    answers = []
    look = partial(_workers, cluster, namespace, published.sha256, published.announcement)
    for worker in fleet.wait(look, namespace.wait):
        print(worker, flush=True)
        answers.append(worker.progress)
    if not answers:
        print("no worker is running")
    return int(any(progress != "in use" for progress in answers))


def _workers(cluster: Cluster, namespace: argparse.Namespace, snapshot: str, announcement: str) -> list[fleet.Worker]:
    group = namespace.topic_prefix + (os.environ.get(env_name("group")) or Settings.group)
    return fleet.workers(cluster, _topic(namespace, "workers"), group, snapshot, announcement)


def _run_announced(namespace: argparse.Namespace) -> int:
    cluster = options.cluster_of(namespace)
    announcement, sha256 = announced_now(cluster, _topic(namespace, "announcements"))
    _print_announcement(announcement)
    try:
        workers = _workers(cluster, namespace, announcement["snapshot"], sha256)
    except OperatorError as error:
        print(f"screener: which workers have it is not known: {error}", file=sys.stderr)
        return 0
    print("workers:" if workers else "workers: none has reported")
    for worker in workers:
        print(f"  {worker}")
    return 0


def _print_announcement(announcement: dict[str, Any]) -> None:
    sample = " SAMPLE: not for compliance use" * announcement.get("sample", False)
    print(f"{announcement['snapshot']} {printable(announcement['location'])}{sample}")
    for code, facts in announcement.get("lists", {}).items():
        edition = printable(str(facts.get("edition", "does not age")))
        print(f"  {printable(code):<10} {facts.get('rows', 0):>8,}  {edition}")
    if previous := announcement.get("previous"):
        print(f"before: {previous['snapshot']} {printable(previous['location'])}")
