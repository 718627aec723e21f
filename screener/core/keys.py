"""The key of a record: an order's answer goes out under it, so it must be the order id.

Promises: the sentence of a mismatch quotes key and order id at a bounded length and printable, whatever their bytes; a
key that is too long for any order id does not go out, since its answer might not fit into the outgoing topic.

Not for records without a key: they are answered.
"""

from __future__ import annotations

from screener.model import ORDER_ID_CHARS_MAX, Fault

KEY_BYTES_MAX = 4 * ORDER_ID_CHARS_MAX
"""A longer key is no order id: a character has at most four bytes in UTF-8."""
QUOTED_CHARS_MAX = 80
_QUOTE_MARKS = '"\\'
_SURROGATE_ESCAPE = 0xDC00  # PEP 383 decodes a byte that is not UTF-8 to this plus its value


def key_mismatch(key: bytes, order_id: str) -> Fault | None:
    """Return the fault of a key that is not the order id, None where it is."""
    if key == order_id.encode():
        return None
    # A character has at most four bytes; one that is cut in two here is beyond those that are shown.
    key_text = key[: 4 * (QUOTED_CHARS_MAX + 1)].decode("utf-8", "surrogateescape")
    reason = f"the record's key {_quoted(key_text)} is not the order id {_quoted(order_id)}"
    return Fault("KEY_MISMATCH", reason, order_id)


def answer_key(key: bytes | None) -> bytes | None:
    """The key of an answer: the record's own, and none where that is too long for an order id."""
    return None if key is None or len(key) > KEY_BYTES_MAX else key


def _quoted(text: str) -> str:
    """Quote a text with its unprintable characters escaped; a text that is too long ends with an ellipsis."""
    escaped = "".join(map(_escaped, text[: QUOTED_CHARS_MAX + 1]))
    return f'"{escaped}"' if len(escaped) <= QUOTED_CHARS_MAX else f'"{escaped[: QUOTED_CHARS_MAX - 1]}…"'


def _escaped(character: str) -> str:
    if character in _QUOTE_MARKS:
        return f"\\{character}"
    if character.isprintable():
        return character
    byte = ord(character) - _SURROGATE_ESCAPE
    return f"\\x{byte:02x}" if 0x80 <= byte <= 0xFF else character.encode("unicode_escape").decode("ascii")
