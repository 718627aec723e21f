"""The imperative shell: the hands that call the core. What touches files, clocks, sockets and Kafka is here."""
