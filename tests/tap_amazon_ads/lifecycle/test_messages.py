"""What a run logs: progress, failures, the summary, and no secret."""

from __future__ import annotations

import json
from pathlib import Path
from urllib.parse import parse_qs, urlsplit

import pytest

from amazon_emulator import Emulator
from support.ads.process import AdsProcess
from support.ads.runs import (
    CAMPAIGNS,
    CANADA,
    NEWEST,
    NOON,
    SELLER,
    TARGETING,
    Json,
    run,
)


def test_progress_every_half_minute(emulator: Emulator) -> None:
    emulator.client.change(ready_after_seconds=300)
    emulator.client.add_fault(
        "throttle", operation="create", account=CANADA, times=1, retry_after=200
    )

    ended = run(
        emulator,
        [CAMPAIGNS, TARGETING],
        profile_ids=[SELLER, CANADA],
        poll_interval_max_seconds=20,
        max_runtime_seconds=600,
    )

    lines = ended.said("INFO", "Reports: 4")
    assert ended.summary["seconds"] // 50 <= len(lines)
    assert len(lines) <= ended.summary["seconds"] // 30
    first, *others = lines
    assert "to ask 2, Amazon works on 2, ready 0, delivered 0" in first
    assert "throttled 1 times" in first
    assert "longest: sponsored_products_" in first
    assert f"of profile {SELLER} (US seller) {NEWEST}..{NEWEST}" in first
    late = "to ask 0, Amazon works on 2, ready 0, delivered 2"
    assert any(late in line for line in others)


def test_a_short_run_has_no_progress_lines(emulator: Emulator) -> None:
    assert not run(emulator).said("Reports: ")


def test_the_last_line_is_the_summary(emulator: Emulator) -> None:
    emulator.client.add_fault(
        "failed", operation="create", account=CANADA, reason="The cat ate it"
    )

    ended = run(emulator, [CAMPAIGNS, TARGETING], profile_ids=[SELLER, CANADA])

    summary = ended.summary
    assert summary["reports"] == {
        "planned": 4,
        "requested": 10,
        "adopted": 0,
        "delivered": 2,
        "failed": 2,
        "refused": 0,
        "waiting": 0,
    }
    assert summary["rows"] == len(ended.rows()) == 4
    assert summary["rows_by_stream"] == {CAMPAIGNS: 2, TARGETING: 2}
    seconds = (emulator.client.now() - NOON).total_seconds()
    assert summary["seconds"] == pytest.approx(seconds, abs=0.1)
    (failure,) = summary["failures"]
    assert failure == ended.log[-2].removeprefix("ERROR ")
    for part in (CANADA, CAMPAIGNS, TARGETING, NEWEST, "The cat ate it", "next run"):
        assert part in failure


def test_a_run_that_cannot_sign_in_says_so_and_has_a_summary(
    emulator: Emulator,
) -> None:
    ended = run(emulator, refresh_token="Atzr|of-somebody-else")

    assert ended.code == 1
    assert ended.said("ERROR", "Login with Amazon refuses", "refresh_token")
    assert not ended.said("somebody-else")
    assert ended.summary["rows"] == 0
    assert ended.messages in ([], [m for m in ended.messages if m["type"] == "SCHEMA"])


def test_a_wrong_setting_is_one_sentence_and_no_summary(emulator: Emulator) -> None:
    ended = run(emulator, end_date="2026-11-01", start_date="2026-11-02")

    assert ended.code == 1
    assert [line for line in ended.log if line.startswith("ERROR")] == ended.log[-1:]
    assert "end_date 2026-11-01 is before start_date" in ended.log[-1]
    assert not emulator.client.statistics().calls


@pytest.mark.parametrize("level", ["INFO", "DEBUG"])
@pytest.mark.parametrize("goes_well", [True, False])
def test_no_secret_comes_out(
    tmp_path: Path,
    emulator: Emulator,
    monkeypatch: pytest.MonkeyPatch,
    level: str,
    goes_well: bool,
) -> None:
    client = emulator.client
    client.real_time()
    day: Json = {"start_date": str(client.now().date().replace(day=1))}
    signed: list[str] = []
    sign = emulator.emulation.signer.sign
    monkeypatch.setattr(
        emulator.emulation.signer,
        "sign",
        lambda *what: signed.append((found := sign(*what))[0]) or found,  # type: ignore[func-returns-value] # remembers what it hands on
    )
    if not goes_well:
        client.add_fault("expired", operation="download", times=2)
        client.add_fault("truncate", operation="download", times=1)
        client.add_fault("reset", operation="status", times=1)
        client.add_fault("html", operation="profiles", times=1)
        client.add_fault("failed", operation="create", account=CANADA)
        client.add_fault("unauthorized", operation="status", account=CANADA, skip=1)
    with AdsProcess(
        tmp_path,
        emulator,
        [CAMPAIGNS, TARGETING],
        profile_ids=[SELLER, CANADA],
        environment={"TAP_AMAZON_ADS_LOGLEVEL": level},
        max_runtime_seconds=20,
        **day,
    ) as tap:
        tap.read()
        assert tap.ended(20) == (0 if goes_well else 1), tap.log
        out = tap.raw.decode() + tap.log + json.dumps(tap.last_state())
    assert "Run summary" in out
    secrets = {emulator.credentials[n] for n in ("client_secret", "refresh_token")}
    secrets |= set(emulator.emulation.tokens._expiry)
    for url in signed:
        secrets.add(parse_qs(urlsplit(url).query)["X-Amz-Signature"][0])
    assert len(secrets) >= 5
    assert not [secret for secret in secrets if secret in out]
