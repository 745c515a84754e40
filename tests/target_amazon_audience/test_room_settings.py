"""Every setting does what it says: one check each, against the emulator over HTTP."""

from __future__ import annotations

import json
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
import requests

from singer_amazon.regions import ADS_HOSTS
from support.audience_rooms import (
    ADVERTISER,
    FREE_INSTANCE,
    INSTANCE,
    WAITING,
    Room,
    hashed,
    names,
)
from support.audience_runs import person, record, schema, state
from target_amazon_audience.target import TargetAmazonAudience

Effect = Callable[[Room], None]
EFFECTS: dict[str, Effect] = {}
WITH_DSP = "5a0c8f5e-1c1d-4b6e-9a53-0d5b3b0f6a02"
UMLAUT = "Königstraße 1"


def effect(*settings: str) -> Callable[[Effect], Effect]:
    """Say which settings a check shows the effect of."""

    def keep(check: Effect) -> Effect:
        EFFECTS.update(dict.fromkeys(settings, check))
        return check

    return keep


@effect("client_id", "client_secret", "refresh_token")
def credentials(room: Room) -> None:
    for name in ("client_id", "client_secret", "refresh_token"):
        assert room.run([person(1)], **{name: "Atzr|wrong"}).error is not None
    assert room.count("records") == 0
    room.good([person(1)])


@effect("endpoint_uri", "auth_uri")
def addresses(room: Room) -> None:
    # each test here would call Amazon itself if they had no effect
    room.good([person(1)], endpoint_uri=f"{room.emulator.url}/")
    assert room.who() == names(1)
    nobody = "http://127.0.0.1:9"
    assert room.run([person(1)], auth_uri=nobody, max_attempts=1).error is not None


@effect("region", "dsp_region")
def region(room: Room) -> None:
    from target_amazon_audience import settings  # noqa: PLC0415

    for name in ("region", "dsp_region"):
        config = room.target(room.config(**{name: "eu"})).config
        found = settings.region_of(config)
        assert found == "EU"
        assert "-eu." in ADS_HOSTS[found]


@effect("max_attempts")
def max_attempts(room: Room) -> None:
    room.client.add_fault("status", operation="records", code=503, times=2)
    assert room.run([person(1)], max_attempts=2).error is not None
    room.client.clear_faults()
    room.client.add_fault("status", operation="records", code=503, times=2)
    room.good([person(1)], max_attempts=3)


@effect("max_concurrency")
def max_concurrency(room: Room) -> None:
    room.client.add_fault("delay", operation="records", seconds=0.05)
    rows = [person(n) for n in range(8)]
    for calls in (1, 3):
        room.client.clear_statistics()
        room.threads = None
        room.good(rows, batch_size_rows=1, max_concurrency=calls)
        assert room.client.statistics().peak["records"] == calls


@effect("user_agent")
def user_agent(room: Room) -> None:
    seen = []
    send = requests.Session.send

    def spy(session: Any, request: Any, **options: Any) -> requests.Response:
        seen.append(request.headers["User-Agent"])
        return send(session, request, **options)

    room.monkeypatch.setattr(requests.Session, "send", spy)
    room.good([person(1)], user_agent="Ours/1")
    assert set(seen) == {"Ours/1"}
    room.good([person(1)])
    assert seen[-1].startswith("target-amazon-audience/")


@effect("action", "audience_id")
def action(room: Room) -> None:
    room.good([person(1)])
    audience_id = str(room.audience().audience_id)
    room.database.unlink()
    room.good([person(2)], action="update", audience_id=audience_id)
    assert room.who() == names(1, 2)


@effect("upload_mode", "mirror_max_delete_percent")
def upload_mode(room: Room) -> None:
    room.good([person(n) for n in range(4)], upload_mode="mirror", **WAITING)
    room.good([person(0)], upload_mode="DELETE", **WAITING)
    room.good([person(9)], upload_mode="APPEND", **WAITING)
    assert room.who() == names(1, 2, 3, 9)
    rest = [person(1), person(2), person(9)]
    mirror = {"upload_mode": "MIRROR", **WAITING}
    assert room.run(rest, **mirror, mirror_max_delete_percent=24).error is not None
    assert room.who() == names(1, 2, 3, 9)
    room.good(rest, **mirror, mirror_max_delete_percent=25)
    assert room.who() == names(1, 2, 9)


@effect("target", "dsp_advertiser_id", "amc_instance_id", "connection_id")
def target_of(room: Room) -> None:
    advertiser = {"dsp_advertiser_id": ADVERTISER}
    room.good([person(1)])
    room.good([person(1)], target="amc_and_dsp", **advertiser)
    room.good([person(1)], target="DSP", amc_instance_id=None, **advertiser)
    room.good([person(1)], amc_instance_id=FREE_INSTANCE)
    room.good([person(1)], amc_instance_id=None, connection_id=WITH_DSP)
    targets = [list(job.targets) for job in room.jobs()]
    assert targets == [["AMC"], ["AMC", "DSP"], ["DSP"], ["AMC"], ["AMC"]]
    assert room.jobs()[-1].connection_id == WITH_DSP
    # the emulator answers with the same audience for the same connection
    assert len(room.client.audiences()) == 4


@effect("amc_account_id")
def amc_account_id(room: Room) -> None:
    other = {"amc_instance_id": INSTANCE, "amc_account_id": "ENTITY5AMC6HEATH7R"}
    assert "is in none of the 1 AMC accounts" in str(
        room.run([person(1)], **other).error
    )


@effect("external_audience_id", "audience_name", "audience_description")
def words(room: Room) -> None:
    room.good(
        [person(1)],
        external_audience_id="of-mine",
        audience_name="ten chars!",
        audience_description="Said so",
    )
    found = room.audience()
    assert found.external_audience_id == "of-mine"
    assert (found.name, found.description) == ("ten chars!", "Said so")


@effect("audience_fee", "time_to_live", "allow_ttl_zero")
def fee_and_ttl(room: Room) -> None:
    room.good([person(1)], audience_fee="usd:250", time_to_live=86400)
    assert room.audience().fees == [{"currency": "USD", "cpmCents": 250}]
    room.client.advance(86401)
    assert room.who() == set()
    room.good([person(2)], time_to_live=0, allow_ttl_zero=True)
    assert room.audience().ttl == 0


@effect("country_code")
def country_code(room: Room) -> None:
    room.good([person(1, phone="020 7946 0018")], country_code="uk", consent_mode="off")
    [held] = room.pii("user-1")
    assert held["phone"] == hashed(phone="442079460018")["phone"]
    assert room.audience().country_code == "GB"


@effect("wait_until_finish", "max_wait_time")
def waiting(room: Room) -> None:
    room.client.change(job_ready_after_seconds=600)
    assert room.good([person(1)]).report["batches_completed"] == 0
    began = room.client.now()
    short = room.good([person(2)], wait_until_finish=True, max_wait_time=2)
    assert short.report["result"] == "pending"
    assert (room.client.now() - began).total_seconds() < 180
    done = room.good([person(3)], wait_until_finish=True, max_wait_time=30)
    assert done.report["result"] == "done"
    assert room.who() == names(1, 2, 3)


@effect("poll_interval_seconds", "poll_interval_max_seconds")
def polling(room: Room) -> None:
    looks = []
    room.client.change(job_ready_after_seconds=600)
    for first, longest in ((600, 600), (10, 10), (10, 300)):
        room.client.clear_statistics()
        room.good(
            [person(1)],
            poll_interval_seconds=first,
            poll_interval_max_seconds=longest,
            **WAITING,
        )
        looks.append(room.count("job"))
    often, rarely, growing = looks[1], looks[0], looks[2]
    assert rarely <= 2 < growing < often


@effect("field_mapping")
def field_mapping(room: Room) -> None:
    mapping = {"email": "E-Mail", "externaluserid": "Nr"}
    rows = [schema("customers", "Nr", "E-Mail"), record(Nr=7, **{"E-Mail": "a@b.c"})]
    room.good(rows, field_mapping=mapping)
    assert room.pii("7") == [hashed(email="a@b.c")]


@effect("hashing")
def hashing(room: Room) -> None:
    digest = hashed(city="paris")["city"]
    row = person(1, city=digest)
    room.good([row], hashing={"city": "raw"}, duplicate_users="last")
    assert room.pii("user-1")[0]["city"] != digest
    room.good([person(2, city=digest)], hashing={"city": "hashed"})
    assert room.pii("user-2")[0]["city"] == digest
    room.good([person(3, city="Paris")], hashing={"city": "hashed"})
    assert "city" not in room.pii("user-3")[0]


@effect("normalisation")
def normalisation(room: Room) -> None:
    german = {"country_code": "GB", "consent_mode": "off"}
    for number, way in enumerate(("recommended", "aws_uploader", "both")):
        room.good([person(number, postal="SW1A 1AA")], normalisation=way, **german)
    found = [
        {pii["postal"] for pii in room.pii(f"user-{number}")} for number in range(3)
    ]
    assert found[2] == found[0] | found[1]
    assert len(found[2]) == 2


@effect("external_user_id")
def external_user_id(room: Room) -> None:
    mail = {"email": "a@b.c", "phone": "2065550100"}
    for way in ("sha256", "from_email", "from_phone"):
        room.good([record(externaluserid="who is it?", **mail)], external_user_id=way)
    assert room.who() == {
        hashed(x="who is it?")["x"],
        hashed(x="a@b.c")["x"],
        hashed(x="12065550100")["x"],
    }


@effect("duplicate_users")
def duplicate_users(room: Room) -> None:
    room.good([person(1, city="x"), person(1)])
    room.good([person(2, city="x"), person(2)], duplicate_users="LAST")
    assert len(room.pii("user-1")) == 2
    assert room.pii("user-2") == [hashed(email="person2@example.com")]


@effect("consent_mode", "consent")
def consent(room: Room) -> None:
    row = person(1, countrycode="DE")
    strict = room.good([row])
    assert strict.report["skipped_by_reason"] == {"consent missing": 1}
    warned = room.good([row], consent_mode="warn")
    assert warned.report["sent_without_consent"] == 1
    off = room.good([row], consent_mode="off")
    assert off.report["sent_without_consent"] == 0
    room.good([person(2, countrycode="DE")], consent={"amznUserData": "granted"})
    [audience] = room.client.audiences()
    held = room.client.audience_members(audience.audience_id)["user-2"].user_consent
    assert held == {
        "geo": {"countryCode": "DE"},
        "consent": {"amzn": {"amznUserData": "GRANTED"}},
    }


@effect("batch_size_rows", "batch_size_bytes")
def batches(room: Room) -> None:
    rows = [person(n) for n in range(10)]
    room.good(rows, batch_size_rows=4)
    assert [job.received for job in room.jobs()] == [4, 4, 2]
    room.good(rows, batch_size_bytes=1000)
    assert max(job.received for job in room.jobs()[3:]) < 10


@effect("rejects_path", "max_rejected_percent")
def rejects(room: Room) -> None:
    rows = [person(1), record(externaluserid="u-2", email=None)]
    path = room.folder / "deep" / "rejects.jsonl"
    room.good(rows, rejects_path=str(path), max_rejected_percent=50)
    line = json.loads(path.read_text())
    assert line["external_id_sha256"] == hashed(x="u-2")["x"]
    ran = room.run(rows, max_rejected_percent=49)
    assert "1 of 2 records were rejected" in str(ran.error)


@effect("summary_path")
def summary_path(room: Room) -> None:
    path = room.folder / "deep" / "summary.json"
    room.good([person(1)], summary_path=str(path))
    assert json.loads(path.read_text())["audiences"][0]["records"] == 1


@effect("dry_run")
def dry_run(room: Room) -> None:
    ran = room.good([person(1), state(1)], dry_run=True)
    assert ran.report["sent"] == 1
    assert ran.states == []
    assert room.is_untouched()
    assert not room.database.exists()


@effect("state_path")
def state_path(room: Room) -> None:
    path = room.folder / "elsewhere" / "books.sqlite3"
    room.good([person(1)], state_path=str(path))
    assert path.exists()
    assert not room.database.exists()


@effect("accept_amc_terms")
def accept_amc_terms(room: Room) -> None:
    room.client.change(terms_accepted=False)
    assert room.run([person(1)]).error is not None
    room.good([person(1)], accept_amc_terms=True)
    assert room.client.settings()["terms_accepted"]


@effect("streams")
def streams(room: Room) -> None:
    room.good([person(1)], streams={"customers": {"audience_name": "of a stream"}})
    assert room.audience().name == "of a stream"
    ran = room.run([person(1)], streams={"others": {}})
    assert "Stream customers is not named" in str(ran.error)


@effect("stream_maps", "stream_map_config", "faker_config")
def stream_maps(room: Room) -> None:
    maps = {"customers": {"externaluserid": "config['mark'] + email[:1]"}}
    room.good(
        [record(externaluserid="u", email="q@b.c")],
        stream_maps=maps,
        stream_map_config={"mark": "crm-"},
    )
    assert room.who() == {"crm-q"}


@effect(
    "flattening_enabled",
    "flattening_max_depth",
    "flattening_max_key_length",
    "flattening_separator",
)
def flattening(room: Room) -> None:
    nested = schema("customers", "externaluserid")
    contact = {"type": "object", "properties": {"mail": {"type": "string"}}}
    nested["schema"]["properties"]["contact"] = contact
    rows = [nested, record(externaluserid="u", contact={"mail": "a@b.c"})]
    room.good(
        rows,
        flattening_enabled=True,
        flattening_max_depth=1,
        flattening_separator=".",
        field_mapping={"email": "contact.mail"},
    )
    assert room.pii("u") == [hashed(email="a@b.c")]


def test_every_setting_is_checked_here() -> None:
    TargetAmazonAudience.append_builtin_config(TargetAmazonAudience.config_jsonschema)
    known = set(TargetAmazonAudience.config_jsonschema["properties"])
    assert set(EFFECTS) == known


CHECKS = {check.__name__: check for check in EFFECTS.values()}


@pytest.mark.parametrize("name", CHECKS)
def test_a_setting_has_its_effect(room: Room, name: str) -> None:
    CHECKS[name](room)


def test_settings_may_all_come_as_text(room: Room, tmp_path: Path) -> None:
    """As from environment variables, which is how Meltano hands them over."""
    room.good(
        [schema("customers", "Nr", "email"), record(Nr="u-1", email="a@b.c")],
        upload_mode="mirror",
        wait_until_finish="true",
        max_wait_time="10",
        time_to_live="86400",
        batch_size_rows="100",
        mirror_max_delete_percent="12.5",
        field_mapping='{"externaluserid": "Nr"}',
        consent='{"amznuserdata": "GRANTED"}',
        dry_run="false",
        summary_path=str(tmp_path / "summary.json"),
    )
    assert room.who() == {"u-1"}
