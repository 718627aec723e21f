"""An idiomatic Faust agent with the same core: one order after the other, at least once."""

from __future__ import annotations

import sys
from typing import Any

import faust

from benchmarks.lanes import OUTPUT_BYTES_MAX, arguments
from screener.core import screen
from screener.runners.days import TermsOf

run = arguments()
if run.held is None:
    sys.exit("expected a snapshot")
held = run.held
terms_of = TermsOf(run.settings)
app = faust.App(
    run.settings.group,
    broker=f"kafka://{run.settings.bootstrap_servers}",
    store="memory://",
    value_serializer="raw",
    key_serializer="raw",
    producer_max_request_size=OUTPUT_BYTES_MAX,
    consumer_auto_offset_reset="earliest",
    broker_commit_interval=0.25,
    topic_disable_leader=True,
    web_enabled=False,
    datadir=sys.argv[-1] + ".faust",
)
orders = app.topic(run.orders, value_serializer="raw", key_serializer="raw")
outputs = {
    outcome: app.topic(name, value_serializer="raw", key_serializer="raw") for outcome, name in run.outputs.items()
}


@app.agent(orders)  # type: ignore[untyped-decorator]  # Faust is not typed
async def decide(stream: Any) -> None:  # noqa: ANN401
    """Screen an order and send its decision on."""
    async for event in stream.events():
        message = event.message
        decision = screen(message.value, held, terms_of(round(message.timestamp * 1000)), message.key)
        await outputs[decision.outcome].send(key=message.key, value=decision.value, partition=message.partition)


if __name__ == "__main__":
    worker = faust.Worker(app, loglevel="WARNING")
    worker.execute_from_commandline()
