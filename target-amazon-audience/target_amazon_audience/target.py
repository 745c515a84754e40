"""The plugin: settings, command line and signals of the SDK around our own run."""

from __future__ import annotations

import logging
import os
import platform
import sys
from collections import Counter
from collections.abc import Callable
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

from singer_amazon.clock import Clock, SystemClock
from singer_amazon.errors import AmazonError, ConfigError
from singer_amazon.http.auth import Credential, TokenProvider
from singer_amazon.http.client import ApiClient
from singer_amazon.http.transport import Transport
from singer_amazon.tap.settings import complaints, from_environment
from target_amazon_audience import settings
from target_amazon_audience.assembly import Assembly
from target_amazon_audience.audience_api import CLIENT_ID, HttpAudienceApi
from target_amazon_audience.echo import StateEcho, write_stdout
from target_amazon_audience.errors import InputError
from target_amazon_audience.pausing import ClockPauser
from target_amazon_audience.pipe import LinePipe
from target_amazon_audience.preparing import complaints_of_streams, prepared
from target_amazon_audience.run import Parts, Run
from target_amazon_audience.settings_schema import SETTINGS_SCHEMA

if TYPE_CHECKING:
    from types import FrameType
    from typing import IO

    from singer_sdk.plugin_base import _ConfigInput

    from target_amazon_audience.ports import AudienceApi

API_HOSTS = {
    "NA": "https://advertising-api.amazon.com",
    "EU": "https://advertising-api-eu.amazon.com",
    "FE": "https://advertising-api-fe.amazon.com",
}
TOKEN_HOSTS = {
    "NA": "https://api.amazon.com/auth/o2/token",
    "EU": "https://api.amazon.co.uk/auth/o2/token",
    "FE": "https://api.amazon.co.jp/auth/o2/token",
}
# At DEBUG this library writes addresses and headers.
_TALKATIVE = ("urllib3",)


class PipeReader(GenericSingerReader[str]):
    """Hands the whole input to our run instead of one parsed line to the SDK.

    The SDK's own reader logs a line that it cannot parse, whole: personal data.
    """

    def __init__(self, load: Callable[[IO[str]], Counter[str]]) -> None:
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
        return self._load(file_input or self.default_input)


class TargetAmazonAudience(Target):
    """Creates and updates Amazon AMC and DSP audiences from customer records."""

    name = "target-amazon-audience"
    package_name = "target-amazon-audience"
    config_jsonschema: ClassVar[dict[str, Any]] = SETTINGS_SCHEMA
    capabilities: ClassVar[list[CapabilitiesEnum]] = [
        PluginCapabilities.ABOUT,
        PluginCapabilities.STREAM_MAPS,
        PluginCapabilities.FLATTENING,
        PluginCapabilities.STRUCTURED_LOGGING,
    ]
    clock: Clock = SystemClock()
    threads: int | None = None
    """Threads for calls: `max_concurrency` of them; 0 for tests without threads."""

    def __init__(self, **options: Any) -> None:  # noqa: ANN401 - the SDK's own options
        self._signals = 0
        self._run: Run | None = None
        self.has_told = False
        """Whether the run has logged what went wrong."""
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
        cls.append_builtin_config(cls.config_jsonschema)
        found: dict[str, Any] = from_environment(
            cls.config_jsonschema, cls._env_var_prefix
        )
        return found

    def _validate_config(self, *, raise_errors: bool = True) -> list[str]:
        """Check everything here; the SDK's messages repeat secret values."""
        schema = self.config_jsonschema
        self.append_builtin_config(schema)
        self._config = prepared(self._config, schema)
        sentences = []
        if super()._validate_config(raise_errors=False):
            sentences = complaints(self._config, schema)
        sentences += complaints_of_streams(self._config)
        if not sentences:
            try:
                settings.parse(self._config)
            except ConfigError as error:
                sentences = [str(error)]
        if sentences and raise_errors:
            raise ConfigValidationError("; ".join(sentences), errors=sentences)
        return sentences

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
        super(Target, cls).invoke(about=about, about_format=about_format)
        cls.print_version(print_fn=cls.logger.info)
        for name in _TALKATIVE:
            logging.getLogger(name).setLevel(logging.INFO)
        target = cls._from_command_line(config)
        try:
            target.listen(file_input)
        except AmazonError as error:
            if not target.has_told:
                cls.logger.error("%s", error)  # noqa: TRY400 - a sentence
            sys.exit(1)

    @classmethod
    def _from_command_line(cls, config: _ConfigInput | None) -> TargetAmazonAudience:
        try:
            return cls(
                config=None if config is None else config.config,
                parse_env_config=config is not None and config.parse_env,
            )
        except ConfigValidationError as error:
            for sentence in error.errors:
                cls.logger.error("%s", sentence)  # noqa: TRY400 - sentences
        except (AmazonError, ValueError) as error:
            cls.logger.error("%s", error)  # noqa: TRY400 - a sentence
        sys.exit(1)

    def _handle_termination(
        self,
        signum: int,
        frame: FrameType | None,  # noqa: ARG002 - the signature of a handler
    ) -> None:
        """Set a flag that the run looks at; a second signal ends at once."""
        self._signals += 1
        if self._signals > 1:
            os._exit(128 + signum)

    # The run

    def is_stopped(self) -> bool:
        """Whether a signal has asked us to end."""
        return self._signals > 0

    def make_api(self, region: str) -> AudienceApi:
        """Return the adapter that speaks with Amazon."""
        config = self.config
        agent = config.get("user_agent") or (
            f"target-amazon-audience/{self.plugin_version} "
            f"(Language=Python/{platform.python_version()})"
        )
        transport = Transport(user_agent=agent, max_attempts=config["max_attempts"])
        tokens = TokenProvider(
            Credential(
                config["client_id"], config["client_secret"], config["refresh_token"]
            ),
            auth_uri=config.get("auth_uri") or TOKEN_HOSTS[region],
            transport=transport,
            clock=self.clock,
        )
        client = ApiClient(
            base_url=config.get("endpoint_uri") or API_HOSTS[region],
            tokens=tokens,
            transport=transport,
            clock=self.clock,
            headers={CLIENT_ID: config["client_id"]},
        )
        return HttpAudienceApi(client, ClockPauser(self.clock, self.is_stopped))

    def _load(self, source: IO[str]) -> Counter[str]:
        """Deliver everything the input holds; the SDK calls this once."""
        wanted = settings.parse(self.config)
        where = self.config.get("endpoint_uri") or wanted.region
        threads = self.config["max_concurrency"]
        assembly = Assembly(
            settings=wanted,
            identity=f"{where}|{self.config['client_id']}",
            api=self.make_api(wanted.region),
            clock=self.clock,
            pauser=ClockPauser(self.clock, self.is_stopped),
            threads=threads if self.threads is None else self.threads,
        )
        is_dry = any(mapped.is_dry for mapped in wanted.audiences.values())
        try:
            run = Run(
                Parts(
                    lanes=assembly.lanes(),
                    api=assembly.api,
                    pacer_of=assembly.pacer_of,
                    workers=assembly.workers,
                    ledger=assembly.ledger,
                    echo=StateEcho(assembly.ledger, _keep if is_dry else write_stdout),
                    mapper=self.mapper,
                    clock=self.clock,
                    is_stopped=self.is_stopped,
                )
            )
            self.has_told = True
            run.run(LinePipe(source))
        finally:
            assembly.close()
        self._run = run
        return run.counts

    def process_endofpipe(self) -> None:
        """Say what was delivered, as the last lines of the log."""
        if self._run is not None:
            self._run.tell()


def _keep(state: bytes) -> None:
    """Keep a STATE to ourselves: a dry run has delivered nothing."""
