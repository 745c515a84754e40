"""Customers become an audience by the real `meltano run`."""

from __future__ import annotations

import json
from hashlib import sha256
from pathlib import Path

import pytest

from amazon_emulator import Emulator, EmulatorClient
from amazon_emulator.demo.customers import COLUMNS, customer, write_file
from support.core.meltano_project import MeltanoProject


def project_of(folder: Path, emulator: Emulator, **settings: object) -> MeltanoProject:
    given = {
        name: value if isinstance(value, str) else json.dumps(value)
        for name, value in settings.items()
    }
    return MeltanoProject.make(
        folder,
        TARGET_AMAZON_AUDIENCE_ENDPOINT_URI=emulator.url,
        TARGET_AMAZON_AUDIENCE_AUTH_URI=emulator.token_url,
        TARGET_AMAZON_AUDIENCE_POLL_INTERVAL_SECONDS="0.05",
        TAP_AMAZON_SP_ENDPOINT_URI=emulator.url,
        TAP_AMAZON_SP_AUTH_URI=emulator.token_url,
        TAP_AMAZON_SP_POLL_INTERVAL_SECONDS="0.2",
        **given,
    )


def hashed(text: str) -> str:
    return sha256(text.encode()).hexdigest()


def members(client: EmulatorClient) -> set[str]:
    [audience] = client.audiences()
    return set(client.audience_members(audience.audience_id))


def test_the_job_makes_an_audience_and_the_next_run_mirrors_a_file(
    tmp_path: Path,
) -> None:
    with Emulator() as emulator:
        sample = project_of(tmp_path, emulator)
        first = sample.run("run", "customers-to-audience")
        assert first.returncode == 0, first.stderr
        [audience] = emulator.client.audiences()
        assert (audience.name, audience.members) == ("Sample customers", 12)
        found = emulator.client.audience_members(audience.audience_id)
        [pii] = found["C-00000"].hashed_pii
        assert set(pii) == {
            *("address", "city", "email", "firstname"),
            *("lastname", "phone", "postal", "state"),
        }
        assert pii["address"] == hashed("100mainst")
        assert pii["state"] == hashed("wa")

        (tmp_path / "second").mkdir()
        file = tmp_path / "customers.csv"
        for people in (range(12), range(2, 14)):
            write_file(file, map(customer, people))
            project = project_of(
                tmp_path,
                emulator,
                TAP_CUSTOMER_FILE_PATH=str(file),
                TARGET_AMAZON_AUDIENCE_UPLOAD_MODE="MIRROR",
            )
            answer = project.run("run", "customers-to-audience")
            assert answer.returncode == 0, answer.stderr
        assert members(emulator.client) == {
            customer(number)["customer_no"] for number in range(2, 14)
        }
        assert not emulator.client.statistics().alarms


def test_recipients_of_orders_fill_an_audience_through_stream_maps(
    tmp_path: Path,
) -> None:
    with Emulator() as emulator:
        project = project_of(tmp_path, emulator)
        answer = project.run("run", "buyers-to-audience")
        assert answer.returncode == 0, answer.stderr
        [audience] = emulator.client.audiences()
        found = emulator.client.audience_members(audience.audience_id)
        [*reports] = emulator.client.statistics().sp_reports
        rows = [
            row
            for report in reports
            for row in emulator.client.sp_rows(report.account, report.report_id)["rows"]
        ]
        alarms = emulator.client.statistics().alarms
    assert set(found) == {hashed(row["buyer-email"]) for row in rows}
    assert len(found) > 50
    member = found[hashed(rows[0]["buyer-email"])]
    [pii] = member.hashed_pii
    assert pii["firstname"] == hashed("juergen")
    assert pii["postal"] == hashed(rows[0]["ship-postal-code"])
    assert "email" not in pii  # what Amazon hands out is no address of the buyer's own
    assert not alarms


@pytest.mark.parametrize(
    ("text", "words"),
    [
        (None, "cannot be read"),
        ("", "is empty"),
        ("customer_no,email\n1,\xff", "cannot be read"),
    ],
)
def test_a_file_that_cannot_be_read_is_one_sentence(
    tmp_path: Path, text: str | None, words: str
) -> None:
    from amazon_emulator.demo.customer_tap import command  # noqa: PLC0415 - one use

    file = tmp_path / "customers.csv"
    if text is not None:
        file.write_bytes(text.encode("latin-1"))
    config = tmp_path / "config.json"
    config.write_text(json.dumps({"path": str(file)}))
    with pytest.raises(SystemExit, match=words):
        command(["--config", str(config)], standalone_mode=False)


def test_the_tap_writes_each_row_as_it_stands(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    from amazon_emulator.demo.customer_tap import command  # noqa: PLC0415 - one use

    file = tmp_path / "customers.csv"
    write_file(file, [customer(3)])
    file.write_bytes(b"\xef\xbb\xbf" + file.read_bytes() + b"C-4,short\n")
    config = tmp_path / "config.json"
    config.write_text(json.dumps({"path": str(file), "stream": "people"}))
    command(["--config", str(config)], standalone_mode=False)
    schema, first, second, end = map(json.loads, capsys.readouterr().out.splitlines())
    assert list(schema["schema"]["properties"]) == list(COLUMNS)
    assert first == {"type": "RECORD", "stream": "people", "record": customer(3)}
    assert (second["record"]["email"], second["record"]["zip"]) == ("short", None)
    assert end == {"type": "STATE", "value": {}}
