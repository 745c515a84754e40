"""BATCH files, stream maps and flattening."""

from __future__ import annotations

import gzip
import json
from collections.abc import Callable
from pathlib import Path
from typing import Any
from urllib.parse import unquote, urlsplit

import pytest

from amazon_emulator import EmulatorClient
from support.ads.runs import AGENCY, BRAZIL, CAMPAIGNS, ORDERS, SELLER, Json, Run

Runs = Callable[..., Run]
ADS = "sponsored_products_advertised_by_advertiser"
TWO = {
    "profile_ids": [SELLER, BRAZIL],
    "start_date": "2026-11-16",
    "end_date": "2026-11-18",
}


def files(folder: Path, compression: str = "gzip", **more: object) -> dict[str, object]:
    return {
        "batch_config": {
            "encoding": {"format": "jsonl", "compression": compression},
            "storage": {"root": folder.as_uri(), "prefix": "nightly-"},
            **more,
        }
    }


def path_of(url: str) -> Path:
    return Path(unquote(urlsplit(url).path))


def rows_of(message: Json) -> list[dict[str, Any]]:
    rows = []
    for url in message["manifest"]:
        content = path_of(url).read_bytes()
        if message["encoding"]["compression"] == "gzip":
            content = gzip.decompress(content)
        rows += [json.loads(line) for line in content.decode().splitlines()]
    return rows


def batched(ran: Run, stream: str) -> list[dict[str, Any]]:
    return [
        row
        for message in ran.of_type("BATCH")
        if message["stream"] == stream
        for row in rows_of(message)
    ]


def in_order(rows: list[dict[str, Any]]) -> list[str]:
    """Return rows in an order of their own, to compare two runs."""
    return sorted(json.dumps(row, sort_keys=True, ensure_ascii=False) for row in rows)


@pytest.mark.parametrize("compression", ["gzip", "none"])
def test_batch_files_hold_the_rows_the_records_would_have_held(
    run: Runs, tmp_path: Path, compression: str
) -> None:
    streams = (CAMPAIGNS, ORDERS)
    settings = {**TWO, "profile_ids": [SELLER, BRAZIL, AGENCY]}
    by_record = run(*streams, **settings)
    by_file = run(*streams, **settings, **files(tmp_path / "new", compression))

    assert by_file.code == 0
    assert not by_file.of_type("RECORD")
    for stream in streams:
        assert in_order(batched(by_file, stream)) == in_order(by_record.rows(stream))
        assert by_file.schema(stream) == by_record.schema(stream)
    for message in by_file.of_type("BATCH"):
        assert message["encoding"] == {"format": "jsonl", "compression": compression}
        (url,) = message["manifest"]
        ending = ".json.gz" if compression == "gzip" else ".json"
        assert path_of(url).name.startswith(f"nightly-{message['stream']}-")
        assert path_of(url).name.endswith(ending)
    assert by_file.summary["rows"] == by_record.summary["rows"]
    for account in (SELLER, BRAZIL):
        done = by_file.partition(CAMPAIGNS, account)
        assert done == by_record.partition(CAMPAIGNS, account)


def test_batch_files_hold_the_selected_columns_only(run: Runs, tmp_path: Path) -> None:
    ran = run(CAMPAIGNS, only={CAMPAIGNS: ["cost"]}, **TWO, **files(tmp_path))
    rows = batched(ran, CAMPAIGNS)
    assert len(rows) == 30
    assert {tuple(row) for row in rows} == {
        ("date", "campaignId", "cost", "profile_id")
    }


def test_each_report_ends_a_file(
    run: Runs, amazon: EmulatorClient, tmp_path: Path
) -> None:
    ran = run(CAMPAIGNS, **TWO, **files(tmp_path))

    accounts = [{row["profile_id"] for row in rows_of(m)} for m in ran.of_type("BATCH")]
    assert sorted(accounts, key=sorted) == [{BRAZIL}, {SELLER}]
    assert len(amazon.statistics().creates) == 2
    assert len(list(tmp_path.iterdir())) == 2


def test_a_file_ends_at_the_batch_size(run: Runs, tmp_path: Path) -> None:
    ran = run(CAMPAIGNS, **TWO, **files(tmp_path, batch_size=4))
    sizes = [len(rows_of(message)) for message in ran.of_type("BATCH")]
    assert sizes == [4, 4, 4, 3] * 2


def test_an_empty_report_makes_no_file(
    run: Runs, amazon: EmulatorClient, tmp_path: Path
) -> None:
    amazon.add_fault("empty", operation="create")
    ran = run(CAMPAIGNS, **TWO, **files(tmp_path))
    assert ran.code == 0
    assert not ran.of_type("BATCH")
    assert ran.partition(CAMPAIGNS, SELLER)["replication_key_value"] == "2026-11-18"


def test_the_bookmark_moves_only_after_the_batch_is_out(
    run: Runs, tmp_path: Path
) -> None:
    """Killed anywhere, the run before and the run after hold every row together."""
    settings = {**TWO, **files(tmp_path)}
    whole = run(CAMPAIGNS, **settings)
    all_rows = set(in_order(batched(whole, CAMPAIGNS)))
    assert len(all_rows) == 30
    positions = [n for n, m in enumerate(whole.messages) if m["type"] == "BATCH"]

    for position in [positions[0], positions[0] + 1, positions[1], positions[1] + 1]:
        written = whole.messages[: position + 1]
        states = [m["value"] for m in written if m["type"] == "STATE"]
        delivered = [row for m in written if m["type"] == "BATCH" for row in rows_of(m)]
        rest = run(CAMPAIGNS, **settings, state=states[-1])
        assert set(in_order(delivered + batched(rest, CAMPAIGNS))) == all_rows
        # and what had its STATE is not sent twice
        reached = {
            p["context"]["profile_id"]
            for p in states[-1]["bookmarks"][CAMPAIGNS]["partitions"]
            if p["replication_key_value"] == "2026-11-18"
        }
        again = {row["profile_id"] for row in batched(rest, CAMPAIGNS)}
        assert not again & reached


def test_a_batch_of_a_damaged_document_is_not_announced(
    run: Runs, amazon: EmulatorClient, tmp_path: Path
) -> None:
    """The damage comes late: rows before it have already gone into the file."""
    row = {"date": "2026-11-16", "campaignName": "x" * 1000}
    rows = [{**row, "campaignId": number} for number in range(2000)]
    text = json.dumps([*rows, 5])
    amazon.add_fault("document", operation="create", account=SELLER, text=text)

    ran = run(CAMPAIGNS, **TWO, report_attempts=1, speed=500, **files(tmp_path))

    assert ran.code == 1
    assert {row["profile_id"] for row in batched(ran, CAMPAIGNS)} == {BRAZIL}


# --- maps and flattening ----------------------------------------------------

MAPS = {
    CAMPAIGNS: {
        "id_and_day": "campaignId + '@' + date",
        "cost": "cost",
        "date": "date",
        "account": "profile_id",
        "__key_properties__": ["id_and_day"],
        "__else__": None,
    }
}


def test_stream_maps_shape_the_records_and_their_key(run: Runs) -> None:
    plain = run(CAMPAIGNS, **TWO)
    ran = run(CAMPAIGNS, ADS, stream_maps=MAPS, **TWO)

    assert ran.code == 0
    schema = ran.schema(CAMPAIGNS)
    assert schema["key_properties"] == ["id_and_day"]
    assert set(schema["schema"]["properties"]) == {
        "id_and_day",
        "cost",
        "date",
        "account",
    }
    expected = [
        {
            "id_and_day": f"{row['campaignId']}@{row['date']}",
            "cost": row["cost"],
            "date": row["date"],
            "account": row["profile_id"],
        }
        for row in plain.rows(CAMPAIGNS)
    ]
    assert in_order(ran.rows(CAMPAIGNS)) == in_order(expected)
    assert ran.rows(ADS)[0].keys() >= {"adId", "profile_id", "currency_code"}
    bookmark = ran.partition(CAMPAIGNS, SELLER)["replication_key_value"]
    assert bookmark == "2026-11-18"


def test_stream_maps_may_drop_rename_and_filter(run: Runs) -> None:
    ran = run(
        CAMPAIGNS,
        ADS,
        stream_maps={
            CAMPAIGNS: {"__alias__": "costs", "__filter__": "date == '2026-11-17'"},
            ADS: "__NULL__",
        },
        **TWO,
    )
    assert ran.code == 0
    assert {m["stream"] for m in ran.of_type("RECORD")} == {"costs"}
    assert {row["date"] for row in ran.rows("costs")} == {"2026-11-17"}
    assert len(ran.rows("costs")) == 10


@pytest.mark.parametrize(
    "mapping",
    [
        pytest.param({"stream_maps": MAPS}, id="maps"),
        pytest.param(
            {"flattening_enabled": True, "flattening_max_depth": 1}, id="flat"
        ),
    ],
)
def test_with_maps_or_flattening_records_come_instead_of_files(
    run: Runs, tmp_path: Path, mapping: dict[str, object]
) -> None:
    plain = run(CAMPAIGNS, **mapping, **TWO)
    ran = run(CAMPAIGNS, **mapping, **TWO, **files(tmp_path))

    assert ran.code == 0
    assert not ran.of_type("BATCH")
    assert in_order(ran.rows(CAMPAIGNS)) == in_order(plain.rows(CAMPAIGNS))
    (warning,) = [w for w in ran.warnings if "batch_config" in w]
    assert "records" in warning


def test_flattening_leaves_flat_rows_as_they_are(run: Runs) -> None:
    plain = run(CAMPAIGNS, **TWO)
    ran = run(CAMPAIGNS, flattening_enabled=True, flattening_max_depth=1, **TWO)
    assert in_order(ran.rows(CAMPAIGNS)) == in_order(plain.rows(CAMPAIGNS))
    assert ran.schema(CAMPAIGNS)["key_properties"] == [
        "date",
        "campaignId",
        "profile_id",
    ]


def test_flattening_unfolds_the_profiles(run: Runs) -> None:
    ran = run("profiles", flattening_enabled=True, flattening_max_depth=1)
    (seller,) = [p for p in ran.rows("profiles") if p["profileId"] == SELLER]
    assert seller["accountInfo__name"] == "Blue Heron Goods"
    assert "accountInfo" not in seller
