"""Customers who do not exist, as a shop's own database might export them."""

from __future__ import annotations

import csv
from collections.abc import Iterable, Mapping
from pathlib import Path

FIELD_MAPPING = {
    "externaluserid": "customer_no",
    "email": "email",
    "phone": "phone",
    "firstname": "first_name",
    "lastname": "last_name",
    "address": "street",
    "city": "city",
    "state": "state",
    "postal": "zip",
    "countrycode": "country",
}
"""The setting `field_mapping` for these columns: Amazon's field, our column."""
COLUMNS = tuple(FIELD_MAPPING.values())

_FIRST = ("Jane", "Omar", "Mary-Ann", "Renée", "Luis", "Aiko", "Jürgen", "Priya")
_LAST = ("Doe", "D'Arcy", "Nuñez", "Weiß", "Okafor", "Smith Jr.", "Kowalski")
_STREETS = ("Main Street", "Oak Lane", "North Elm Avenue", "Sunset Terrace, Apt. #5")
_PLACES = (
    ("Seattle", "Washington", "98109"),
    ("New York", "NY", "10001-4356"),
    ("St. Louis", "missouri", "63101"),
    ("Austin", "TX", "78701"),
)


def customer(number: int) -> dict[str, str]:
    """Return the customer with a number; the same one each time."""
    first, last = _FIRST[number % len(_FIRST)], _LAST[number % len(_LAST)]
    city, state, code = _PLACES[number % len(_PLACES)]
    street = _STREETS[number // 4 % len(_STREETS)]
    return {
        "customer_no": f"C-{number:05}",
        "email": f"{first[0]}.{last.split()[0]}.{number}@Example.com".replace("'", ""),
        # numbers of this form belong to nobody
        "phone": f"({206 + number // 100 % 10}) 555-01{number % 100:02}",
        "first_name": first,
        "last_name": last,
        "street": f"{100 + number} {street}",
        "city": city,
        "state": state,
        "zip": code,
        "country": "US",
    }


def write_file(path: Path, rows: Iterable[Mapping[str, str]]) -> None:
    """Write customers to a CSV file."""
    with path.open("w", encoding="utf-8", newline="") as file:
        writer = csv.DictWriter(file, COLUMNS)
        writer.writeheader()
        writer.writerows(rows)
