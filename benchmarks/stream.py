"""The realistic stream: orders of parties that come back, as a shop's customers and carriers do.

20,000 distinct parties are drawn by Zipf's law (the party of rank r is r times rarer than the first), four an order in
any role, every other one of them with a second name, so that an order holds six names; one in six has an address. Goods
come from a catalog of 2,000 texts and purposes from 300, one order in fifty names a listed party instead, and the
median order has about 550 bytes. With the reference names the parties are those of registers, without them invented.
The same every time: the generator has a fixed seed.
"""

from __future__ import annotations

import gzip
import random
import statistics
import unicodedata
from csv import DictReader
from dataclasses import replace
from itertools import accumulate, cycle, islice
from pathlib import Path
from typing import TYPE_CHECKING, Any, NamedTuple

import orjson

from benchmarks.treatments import TREATMENTS, variants
from benchmarks.workbench import TERMS
from screener.core import screen

if TYPE_CHECKING:
    from collections.abc import Iterable, Sequence

    from screener.model import Snapshot

PARTIES = 20_000
ZIPF_EXPONENT = 1.0
LISTED_SHARE = 0.02
NOTES_SHARE = 0.05
ADDRESS_SHARE = 0.4
ORDER_PARTIES = 4
DESCRIPTIONS = 2_000
END_USES = 300
DRAWN_MORE_PERCENT = 4
INVENTED_MORE_PERCENT = 25
SEED = 744

OUI = "names/ieee_oui_2026-03-16.csv.gz"
SEC = "names/sec_company_tickers.json.gz"
UK = "names/uk_sponsors_2015.txt.gz"
PEOPLE = "names/person_negatives_global.csv.gz"
SCRIPTS = Path(__file__).resolve().parents[1] / "tests" / "cases" / "names" / "scripts.csv"
NAME_CHARS_MAX = 1_000

_ROLES = ("purchaser", "end_user", "payer", "other")
_COUNTRIES = ("US", "DE", "GB", "JP", "CN", "TW", "KR", "FR", "NL", "SG", "MX", "IN", "AE", "TR")
_FIRST = ("Maple", "Granite", "Harbor", "Silver", "Cedar", "Prairie", "Summit", "Copper", "Lantern", "Willow", "Falcon")
_SECOND = ("Ridge", "Creek", "Point", "Valley", "Bridge", "Field", "Mill", "Grove", "Lake", "Stone", "Gate", "Haven")
_THIRD = ("Instruments", "Logistics", "Trading", "Machinery", "Dental", "Optics", "Foods", "Textiles", "Software")
_FORMS = ("Ltd.", "GmbH", "Inc.", "S.A.", "Co., Ltd.", "LLC", "B.V.", "")
_GOODS = ("Integrated circuit", "Ceramic capacitor", "Bearing", "Pressure sensor", "Optical fiber", "Hydraulic pump")
_TRAITS = ("surface mounted", "low noise", "sealed", "for test benches", "class 2", "stainless", "with cable", "spare")
_USES = ("Assembly", "Repair", "Testing", "Resale", "Maintenance", "Calibration", "Research", "Packaging")
_OBJECTS = ("measuring instruments", "elevators", "medical pumps", "food machines", "telephones", "looms", "trains")


class Party(NamedTuple):
    """A party of the stream, always written the same way but for its role."""

    name: str
    other_name: str
    address: str
    country: str


def zipf_orders(
    parties: Sequence[Party],
    listed: Sequence[str],
    count: int,
    seed: int = SEED,
    listed_share: float = LISTED_SHARE,
) -> list[bytes]:
    """Orders of parties drawn by rank; the sequence's order is the rank."""
    chance = random.Random(seed)  # noqa: S311  repeatable, not secret
    weights = list(accumulate(1 / rank**ZIPF_EXPONENT for rank in range(1, len(parties) + 1)))
    drawn = chance.choices(parties, cum_weights=weights, k=count * ORDER_PARTIES)
    return _orders(drawn, listed, count, chance, mark="", listed_share=listed_share)


def each_once(parties: Sequence[Party], seed: int = SEED) -> list[bytes]:
    """Orders in which every party comes once, and no listed one: what a worker has seen that runs for long."""
    chance = random.Random(seed)  # noqa: S311
    return _orders(parties, (), len(parties) // ORDER_PARTIES, chance, mark="")


def distinct_orders(parties: Sequence[Party], listed: Sequence[str], count: int, seed: int = SEED) -> list[bytes]:
    """Orders of the same form in which no party and no text comes twice."""
    return _orders(parties, listed, count, random.Random(seed), mark=" of {}")  # noqa: S311


def _orders(
    parties: Sequence[Party],
    listed: Sequence[str],
    count: int,
    chance: random.Random,
    mark: str,
    listed_share: float = LISTED_SHARE,
) -> list[bytes]:
    orders = []
    for number in range(count):
        four = parties[number * ORDER_PARTIES : (number + 1) * ORDER_PARTIES]
        order = _order(number, four, chance, mark.format(number))
        if listed and chance.random() < listed_share:
            chance.choice(order["parties"])["name"] = chance.choice(listed)
        orders.append(orjson.dumps(order))
    return orders


def _order(number: int, parties: Sequence[Party], chance: random.Random, mark: str) -> dict[str, Any]:
    order = {
        "schema_version": 1,
        "order_id": f"SO-{number:07}",
        "placed_at": f"2026-07-{chance.randint(1, 31):02}T{chance.randint(0, 23):02}:{chance.randint(0, 59):02}:07Z",
        "destination": parties[0].country,
        "parties": [_party(role, party) for role, party in zip(_ROLES, parties, strict=True)],
        "items": [_item(chance, mark)],
        "end_use": f"{_text(chance.randrange(END_USES), _USES, _OBJECTS)}{mark}",
    }
    if chance.random() < NOTES_SHARE:
        order["notes"] = f"Deliver to dock {chance.randint(1, 400)}, call ahead{mark}"
    return order


def order_of(party: Party) -> bytes:
    """An order of one party and nothing else."""
    return orjson.dumps(
        {
            "schema_version": 1,
            "order_id": "SO-1",
            "placed_at": "2026-07-31T12:00:00Z",
            "parties": [_party("end_user", party)],
        }
    )


def _party(role: str, party: Party) -> dict[str, Any]:
    said: dict[str, Any] = {"role": role, "name": party.name}
    if party.other_name:
        said["other_names"] = [party.other_name]
    if party.address:
        said["address"] = party.address
    return said | {"country": party.country}


def _item(chance: random.Random, mark: str) -> dict[str, Any]:
    number = chance.randrange(DESCRIPTIONS)
    return {
        "description": f"{_text(number, _GOODS, _TRAITS)}{mark}",
        "quantity": chance.randint(1, 500),
    }


def _text(number: int, first: Sequence[str], second: Sequence[str]) -> str:
    return f"{first[number % len(first)]} {number}, {second[number // len(first) % len(second)]}"


# --- parties ---------------------------------------------------------------------------------------------------------


def parties(reference: Path | None, count: int) -> list[Party]:
    """`count` distinct parties in a random order: of the registers where they are there, else invented."""
    chance = random.Random(SEED)  # noqa: S311
    rows = sorted(_of_registers(reference) if reference else _invented(count, chance))
    chance.shuffle(rows)
    if len(rows) < count:
        raise ValueError(f"{len(rows)} parties, expected {count}")
    return [
        Party(
            name,
            _short(name) if number % 2 else "",
            address if number % 4 < 2 else "",
            country or chance.choice(_COUNTRIES),
        )
        for number, (name, address, country) in enumerate(rows[:count])
    ]


def usual_parties(reference: Path | None, held: Snapshot, count: int) -> list[Party]:
    """`count` parties that the core does not stop: then the orders that it stops are those that name a listed one."""
    apart = replace(held)  # with a memory of its own
    more = DRAWN_MORE_PERCENT if reference else INVENTED_MORE_PERCENT
    drawn = parties(reference, count + count * more // 100)
    usual = [party for party in drawn if screen(order_of(party), apart, TERMS).outcome == "clear"]
    if len(usual) < count:
        raise ValueError(f"{len(usual)} parties that are not stopped, expected {count}")
    return usual[:count]


def other_scripts(reference: Path | None, count: int) -> list[Party]:
    """`count` parties whose names are in scripts other than Latin, of a register of people or of the names' cases."""
    chance = random.Random(SEED)  # noqa: S311
    if reference is None:
        with SCRIPTS.open(encoding="utf-8", newline="") as file:
            found = {row["text"] for row in DictReader(file)}
    else:
        with gzip.open(reference / PEOPLE, "rt", encoding="utf-8-sig", newline="") as file:
            found = {row["full_name"] for row in DictReader(file)}
    names = sorted(filter(_is_of_other_script, found))
    chance.shuffle(names)
    return [Party(name, "", "", chance.choice(_COUNTRIES)) for name in islice(cycle(names), count)]


def _is_of_other_script(name: str) -> bool:
    letters = [letter for letter in name if letter.isalpha()]
    return bool(letters) and all("LATIN" not in unicodedata.name(letter, "") for letter in letters)


def near_misses(listed: Sequence[str], count: int) -> list[Party]:
    """`count` parties that are called almost like a listed one: names misspelt in every way there is."""
    chance = random.Random(SEED)  # noqa: S311
    ways = list(TREATMENTS)
    drawn = ((chance.choice(listed), chance.choice(ways)) for _ in range(20 * count))
    found = (form for name, way in drawn for form in variants(name, way, 1))
    return [Party(name, "", "", chance.choice(_COUNTRIES)) for name in islice(found, count)]


def longest_orders(listed: Sequence[str], count: int) -> list[bytes]:
    """`count` orders near the largest that are read: 100 parties with long names of words that stand in the list."""
    chance = random.Random(SEED)  # noqa: S311
    words = sorted({word for name in listed for word in name.split()})
    return [_longest(number, words, chance) for number in range(count)]


def _longest(number: int, words: Sequence[str], chance: random.Random) -> bytes:
    def text(chars: int) -> str:
        return " ".join(chance.choice(words) for _ in range(chars // 4))[:chars].strip()

    parties = [{"role": "other", "name": text(NAME_CHARS_MAX), "address": text(2 * NAME_CHARS_MAX)} for _ in range(100)]
    return orjson.dumps({"schema_version": 1, "order_id": f"SO-{number:07}", "parties": parties})


def _short(name: str) -> str:
    """A second name such as customers have: the first word."""
    return name.split(maxsplit=1)[0]


def _of_registers(reference: Path) -> set[tuple[str, str, str]]:
    """Name, address and country of the parties of three registers, one a name; only makers have addresses there."""
    with gzip.open(reference / OUI, "rt", encoding="utf-8-sig", newline="") as file:
        makers = {row["Organization Name"].strip(): row["Organization Address"] for row in DictReader(file)}
    with gzip.open(reference / SEC) as file:
        filers = {row["title"].strip() for row in orjson.loads(file.read()).values()}
    with gzip.open(reference / UK, "rt", encoding="utf-8") as file:
        sponsors = {line.strip() for line in file}
    found = {(name, " ".join(address.split()), "") for name, address in makers.items()}
    found |= {(name, "", "US") for name in filers - makers.keys()}
    found |= {(name, "", "GB") for name in sponsors - filers - makers.keys()}
    return {row for row in found if row[0]}


def _invented(count: int, chance: random.Random) -> set[tuple[str, str, str]]:
    found = set()
    while len(found) < count:
        name = f"{chance.choice(_FIRST)} {chance.choice(_SECOND)} {chance.randint(1, 9_999)} {chance.choice(_THIRD)}"
        address = f"{chance.randint(1, 400)} {chance.choice(_FIRST)} Road, {chance.choice(_SECOND)}ton"
        found.add((f"{name} {chance.choice(_FORMS)}".strip(), address if chance.random() < ADDRESS_SHARE else "", ""))
    return found


def listed_names(held: Snapshot) -> list[str]:
    """Primary names of the snapshot's entries, to be put into orders."""
    return sorted({entry.name for entry in held.listings})


def bytes_median(orders: Iterable[bytes]) -> int:
    """The median size of an order."""
    return int(statistics.median(map(len, orders)))
