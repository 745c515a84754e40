"""`auth` end to end on the emulator: consent page, redirect, code, file."""

from __future__ import annotations

import json
import re
import shutil
import socket
import stat
import subprocess
from collections.abc import Iterator
from datetime import datetime, timedelta, timezone
from pathlib import Path
from urllib.parse import parse_qs, urlencode, urlsplit

import pytest
import requests
from dotenv import dotenv_values
from hypothesis import given
from hypothesis import strategies as st

from amazon_emulator import Emulator
from singer_amazon.commands.consent import ConsentRequest
from singer_amazon.commands.env_file import with_variable
from singer_amazon.errors import AuthError, ConfigError
from support.programs import BIN, run_program
from tap_amazon_sp.commands.auth import central_page

BROWSER = next(
    filter(None, map(shutil.which, ("chromium", "chromium-browser", "google-chrome"))),
    None,
)
SOLUTION = "amzn1.sp.solution.emulator"
ADDRESS = re.compile(r"Consent page: (\S+)")


@pytest.fixture(scope="module")
def running() -> Iterator[Emulator]:
    with Emulator() as emulator:
        yield emulator


@pytest.fixture
def emulator(running: Emulator) -> Emulator:
    running.client.reset()
    return running


def free_port() -> int:
    with socket.socket() as found:
        found.bind(("127.0.0.1", 0))
        return int(found.getsockname()[1])


class Auth:
    """The command under way, up to the address of the consent page."""

    def __init__(
        self, folder: Path, emulator: Emulator, program: str, *more: str
    ) -> None:
        config = {**emulator.credentials, "auth_uri": emulator.token_url}
        (folder / "config.json").write_text(json.dumps(config))
        page = "/apps/authorize/consent" if program == "tap-amazon-sp" else "/ap/oa"
        options = ("--config", "config.json", "--consent-uri", emulator.url + page)
        self.process = subprocess.Popen(
            [str(BIN / program), "auth", *options, "--no-browser", *more],
            cwd=folder,
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            stderr=subprocess.PIPE,
            text=True,
        )
        self.said = ""
        assert self.process.stderr
        while not (found := ADDRESS.search(self.said)):
            line = self.process.stderr.readline()
            assert line, self.said
            self.said += line
        self.address = found[1]

    def end(self, text: str | None = None) -> tuple[int, str]:
        out, rest = self.process.communicate(text, timeout=60)
        said = self.said + out + rest
        assert "Traceback" not in said
        for secret in ("Atzr|", "emulator-client-secret"):
            assert secret not in said
        return self.process.returncode, said


def decide(address: str, decision: str) -> str:
    """Press a button of the page; return where the browser is sent."""
    assert "Allow" in requests.get(address, timeout=10).text
    answer = requests.post(
        address, data={"decision": decision}, allow_redirects=False, timeout=10
    )
    assert answer.status_code == 302
    return answer.headers["Location"]


def with_query(address: str, **changes: str) -> str:
    parts = urlsplit(address)
    query = {k: v[0] for k, v in parse_qs(parts.query).items()} | changes
    return parts._replace(query=urlencode(query)).geturl()


@pytest.mark.parametrize("program", ["tap-amazon-ads", "target-amazon-audience"])
def test_a_consent_writes_the_token_beside_what_is_there(
    program: str, emulator: Emulator, tmp_path: Path
) -> None:
    env = tmp_path / ".env"
    name = f"{program.upper().replace('-', '_')}_REFRESH_TOKEN"
    env.write_text(f"OTHER=1\n{name}=old\n# kept\n")
    auth = Auth(tmp_path, emulator, program, "--port", str(free_port()))
    requests.get(decide(auth.address, "allow"), timeout=10)
    code, said = auth.end()
    assert code == 0, said
    assert f"as {name}" in said
    assert f"{program} check" in said
    assert dotenv_values(env)[name] == emulator.credentials["refresh_token"]
    assert "OTHER=1\n" in env.read_text()
    assert "# kept" in env.read_text()
    assert stat.S_IMODE(env.stat().st_mode) == 0o600


def test_what_goes_wrong_is_a_sentence(emulator: Emulator, tmp_path: Path) -> None:
    def refused(change: str) -> str:
        auth = Auth(tmp_path, emulator, "tap-amazon-ads", "--port", str(free_port()))
        answer = decide(auth.address, "deny" if change == "deny" else "allow")
        if change == "state":
            answer = with_query(answer, state="another")
        if change == "late":
            later = datetime.now(timezone.utc) + timedelta(minutes=6)
            emulator.client.set_now(later)
        if change == "code":
            answer = with_query(answer, code="another")
        requests.get(answer, timeout=10)
        code, said = auth.end()
        assert code == 1
        assert not (tmp_path / ".env").exists()
        return said

    assert "the consent was denied (access_denied" in refused("deny")
    assert "the answer belongs to another consent" in refused("state")
    assert "works once and for five minutes" in refused("late")
    assert "works once and for five minutes" in refused("code")


def test_a_taken_port_and_an_answer_that_never_comes(
    emulator: Emulator, tmp_path: Path
) -> None:
    auth = Auth(
        *(tmp_path, emulator, "tap-amazon-ads"),
        *("--port", str(free_port()), "--timeout", "0.2"),
    )
    code, said = auth.end()
    assert code == 1
    assert "add http://localhost:" in said
    with socket.socket() as taken:
        taken.bind(("127.0.0.1", 0))
        taken.listen()
        ran = run_program(
            *("tap-amazon-ads", "auth", "--config", str(tmp_path / "config.json")),
            *("--port", str(taken.getsockname()[1])),
        )
    assert ran.returncode == 1
    assert "cannot be listened on" in ran.stderr


def test_an_address_is_pasted(emulator: Emulator, tmp_path: Path) -> None:
    listed = "http://localhost:9/elsewhere"
    auth = Auth(
        *(tmp_path, emulator, "tap-amazon-ads", "--paste", "--redirect-uri", listed),
        *("--write", "secrets.env", "--variable", "ADS_TOKEN"),
    )
    code, said = auth.end(decide(auth.address, "allow") + "\n")
    assert code == 0, said
    found = dotenv_values(tmp_path / "secrets.env")
    assert found == {"ADS_TOKEN": emulator.credentials["refresh_token"]}


def test_selling_partners_hear_of_self_authorisation_first(tmp_path: Path) -> None:
    env = tmp_path / ".env"
    ran = run_program(
        *("tap-amazon-sp", "auth", "--write", str(env)), text="Atzr|mine\n"
    )
    assert ran.returncode == 0, ran.stderr
    assert "Your own account and a private application" in ran.stderr
    assert "Atzr|mine" not in ran.stderr
    assert dotenv_values(env) == {"TAP_AMAZON_SP_REFRESH_TOKEN": "Atzr|mine"}
    wrong = run_program(
        "tap-amazon-sp", "auth", "--application-id", "amzn1.application"
    )
    assert wrong.returncode == 1
    assert "is the solution id" in wrong.stderr


def test_a_public_application_asks_for_consent(
    emulator: Emulator, tmp_path: Path
) -> None:
    auth = Auth(
        *(tmp_path, emulator, "tap-amazon-sp", "--application-id", SOLUTION),
        *("--port", str(free_port())),
    )
    address = with_query(auth.address, account="vega-us")
    requests.get(decide(address, "allow"), timeout=10)
    code, said = auth.end()
    assert code == 0, said
    found = dotenv_values(tmp_path / ".env")
    assert found == {"TAP_AMAZON_SP_REFRESH_TOKEN": "Atzr|sp-vega-us"}


@pytest.mark.skipif(BROWSER is None, reason="no Chromium on this machine")
def test_a_real_browser_presses_allow(emulator: Emulator, tmp_path: Path) -> None:
    assert BROWSER
    auth = Auth(tmp_path, emulator, "tap-amazon-ads", "--port", str(free_port()))
    page = tmp_path / "start.html"
    # the page of the emulator is another origin: a form of ours presses its button
    page.write_text(
        f'<form method="post" action="{auth.address.replace("&", "&amp;")}">'
        '<input name="decision" value="allow"></form>'
        "<script>document.forms[0].submit()</script>"
    )
    browser = subprocess.Popen(
        [
            *(BROWSER, "--headless", "--no-sandbox", "--disable-gpu"),
            *("--disable-quic", "--no-first-run", "--disable-background-networking"),
            *("--disable-component-update", "--disable-sync", "--no-proxy-server"),
            *(f"--user-data-dir={tmp_path / 'browser'}", "--remote-debugging-port=0"),
            page.as_uri(),
        ],
        stdout=subprocess.DEVNULL,
        stderr=subprocess.DEVNULL,
    )
    try:
        code, said = auth.end()
    finally:
        browser.kill()
        browser.wait()
    assert code == 0, said
    assert "TAP_AMAZON_ADS_REFRESH_TOKEN" in dotenv_values(tmp_path / ".env")


# --- the parts --------------------------------------------------------------

REQUEST = ConsentRequest("https://a.example/ap", {"client_id": "c"}, "http://l/cb")


@given(st.text(max_size=80))
def test_no_answer_but_the_right_one_gives_a_code(text: str) -> None:
    with pytest.raises((ConfigError, AuthError)):
        REQUEST.code(f"http://l/cb?{urlencode({'code': 'x', 'state': text})}")
    query = urlencode({"code": text or "x", "state": REQUEST.state})
    assert REQUEST.code(f"http://l/cb?{query}") == (text or "x")


@given(before=st.text(st.sampled_from("AB=\n#' x"), max_size=30))
def test_one_line_is_set_and_the_others_stay(before: str) -> None:
    after = with_variable(before, "NAME", "Atzr|a")
    assert after.startswith(before)
    assert with_variable(after, "NAME", "Atzr|b") == after.replace("Atzr|a", "Atzr|b")
    exported = with_variable("export NAME=1\nNAMES=2\n", "NAME", "v")
    assert exported == "export NAME='v'\nNAMES=2\n"


def test_consent_pages_of_sellers_and_vendors() -> None:
    for country, is_vendor, host in (
        ("us", False, "sellercentral.amazon.com"),
        ("gb", False, "sellercentral-europe.amazon.com"),
        ("NL", False, "sellercentral.amazon.nl"),
        ("UK", True, "vendorcentral.amazon.co.uk"),
        ("AE", True, "vendorcentral.amazon.me"),
    ):
        page = central_page(country, is_vendor=is_vendor)
        assert page == f"https://{host}/apps/authorize/consent"
    with pytest.raises(ConfigError, match="--country 'XX'"):
        central_page("XX", is_vendor=False)
