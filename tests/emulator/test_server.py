from __future__ import annotations

import gzip
import json
import os
import signal
import socket
import subprocess
import sys
import time
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from datetime import datetime, timezone
from pathlib import Path

import pytest
import requests

from amazon_emulator import Emulator, EmulatorClient, EmulatorError
from support.ads.emulation import AGENCY, SELLER, report_body
from support.core.emulation import emulator_fixtures

PATH = "/reporting/reports"


running, emulator = emulator_fixtures(frozen=False, seed=3)


@pytest.fixture
def session(emulator: Emulator) -> Iterator[requests.Session]:
    with requests.Session() as session:
        session.trust_env = False
        sign_in(session, emulator)
        yield session


def sign_in(session: requests.Session, emulator: Emulator) -> None:
    form = {"grant_type": "refresh_token", **emulator.credentials}
    token = session.post(emulator.token_url, data=form, timeout=10).json()
    session.headers.update(
        {
            "Authorization": f"Bearer {token['access_token']}",
            "Amazon-Advertising-API-ClientId": emulator.credentials["client_id"],
            "Amazon-Advertising-API-Scope": SELLER,
        }
    )


def fetch(url: str, **headers: str) -> requests.Response:
    with requests.Session() as plain:
        plain.trust_env = False
        return plain.get(url, headers=headers, timeout=10)


def make_report(session: requests.Session, url: str) -> dict[str, str]:
    created = session.post(f"{url}{PATH}", json=report_body(), timeout=10).json()
    path = f"{url}{PATH}/{created['reportId']}"
    report: dict[str, str] = session.get(path, timeout=10).json()
    return report


def test_whole_way_over_sockets(emulator: Emulator, session: requests.Session) -> None:
    report = make_report(session, emulator.url)
    document = fetch(report["url"])

    rows = json.loads(gzip.decompress(document.content))
    assert report["url"].startswith(f"{emulator.download_url}/")
    assert emulator.download_url != emulator.url
    assert rows == emulator.client.expected_rows(report["reportId"])
    assert emulator.client.expected_row_count(report["reportId"]) == len(rows) == 10


def test_connection_is_kept_and_answers_come_at_once(emulator: Emulator) -> None:
    host, port = emulator.url.removeprefix("http://").split(":")
    request = b"GET /v2/profiles HTTP/1.1\r\nHost: x\r\n\r\n"
    with socket.create_connection((host, int(port)), timeout=5) as connection:
        started = time.perf_counter()
        for _ in range(20):
            connection.sendall(request)
            head = connection.recv(65536)
            assert head.startswith(b"HTTP/1.1 401")
        seconds = time.perf_counter() - started

    assert seconds < 20 * 0.03  # delayed acknowledgements would cost 40 ms each


def test_early_answer_leaves_the_connection_usable(
    emulator: Emulator, session: requests.Session
) -> None:
    emulator.client.add_fault("status", operation="create", code=503, times=1)

    first = session.post(f"{emulator.url}{PATH}", json=report_body(), timeout=10)
    second = session.post(f"{emulator.url}{PATH}", json=report_body(), timeout=10)

    assert (first.status_code, second.status_code) == (503, 200)


def test_reset_and_truncation_reach_the_client(
    emulator: Emulator, session: requests.Session
) -> None:
    report = make_report(session, emulator.url)
    emulator.client.add_fault("reset", operation="status", times=1)
    emulator.client.add_fault("truncate", operation="download", after_bytes=50, times=1)

    with pytest.raises(requests.ConnectionError, match="reset by peer"):
        session.get(f"{emulator.url}{PATH}/{report['reportId']}", timeout=10)
    with pytest.raises(requests.exceptions.ChunkedEncodingError, match="50 bytes read"):
        fetch(report["url"])
    assert fetch(report["url"], Range="bytes=50-").status_code == 206
    assert emulator.client.statistics().count("status", "reset") == 1


def test_many_clients_at_once(emulator: Emulator) -> None:
    emulator.client.change(delay_seconds=0.05, ready_after_looks=1)

    def one_client(number: int) -> tuple[str, int]:
        day = f"2026-11-{number % 9 + 1:02d}"
        body = report_body(start=day, end=f"2026-11-{number % 8 + 10}")
        with requests.Session() as session:
            session.trust_env = False
            sign_in(session, emulator)
            created = session.post(f"{emulator.url}{PATH}", json=body, timeout=30)
            report_id = created.json()["reportId"]
            for _ in range(2):
                path = f"{emulator.url}{PATH}/{report_id}"
                report = session.get(path, timeout=30).json()
        rows = json.loads(gzip.decompress(fetch(report["url"]).content))
        return report_id, len(rows)

    with ThreadPoolExecutor(16) as pool:
        results = list(pool.map(one_client, range(32)))

    statistics = emulator.client.statistics()
    assert len({report_id for report_id, _ in results}) == 32
    assert statistics.count("create", 200) == len(statistics.creates) == 32
    assert statistics.count("status", 200) == 64
    assert {(made.looks, made.downloads) for made in statistics.creates} == {(2, 1)}
    assert 8 < statistics.peak["*"] <= 16


def test_client_sets_and_asks_everything(emulator: Emulator) -> None:
    client = emulator.client
    assert (
        client.change(rows_per_day=2, ready_after_seconds=[1, 2])["rows_per_day"] == 2
    )
    assert client.settings()["ready_after_seconds"] == [1, 2]
    client.set_seed(9)
    frozen = datetime(2026, 1, 2, tzinfo=timezone.utc)
    client.set_now(frozen, frozen=True)
    client.advance(90)
    assert (client.now() - frozen).total_seconds() == 90
    client.real_time()
    assert abs(client.now() - datetime.now(timezone.utc)).total_seconds() < 5

    rule = client.add_fault("delay", seconds=0, times=1)
    assert [item["id"] for item in client.faults()] == [rule]
    client.remove_fault(rule)
    assert client.faults() == []

    client.add_profile({"profileId": "77", "accountInfo": {"type": "agency"}})
    client.add_advertisers(77, [{"advertiserId": "1"}, {"advertiserId": "2"}])
    client.remove_advertiser(77, "1")
    assert client.accounts()["advertisers"]["77"] == [{"advertiserId": "2"}]
    client.remove_profile("77")
    link = {"accountType": "DSP_ADVERTISING_ACCOUNT", "dspAdvertiserId": "5"}
    client.add_link(link)
    client.remove_link("5")
    assert AGENCY in client.accounts()["advertisers"]
    client.set_accounts({"profiles": []})
    assert client.accounts()["profiles"] == []

    client.reset()
    assert client.settings()["seed"] == 3
    assert len(client.accounts()["profiles"]) == 16


def test_client_expires_tokens(emulator: Emulator, session: requests.Session) -> None:
    assert session.get(f"{emulator.url}/v2/profiles", timeout=10).status_code == 200
    emulator.client.expire_tokens()
    assert session.get(f"{emulator.url}/v2/profiles", timeout=10).status_code == 401
    emulator.client.clear_statistics()
    assert emulator.client.statistics().calls == {}


def test_refused_creates_are_listed(
    emulator: Emulator, session: requests.Session
) -> None:
    body = report_body(columns=["nonsense"])
    session.post(f"{emulator.url}{PATH}", json=body, timeout=10)

    refused = emulator.client.statistics().refused

    assert [(item.account, item.status, item.body) for item in refused] == [
        (SELLER, 400, body)
    ]
    assert "invalid values: (nonsense)" in refused[0].answer


@pytest.mark.parametrize(
    "call",
    [
        lambda client: client.change(region="XX"),
        lambda client: client.change(sped=1),
        lambda client: client.change(rows_per_day=-1),
        lambda client: client.change(ready_after_seconds=[3, 1]),
        lambda client: client.add_fault("explode"),
        lambda client: client.expected_rows("unknown"),
        lambda client: client.remove_fault(99),
        lambda client: client.add_profile({"timezone": "Mars/Olympus"}),
        lambda client: client.add_profile({"profileId": 1, "timezone": "Mars/Olympus"}),
        lambda client: client.set_accounts({"accounts": []}),
    ],
)
def test_wrong_control_call_is_a_sentence(emulator: Emulator, call: object) -> None:
    assert callable(call)
    with pytest.raises(EmulatorError, match="was answered 40"):
        call(emulator.client)


def test_small_document_is_made_when_it_is_asked_for(
    emulator: Emulator, session: requests.Session
) -> None:
    created = session.post(f"{emulator.url}{PATH}", json=report_body(), timeout=30)
    report_id = created.json()["reportId"]
    report = emulator.emulation.reports.any(report_id)
    assert report is not None
    assert not report.document.is_built

    status = session.get(f"{emulator.url}{PATH}/{report_id}", timeout=30).json()
    assert status["status"] == "COMPLETED"
    assert status["fileSize"] == report.document.path.stat().st_size > 0


def test_large_document_is_made_beside_the_calls(
    emulator: Emulator, session: requests.Session
) -> None:
    emulator.client.change(rows_per_day=500_000)
    columns = ["date", "campaignId", *(f"sales{days}d" for days in (1, 7, 14, 30))]
    body = report_body(columns=columns)

    created = session.post(f"{emulator.url}{PATH}", json=body, timeout=30)
    path = f"{emulator.url}{PATH}/{created.json()['reportId']}"
    early = session.get(path, timeout=30)
    report = emulator.emulation.reports.any(created.json()["reportId"])
    emulator.client.reset()

    assert early.json()["status"] == "PROCESSING"
    assert created.elapsed.total_seconds() + early.elapsed.total_seconds() < 1
    assert report is not None
    assert not report.document.is_built
    with report.document.lock:  # held while the document is written
        assert report.document.is_cancelled


def test_emulator_leaves_nothing_behind(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("tempfile.tempdir", str(tmp_path))
    with Emulator() as emulator, requests.Session() as session:
        session.trust_env = False
        sign_in(session, emulator)
        day = datetime.now(timezone.utc).date().isoformat()[:8] + "01"
        body = report_body(start=day, end=day)
        assert session.post(f"{emulator.url}{PATH}", json=body, timeout=10).ok
        assert list(tmp_path.iterdir())
        url = emulator.url
    assert not list(tmp_path.iterdir())
    with pytest.raises(OSError, match="refused"):
        EmulatorClient(url).now()


@pytest.mark.parametrize("number", [signal.SIGTERM, signal.SIGINT])
def test_serve_prints_where_it_is_and_ends_cleanly(number: signal.Signals) -> None:
    command = [
        str(Path(sys.executable).parent / "amazon-emulator"),
        "serve",
        *("--port", "0", "--download-port", "0", "--rows-per-day", "3"),
        *("--ready-after-seconds", "1-2", "--region", "EU", "--seed", "7"),
        *("--now", "2026-11-20T12:00:00Z", "--frozen"),
    ]
    with subprocess.Popen(
        command, stdout=subprocess.PIPE, text=True, env={**os.environ, "NO_COLOR": "1"}
    ) as process:
        assert process.stdout is not None
        lines: list[str] = []
        while not lines or "ready" not in lines[-1]:
            lines.append(process.stdout.readline())
            assert lines[-1], "the emulator ended early"
        url = lines[0].split()[-1]
        client = EmulatorClient(url)
        assert client.now() == datetime(2026, 11, 20, 12, tzinfo=timezone.utc)
        settings = client.settings()
        process.send_signal(number)
        assert process.wait(10) == 0
    assert settings["region"] == "EU"
    assert settings["rows_per_day"] == 3
    assert settings["ready_after_seconds"] == [1, 2]


def test_serve_says_when_a_port_is_taken() -> None:
    with socket.socket() as taken:
        taken.bind(("127.0.0.1", 0))
        taken.listen()
        command = [
            str(Path(sys.executable).parent / "amazon-emulator"),
            "serve",
            *("--port", str(taken.getsockname()[1])),
        ]
        result = subprocess.run(
            command, capture_output=True, text=True, timeout=30, check=False
        )
    assert result.returncode == 1
    assert "port cannot be opened" in result.stderr
