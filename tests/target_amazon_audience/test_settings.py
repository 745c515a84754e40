"""Every setting, and a sentence for every wrong one before the first call."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest
from singer_sdk.exceptions import ConfigValidationError

from singer_amazon.target.errors import SettingsError
from support.audience.runner import Runner, person
from support.audience.runner import settings as config
from support.core.cases import rows
from target_amazon_audience import settings
from target_amazon_audience.amc.models import (
    Fee,
)
from target_amazon_audience.settings_schema import AUDIENCE_SCHEMA
from target_amazon_audience.target import TargetAmazonAudience

UPDATE = {"action": "UPDATE", "audience_id": "413642381039213536"}
DSP = {"target": "DSP", "dsp_advertiser_id": "5000", "amc_instance_id": None}


def sentences(**changes: object) -> list[str]:
    with pytest.raises(ConfigValidationError) as caught:
        TargetAmazonAudience(config=config(**changes))
    return list(caught.value.errors)


@pytest.mark.parametrize(
    ("changes", "words"),
    [
        *rows(__file__, "wrong_settings"),
        ({"audience_description": "x" * 1001}, "has 1001 characters"),
        ({"rejects_path": "a\x00b"}, "which is no path of a file"),
        (
            {"upload_mod": "DELETE"},
            "upload_mod is not known: did you mean upload_mode?",
        ),
        ({"Upload-Mode": "DELETE"}, "did you mean upload_mode?"),
        ({"mode": "DELETE"}, "mode is not known"),
        ({"load_method": "append-only"}, "load_method is not known"),
        ({"hashing": {"emial": "raw"}}, "did you mean email?"),
        ({"consent": {"amznuserdat": "GRANTED"}}, "did you mean amznuserdata?"),
        ({"field_mapping": {"E-Mail": "email"}}, "the other way round"),
        ({"streams": {"a": {"upload_mod": "DELETE"}}}, "did you mean upload_mode?"),
        ({"streams": {"a": {"region": "EU"}}}, "cannot differ from stream to stream"),
        ({"stream_maps": {"customers": {"__else__": 5}}}, "stream_maps cannot be read"),
        ({"batch_size_rows": 10**400}, "batch_size_rows"),
        ({"audience_id": "9" * 5000, "action": "UPDATE"}, "a string of digits"),
    ],
)
def test_a_wrong_setting_is_one_sentence_before_any_call(
    target: Runner, changes: dict[str, object], words: str
) -> None:
    [sentence] = sentences(**changes)
    assert words in sentence
    assert sentence.startswith("Setting ")
    assert target.is_untouched()


@pytest.mark.parametrize("where", ["top", "stream"])
def test_names_and_labels_of_the_old_export_are_known(
    where: str, caplog: pytest.LogCaptureFixture
) -> None:
    old = {"type": "amazon_ads", "td_authentication_id": 12345}
    labels = {
        "action": "Create",
        "upload_mode": "Append",
        "target": "AMC and DSP",
        "dsp_advertiser_id": "5000",
    }
    given = {**old, **labels}
    changes = {"streams": {"a": given}} if where == "stream" else given
    found = parsed(**changes)
    assert (found.action, found.upload_mode) == ("CREATE", "APPEND")
    assert found.target == "AMC_AND_DSP"
    for name in old:
        assert f"Setting {name} is known and not used here" in caplog.messages


@pytest.mark.parametrize(
    ("setting", "label", "value"),
    [
        *(("target", label, "AMC_AND_DSP") for label in ("AMC & DSP", "amc+dsp")),
        *(("target", label, "AMC_AND_DSP") for label in ("AMC/DSP", "DSP and AMC")),
        *(("target", label, "AMC") for label in ("AMC only", " amc ", "AMC Only")),
        ("upload_mode", "append", "APPEND"),
        ("action", "Create new audience", "CREATE"),
        ("action", "create audience", "CREATE"),
    ],
)
def test_labels(setting: str, label: str, value: str) -> None:
    found = parsed(**{setting: label, "dsp_advertiser_id": "5000"})
    assert getattr(found, setting) == value


@pytest.mark.parametrize("label", ["Europe", "eu", "EU "])
def test_labels_of_regions(label: str) -> None:
    plugin = TargetAmazonAudience(config=config(region=label))
    assert settings.region_of(plugin.config) == "EU"


@pytest.mark.parametrize("label", ["AMC or DSP", "A M C", "DSP_AND", "AMCDSP", "both"])
def test_other_labels_are_no_settings(label: str) -> None:
    [sentence] = sentences(target=label, dsp_advertiser_id="5000")
    assert "target" in sentence


def test_an_unknown_variable_is_refused_like_any_name(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    for name, value in {**config(), "upload_mod": "DELETE"}.items():
        monkeypatch.setenv(f"TARGET_AMAZON_AUDIENCE_{name.upper()}", str(value))
    monkeypatch.setenv("TARGET_AMAZON_AUDIENCE__LOAD_SCHEMA", "of Meltano")
    with pytest.raises(ConfigValidationError) as caught:
        TargetAmazonAudience(parse_env_config=True)
    [sentence] = caught.value.errors
    assert "did you mean TARGET_AMAZON_AUDIENCE_UPLOAD_MODE?" in sentence


ODD_VALUES: tuple[Any, ...] = (
    *([], {}, -1, 1.5, float("inf"), float("nan"), 10**400, True, "x" * 10000),
    *("\x00", "~nobody/x", "1e9999", ["a"], {"a": {"b": [1]}}, {"": None}, "{", "[1"),
    "\ud800",
)


@pytest.mark.parametrize("name", [*AUDIENCE_SCHEMA["properties"], "streams"])
@pytest.mark.parametrize("where", ["top", "stream"])
def test_no_value_of_a_setting_is_a_traceback(name: str, where: str) -> None:
    for value in ODD_VALUES:
        given: dict[str, Any] = {name: value}
        changes = {"streams": {"a": given}} if where == "stream" else given
        try:
            plugin = TargetAmazonAudience(config=config(**changes))
        except ConfigValidationError:
            continue
        settings.parse(plugin.config)


def test_missing_credentials_are_named_and_secrets_never_shown() -> None:
    found = " ".join(sentences(client_id=None))
    assert "client_id" in found
    found = " ".join(sentences(refresh_token={"oops": "Atzr|hidden"}))
    assert "refresh_token" in found
    assert "hidden" not in found


def parsed(**changes: object) -> settings.AudienceSettings:
    plugin = TargetAmazonAudience(config=config(**changes))
    [found] = settings.parse(plugin.config).audiences.values()
    return found


def test_defaults() -> None:
    found = parsed()
    assert (found.action, found.upload_mode, found.target) == (
        "CREATE",
        "APPEND",
        "AMC",
    )
    assert (found.batch_rows, found.batch_bytes) == (6000, 4_000_000)
    assert (found.max_rejected_percent, found.max_delete_percent) == (None, 20)
    assert found.rules.consent_mode == "strict"
    assert found.rules.normalisation == "recommended"
    assert found.rules.external_id == "as_is"
    assert found.merges
    assert found.wait_minutes is None
    assert found.description is None
    assert found.ttl is None
    assert found.fee is None
    assert found.state_path == Path(".target-amazon-audience/state.sqlite3")


def test_values_are_read_from_text_and_in_any_case() -> None:
    found = parsed(
        action="create",
        upload_mode="mirror",
        target=" amc ",
        country_code="uk",
        audience_fee="usd:150",
        time_to_live="604800",
        wait_until_finish="true",
        max_wait_time="60",
        field_mapping='{"Email": "mail"}',
        external_audience_id=12,
        batch_size_rows="10",
    )
    assert found.upload_mode == "MIRROR"
    assert found.country == "GB"
    assert found.fee == Fee("USD", 150)
    assert found.ttl == 604800
    assert found.wait_minutes == 60
    assert found.rules.field_mapping == {"email": "mail"}
    assert found.external_audience_id == "12"
    assert found.batch_rows == 10


def test_ids_beyond_two_to_the_53_stay_exact() -> None:
    assert parsed(**UPDATE).audience_id == 413642381039213536
    assert parsed(action="UPDATE", audience_id=413642381039213537).audience_id == (
        413642381039213537
    )


def test_a_time_to_live_of_zero_must_be_meant() -> None:
    assert parsed(time_to_live=0, allow_ttl_zero=True).ttl == 0


def test_dsp_region_is_another_name_of_region() -> None:
    assert settings.region_of(TargetAmazonAudience(config=config()).config) == "NA"
    for changes in ({"region": "eu"}, {"dsp_region": "EU"}):
        plugin = TargetAmazonAudience(config=config(**changes))
        assert settings.region_of(plugin.config) == "EU"


def test_settings_of_the_environment(monkeypatch: pytest.MonkeyPatch) -> None:
    for name, value in {**config(), "max_attempts": "", "batch_size_rows": "7"}.items():
        variable = f"TARGET_AMAZON_AUDIENCE_{name.upper()}"
        monkeypatch.setenv(variable, str(value))
    plugin = TargetAmazonAudience(parse_env_config=True)
    assert plugin.config["max_attempts"] == 5
    assert settings.parse(plugin.config).audiences[None].batch_rows == 7


def test_a_wrong_record_setting_stops_a_run_before_its_first_call(
    target: Runner,
) -> None:
    ran = target.run([person(1)], country_code="Narnia")
    assert isinstance(ran.error, SettingsError)
    assert target.is_untouched()
