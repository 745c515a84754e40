"""Nothing of a person is found anywhere but in the hashes sent to Amazon."""

from __future__ import annotations

import json
import logging
from pathlib import Path

import pytest

from support.audience.runner import Runner, record, schema, state

PERSON = {
    "email": "zelda.quux@secretmail.example",
    "phone": "2065550142",
    "firstname": "Zeldamira",
    "lastname": "Quuxington",
    "address": "4711 Hidden Hollow Street",
    "city": "Obscureville",
    "state": "Wyoming",
    "postal": "82001",
    "ipaddress": "203.0.113.77",
    "amznuserdata": "GRANTED",
}
TRACES = [
    value.lower()
    for name, value in PERSON.items()
    if name not in {"amznuserdata", "state"}
] + ["zelda", "quux", "hollow", "obscure", "203.0.113"]


def found_in(text: str) -> list[str]:
    return [trace for trace in TRACES if trace in text.lower()]


def everything_on_disk(folder: Path) -> str:
    files = [path for path in folder.rglob("*") if path.is_file()]
    assert files
    return "".join(path.read_bytes().decode("latin-1") for path in files)


@pytest.mark.parametrize("mode", ["APPEND", "MIRROR"])
@pytest.mark.parametrize("trouble", [None, 400, 403, 429, 500, 413])
def test_no_trace_in_logs_errors_rejects_or_database(
    target: Runner, caplog: pytest.LogCaptureFixture, mode: str, trouble: int | None
) -> None:
    caplog.set_level(logging.DEBUG)
    rows = [
        record(externaluserid="u-1", **PERSON),
        record(externaluserid="u-2", **{**PERSON, "email": "zelda.quux@"}),
        record(externaluserid=PERSON["email"], **PERSON),
        record(externaluserid="u-3", **PERSON, countrycode="Obscureville"),
        record(externaluserid="u-4", **{**PERSON, "amznuserdata": "zelda"}),
        record(externaluserid="u-5", **{**PERSON, "ipaddress": "zelda"}),
        '{"type": "RECORD", "record": ' + json.dumps(PERSON) + "\n",
        json.dumps(PERSON) + "\n",
        '{"type": "zelda.quux@secretmail.example"}\n',
        record(externaluserid="u-6", **{**PERSON, "phone": ["2065550142"]}),
    ]
    if trouble:
        target.fault("status", code=trouble, times=2)
    maps = {"customers": {"email": "email.nothing()", "__else__": "__NULL__"}}
    ran = target.run([*rows, state(1)], upload_mode=mode)
    mapped = target.run([rows[0]], upload_mode=mode, stream_maps=maps, dry_run=True)
    target.run([rows[0], schema("customers", keys=["id"]), rows[0]], upload_mode=mode)
    written = f"{caplog.text} {ran} {mapped} {target.rejects()}"
    assert found_in(written) == []
    assert found_in(everything_on_disk(target.folder)) == []


def test_the_check_itself_sees_a_trace() -> None:
    assert found_in("X: ZELDA.QUUX@secretmail.example") != []


def test_folder_and_files_are_for_their_owner_only(target: Runner) -> None:
    bad = record(externaluserid="not allowed", email="a@b.c")
    folder = target.folder / ".target-amazon-audience"
    path = str(folder / "state.sqlite3")
    target.run([record(externaluserid="u", email="a@b.c"), bad], state_path=path)
    assert folder.stat().st_mode & 0o777 == 0o700
    assert (folder / "state.sqlite3").stat().st_mode & 0o777 == 0o600
    for other in folder.rglob("*.lock"):
        assert other.stat().st_mode & 0o777 == 0o600
    for name in ("rejects.jsonl", "summary.json"):
        assert (target.folder / name).stat().st_mode & 0o777 == 0o600


def test_rejects_say_who_only_as_a_hash(target: Runner) -> None:
    target.run([record(externaluserid="u-1", email="nobody")])
    [reject] = target.rejects()
    assert reject == {
        "external_id_sha256": (
            "a24a7f55f278dd49fb1f99c5507800cb198a5bfe10fe2126cd0b25672152b0da"
        ),
        "stream": "customers",
        "field": None,
        "reason": "no usable personal data",
        "record": 1,
    }
