"""Every setting does what it says: one check each."""

from __future__ import annotations

import json
from collections.abc import Callable
from pathlib import Path

import pytest
from singer_sdk.exceptions import ConfigValidationError

from singer_amazon.regions import ADS_HOSTS
from singer_amazon.shards.shard import shard_number
from support.audience.emulator import (
    ADVERTISER,
    DSP_CONNECTION,
    FREE_INSTANCE,
    INSTANCE,
    URL,
)
from support.audience.runner import (
    END,
    WAIT,
    Runner,
    hashed,
    names,
    people,
    person,
    record,
    schema,
    state,
)
from support.core.capture import caught_log
from target_amazon_audience import settings
from target_amazon_audience.settings_schema import DATA_MANAGER
from target_amazon_audience.target import TargetAmazonAudience

Effect = Callable[[Runner], None]
EFFECTS: dict[str, Effect] = {}


def effect(*setting_names: str) -> Callable[[Effect], Effect]:
    """Say which settings a check shows the effect of."""

    def keep(check: Effect) -> Effect:
        EFFECTS.update(dict.fromkeys(setting_names, check))
        return check

    return keep


@effect("client_id", "client_secret", "refresh_token")
def credentials(target: Runner) -> None:
    for name in ("client_id", "client_secret", "refresh_token"):
        assert target.run([person(1)], **{name: "Atzr|wrong"}).error is not None
    assert target.count("records") == 0
    target.good([person(1)])


@effect("endpoint_uri", "auth_uri")
def addresses(target: Runner) -> None:
    # each test here would call Amazon itself if they had no effect
    target.good([person(1)], endpoint_uri=f"{URL}/")
    assert target.members() == names(1)
    nobody = "http://127.0.0.1:9"
    assert target.run([person(1)], auth_uri=nobody, max_attempts=1).error is not None


@effect("region", "dsp_region")
def region(target: Runner) -> None:
    for name in ("region", "dsp_region"):
        config = target.plugin(**{name: "eu"}).config
        found = settings.region_of(config)
        assert found == "EU"
        assert "-eu." in ADS_HOSTS[found]


@effect("max_attempts")
def max_attempts(target: Runner) -> None:
    target.fault("status", code=503, times=2)
    assert target.run([person(1)], max_attempts=2).error is not None
    target.client.clear_faults()
    target.fault("status", code=503, times=2)
    target.good([person(1)], max_attempts=3)


@effect("max_runtime_seconds")
def max_runtime(target: Runner) -> None:
    target.fault("throttle", retry_after=100, times=1)
    assert target.run([person(1)], max_runtime_seconds=90).error is not None
    target.fault("throttle", retry_after=100, times=1)
    target.good([person(1)], max_runtime_seconds=110)


@effect("max_concurrency")
def max_concurrency(target: Runner) -> None:
    target.fault("delay", seconds=0.3)
    rows = people(*range(5))
    for calls in (1, 3):
        target.client.clear_statistics()
        target.threads = None
        target.good(rows, batch_size_rows=1, max_concurrency=calls)
        assert target.client.statistics().peak["records"] == calls


@effect("user_agent")
def user_agent(target: Runner) -> None:
    target.good([person(1)], user_agent="Ours/1")
    agents = [call.headers["User-Agent"] for call in target.emulator.exchanges]
    assert set(agents) == {"Ours/1"}
    target.good([person(1)])
    last = target.emulator.exchanges[-1].headers["User-Agent"]
    assert last.startswith("target-amazon-audience/")


@effect("refresh_token_granted_on")
def refresh_token_granted_on(target: Runner) -> None:
    with caught_log() as log:
        target.good([person(1)], refresh_token_granted_on="2025-12-01")
    assert any("2025-12-01" in record.getMessage() for record in log)


@effect("action", "audience_id")
def action(target: Runner) -> None:
    target.good([person(1)])
    audience_id = str(target.audience().audience_id)
    target.database.unlink()
    target.good([person(2)], action="update", audience_id=audience_id)
    assert target.members() == names(1, 2)


@effect("upload_mode", "mirror_max_delete_percent")
def upload_mode(target: Runner) -> None:
    target.good(people(*range(4)), upload_mode="mirror", **WAIT)
    target.good([person(0)], upload_mode="DELETE", **WAIT)
    target.good([person(9)], upload_mode="APPEND", **WAIT)
    assert target.members() == names(1, 2, 3, 9)
    rest = [person(1), person(2), person(9), END]
    mirror = {"upload_mode": "MIRROR", **WAIT}
    assert target.run(rest, **mirror, mirror_max_delete_percent=24).error is not None
    assert target.members() == names(1, 2, 3, 9)
    target.good(rest, **mirror, mirror_max_delete_percent=25)
    assert target.members() == names(1, 2, 9)


@effect("target", "dsp_advertiser_id", "amc_instance_id", "connection_id")
def target_of(target: Runner) -> None:
    advertiser = {"dsp_advertiser_id": ADVERTISER}
    target.good([person(1)])
    target.good([person(1)], target="amc_and_dsp", **advertiser)
    target.good([person(1)], target="DSP", amc_instance_id=None, **advertiser)
    target.good([person(1)], amc_instance_id=FREE_INSTANCE)
    target.good([person(1)], amc_instance_id=None, connection_id=DSP_CONNECTION)
    targets = [list(job.targets) for job in target.jobs()]
    assert targets == [["AMC"], ["AMC", "DSP"], ["DSP"], ["AMC"], ["AMC"]]
    assert target.jobs()[-1].connection_id == DSP_CONNECTION
    # the emulator answers with the same audience for the same connection
    assert len(target.client.audiences()) == 4


@effect("amc_account_id")
def amc_account_id(target: Runner) -> None:
    other = {"amc_instance_id": INSTANCE, "amc_account_id": "ENTITY5AMC6HEATH7R"}
    assert "is in none of the 1 AMC accounts" in str(
        target.run([person(1)], **other).error
    )


@effect("external_audience_id", "audience_name", "audience_description")
def words(target: Runner) -> None:
    target.good(
        [person(1)],
        external_audience_id="of-mine",
        audience_name="ten chars!",
        audience_description="Said so",
    )
    found = target.audience()
    assert found.external_audience_id == "of-mine"
    assert (found.name, found.description) == ("ten chars!", "Said so")


@effect("audience_fee", "time_to_live", "allow_ttl_zero")
def fee_and_ttl(target: Runner) -> None:
    target.good([person(1)], audience_fee="usd:250", time_to_live=86400)
    assert target.audience().fees == [{"currency": "USD", "cpmCents": 250}]
    target.client.advance(86401)
    assert target.members() == set()
    target.good([person(2)], time_to_live=0, allow_ttl_zero=True)
    assert target.audience().ttl == 0


@effect("country_code")
def country_code(target: Runner) -> None:
    target.good(
        [person(1, phone="020 7946 0018")], country_code="uk", consent_mode="off"
    )
    [held] = target.pii("user-1")
    assert held["phone"] == hashed(phone="442079460018")["phone"]
    assert target.audience().country_code == "GB"


@effect("wait_until_finish", "max_wait_time")
def waiting(target: Runner) -> None:
    target.client.change(job_ready_after_seconds=600)
    assert target.good([person(1)]).report["batches_completed"] == 0
    began = target.client.now()
    short = target.good([person(2)], wait_until_finish=True, max_wait_time=2)
    assert short.report["result"] == "waiting"
    assert (target.client.now() - began).total_seconds() < 180
    done = target.good([person(3)], wait_until_finish=True, max_wait_time=30)
    assert done.report["result"] == "complete"
    assert target.members() == names(1, 2, 3)


@effect("poll_interval_seconds", "poll_interval_max_seconds")
def polling(target: Runner) -> None:
    polls = []
    target.client.change(job_ready_after_seconds=600)
    for first, longest in ((600, 600), (10, 10), (10, 300)):
        target.client.clear_statistics()
        target.good(
            [person(1)],
            poll_interval_seconds=first,
            poll_interval_max_seconds=longest,
            **WAIT,
        )
        polls.append(target.count("job"))
    often, rarely, growing = polls[1], polls[0], polls[2]
    assert rarely <= 2 < growing < often


@effect("field_mapping")
def field_mapping(target: Runner) -> None:
    mapping = {"email": "E-Mail", "externaluserid": "Nr"}
    rows = [schema("customers", "Nr", "E-Mail"), record(Nr=7, **{"E-Mail": "a@b.c"})]
    target.good(rows, field_mapping=mapping)
    assert target.pii("7") == [hashed(email="a@b.c")]


@effect("hashing")
def hashing(target: Runner) -> None:
    digest = hashed(city="paris")["city"]
    row = person(1, city=digest)
    target.good([row], hashing={"city": "raw"}, duplicate_users="last")
    assert target.pii("user-1")[0]["city"] != digest
    target.good([person(2, city=digest)], hashing={"city": "hashed"})
    assert target.pii("user-2")[0]["city"] == digest
    target.good([person(3, city="Paris")], hashing={"city": "hashed"})
    assert "city" not in target.pii("user-3")[0]


@effect("normalisation")
def normalisation(target: Runner) -> None:
    german = {"country_code": "GB", "consent_mode": "off"}
    for number, way in enumerate(("recommended", "aws_uploader", "both")):
        target.good([person(number, postal="SW1A 1AA")], normalisation=way, **german)
    found = [
        {pii["postal"] for pii in target.pii(f"user-{number}")} for number in range(3)
    ]
    assert found[2] == found[0] | found[1]
    assert len(found[2]) == 2


@effect("external_user_id")
def external_user_id(target: Runner) -> None:
    mail = {"email": "a@b.c", "phone": "2065550100"}
    for way in ("sha256", "from_email", "from_phone"):
        target.good([record(externaluserid="who is it?", **mail)], external_user_id=way)
    assert target.members() == {
        hashed(x="who is it?")["x"],
        hashed(x="a@b.c")["x"],
        hashed(x="12065550100")["x"],
    }


@effect("duplicate_users")
def duplicate_users(target: Runner) -> None:
    target.good([person(1, city="x"), person(1)])
    target.good([person(2, city="x"), person(2)], duplicate_users="LAST")
    assert len(target.pii("user-1")) == 2
    assert target.pii("user-2") == [hashed(email="person2@example.com")]


@effect("consent_mode", "consent")
def consent(target: Runner) -> None:
    row = person(1, countrycode="DE")
    strict = target.good([row], max_rejected_percent=100)
    assert strict.report["skipped_by_reason"] == {"consent missing": 1}
    warned = target.good([row], consent_mode="warn")
    assert warned.report["sent_without_consent"] == 1
    off = target.good([row], consent_mode="off")
    assert off.report["sent_without_consent"] == 0
    target.good([person(2, countrycode="DE")], consent={"amznUserData": "granted"})
    held = target.client.audience_members(target.audience().audience_id)
    assert held["user-2"].user_consent == {
        "geo": {"countryCode": "DE"},
        "consent": {"amzn": {"amznUserData": "GRANTED"}},
    }


@effect("batch_size_rows", "batch_size_bytes")
def batches(target: Runner) -> None:
    rows = people(*range(10))
    target.good(rows, batch_size_rows=4)
    assert [job.received for job in target.jobs()] == [4, 4, 2]
    target.good(rows, batch_size_bytes=1000)
    assert max(job.received for job in target.jobs()[3:]) < 10


@effect("rejects_path", "max_rejected_percent")
def rejects(target: Runner) -> None:
    rows = [person(1), record(externaluserid="u-2", email=None)]
    path = target.folder / "deep" / "rejects.jsonl"
    target.good(rows, rejects_path=str(path), max_rejected_percent=50)
    line = json.loads(path.read_text())
    assert line["external_id_sha256"] == hashed(x="u-2")["x"]
    ran = target.run(rows, max_rejected_percent=49)
    assert "1 of 2 records were rejected" in str(ran.error)


@effect("summary_path")
def summary_path(target: Runner) -> None:
    path = target.folder / "deep" / "summary.json"
    target.good([person(1)], summary_path=str(path))
    assert json.loads(path.read_text())["audiences"][0]["records"] == 1


@effect("dry_run")
def dry_run(target: Runner) -> None:
    ran = target.good([person(1), state(1)], dry_run=True)
    assert ran.report["sent"] == 1
    assert ran.states == []
    assert target.is_untouched()
    assert not target.database.exists()


@effect("state_path")
def state_path(target: Runner) -> None:
    path = target.folder / "elsewhere" / "other.sqlite3"
    target.good([person(1)], state_path=str(path))
    assert path.exists()
    assert not target.database.exists()


@effect("accept_amc_terms")
def accept_amc_terms(target: Runner) -> None:
    target.client.change(terms_accepted=False)
    assert target.run([person(1)]).error is not None
    target.good([person(1)], accept_amc_terms=True)
    assert target.client.settings()["terms_accepted"]


@effect("streams")
def streams(target: Runner) -> None:
    target.good([person(1)], streams={"customers": {"audience_name": "of a stream"}})
    assert target.audience().name == "of a stream"
    ran = target.run([person(1)], streams={"others": {}})
    assert "Stream customers is not named" in str(ran.error)


@effect("shard")
def shard(target: Runner) -> None:
    name = "in_0_of_2"
    streams = {"customers": {"external_audience_id": name}}
    number = shard_number(name, 2)
    other = target.good([person(1), state(7)], streams=streams, shard=f"{1 - number}/2")
    assert target.count("records") == 0
    assert (other.summary["result"], other.summary["audiences"]) == ("complete", [])
    assert other.states == [7]
    target.good([person(1)], streams=streams, shard=f"{number}/2")
    assert target.members() == names(1)
    with pytest.raises(ConfigValidationError, match="streams is not set"):
        target.plugin(shard="0/2")


@effect("stream_maps", "stream_map_config", "faker_config")
def stream_maps(target: Runner) -> None:
    maps = {"customers": {"externaluserid": "config['mark'] + email[:1]"}}
    target.good(
        [record(externaluserid="u", email="q@b.c")],
        stream_maps=maps,
        stream_map_config={"mark": "crm-"},
    )
    assert target.members() == {"crm-q"}


@effect(
    "flattening_enabled",
    "flattening_max_depth",
    "flattening_max_key_length",
    "flattening_separator",
)
def flattening(target: Runner) -> None:
    nested = schema("customers", "externaluserid")
    contact = {"type": "object", "properties": {"mail": {"type": "string"}}}
    nested["schema"]["properties"]["contact"] = contact
    rows = [nested, record(externaluserid="u", contact={"mail": "a@b.c"})]
    target.good(
        rows,
        flattening_enabled=True,
        flattening_max_depth=1,
        flattening_separator=".",
        field_mapping={"email": "contact.mail"},
    )
    assert target.pii("u") == [hashed(email="a@b.c")]


def test_every_setting_is_checked_here() -> None:
    TargetAmazonAudience.append_builtin_config(TargetAmazonAudience.config_jsonschema)
    known = set(TargetAmazonAudience.config_jsonschema["properties"])
    elsewhere = {"api", *(entry.name for entry in DATA_MANAGER)}
    """Of Ads Data Manager: data_manager/ has their tests."""
    assert set(EFFECTS) == known - elsewhere


CHECKS = {check.__name__: check for check in EFFECTS.values()}


@pytest.mark.parametrize("name", CHECKS)
def test_a_setting_has_its_effect(target: Runner, name: str) -> None:
    CHECKS[name](target)


def test_settings_may_all_come_as_text(target: Runner, tmp_path: Path) -> None:
    """As from environment variables, which is how Meltano hands them over."""
    target.good(
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
    assert target.members() == {"u-1"}
