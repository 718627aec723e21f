"""The sums of what is drawn of licenses: a Faust agent with a table, keyed by license number and order id.

It reads `screener.license-usage` and keeps `screener.license-drawn`, the changelog of its table, exactly once: uses,
sums and positions are committed in one transaction, and a use counts once by its order id however often it comes.
Workers start from the sums instead of the first use of ten years; they count on by themselves, so that this process may
be away for a while. A row of a license alone says its total, how many orders draw, and through which use it is counted.
"""

from __future__ import annotations

import logging
import logging.config
from typing import TYPE_CHECKING, Any

import faust

from screener.authorizations import as_text, units
from screener.runners import logs
from screener.runners.hosting import app_options, check_port, status_of
from screener.runners.license_use import BETWEEN, of_licenses, use_of

if TYPE_CHECKING:
    from screener.settings import Settings

log = logging.getLogger(__name__)

FAST = {
    "broker_session_timeout": 10.0,
    "broker_heartbeat_interval": 3.0,
    "broker_rebalance_timeout": 10.0,
    "broker_request_timeout": 20.0,
    "broker_commit_interval": 1.0,
}
"""Seconds; with Faust's own 60 a restart after a kill takes a minute."""


def run(settings: Settings) -> int:
    """Sum uses until a signal ends it; OperatorError says what an operator must fix."""
    logging.config.dictConfig(logs.config(settings.log_format))
    logging.getLogger("aiokafka").setLevel(logging.CRITICAL)  # without a broker it says so ten times a second
    usage, drawn = of_licenses(settings, settings.topic_prefix)
    check_port(settings)
    app = _app(settings)
    _sum(app, usage, drawn)
    return status_of(app, settings)


def _app(settings: Settings) -> faust.App:
    name = f"{settings.topic_prefix}{settings.group}-licenses"
    return faust.App(
        name,
        processing_guarantee="exactly_once",  # which alone makes Faust read what is committed only
        topic_allow_declare=False,
        topic_disable_leader=True,
        consumer_group_instance_id=f"{name}-{settings.slot}",
        **app_options(settings, name),
        **FAST,
    )


def _sum(app: faust.App, usage: str, drawn: str) -> None:
    """The table, the agent that keeps it, and a page that shows it."""
    changelog = app.topic(
        drawn,
        partitions=1,
        compacting=True,
        key_serializer="json",  # named, or the table recovers nothing
        value_serializer="json",
        acks=False,
        internal=True,
    )
    sums = app.Table(drawn, partitions=1, changelog_topic=changelog)
    source = app.topic(usage, key_type=bytes, value_type=bytes, key_serializer="raw", value_serializer="raw")

    @app.agent(source)  # type: ignore[untyped-decorator]
    async def add(uses: Any) -> None:  # noqa: ANN401
        async for event in uses.events():
            count(sums, event.value, event.message.offset)

    @app.page("/licenses")  # type: ignore[untyped-decorator]
    async def licenses(web: Any, _request: Any) -> Any:  # noqa: ANN401
        return web.json({key: row for key, row in sorted(sums.items()) if BETWEEN not in key})

    @app.page("/health")  # type: ignore[untyped-decorator]
    async def health(web: Any, _request: Any) -> Any:  # noqa: ANN401
        return web.json({"healthy": True})


def count(sums: Any, value: bytes, offset: int) -> None:  # noqa: ANN401  a Faust table, which is not typed
    """Count one use in the table; a record that is no use is told and passed over."""
    use = use_of(value)
    if use is None:
        log.error("offset %d is no use of a license: passed over", offset)
        return
    key = f"{use.license}{BETWEEN}{use.order_id}"
    before = units(sums.get(key, "0")) or 0
    row = sums.get(use.license) or {"total": "0", "orders": 0}
    sums[key] = as_text(use.amount)
    sums[use.license] = {
        "total": as_text((units(row["total"]) or 0) + use.amount - before),
        "currency": use.currency,
        "orders": row["orders"] + (use.amount > 0) - (before > 0),
        "through": offset,
    }
