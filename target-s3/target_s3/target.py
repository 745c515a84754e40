"""The plugin: settings, command line and signals of the SDK around our own loader."""

from __future__ import annotations

import logging
import os
import sys
from typing import TYPE_CHECKING, Any, ClassVar

from singer_sdk import Target
from singer_sdk.exceptions import ConfigValidationError
from singer_sdk.helpers._classproperty import classproperty
from singer_sdk.helpers.capabilities import (
    FLATTENING_CONFIG,
    STREAM_MAPS_CONFIG,
    CapabilitiesEnum,
    PluginCapabilities,
)
from singer_sdk.singerlib.encoding import GenericSingerReader

from target_s3 import environment, settings
from target_s3.clock import SystemClock
from target_s3.echo import StateEcho, write_stdout
from target_s3.errors import ConfigError, TargetS3Error
from target_s3.formats.parquet import require_pyarrow
from target_s3.keys import Keys, new_run_id
from target_s3.ledger import StateLedger
from target_s3.loader import Loader, Parts
from target_s3.mapping import SdkMapper
from target_s3.pipe import LinePipe
from target_s3.rows import Stamp
from target_s3.settings_schema import SETTINGS_SCHEMA
from target_s3.shelf import Shelf
from target_s3.store import S3Store
from target_s3.summary import Summary
from target_s3.uploads import Uploads

if TYPE_CHECKING:
    from collections import Counter
    from collections.abc import Callable
    from types import FrameType
    from typing import IO

    from singer_sdk.plugin_base import _ConfigInput

# At DEBUG these write whole requests, credentials in headers included.
_TALKATIVE = ("boto3", "botocore", "s3transfer", "urllib3")


class PipeReader(GenericSingerReader[str]):
    """Hands the whole input to the loader instead of one parsed line to the SDK."""

    def __init__(self, load: Callable[[IO[str]], Counter[str]]) -> None:
        super().__init__()
        self._load = load

    @property
    def default_input(self) -> IO[str]:
        """Standard input."""
        return sys.stdin

    def deserialize_json(self, line: str) -> dict[str, Any]:
        """Refuse: the SDK would log a line it cannot read, whole."""
        msg = f"A line of {len(line)} characters came the wrong way."
        raise TargetS3Error(msg)

    def process_lines(
        self,
        file_input: IO[str] | None,
        callbacks: dict[str, Callable[[dict[str, Any]], None]],  # noqa: ARG002 - SDK
    ) -> Counter[str]:
        """Take all lines; return how many messages of each type there were."""
        return self._load(file_input or self.default_input)


class TargetS3(Target):
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

    def __init__(self, **options: Any) -> None:  # noqa: ANN401 - the SDK's own options
        self._signals = 0
        self._summary: Summary | None = None
        options.setdefault("message_reader", PipeReader(self._load))
        super().__init__(**options)

    # Settings

    @classmethod
    def append_builtin_config(cls, config_jsonschema: dict[str, Any]) -> None:
        """Add what has a meaning here: no load method, no validation of records."""
        for extra in (STREAM_MAPS_CONFIG, FLATTENING_CONFIG):
            for name, definition in extra["properties"].items():
                config_jsonschema["properties"].setdefault(name, definition)

    @classproperty
    def _env_var_config(cls) -> dict[str, Any]:  # noqa: N805 - a property of the class
        try:
            found = super()._env_var_config
        except ValueError:
            msg = (
                f"An environment variable {cls._env_var_prefix}... holds text where a "
                "number or JSON is expected."
            )
            raise ConfigError(msg) from None
        return environment.completed(
            found, cls.config_jsonschema, os.environ, cls._env_var_prefix
        )

    def _validate_config(self, *, raise_errors: bool = True) -> list[str]:
        """Check our own settings first: the SDK's messages repeat secret values."""
        try:
            settings.parse(self._config)
        except ConfigError as error:
            if raise_errors:
                raise
            return [str(error)]
        return super()._validate_config(raise_errors=raise_errors)

    # Command line and signals

    @classmethod
    def invoke(  # type: ignore[override] # the SDK's own Target does the same
        cls,
        *,
        about: bool = False,
        about_format: str | None = None,
        config: _ConfigInput | None = None,
        file_input: IO[str] | None = None,
    ) -> None:
        """Run; an error of ours is one sentence and exit code 1."""
        for name in _TALKATIVE:
            logging.getLogger(name).setLevel(logging.WARNING)
        try:
            super().invoke(
                about=about,
                about_format=about_format,
                config=config,
                file_input=file_input,
            )
        except TargetS3Error as error:
            cls.logger.error("%s", error)  # noqa: TRY400 - a sentence, no traceback
            if error.summary:
                error.summary.log(cls.logger)
            sys.exit(1)
        except ConfigValidationError as error:
            words = "; ".join(error.errors)
            cls.logger.error("Settings are wrong: %s", words)  # noqa: TRY400 - as above
            sys.exit(1)

    def _handle_termination(
        self,
        signum: int,
        frame: FrameType | None,  # noqa: ARG002 - the signature of a handler
    ) -> None:
        """Set a flag that the loader looks at; a second signal ends at once."""
        self._signals += 1
        if self._signals > 1:
            os._exit(128 + signum)

    # The run

    def _load(self, source: IO[str]) -> Counter[str]:
        """Store everything the input holds; the SDK calls this once."""
        wanted = settings.parse(self._config)
        self._tell_of_settings()
        if wanted.format == "parquet":
            require_pyarrow()
        clock = SystemClock()
        run_id = new_run_id(clock.now())
        keys = Keys(wanted, run_id)
        store = S3Store(wanted)
        if warning := store.check(keys.for_check()):
            self.logger.warning("%s", warning)
        self._summary = Summary(wanted.bucket, run_id)
        uploads, ledger = Uploads(store), StateLedger()
        parts = Parts(
            settings=wanted,
            store=store,
            uploads=uploads,
            ledger=ledger,
            shelf=Shelf(wanted, keys, ledger, uploads, clock, self.logger),
            echo=StateEcho(ledger, write_stdout, self.logger),
            mapper=SdkMapper(self.mapper),
            stamp=Stamp(
                extracted_at=wanted.add_record_metadata,
                process_date=wanted.include_process_date,
            ),
            clock=clock,
            summary=self._summary,
            logger=self.logger,
        )
        pipe = LinePipe(source)
        pipe.start()
        return Loader(parts, lambda: self._signals > 0).run(pipe)

    def _tell_of_settings(self) -> None:
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

    def process_endofpipe(self) -> None:
        """Say what was stored, as the last line of the log."""
        if self._summary:
            self._summary.log(self.logger)
