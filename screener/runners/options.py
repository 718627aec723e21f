"""Options that several commands share, and what they name: lists to build from, a snapshot, a day, a cluster."""

from __future__ import annotations

import argparse
import os
import sys
from datetime import date
from pathlib import Path
from typing import TYPE_CHECKING

from screener.errors import OperatorError
from screener.lists import build, snapshot
from screener.lists.jurisdictions import must_know
from screener.lists.reading import ROWS_MAX
from screener.model import Terms
from screener.rulings import DEFAULT_PROFILE
from screener.runners.days import today
from screener.settings import load_cluster

OWNERSHIP_ROWS_MOST = 1_000_000_000
"""A billion rows would be half a terabyte of holdings in memory: whoever asks for more has mistyped."""

if TYPE_CHECKING:
    from screener.lists.build import Built
    from screener.model import Snapshot
    from screener.settings import Cluster


def add_inputs(command: argparse.ArgumentParser) -> None:
    """What a snapshot is built from."""
    command.add_argument("--lists", type=Path, nargs="+", action="extend", default=[], metavar="PATH")
    command.add_argument("--private", type=Path, nargs="+", action="extend", default=[], metavar="PATH")
    command.add_argument("--ownership", type=Path, nargs="+", action="extend", default=[], metavar="PATH")
    text = "what shares without a percent sign are in ownership files: 50 is half of a company, or 0.5 is"
    command.add_argument("--shares", choices=("percent", "fraction"), metavar="percent|fraction", help=text)
    text = "use ownership files although many of their rows are left out"
    command.add_argument("--accept-left-out", action="store_true", help=text)
    text = f"rows, statements or records that an ownership file may hold (default: {ROWS_MAX:,})"
    command.add_argument("--max-ownership-rows", type=rows_max, metavar="N", help=text)
    text = "good lists (CSV): parties that two persons found not to be an entry"
    command.add_argument("--good-list", type=Path, nargs="+", action="extend", default=[], metavar="PATH", help=text)
    text = "licenses held (CSV): who may have what, where, until when and up to which value"
    command.add_argument("--licenses", type=Path, nargs="+", action="extend", default=[], metavar="PATH", help=text)
    text = "what buyers bought before (CSV): profiles that `screener history build` makes of archived orders"
    command.add_argument("--history", type=Path, nargs="+", action="extend", default=[], metavar="PATH", help=text)
    command.add_argument("--rules", type=Path, metavar="DIR", help="rules files that overlay the shipped ones")
    command.add_argument("--sample", action="store_true", help="the shipped sample lists, not for compliance use")


def day(text: str) -> str:
    """An ISO day."""
    try:
        return date.fromisoformat(text).isoformat()
    except ValueError:
        raise argparse.ArgumentTypeError(f"{text!r} is no date such as 2026-12-01") from None


def days(text: str) -> int:
    """A whole number of days."""
    if not text.isascii() or not text.isdigit():
        raise argparse.ArgumentTypeError(f"{text!r} is no whole number of days")
    return int(text)


def rows_max(text: str) -> int:
    """A number of rows."""
    if not text.isascii() or not text.isdigit() or not 0 < int(text[:12]) < OWNERSHIP_ROWS_MOST or len(text) > 12:
        raise argparse.ArgumentTypeError(f"{text!r} is no whole number from 1 to {OWNERSHIP_ROWS_MOST - 1}")
    return int(text)


def inputs_of(namespace: argparse.Namespace) -> build.Inputs:
    """The files that were named."""
    return build.Inputs(
        lists=namespace.lists,
        private=namespace.private,
        ownership=namespace.ownership,
        rules=namespace.rules,
        sample=namespace.sample,
        good_list=namespace.good_list,
        licenses=namespace.licenses,
        history=namespace.history,
        shares=namespace.shares,
        accept_left_out=namespace.accept_left_out,
        ownership_rows_max=namespace.max_ownership_rows,
    )


def held_snapshot(namespace: argparse.Namespace) -> Snapshot:
    """The snapshot that is named, or one of the lists that are."""
    if namespace.snapshot is not None:
        given = [namespace.lists, namespace.private, namespace.ownership, namespace.rules, namespace.sample]
        given += [namespace.good_list, namespace.licenses, namespace.history]
        given += [namespace.shares, namespace.accept_left_out, namespace.max_ownership_rows]
        if any(given):
            raise OperatorError("--snapshot already holds lists, ownership and rules: give it alone")
        return snapshot.load(namespace.snapshot)
    built = build.build(inputs_of(namespace))
    tell_problems(built)
    return built.snapshot


def tell_problems(built: Built) -> None:
    """What is odd in the inputs, and what of the snapshot an operator would not expect, on standard error."""
    for problem in built.problems:
        print(f"screener: {problem}", file=sys.stderr)
    tell_doubts(built.snapshot)


def tell_doubts(held: Snapshot) -> None:
    """What of a snapshot an operator would not expect today, on standard error."""
    for doubt in build.doubts(held, Terms(), today()):
        print(f"screener: {doubt}", file=sys.stderr)


def add_broker(command: argparse.ArgumentParser) -> None:
    """Which cluster, for commands that need no more of the settings."""
    text = "host:port of the brokers (default: SCREENER_BOOTSTRAP_SERVERS)"
    command.add_argument("--bootstrap-servers", default=os.environ.get("SCREENER_BOOTSTRAP_SERVERS"), help=text)
    text = "put before every topic's name (default: SCREENER_TOPIC_PREFIX)"
    command.add_argument("--topic-prefix", default=os.environ.get("SCREENER_TOPIC_PREFIX", ""), help=text)


def cluster_of(namespace: argparse.Namespace) -> Cluster:
    """How to reach the brokers; OperatorError where none are named."""
    return load_cluster(namespace.bootstrap_servers, os.environ)


def add_profile(command: argparse.ArgumentParser) -> None:
    """Under whose rules orders are judged."""
    text = "the jurisdiction whose rules apply, a row of jurisdictions.toml (default: us)"
    command.add_argument("--profile", default=DEFAULT_PROFILE, metavar="NAME", help=text)


def terms_of(namespace: argparse.Namespace, held: Snapshot | None) -> Terms:
    """What orders are judged on besides themselves; OperatorError for a profile that the rules do not have."""
    if held is not None:
        must_know(held.rules, namespace.profile)
    return Terms(
        as_of=namespace.as_of,
        list_age_days_max=namespace.max_list_age,
        allow_stale=namespace.allow_stale,
        profile=namespace.profile,
    )
