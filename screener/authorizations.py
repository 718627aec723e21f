"""The nouns of authorizations: licenses held, validated end users, and what is drawn of a license.

Amounts are whole millionths of a currency's unit. Days are ISO days, half-open.
"""

from __future__ import annotations

from decimal import ROUND_CEILING, Decimal, InvalidOperation
from typing import TYPE_CHECKING, Any, Literal, NamedTuple

if TYPE_CHECKING:
    from collections.abc import Mapping

UNITS_EXPONENT = 6
AMOUNT_CHARS_MAX = 40
AMOUNT_MAX = Decimal(10) ** 15


GrantType = Literal["good_list", "license", "veu"]


class NamedParty(NamedTuple):
    """A party that an authorization names: its glued name, its country, and its folded address ("" where none is)."""

    name: str
    country: str
    address: str


class Authorization(NamedTuple):
    """A license held (`kind` license, cited by its number) or a validated end user (`kind` veu, cited by nobody).

    `authority` issued it. `items` are ECCNs, each with its paragraphs, `models` bare names of models ("" none: any).
    `limit` is what may be drawn in `currency`; a validated end user has neither. In force on [effective_from,
    effective_to).
    """

    kind: Literal["license", "veu"]
    number: str
    authority: str
    parties: tuple[NamedParty, ...]
    items: tuple[str, ...]
    models: tuple[str, ...]
    destinations: tuple[str, ...]
    limit: int
    currency: str
    effective_from: str
    effective_to: str


class Granted(NamedTuple):
    """A grant that covered findings of an order; `satisfies` holds their codes.

    Of a license also what the order draws of it, and what others had drawn (None: not known), as decimal numbers.
    """

    type: GrantType
    id: str
    satisfies: tuple[str, ...]
    amount: str = ""
    currency: str = ""
    drawn: str | None = None


class DrawnRule(NamedTuple):
    """From which share of a license's limit on a person decides on further orders under it, in percent."""

    review_from_percent: int
    citation: str
    verified: bool


class Drawn(NamedTuple):
    """What orders have drawn of a license: in all, and by order id."""

    total: int
    of_orders: Mapping[str, int]


class Use(NamedTuple):
    """What an order draws of a license."""

    license: str
    order_id: str
    amount: int
    currency: str


def units(written: Any) -> int | None:  # noqa: ANN401  a member of an order, or a cell
    """An amount as millionths, rounded up; None for what is none, is negative, or is beyond `AMOUNT_MAX`."""
    if isinstance(written, bool) or not isinstance(written, str | int | float) or len(str(written)) > AMOUNT_CHARS_MAX:
        return None
    try:
        amount = Decimal(str(written))
    except InvalidOperation:
        return None
    if not amount.is_finite() or not 0 <= amount <= AMOUNT_MAX:
        return None
    return int(amount.scaleb(UNITS_EXPONENT).to_integral_value(ROUND_CEILING))


def as_text(amount: int) -> str:
    """Millionths as a decimal number, without zeros at the end."""
    whole, part = divmod(amount, 10**UNITS_EXPONENT)
    return f"{whole}.{part:0{UNITS_EXPONENT}}".rstrip("0").rstrip(".")
