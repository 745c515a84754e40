"""Documents that are no good are gaps; originals are kept byte for byte."""

from __future__ import annotations

import base64
import gzip
import json
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
import requests

from amazon_emulator import Emulator, EmulatorClient
from support.ads.runs import BRAZIL, CAMPAIGNS, LINKED, ORDERS, SELLER, Run, calls
from support.s3.bucket import Bucket

Runs = Callable[..., Run]
TWO = {
    "profile_ids": [SELLER, BRAZIL],
    "start_date": "2026-11-17",
    "end_date": "2026-11-18",
    "report_attempts": 1,
}
ROW = '{"date":"2026-11-17","campaignId":1}'
CUT = base64.b64encode(gzip.compress(f"[{ROW},{ROW}]".encode(), mtime=0)[:-12]).decode()
LATIN = base64.b64encode('[{"campaignName":"café"}]'.encode("latin-1")).decode()
EMPTY = base64.b64encode(gzip.compress(b"", mtime=0)).decode()

BAD = [
    pytest.param({"text": "<html>Service Unavailable</html>"}, "not JSON", id="html"),
    pytest.param({"text": "nonsense", "gzip": False}, "not JSON", id="no-json"),
    pytest.param({"text": '{"error": "late"}'}, "a JSON object", id="object"),
    pytest.param({"text": f"[{ROW},{ROW[:20]}"}, "ends too early", id="cut"),
    pytest.param({"text": f"[{ROW},5]"}, "not an object but int", id="number-row"),
    pytest.param({"text": f"[{ROW} {ROW}]"}, "JSON array", id="no-comma"),
    pytest.param({"text": f"[{ROW}]]"}, "JSON array", id="too-much"),
    pytest.param({"base64": CUT, "gzip": False}, "cut", id="cut-gzip"),
    pytest.param({"base64": LATIN, "gzip": False}, "UTF-8", id="latin-1"),
    pytest.param({"base64": EMPTY, "gzip": False}, "empty", id="nothing-inside"),
]


@pytest.mark.parametrize(("document", "reason"), BAD)
def test_a_damaged_document_is_a_gap_with_the_reason_and_harms_no_other(
    run: Runs, amazon: EmulatorClient, document: dict[str, Any], reason: str
) -> None:
    rule = amazon.add_fault("document", operation="create", account=SELLER, **document)

    ran = run(CAMPAIGNS, **TWO, speed=500)

    assert ran.code == 1
    assert not ran.tracebacks
    (error,) = ran.errors
    for word in (SELLER, CAMPAIGNS, "2026-11-17..2026-11-18", reason):
        assert word in error
    hurt, fine = (ran.partition(CAMPAIGNS, account) for account in (SELLER, BRAZIL))
    (gap,) = hurt["gaps"]
    assert (gap["start"], gap["end"], gap["attempts"]) == (
        "2026-11-17",
        "2026-11-18",
        1,
    )
    assert reason in gap["reason"]
    assert hurt["replication_key_value"] == "2026-11-16"
    assert fine["replication_key_value"] == "2026-11-18"
    assert len([r for r in ran.rows(CAMPAIGNS) if r["profile_id"] == BRAZIL]) == 10

    amazon.remove_fault(rule)
    healed = run(CAMPAIGNS, **TWO, state=ran.state)
    assert healed.code == 0
    assert len([r for r in healed.rows(CAMPAIGNS) if r["profile_id"] == SELLER]) == 10
    mended = healed.partition(CAMPAIGNS, SELLER)
    assert "gaps" not in mended
    assert mended["replication_key_value"] == "2026-11-18"


@pytest.mark.parametrize(
    "document",
    [
        pytest.param({"gzip": False}, id="plain"),
        pytest.param({"gzip": True}, id="gzip"),
        pytest.param({"base64": True, "gzip": False}, id="two-gzip-members"),
        pytest.param({"bom": "\ufeff \n"}, id="byte-order-mark"),
    ],
)
def test_documents_are_told_by_their_bytes(
    run: Runs, amazon: EmulatorClient, document: dict[str, Any]
) -> None:
    text = str(document.pop("bom", "")) + f'[{ROW}, {{"campaignId": 2}} ]\n'
    if document.pop("base64", False):
        halves = (text[:30].encode(), text[30:].encode())
        packed = b"".join(gzip.compress(half) for half in halves)
        document["base64"] = base64.b64encode(packed).decode()
    else:
        document["text"] = text
    amazon.add_fault("document", operation="create", **document)

    ran = run(CAMPAIGNS, **TWO | {"profile_ids": [SELLER]})

    assert ran.code == 0
    assert [row["campaignId"] for row in ran.rows(CAMPAIGNS)] == ["1", "2"]


def test_an_empty_report_delivers_its_days(run: Runs, amazon: EmulatorClient) -> None:
    amazon.add_fault("empty", operation="create")

    ran = run(CAMPAIGNS, **TWO)

    assert ran.code == 0
    assert not ran.rows(CAMPAIGNS)
    for account in (SELLER, BRAZIL):
        done = ran.partition(CAMPAIGNS, account)
        assert done["replication_key_value"] == "2026-11-18"


# --- originals --------------------------------------------------------------


@pytest.fixture
def downloads(emulator: Emulator) -> Callable[[], dict[str, bytes]]:
    """Returns the bytes the emulator serves now, by report id."""

    def fetch() -> dict[str, bytes]:
        token = requests.post(
            emulator.token_url,
            data=emulator.credentials | {"grant_type": "refresh_token"},
            timeout=10,
        ).json()["access_token"]
        found = {}
        for create in emulator.client.statistics().creates:
            shown = requests.get(
                f"{emulator.url}/reporting/reports/{create.report_id}",
                headers={
                    "Authorization": f"Bearer {token}",
                    "Amazon-Advertising-API-ClientId": emulator.credentials[
                        "client_id"
                    ],
                    create.header: create.account,
                },
                timeout=10,
            ).json()
            found[create.report_id] = requests.get(
                shown["url"], headers={"Accept-Encoding": "identity"}, timeout=10
            ).content
        return found

    return fetch


def names_of(amazon: EmulatorClient) -> dict[str, str]:
    """Return where the docs promise each report's original, by report id."""
    streams = {"spCampaigns": CAMPAIGNS, "dspTech": ORDERS}
    return {
        create.report_id: (
            f"{streams[create.body['configuration']['reportTypeId']]}/{create.account}/"
            f"{create.body['startDate']}_{create.body['endDate']}_"
            f"{create.report_id}.json.gz"
        )
        for create in amazon.statistics().creates
    }


THREE_REPORTS = {
    "start_date": "2026-11-17",
    "end_date": "2026-11-18",
    "exclude_profile_ids": ["4400500600700804", "2200300400500602", BRAZIL],
}


def test_originals_are_kept_in_a_folder_byte_for_byte(
    run: Runs,
    amazon: EmulatorClient,
    downloads: Callable[[], dict[str, bytes]],
    tmp_path: Path,
) -> None:
    folder = tmp_path / "ours é" / "raw"

    ran = run(CAMPAIGNS, ORDERS, raw_report_uri=folder.as_uri(), **THREE_REPORTS)

    assert ran.code == 0
    kept = {
        path.relative_to(folder).as_posix(): path.read_bytes()
        for path in folder.rglob("*")
        if path.is_file()
    }
    served = downloads()
    assert kept == {name: served[key] for key, name in names_of(amazon).items()}
    assert len(kept) == 3
    assert any(f"{ORDERS}/{LINKED}/2026-11-17_2026-11-18_" in name for name in kept)
    one = next(data for name, data in kept.items() if CAMPAIGNS in name)
    assert len(json.loads(gzip.decompress(one))) == 10


def aws(bucket: Bucket) -> dict[str, object]:
    return {
        "raw_report_uri": f"s3://{bucket.name}/lake/raw/",
        "aws_endpoint_override": bucket.endpoint,
        "aws_access_key_id": "emulator",
        "aws_secret_access_key": "emulator-secret",
        "aws_region": "us-east-1",
    }


def test_originals_are_kept_in_s3_byte_for_byte(
    run: Runs,
    amazon: EmulatorClient,
    downloads: Callable[[], dict[str, bytes]],
    bucket: Bucket,
) -> None:
    ran = run(CAMPAIGNS, ORDERS, **aws(bucket), **THREE_REPORTS)

    assert ran.code == 0
    served = downloads()
    assert {key: bucket.read(key) for key in bucket.keys()} == {  # noqa: SIM118 - a method of its own
        f"lake/raw/{name}": served[report_id]
        for report_id, name in names_of(amazon).items()
    }
    assert bucket.open_uploads() == 0


def test_a_bucket_that_is_not_there_ends_the_run_before_the_first_call(
    run: Runs, amazon: EmulatorClient, bucket: Bucket
) -> None:
    ran = run(CAMPAIGNS, **aws(bucket) | {"raw_report_uri": "s3://not-there/x"})

    assert ran.code == 1
    (error,) = ran.errors
    assert "not-there" in error
    assert "emulator-secret" not in error
    assert calls(amazon.statistics()) == 0


def test_storage_that_fails_in_the_middle_loses_no_data(
    run: Runs, amazon: EmulatorClient, tmp_path: Path
) -> None:
    """The folder of one account's originals is taken by a file."""
    blocked = tmp_path / CAMPAIGNS / SELLER
    blocked.parent.mkdir()
    blocked.write_text("in the way")
    settings = TWO | {"raw_report_uri": tmp_path.as_uri()}

    first = run(CAMPAIGNS, **settings, max_runtime_seconds=60, speed=60)

    assert first.code == 1
    (error,) = first.errors
    assert SELLER in error
    assert "the document was not kept" in error
    assert {row["profile_id"] for row in first.rows(CAMPAIGNS)} == {BRAZIL}
    (pending,) = first.partition(CAMPAIGNS, SELLER)["pending_reports"]

    blocked.unlink()
    second = run(CAMPAIGNS, **settings, state=first.state)
    assert second.code == 0
    assert len(second.rows(CAMPAIGNS)) == 10
    assert {row["profile_id"] for row in second.rows(CAMPAIGNS)} == {SELLER}
    assert len(amazon.statistics().creates) == 2
    (kept,) = blocked.iterdir()
    assert kept.name == f"2026-11-17_2026-11-18_{pending['report_id']}.json.gz"
