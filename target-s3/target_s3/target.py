"""The plugin: its settings, and a loader for its input."""

from __future__ import annotations

from collections import Counter
from collections.abc import Mapping, Sequence
from contextlib import suppress
from pathlib import Path
from typing import Any, ClassVar

from singer_sdk.helpers._classproperty import classproperty
from singer_sdk.helpers.capabilities import CapabilitiesEnum, PluginCapabilities

from singer_amazon.errors import AmazonError, ConfigError, StorageError
from singer_amazon.summary_file import write_summary
from singer_amazon.target.base import CommandTarget
from singer_amazon.target.state_tracker import StateTracker
from singer_amazon.target.stdin import LineSource
from singer_amazon.target.stream_maps import StreamMaps
from target_s3 import settings
from target_s3.bucket.keys import Keys, new_run_id
from target_s3.bucket.s3 import S3Bucket
from target_s3.bucket.uploads import Uploads
from target_s3.clock import SteadyClock
from target_s3.formats.parquet import require_deltalake, require_pyarrow
from target_s3.loader import Loader
from target_s3.settings_schema import SETTINGS_SCHEMA
from target_s3.summary import Summary


class TargetS3(CommandTarget):
    """Stores records as objects in S3: JSON lines, CSV or Parquet."""

    name = "target-s3"
    package_name = "target-amazon-s3"
    config_jsonschema: ClassVar[dict[str, Any]] = SETTINGS_SCHEMA
    capabilities: ClassVar[list[CapabilitiesEnum]] = [
        PluginCapabilities.ABOUT,
        PluginCapabilities.STREAM_MAPS,
        PluginCapabilities.FLATTENING,
        PluginCapabilities.BATCH,
        PluginCapabilities.STRUCTURED_LOGGING,
    ]
    _summary: Summary | None = None

    @classproperty
    def _env_var_config(cls) -> dict[str, Any]:  # noqa: N805 - a property of the class
        found: dict[str, Any] = super()._env_var_config
        for name, value in found.items():
            types = cls.config_jsonschema["properties"][name].get("type", ())
            if isinstance(value, str) and {"integer", "object"}.intersection(types):
                msg = (
                    f"An environment variable {cls._env_var_prefix}... holds text "
                    "where a number or JSON is expected."
                )
                raise ConfigError(msg)
        return found

    def check_settings(self) -> list[str]:
        """Check our own settings first: the SDK's messages repeat secret values."""
        # Meltano passes unset environment variables as empty text
        self._config = _without_empty(self._config, self.config_jsonschema)
        try:
            settings.parse(self._config)
        except ConfigError as error:
            return [str(error)]
        sentences = self._complaints_of_sdk()
        return [f"Settings are wrong: {'; '.join(sentences)}"] if sentences else []

    def load(self, source: LineSource) -> Counter[str]:
        """Store everything the input holds; the SDK calls this once."""
        chosen = settings.parse(self._config)
        self._log_settings()
        if chosen.format == "parquet":
            require_pyarrow()
        if chosen.format == "delta":
            require_deltalake()
        clock = SteadyClock()
        keys = Keys(chosen, new_run_id(clock.now()))
        bucket = S3Bucket(chosen)
        loader = Loader(
            chosen,
            bucket,
            Uploads(bucket),
            keys,
            StreamMaps(self.mapper),
            StateTracker(),
            clock,
            self.is_stopped,
        )
        self._summary = loader.summary
        if warning := bucket.check(keys.for_check()):
            self.logger.warning("%s", warning)
            self._summary.notices.append(warning)
        return loader.run(source)

    def _log_settings(self) -> None:
        """Say once which settings do nothing: they are known, or they are typos."""
        if names := settings.without_effect(self._config):
            self.logger.info(
                "No effect here have the settings %s: keys are always "
                "<prefix>/<stream>/<YYYY>/<MM>/<DD>/<stream>-<run id>-<number>.",
                ", ".join(names),
            )
        if names := settings.unknown(self._config, self.config_jsonschema):
            self.logger.warning(
                "Unknown settings, ignored: %s. Check how they are spelled.",
                ", ".join(names),
            )

    def log_summary(self) -> None:
        """Say what was stored, as the last line of the log and in its own file.

        Raises:
            StorageError: the file cannot be written.
        """
        if self._summary:
            self._summary.log(self.logger)
            _write(self._summary, self._config)

    def log_failure(self, error: AmazonError) -> None:
        """Log everything that makes the exit code 1, then the summary."""
        if isinstance(error, StorageError):  # the summary is in the log already
            self.logger.error("%s", error)
            return
        self._summary = self._summary or Summary(bucket="", run_id="")
        self._summary.fail(error)
        for failure in self._summary.failures:
            self.logger.error("%s", failure)
        try:
            self.log_summary()
        except StorageError as failure:
            self.logger.error("%s", failure)  # noqa: TRY400 - a sentence

    @classmethod
    def log_refusal(cls, config: Mapping[str, Any], sentences: Sequence[str]) -> None:
        """Write the refusal of settings to the summary's file, where one is named."""
        super().log_refusal(config, sentences)
        summary = Summary(bucket="", run_id="")
        for sentence in sentences:
            summary.fail(ConfigError(sentence))
        with suppress(AmazonError):  # summary_path itself may be what is wrong
            _write(summary, config)


def _write(summary: Summary, config: Mapping[str, Any]) -> None:
    path = config.get("summary_path")
    if isinstance(path, str) and path.strip():
        write_summary(Path(path.strip()), summary.as_dict())


def _without_empty(
    config: Mapping[str, Any], schema: Mapping[str, Any]
) -> dict[str, Any]:
    """Return settings without those of ours that are empty text, nested ones too."""
    properties = schema.get("properties", {})
    return {
        name: _without_empty(value, properties[name])
        if isinstance(value, dict) and properties.get(name, {}).get("properties")
        else value
        for name, value in config.items()
        if value != "" or name not in properties
    }
