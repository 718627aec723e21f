"""Screen orders against restricted-party lists and their 50 % affiliates, on a Kafka stream or on files."""

__version__ = "0.1.0"
