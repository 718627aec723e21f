"""The floor: librdkafka alone. Every order goes on as it came, exactly once, in batches as large as the worker's."""

from __future__ import annotations

from confluent_kafka import Consumer, Producer, TopicPartition

from benchmarks.lanes import (
    BATCH_ORDERS,
    BATCH_SECONDS,
    COMPRESSION,
    LINGER_MS,
    OUTPUT_BYTES_MAX,
    RETRY_BACKOFF_MS,
    Ending,
    arguments,
)

run = arguments()
ending = Ending()
name = f"{run.settings.group}-0"
producer = Producer(
    {
        "bootstrap.servers": run.settings.bootstrap_servers,
        "transactional.id": name,
        "transaction.timeout.ms": 10_000,
        "compression.type": COMPRESSION,
        "linger.ms": LINGER_MS,
        "retry.backoff.ms": RETRY_BACKOFF_MS,
        "message.max.bytes": OUTPUT_BYTES_MAX,
        "delivery.report.only.error": True,
    }
)
consumer = Consumer(
    {
        "bootstrap.servers": run.settings.bootstrap_servers,
        "group.id": run.settings.group,
        "enable.auto.commit": False,
        "auto.offset.reset": "earliest",
        "isolation.level": "read_committed",
    }
)
output = run.outputs["clear"]
producer.init_transactions(30)
consumer.subscribe([run.orders])
while not ending.asked:
    records = consumer.consume(1, BATCH_SECONDS)
    records += consumer.consume(BATCH_ORDERS - 1, 0.0) if records else []
    if not records:
        continue
    producer.begin_transaction()
    ends: dict[int, int] = {}
    for record in records:
        if record.error():
            raise SystemExit(str(record.error()))
        while True:
            try:
                producer.produce(output, record.value(), record.key(), record.partition())
                break
            except BufferError:
                producer.poll(0.1)
        ends[record.partition()] = record.offset() + 1
    positions = [TopicPartition(run.orders, partition, offset) for partition, offset in ends.items()]
    producer.send_offsets_to_transaction(positions, consumer.consumer_group_metadata())
    producer.commit_transaction()
consumer.close()
