"""`audiences` and `check` of the target, as programs against the emulator."""

from __future__ import annotations

import json
import subprocess
from collections.abc import Iterator
from pathlib import Path

import pytest

from amazon_emulator import Emulator
from support.audience.runner import people, schema, settings
from support.core.process import installed

SOMEBODY = [schema(), *people(1, 2, 3)]
Program = subprocess.CompletedProcess[str]


@pytest.fixture(scope="module")
def server() -> Iterator[Emulator]:
    with Emulator() as running:
        yield running


class Here:
    """The command in a folder of its own."""

    def __init__(self, folder: Path, server: Emulator) -> None:
        self.folder, self.server = folder, server

    def configure(self, **changes: object) -> None:
        config = settings(
            endpoint_uri=self.server.url, auth_uri=self.server.token_url, **changes
        )
        (self.folder / "config.json").write_text(json.dumps(config))

    def run(self, *arguments: str, text: str = "") -> Program:
        ran = subprocess.run(
            [installed("target-amazon-audience"), *arguments],
            input=text,
            cwd=self.folder,
            capture_output=True,
            text=True,
            timeout=60,
            check=False,
        )
        assert "Traceback" not in ran.stderr
        return ran

    def check(self) -> tuple[int, dict[str, dict[str, str]]]:
        ran = self.run("check", "--config", "config.json", "--json")
        return ran.returncode, {row["of"]: row for row in json.loads(ran.stdout)}


@pytest.fixture
def here(tmp_path: Path, server: Emulator) -> Here:
    server.client.reset()
    return Here(tmp_path, server)


def test_audiences_are_listed_without_asking_amazon(here: Here) -> None:
    nothing = here.run("audiences")
    assert nothing.returncode == 1
    assert "no database" in nothing.stderr
    assert not list(here.folder.iterdir())
    here.configure()
    ran = here.run("--config", "config.json", text="\n".join(map(json.dumps, SOMEBODY)))
    assert ran.returncode == 0, ran.stderr
    database = here.folder / ".target-amazon-audience" / "state.sqlite3"
    before = database.read_bytes()
    (row,) = json.loads(here.run("audiences", "--json").stdout)
    assert row["external audience id"] == "loyalty-us"
    assert row["audience id"].isdigit()
    assert row["name"] == "loyalty_members"
    assert (row["jobs open"], row["records in them"]) == (1, 3)
    assert row["last run"].endswith("UTC")
    assert database.read_bytes() == before
    named = here.run("audiences", "--state-path", str(database))
    assert row["audience id"] in named.stdout
    code, found = here.check()
    assert code == 0
    assert row["audience id"] in found["audience loyalty-us"]["why"]
    assert "'loyalty_members'" in found["audience loyalty-us"]["why"]
    here.configure(
        action="UPDATE", audience_id=row["audience id"], external_audience_id=None
    )
    rule = here.server.client.add_fault("status", operation="audience", code=403)
    code, found = here.check()
    here.server.client.remove_fault(rule)
    assert code == 1
    # what Amazon does not say the database knows
    assert f"audience {row['audience id']}, 'loyalty_members'" in found


def test_an_audience_that_is_only_updated_is_listed_with_its_name(here: Here) -> None:
    here.configure()
    here.run("--config", "config.json", text="\n".join(map(json.dumps, SOMEBODY)))
    (row,) = json.loads(here.run("audiences", "--json").stdout)
    elsewhere = ("--state-path", "other.sqlite3")
    here.configure(
        action="UPDATE",
        audience_id=row["audience id"],
        external_audience_id=None,
        audience_name=None,
        state_path="other.sqlite3",
        wait_until_finish=True,
        max_wait_time=1,
        poll_interval_seconds=0.1,
    )
    ran = here.run("--config", "config.json", text="\n".join(map(json.dumps, SOMEBODY)))
    assert ran.returncode == 0, ran.stderr
    (row,) = json.loads(here.run("audiences", *elsewhere, "--json").stdout)
    assert (row["name"], row["jobs open"]) == ("loyalty_members", 0)
    assert row["last run"].endswith("UTC")


def test_check_of_a_good_a_dead_and_a_wrong_configuration(here: Here) -> None:
    here.configure(refresh_token_granted_on="2020-01-01")
    code, found = here.check()
    assert code == 0
    assert found["AMC instance amclight01"]["result"] == "allowed"
    assert found["audience loyalty-us"]["result"] == "unknown without asking"
    ages = [row for row in found.values() if row["what"] == "token"]
    assert [row["result"] for row in ages] == ["ok"]
    assert here.server.client.statistics().count("create_audience") == 0
    here.configure(refresh_token="Atzr|dead")
    code, found = here.check()
    assert code == 1
    assert "authorise the application again" in found["refresh_token"]["what to do"]
    here.configure(amc_instance_id="nowhere")
    code, found = here.check()
    assert code == 1
    assert found["AMC instance nowhere"]["result"] == "refused"
    here.configure(refresh_token_granted_on="spring")
    wrong = here.run("check", "--config", "config.json")
    assert wrong.returncode == 1
    assert "refresh_token_granted_on" in wrong.stderr
