"""The commands. Each reads its options, calls one runner, and turns an OperatorError into one sentence and status 2."""

from __future__ import annotations

import argparse
import os
import signal
import sys
from dataclasses import fields
from pathlib import Path
from typing import TYPE_CHECKING

from screener import __version__, broker, settings
from screener.errors import OperatorError
from screener.lists import build, good_list, nearest, rules, rules_report, snapshot
from screener.runners import (
    demo,
    evaluate,
    explain,
    files,
    match,
    offsets,
    options,
    ownership,
    ownership_check,
    publishing,
    topics,
)
from screener.runners.build_progress import BuildProgress
from screener.runners.license_use import Counted, drawn_lines

if TYPE_CHECKING:
    from collections.abc import Iterable, Sequence

    from screener.model import Snapshot

OUTCOMES = ("clear", "review", "block", "quarantine")
NO_ADVICE = "Screening results are no legal advice; clear means no finding under the lists and rules named."


def main(arguments: Sequence[str] | None = None) -> int:
    """Run one command and return its exit status: 0 done, 1 as the command says, 2 for the operator to fix."""
    namespace = _parser().parse_args(arguments)
    try:
        status: int = namespace.run(namespace)
    except OperatorError as error:
        print(f"screener: {error}", file=sys.stderr)
        return 2
    except BrokenPipeError:
        os.dup2(os.open(os.devnull, os.O_WRONLY), sys.stdout.fileno())
        return 141
    except KeyboardInterrupt:
        return 130
    return status


def _parser() -> argparse.ArgumentParser:
    text = (
        "Screens orders against restricted-party lists and the companies that listed parties own to 50 percent or more."
    )
    parser = argparse.ArgumentParser(prog="screener", description=text, epilog=NO_ADVICE, allow_abbrev=False)
    parser.add_argument("--version", action="version", version=f"screener {__version__}")
    commands = parser.add_subparsers(dest="command", required=True, metavar="COMMAND")
    _add_screen(commands)
    _add_explain(commands)
    _add_match(commands)
    _add_ownership(commands)
    _add_rules(commands)
    _add_snapshot(commands)
    _add_history(commands)
    _add_licenses(commands)
    _add_worker(commands)
    topics.add_commands(commands)
    offsets.add_commands(commands)
    broker.add_commands(commands)
    demo.add_commands(commands)
    evaluate.add_commands(commands)
    return parser


# --- screen ----------------------------------------------------------------------------------------------------------


def _add_screen(commands: argparse._SubParsersAction[argparse.ArgumentParser]) -> None:
    text = "screen a file of orders, one JSON object a line; decisions go to standard output in the same order"
    command = commands.add_parser("screen", help=text, description=text, epilog=NO_ADVICE)
    command.add_argument("file", nargs="?", default="-", help="orders, or - for standard input (default)")
    options.add_inputs(command)
    command.add_argument("--snapshot", type=Path, help="a snapshot file instead of lists")
    command.add_argument("--as-of", type=options.day, help="the day to judge on, in Washington (YYYY-MM-DD)")
    command.add_argument("--max-list-age", type=options.days, metavar="DAYS", help="older lists turn clear into review")
    command.add_argument("--allow-stale", action="store_true", help="clear with old lists all the same; is recorded")
    options.add_profile(command)
    text = "what orders drew of licenses, one use a line: is read, and what these orders draw is added; without it such"
    text += " orders are for review"
    command.add_argument("--license-usage", type=Path, metavar="FILE", help=text)
    command.add_argument("--fail-on", type=_outcomes, default=(), metavar="OUTCOMES", help="exit 1 when these occur")
    command.set_defaults(run=_run_screen)


def _outcomes(text: str) -> tuple[str, ...]:
    names = tuple(name.strip() for name in text.split(","))
    unknown = [name for name in names if name not in OUTCOMES]
    if unknown:
        raise argparse.ArgumentTypeError(f"{unknown[0]!r} is none of {', '.join(OUTCOMES)}")
    return names


def _run_screen(namespace: argparse.Namespace) -> int:
    held = options.held_snapshot(namespace)
    signal.siginterrupt(signal.SIGINT, True)  # Polars' own handler would restart a read of standard input
    terms = options.terms_of(namespace, held)
    path = None if namespace.file == "-" else Path(namespace.file)
    counted = None if namespace.license_usage is None else Counted(namespace.license_usage)
    tally = files.screen_file(path, sys.stdout.buffer, held, terms, counted)
    if tally.quarantine and tally.quarantine == sum(tally):
        print(f"screener: no order in {namespace.file} could be read: expected one JSON object a line", file=sys.stderr)
    return int(any(getattr(tally, outcome) for outcome in namespace.fail_on))


# --- explain ---------------------------------------------------------------------------------------------------------


def _add_explain(commands: argparse._SubParsersAction[argparse.ArgumentParser]) -> None:
    text = (
        "screen one order, or take a recorded decision on it, and tell in sentences what was found, where and why; "
        "with both a decision and lists or a snapshot, say what would be decided otherwise now (status 1)"
    )
    command = commands.add_parser("explain", help="tell of one decision", description=text, epilog=NO_ADVICE)
    command.add_argument("order", metavar="ORDER.json", help="the order, or - for standard input")
    command.add_argument("--decision", type=Path, metavar="FILE", help="a recorded decision, or decisions one a line")
    options.add_inputs(command)
    command.add_argument("--snapshot", type=Path, help="a snapshot file instead of lists")
    command.add_argument("--as-of", type=options.day, help="the day to judge on, in Washington (YYYY-MM-DD)")
    command.add_argument(
        "--received-on", type=options.day, metavar="DAY", help="the day of the order's record, in Washington"
    )
    command.add_argument("--max-list-age", type=options.days, metavar="DAYS", help="older lists turn clear into review")
    command.add_argument("--allow-stale", action="store_true", help="clear with old lists all the same; is recorded")
    options.add_profile(command)
    command.set_defaults(run=_run_explain)


def _run_explain(namespace: argparse.Namespace) -> int:
    given = (namespace.lists, namespace.private, namespace.ownership, namespace.sample, namespace.snapshot)
    held = options.held_snapshot(namespace) if any(given) or namespace.decision is None else None
    terms = options.terms_of(namespace, held)._replace(received_on=namespace.received_on)
    path = None if namespace.order == "-" else Path(namespace.order)
    return explain.explain(path, namespace.decision, held, terms)


# --- match -----------------------------------------------------------------------------------------------------------


def _add_match(commands: argparse._SubParsersAction[argparse.ArgumentParser]) -> None:
    text = "show the list entries that a name hits, then those that it misses by little, with scores and reasons"
    command = commands.add_parser("match", help="look a name up", description=text, epilog=NO_ADVICE)
    command.add_argument("name", metavar="NAME", help="the name to look for")
    kinds = ("organization", "person", "vessel", "aircraft")
    command.add_argument("--kind", choices=kinds, default="", help="what the name is one of: " + ", ".join(kinds))
    command.add_argument("--country", default="", help="two letters")
    command.add_argument("--address", default="", help="one line")
    options.add_inputs(command)
    command.add_argument("--snapshot", type=Path, help="a snapshot file instead of lists")
    command.add_argument("--limit", type=_limit, default=match.LIMIT, metavar="N", help="show at most so many")
    command.add_argument("--json", action="store_true", help="one JSON object a line instead of a table")
    command.set_defaults(run=_run_match)


def _limit(text: str) -> int:
    limit = int(text) if text.isascii() and text.isdigit() and len(text) < 6 else 0
    if not 0 < limit <= match.LIMIT_MAX:
        raise argparse.ArgumentTypeError(f"{text!r} is no whole number from 1 to {match.LIMIT_MAX}")
    return limit


def _run_match(namespace: argparse.Namespace) -> int:
    query = match.Query(namespace.name, namespace.kind, namespace.country.upper(), namespace.address)
    match.check(query)
    held = options.held_snapshot(namespace)
    return match.match(query, held, nearest.candidates, limit=namespace.limit, as_json=namespace.json)


# --- ownership -------------------------------------------------------------------------------------------------------


def _add_ownership(commands: argparse._SubParsersAction[argparse.ArgumentParser]) -> None:
    text = "ask the ownership graph about a company, or check how much the graph covers"
    actions = commands.add_parser("ownership", help=text, description=text).add_subparsers(
        dest="action", required=True, metavar="explain|check"
    )
    text = (
        "tell what a snapshot says of a company's owners: under each regime and on which days it is captured, possibly"
        " captured or below the share, with the chain of holdings as a tree and the sum that decides"
    )
    tell = actions.add_parser("explain", help="tell of one company's owners", description=text, epilog=NO_ADVICE)
    tell.add_argument("name", metavar="NAME", help="the company, by a name as an order could have it")
    options.add_inputs(tell)
    tell.add_argument("--snapshot", type=Path, help="a snapshot file instead of lists")
    tell.add_argument("--as-of", type=options.day, help="mark what holds on this day, in Washington (YYYY-MM-DD)")
    tell.add_argument("--svg", type=Path, metavar="FILE", help="draw the trees as well: of the day, or of all days")
    tell.add_argument("--json", action="store_true", help="one JSON object instead of sentences and trees")
    tell.set_defaults(run=_run_ownership_explain)
    text = (
        "count what ownership files hold: how many shares are known, from which sources, which rows are left out, which"
        " listed parties are owners, and, where lists are named, how many companies each regime reaches"
    )
    check = actions.add_parser("check", help="count what the graph covers", description=text, epilog=NO_ADVICE)
    options.add_inputs(check)
    check.add_argument("--json", action="store_true", help="one JSON object instead of tables")
    check.set_defaults(run=_run_ownership_check)


def _run_ownership_explain(namespace: argparse.Namespace) -> int:
    match.check(match.Query(namespace.name))
    held = options.held_snapshot(namespace)
    return ownership.explain(namespace.name, held, namespace.as_of, svg=namespace.svg, as_json=namespace.json)


def _run_ownership_check(namespace: argparse.Namespace) -> int:
    inputs = options.inputs_of(namespace)
    with BuildProgress("checked") as progress:
        found = ownership_check.counted(inputs, progress)
    ownership_check.tell(found, as_json=namespace.json)
    return 0


# --- snapshot --------------------------------------------------------------------------------------------------------


def _add_rules(commands: argparse._SubParsersAction[argparse.ArgumentParser]) -> None:
    text = "check the rules, and tell what of them nobody verified and what of the lists' terms was not understood"
    actions = commands.add_parser("rules", help=text, description=text).add_subparsers(
        dest="action", required=True, metavar="check|coverage"
    )
    text = "read the rules, with an overlay if one is named, and list what is suspended, proposed or not verified"
    check = actions.add_parser("check", help="read the rules, say what they hold", description=text, epilog=NO_ADVICE)
    check.add_argument("--rules", type=Path, metavar="DIR", help="rules files that overlay the shipped ones")
    check.set_defaults(run=_run_rules_check)
    text = "count the list entries whose license requirement and review policy were understood, and print what was not"
    terms = actions.add_parser("coverage", help="count understood license terms", description=text, epilog=NO_ADVICE)
    options.add_inputs(terms)
    terms.add_argument("--snapshot", type=Path, help="a snapshot file instead of lists")
    terms.set_defaults(run=_run_rules_coverage)


def _run_rules_check(namespace: argparse.Namespace) -> int:
    for line in rules_report.check(rules.read_tables(namespace.rules)):
        print(line)
    return 0


def _run_rules_coverage(namespace: argparse.Namespace) -> int:
    for line in rules_report.terms(options.held_snapshot(namespace).listings):
        print(line)
    return 0


def _add_snapshot(commands: argparse._SubParsersAction[argparse.ArgumentParser]) -> None:
    text = "build, show and publish snapshots: lists, ownership and rules in one verified file"
    actions = commands.add_parser("snapshot", help=text, description=text).add_subparsers(
        dest="action", required=True, metavar="build|show|publish|announced"
    )
    make = actions.add_parser("build", help="build a snapshot file")
    options.add_inputs(make)
    make.add_argument("--out", type=Path, required=True, metavar="FILE")
    make.add_argument("--previous", type=Path, metavar="FILE", help="compare with this one (default: FILE of --out)")
    make.add_argument("--accept-losses", action="store_true", help="build even when a list lost its rows")
    make.set_defaults(run=_run_build)
    show = actions.add_parser("show", help="say what is in a snapshot file")
    show.add_argument("file", type=Path)
    show.add_argument("--weak", action="store_true", help="list the aliases that are too weak to block alone")
    show.add_argument("--entry", metavar="LIST:ID", help="what an entry says, with its hash for a good list")
    show.set_defaults(run=_run_show)
    publishing.add_commands(actions)


def _run_build(namespace: argparse.Namespace) -> int:
    inputs = options.inputs_of(namespace)
    with BuildProgress("built") as progress:
        built = build.build(inputs, progress)
    options.tell_problems(built)
    if not namespace.accept_losses:
        _check_losses(namespace.previous, namespace.out, built.snapshot)
    snapshot.save(built.content, namespace.out)
    _tell(built.snapshot)
    return 0


def _check_losses(previous: Path | None, out: Path, fresh: Snapshot) -> None:
    """Compare with the snapshot named, else with the one that is to be replaced."""
    old = previous or (out if out.exists() else None)
    if old is None:
        return
    try:
        held = snapshot.load(old)
    except OperatorError as error:
        raise OperatorError(f"{error}; to build without comparing with it give --accept-losses") from None
    build.check_against(held, fresh)


def _run_show(namespace: argparse.Namespace) -> int:
    held = snapshot.load(namespace.file)
    if namespace.weak:
        for entry, name in build.weak_aliases(held):
            print(f"{entry.list}\t{name}\t{entry.entry_id}\t{entry.name}")
    elif namespace.entry is not None:
        _tell_entries(held, namespace.entry)
    else:
        _tell(held)
        options.tell_doubts(held)
    return 0


def _tell_entries(held: Snapshot, named: str) -> None:
    code, _, entry_id = named.partition(":")
    found = [entry for entry in held.listings if (entry.list, entry.entry_id) == (code, entry_id)]
    if not found:
        raise OperatorError(f"--entry {named}: expected an entry of the snapshot such as EL:ID, found none")
    for entry in found:
        print(f"entry_sha256 {good_list.entry_sha256(entry)}")
        for name, value in good_list.content(entry).items():
            for text in [value] if isinstance(value, str) else value:
                print(f"  {name:<21} {text}")


def _tell(held: Snapshot) -> None:
    print(held.sha256 + (" SAMPLE: not for compliance use" if held.sample else ""))
    for name, sha256 in held.components.items():
        print(f"  {name:<10} {sha256}")
    print(f"{'list':<10} {'rows':>8} {'entries':>8}  edition")
    for code, facts in held.lists.items():
        print(f"{code:<10} {facts.rows:>8,} {facts.entries:>8,}  {facts.edition or 'does not age'}")
    aliases = sum(len(entry.aliases) for entry in held.listings)
    weak = sum(1 for _ in build.weak_aliases(held))
    print(f"{aliases:,} aliases, {weak:,} of them weak; {len(held.patterns):,} patterns")
    if held.authorizations:
        print(f"{len(held.authorizations):,} licenses held and validated end users")
    if held.history:
        print(f"{len(held.history.purchases):,} buyers with purchases from {held.history.reaches} on")
    print(f"{len(held.affiliations):,} companies with affiliations, {len(held.ownership_known):,} names in the graph")


# --- history ---------------------------------------------------------------------------------------------------------


def _add_history(commands: argparse._SubParsersAction[argparse.ArgumentParser]) -> None:
    text = "make profiles of buyers from archived orders"
    actions = commands.add_parser("history", help=text, description=text).add_subparsers(
        dest="action", required=True, metavar="build"
    )
    text = (
        "read archived orders (NDJSON, also gzip, or Parquet) and write what each buyer bought of what, since when and"
        " how much at once, as a CSV file for --history; confidential as the orders are"
    )
    make = actions.add_parser("build", help="write profiles of buyers", description=text)
    make.add_argument("orders", type=Path, nargs="+", metavar="FILE", help="archived orders, the oldest first")
    make.add_argument("--out", type=Path, required=True, metavar="FILE", help="the profiles to write (CSV)")
    make.add_argument("--rules", type=Path, metavar="DIR", help="rules files that overlay the shipped ones")
    make.set_defaults(run=_run_history)


def _run_history(namespace: argparse.Namespace) -> int:
    from screener.runners import history  # noqa: PLC0415  loads Polars, which few commands need

    counts = history.build_history(namespace.orders, namespace.out, namespace.rules)
    print(f"{namespace.out}: {counts.rows:,} profiles of {counts.orders:,} orders, {counts.left_out:,} left out")
    return 0


# --- licenses --------------------------------------------------------------------------------------------------------


def _add_licenses(commands: argparse._SubParsersAction[argparse.ArgumentParser]) -> None:
    text = "tell or keep the sums of what orders have drawn of licenses held"
    actions = commands.add_parser("licenses", help=text, description=text).add_subparsers(
        dest="action", required=True, metavar="drawn|sum"
    )
    text = "tell what is drawn of each license, as committed on the broker"
    tell = actions.add_parser("drawn", help="tell what is drawn of each license", description=text)
    options.add_broker(tell)
    tell.add_argument("--json", action="store_true", help="one JSON object a line instead of a table")
    tell.set_defaults(run=_run_drawn)
    text = (
        "sum uses of licenses into screener.license-drawn, a table with a changelog, from which workers start; one such"
        " process is enough, and workers count without it too"
    )
    keep = actions.add_parser("sum", help="sum uses into a table, as they come", description=text)
    _add_settings(keep, _SUM_SETTINGS)
    keep.set_defaults(run=_run_sum)


def _run_drawn(namespace: argparse.Namespace) -> int:
    for line in drawn_lines(options.cluster_of(namespace), namespace.topic_prefix, as_json=namespace.json):
        print(line)
    return 0


def _run_sum(namespace: argparse.Namespace) -> int:
    given = {name: getattr(namespace, name) for name in _SUM_SETTINGS}
    held = settings.load(given, os.environ)
    from screener.runners import license_sums  # noqa: PLC0415  as for the worker

    return license_sums.run(held)


# --- worker ----------------------------------------------------------------------------------------------------------

_WORKER_TEXTS = {
    "bootstrap_servers": "host:port of the brokers",
    "snapshot": "a snapshot file (default: the one that is announced)",
    "topic_prefix": "put before every topic's name",
    "group": "the consumer group (default: screener)",
    "slot": "this worker's number in the group, from 0; names its transactional id",
    "metrics_host": "address to serve metrics and health on (default: all)",
    "metrics_port": "port for /metrics, /health and /ready (default: 9464)",
    "max_list_age": "days; older lists turn clear into review",
    "allow_stale": "clear with old lists all the same; is recorded in each decision",
    "profile": "the jurisdiction whose rules apply, a row of jurisdictions.toml (default: us)",
    "sample": "take a snapshot of the shipped sample lists, which are not for compliance use",
    "shadow": "write decisions to screener.shadow only",
    "log_format": "text or json, a line each (default: text)",
}


_SUM_SETTINGS = ("bootstrap_servers", "topic_prefix", "group", "slot", "metrics_host", "metrics_port", "log_format")


def _add_worker(commands: argparse._SubParsersAction[argparse.ArgumentParser]) -> None:
    text = "answer orders on Kafka; every option is also an environment variable, SCREENER_ and its name in capitals"
    command = commands.add_parser("worker", help="answer orders on Kafka", description=text, epilog=NO_ADVICE)
    _add_settings(command, _WORKER_TEXTS)
    command.set_defaults(run=_run_worker)


def _add_settings(command: argparse.ArgumentParser, names: Iterable[str]) -> None:
    """Options for some of the settings."""
    for field in fields(settings.Settings):
        option = "--" + field.name.replace("_", "-")
        if field.name in names and field.type == "bool":
            command.add_argument(option, action="store_const", const="true", help=_WORKER_TEXTS[field.name])
        elif field.name in names:
            command.add_argument(option, help=_WORKER_TEXTS[field.name])


def _run_worker(namespace: argparse.Namespace) -> int:
    given = {name: getattr(namespace, name) for name in _WORKER_TEXTS}
    held = settings.load(given, os.environ)
    from screener.runners import worker  # noqa: PLC0415  Faust takes a second to import; no other command needs it

    return worker.run(held)
