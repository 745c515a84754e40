"""A tap as a command: settings from outside, signals, the exit code."""

from __future__ import annotations

import abc
import dataclasses
import logging
import os
import sys
from collections.abc import Callable
from types import FrameType
from typing import IO, TYPE_CHECKING, Any, ClassVar

import click
import msgspec
from singer_sdk import Stream, Tap
from singer_sdk.exceptions import ConfigValidationError
from singer_sdk.helpers.capabilities import (
    CapabilitiesEnum,
    PluginCapabilities,
    TapCapabilities,
)
from singer_sdk.singerlib.catalog import Metadata, StreamMetadata
from singer_sdk.tap_base import CliTestOptionValue

from singer_amazon.clock import Clock, SystemClock
from singer_amazon.config.files import TextFile, check_config_files
from singer_amazon.errors import AmazonError, ConfigError
from singer_amazon.tap.inputs import read_catalog, read_state
from singer_amazon.tap.message_writer import MessageWriter
from singer_amazon.tap.settings import (
    coerced,
    complaints,
    from_environment,
    unknown_inside,
)

if TYPE_CHECKING:
    from typing_extensions import Self

_METADATA = {
    kind: [(f.name, f.name.replace("_", "-")) for f in dataclasses.fields(kind)]
    for kind in (Metadata, StreamMetadata)
}
"""Attributes of metadata and their names in a catalog."""
TALKATIVE = ("urllib3", "botocore", "boto3", "s3transfer")
"""Libraries whose debug logs show signed addresses and headers."""


class CommandTap(Tap, abc.ABC):
    """What any of our taps is towards the shell; one instance is one run."""

    message_writer_class = MessageWriter
    is_shown_live = False
    """Whether a terminal shows how far the run is; only the command turns it on."""
    clock: Clock = SystemClock()
    checks_names_of: ClassVar[frozenset[str]] = frozenset()
    """Settings whose inner names the tap checks by itself, with better sentences."""

    # ACTIVATE_VERSION is left out: with some reports still pending it would
    # delete rows in the target that are simply not there yet.
    capabilities: ClassVar[list[CapabilitiesEnum]] = [
        TapCapabilities.CATALOG,
        TapCapabilities.STATE,
        TapCapabilities.DISCOVER,
        TapCapabilities.TEST,
        PluginCapabilities.ABOUT,
        PluginCapabilities.STREAM_MAPS,
        PluginCapabilities.FLATTENING,
        PluginCapabilities.BATCH,
        PluginCapabilities.STRUCTURED_LOGGING,
    ]

    @abc.abstractmethod
    def run(self, work: Callable[[], object] | None = None) -> int:
        """Sync everything, or do other work with the streams; return the exit code."""

    # --- settings ----------------------------------------------------------

    @property
    def _env_var_config(self) -> dict[str, Any]:
        """Settings of the environment; the SDK's reader fails on an empty number."""
        self.append_builtin_config(self.config_jsonschema)
        return from_environment(self.config_jsonschema, self._env_var_prefix)

    def _validate_config(self, *, raise_errors: bool = True) -> list[str]:
        self.append_builtin_config(self.config_jsonschema)
        self._config = coerced(self._config, self.config_jsonschema)
        schema = self.config_jsonschema
        sentences = complaints(self._config, schema)
        # the SDK fills in the defaults here, and stumbles over entries of lists that
        # are no objects; its texts show secret values
        if not sentences and super()._validate_config(raise_errors=False):
            sentences = complaints(self._config, schema)
        sentences += unknown_inside(self._config, schema, self.checks_names_of)
        if sentences and raise_errors:
            raise ConfigValidationError(
                "; ".join(sentences), errors=sentences, schema={}
            )
        return sentences

    # --- discovery ---------------------------------------------------------

    @property
    def catalog_dict(self) -> dict[str, Any]:
        """The catalog; the SDK makes objects of all columns and takes them apart."""
        return {"streams": [_catalog_entry(s) for s in self.streams.values()]}

    @property
    def catalog_json_text(self) -> str:
        """The catalog as it is printed."""
        text = msgspec.json.encode(self.catalog_dict)
        return msgspec.json.format(text, indent=2).decode()

    @property
    def writer(self) -> MessageWriter:
        """The one way to stdout."""
        writer = self.message_writer
        assert isinstance(writer, MessageWriter)  # noqa: S101 - message_writer_class
        return writer

    # --- signals and the exit code -----------------------------------------

    def _handle_termination(
        self,
        signum: int,
        frame: FrameType | None,  # noqa: ARG002 - the signature of a handler
    ) -> None:
        """Ask the main thread to end; a second signal ends at once."""
        if self.writer.is_stopping:
            os._exit(128 + signum)
        self.writer.stop()

    @classmethod
    def _from_command_line(
        cls,
        config: Any,  # noqa: ANN401 - the SDK's private class
        state: IO[str] | None,
        catalog: IO[str] | None,
    ) -> CommandTap:
        try:
            return cls(
                config=config.config,
                state=None if state is None else cls._state_of(state.read()),
                catalog=None if catalog is None else read_catalog(catalog.read()),
                parse_env_config=config.parse_env,
                validate_config=True,
            )
        except ConfigValidationError as error:
            for sentence in error.errors:
                cls.logger.error(sentence)  # noqa: TRY400 - sentences for people
        except (AmazonError, ValueError) as error:
            cls.logger.error(str(error))  # noqa: TRY400
        except Exception as error:
            cls.logger.error(  # noqa: TRY400 - a sentence for people
                "Settings, state or catalog cannot be used (%s: %s): compare them "
                "with what --discover and the last run gave",
                type(error).__name__,
                str(error)[:300],
            )
            cls.logger.debug("Where it happened", exc_info=True)
        sys.exit(1)

    @classmethod
    def _state_of(cls, text: str) -> dict[str, Any]:
        if not text.strip():
            cls.logger.info("The state file is empty: no state yet")
        return read_state(text)

    @classmethod
    def open(
        cls,
        config: dict[str, Any],
        catalog: dict[str, Any] | None = None,
        *,
        state: dict[str, Any] | None = None,
        parse_env: bool = False,
    ) -> Self:
        """Make a tap for a command beside Singer's.

        Raises:
            ConfigError: a setting is wrong.
        """
        try:
            return cls(
                config=config,
                state=state,
                catalog=catalog,
                parse_env_config=parse_env,
                validate_config=True,
            )
        except ConfigValidationError as error:
            raise ConfigError("; ".join(error.errors)) from None

    @classmethod
    def get_singer_command(cls) -> click.Command:
        """Return the SDK's command; state and catalog are opened by us."""
        command = super().get_singer_command()
        for option in command.params:
            if option.name in {"state", "catalog"}:
                option.type = TextFile(f"The {option.name} file", cls.logger.error)
        return command

    @classmethod
    def cb_config(
        cls,
        ctx: click.Context,
        param: click.Option,
        value: tuple[str, ...],
    ) -> Any:  # noqa: ANN401 - the SDK's private class
        """Read the files of settings; a damaged one is a sentence."""
        try:
            check_config_files(value)
        except ConfigError as error:
            cls.logger.error(str(error))  # noqa: TRY400
            ctx.exit(1)
        return super().cb_config(ctx, param, value)

    @classmethod
    def cb_discover(
        cls,
        ctx: click.Context,
        param: click.Option,
        value: bool,  # noqa: FBT001 - as in the SDK
    ) -> None:
        """Print the catalog; a wrong setting is a sentence here too."""
        try:
            super().cb_discover(ctx, param, value)
        except AmazonError as error:
            cls.logger.error(str(error))  # noqa: TRY400
            ctx.exit(1)

    @classmethod
    def cb_test(
        cls,
        ctx: click.Context,
        param: click.Option,  # noqa: ARG003 - as in the SDK
        value: str,
    ) -> None:
        """Test the connection, or write the schemas; exit with the tap's own code."""
        if value == CliTestOptionValue.Disabled.value:
            return
        tap = cls._from_command_line(ctx.params["config"], None, None)
        if value == CliTestOptionValue.Schema.value:
            tap.write_schemas()
            ctx.exit()
        ctx.exit(tap.run(tap.run_connection_test))

    @classmethod
    def invoke(  # type: ignore[override]  # as the SDK's own override does
        cls,
        *,
        about: bool = False,
        about_format: str | None = None,
        config: Any = None,  # noqa: ANN401 - the SDK's private class
        state: IO[str] | None = None,
        catalog: IO[str] | None = None,
    ) -> None:
        """Run the tap from the command line and exit with its code."""
        super(Tap, cls).invoke(about=about, about_format=about_format)  # prints, exits
        cls.print_version(print_fn=cls.logger.info)
        for library in TALKATIVE:
            logging.getLogger(library).setLevel(logging.INFO)
        tap = cls._from_command_line(config, state, catalog)
        sys.stdout.flush()
        tap.is_shown_live = True
        code = tap.run()
        sys.stderr.flush()
        sys.exit(code)


def _catalog_entry(stream: Stream) -> dict[str, Any]:
    """Return what the catalog says of a stream, as the SDK's own entry does."""
    found = {
        "tap_stream_id": stream.tap_stream_id,
        "replication_key": stream.replication_key,
        "replication_method": stream.replication_method,
        "key_properties": stream.primary_keys or [],
        "schema": stream.schema,
        "stream": stream.name,
        "metadata": [
            {"breadcrumb": list(place), "metadata": _metadata(item)}
            for place, item in stream.metadata.items()
        ],
    }
    return {name: value for name, value in found.items() if value is not None}


def _metadata(item: Metadata) -> dict[str, Any]:
    values = ((key, getattr(item, name)) for name, key in _METADATA[type(item)])
    return {key: value for key, value in values if value is not None}
