"""Transactions day by day against the emulator, value by value."""

from __future__ import annotations

from datetime import timedelta
from typing import Any

import pytest

from amazon_emulator import Emulator
from support.sp.finances import by_cash_date, by_sale_date
from support.sp.runs import NOON, SELLER, US, account, run

Json = dict[str, Any]
START = NOON - timedelta(days=22)
SELLERS = [account(SELLER, account_type="seller", marketplace_ids=[US])]


def daily(emulator: Emulator, days: list[int], **changes: Any) -> list[Json]:
    """Run on each of these days; return all rows, the newest last."""
    rows: list[Json] = []
    state: Json | None = None
    for number, pause in enumerate(days):
        emulator.client.advance(pause * 86400)
        found = run(
            emulator,
            "transactions",
            state=state,
            accounts=SELLERS,
            start_date=f"{START:%Y-%m-%d}",
            **changes,
        )
        assert found.code == 0, number
        state, rows = found.state, rows + found.rows("transactions")
    return rows


def table(rows: list[Json]) -> dict[str, Json]:
    """Return the newest form of each row, without what the tap has added."""
    added = {"account_name", "sellingPartnerId", "_extra", "_sdc_sequence"}
    return {
        row["transactionId"]: {n: v for n, v in row.items() if n not in added}
        for row in rows
    }


def truth(emulator: Emulator) -> dict[str, Json]:
    now = emulator.client.now()
    midnight = START.replace(hour=8)  # midnight in California
    found = emulator.client.sp_transactions(
        SELLER, midnight, now - timedelta(minutes=2)
    )
    return {str(one["transactionId"]): dict(one) for one in found}


@pytest.mark.parametrize("days", [[0, 1, 2, 3, 7, 1, 9, 3], [0, 23, 1]])
def test_after_any_days_the_table_is_what_amazon_has(
    emulator: Emulator, days: list[int]
) -> None:
    emulator.client.change(
        sp_deferred_days=21,
        sp_empty_pages=True,
        sp_late_hours=46,
        sp_records_per_page=3,
    )
    rows = daily(emulator, days)
    ours, theirs = table(rows), truth(emulator)

    late = emulator.client.now() - timedelta(hours=48)
    settled = {
        name for name, one in theirs.items() if one["postedDate"] < f"{late:%Y-%m-%d}"
    }
    assert settled <= set(ours)
    assert {name: ours[name] for name in settled} == {n: theirs[n] for n in settled}
    statuses = {row["transactionStatus"] for row in ours.values()}
    assert {"DEFERRED", "DEFERRED_RELEASED", "RELEASED"} == statuses


def test_when_all_is_released_both_rules_agree(emulator: Emulator) -> None:
    emulator.client.change(sp_deferred_days=14)
    rows = daily(emulator, [0, 2])
    sold = {
        name
        for name, row in table(rows).items()
        if row["postedDate"] < f"{NOON:%Y-%m-%d}"
    }
    assert by_cash_date(rows) < by_sale_date(rows)

    rows += daily(emulator, [20])
    kept = [r for r in rows if r["transactionId"] in sold or _released(r) in sold]
    kept = [r for r in kept if _released(r) in {*sold, ""}]
    assert by_cash_date(kept) == pytest.approx(by_sale_date(kept))


def _released(row: Json) -> str:
    """Return the deferred sale that a row releases, nothing for others."""
    found = {
        entry["relatedIdentifierName"]: str(entry["relatedIdentifierValue"])
        for entry in row["relatedIdentifiers"]
    }
    return found.get("DEFERRED_TRANSACTION_ID", "")


def test_both_forms_of_status_and_breakdowns_are_read_alike(
    emulator: Emulator,
) -> None:
    plain = table(daily(emulator, [0]))
    emulator.client.change(sp_transaction_status="capital", sp_breakdowns="object")
    other = table(daily(emulator, [0]))

    assert {name: row["breakdowns"] for name, row in plain.items()} == {
        name: row["breakdowns"] for name, row in other.items()
    }
    assert {row["transactionStatus"] for row in other.values()} != {
        row["transactionStatus"] for row in plain.values()
    }


def test_fees_without_an_id_have_a_key_that_stays(emulator: Emulator) -> None:
    emulator.client.change(sp_fees_without_id=True)
    rows = daily(emulator, [0, 1], lookback_days={"transactions": 25})
    keys = [
        row["transactionId"] for row in rows if row["transactionType"] == "ServiceFee"
    ]

    assert keys
    assert all(key.startswith("sha256:") for key in keys)
    assert len(set(keys)) < len(keys)  # read twice, one key
