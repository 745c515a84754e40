"""A target as a command: settings, stdin, signals, errors as sentences, exit codes."""

from __future__ import annotations

import abc
import logging
import os
import sys
from collections import Counter
from collections.abc import Callable, Mapping, Sequence
from types import FrameType
from typing import IO, TYPE_CHECKING, Any, ClassVar

import click
from singer_sdk import Target
from singer_sdk.exceptions import ConfigValidationError, MappingError
from singer_sdk.helpers._classproperty import classproperty
from singer_sdk.helpers.capabilities import (
    FLATTENING_CONFIG,
    STREAM_MAPS_CONFIG,
    CapabilitiesEnum,
    PluginCapabilities,
)
from singer_sdk.singerlib.encoding import GenericSingerReader

from singer_amazon.config.files import check_config_files
from singer_amazon.errors import AmazonError, ConfigError
from singer_amazon.tap.settings import coerced, complaints, from_environment
from singer_amazon.target.errors import InputError, SettingsError
from singer_amazon.target.stdin import LineReader, LineSource

if TYPE_CHECKING:
    from singer_sdk.plugin_base import _ConfigInput

# At DEBUG these write whole requests, credentials in headers included.
_TALKATIVE = ("boto3", "botocore", "s3transfer", "urllib3")


class BlockReader(GenericSingerReader[str]):
    """Hands the whole input to the target instead of one parsed line to the SDK.

    The SDK's own reader logs a line that it cannot parse, whole: personal data.
    """

    def __init__(self, load: Callable[[LineSource], Counter[str]]) -> None:
        super().__init__()
        self._load = load

    @property
    def default_input(self) -> IO[str]:
        """Standard input."""
        return sys.stdin

    def deserialize_json(self, line: str) -> dict[str, Any]:
        """Refuse: nothing comes this way."""
        msg = f"A line of {len(line)} characters came the wrong way."
        raise InputError(msg)

    def process_lines(
        self,
        file_input: IO[str] | None,
        callbacks: dict[str, Callable[[dict[str, Any]], None]],  # noqa: ARG002 - SDK
    ) -> Counter[str]:
        """Take all lines; return how many messages of each type there were."""
        return self._load(LineReader(file_input or self.default_input))


class CommandTarget(Target, abc.ABC):
    """What any of our targets is towards the shell; one instance is one run."""

    capabilities: ClassVar[list[CapabilitiesEnum]] = [
        PluginCapabilities.ABOUT,
        PluginCapabilities.STREAM_MAPS,
        PluginCapabilities.FLATTENING,
        PluginCapabilities.STRUCTURED_LOGGING,
    ]

    def __init__(self, **options: Any) -> None:  # noqa: ANN401 - the SDK's own options
        self._signals = 0
        options.setdefault("message_reader", BlockReader(self.load))
        super().__init__(**options)

    # --- what a target adds ------------------------------------------------

    @abc.abstractmethod
    def load(self, source: LineSource) -> Counter[str]:
        """Take everything the input holds; return the messages of each type.

        Raises:
            AmazonError: its sentence is logged, and the exit code is 1.
        """

    def check_settings(self) -> list[str]:
        """Return a sentence for everything that is wrong with the settings.

        This is the place to bring ``self._config`` into shape before.
        """
        if not self._complaints_of_sdk():
            return []
        return complaints(self._config, self.config_jsonschema)

    def log_summary(self) -> None:
        """Say what was loaded, as the last lines of the log, also after a failure."""

    def log_failure(self, error: AmazonError) -> None:
        """Log the error that ends the run."""
        self.logger.error("%s", error)
        self.log_summary()

    @classmethod
    def log_refusal(
        cls,
        config: Mapping[str, Any],  # noqa: ARG003 - for those who keep a summary
        sentences: Sequence[str],
    ) -> None:
        """Log why the settings, given as ``config``, are refused."""
        for sentence in sentences:
            cls.logger.error("%s", sentence)

    # --- settings ----------------------------------------------------------

    @classmethod
    def append_builtin_config(cls, config_jsonschema: dict[str, Any]) -> None:
        """Add what has a meaning here: no load method, no validation of records."""
        for extra in (STREAM_MAPS_CONFIG, FLATTENING_CONFIG):
            for name, definition in extra["properties"].items():
                config_jsonschema["properties"].setdefault(name, definition)

    @classproperty
    def _env_var_config(cls) -> dict[str, Any]:  # noqa: N805 - a property of the class
        cls.append_builtin_config(cls.config_jsonschema)
        return nested_from_environment(cls.config_jsonschema, cls._env_var_prefix)

    def _complaints_of_sdk(self) -> list[str]:
        """Fill in the defaults; the sentences may show the values of secrets."""
        return super()._validate_config(raise_errors=False)

    def _validate_config(self, *, raise_errors: bool = True) -> list[str]:
        self.append_builtin_config(self.config_jsonschema)
        # null is not set, as it is for the taps
        self._config = {k: v for k, v in self._config.items() if v is not None}
        try:
            sentences = self.check_settings()
        except (AttributeError, LookupError, TypeError) as error:
            # the validator itself stumbles over some entries of stream_maps
            kind = type(error).__name__
            sentences = [f"Setting stream_maps cannot be read ({kind}): check its form"]
        if sentences and raise_errors:
            raise SettingsError(sentences)
        return sentences

    # --- command line and signals ------------------------------------------

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
        super(Target, cls).invoke(about=about, about_format=about_format)
        cls.print_version(print_fn=cls.logger.info)
        for name in _TALKATIVE:
            logging.getLogger(name).setLevel(logging.WARNING)
        target = cls._from_command_line(config)
        try:
            target.listen(file_input)
        except AmazonError as error:
            target.log_failure(error)
            sys.exit(1)

    @classmethod
    def cb_config(
        cls, ctx: click.Context, param: click.Option, value: tuple[str, ...]
    ) -> _ConfigInput:
        """Read the files of settings; a damaged one is a sentence."""
        try:
            check_config_files(value)
        except ConfigError as error:
            cls.logger.error("%s", error)  # noqa: TRY400 - a sentence
            ctx.exit(1)
        return super().cb_config(ctx, param, value)

    @classmethod
    def _from_command_line(cls, config: _ConfigInput | None) -> CommandTarget:
        try:
            return cls(
                config=None if config is None else config.config,
                parse_env_config=config is not None and config.parse_env,
            )
        except ConfigValidationError as error:
            sentences = list(error.errors)
        except (AmazonError, MappingError, ValueError) as error:
            sentences = [str(error)]
        cls.log_refusal(cls._settings_as_given(config), sentences)
        sys.exit(1)

    @classmethod
    def _settings_as_given(cls, config: _ConfigInput | None) -> Mapping[str, Any]:
        if config is None:
            return {}
        try:
            variables = cls._env_var_config if config.parse_env else {}
        except ConfigError:  # one of them is what is wrong
            variables = {}
        return {**variables, **dict(config.config or {})}

    def is_stopped(self) -> bool:
        """Whether a signal has asked us to end."""
        return self._signals > 0

    def _handle_termination(
        self,
        signum: int,
        frame: FrameType | None,  # noqa: ARG002 - the signature of a handler
    ) -> None:
        """Set a flag that the run looks at; a second signal ends at once."""
        self._signals += 1
        if self._signals > 1:
            os._exit(128 + signum)

    def process_endofpipe(self) -> None:
        """Say what was loaded; the SDK would drain its sinks."""
        self.log_summary()


def nested_from_environment(
    schema: Mapping[str, Any], prefix: str, outer: Mapping[str, Any] | None = None
) -> dict[str, Any]:
    """Return the settings in the environment, in the types that the schema wants.

    A setting inside an object has the name that Meltano's users write, as in
    ``TARGET_S3_FORMAT_FORMAT_TYPE``, and wins over ``outer``, the object as JSON text.
    """
    found = {**(outer or {}), **coerced(from_environment(schema, prefix), schema)}
    for name, definition in schema["properties"].items():
        value = found.get(name, {})
        if definition.get("properties") and isinstance(value, dict):
            variables = f"{prefix}{name.upper()}_"
            if nested := nested_from_environment(definition, variables, value):
                found[name] = nested
    return found
