"""The plugin: settings and Amazon's client around one run."""

from __future__ import annotations

import platform
from collections import Counter
from collections.abc import Mapping
from contextlib import suppress
from functools import cached_property
from typing import TYPE_CHECKING, Any, ClassVar

from singer_amazon.clock import Clock, SystemClock
from singer_amazon.errors import AmazonError, ConfigError, StorageError
from singer_amazon.http.auth import Credential, TokenProvider
from singer_amazon.http.client import ApiClient
from singer_amazon.http.transport import Transport
from singer_amazon.refresh_token_age import token_ages, warnings
from singer_amazon.regions import ADS_HOSTS, ADS_TOKEN_URIS
from singer_amazon.shards.shard import SETTING as SHARD
from singer_amazon.target.base import CommandTarget
from singer_amazon.target.state_tracker import StateTracker, write_stdout
from target_amazon_audience import setting_names, settings
from target_amazon_audience.amc.client import CLIENT_ID
from target_amazon_audience.amc.rate_limits import (
    Deadline,
)
from target_amazon_audience.apis import AudienceApis
from target_amazon_audience.delivery.dispatcher import Dispatcher
from target_amazon_audience.reporting.progress import hand_out
from target_amazon_audience.reporting.summary import summary
from target_amazon_audience.run import Run, open_sinks
from target_amazon_audience.setting_names import UNUSED, unknown_variables
from target_amazon_audience.settings_schema import SETTINGS_SCHEMA

if TYPE_CHECKING:
    from singer_amazon.target.stdin import LineSource

EXPERIMENTAL = (
    "api ads_data_manager is experimental: made by what Amazon has published, not yet "
    "seen at work on a real account; docs/ads-data-manager.md says what to watch"
)


class TargetAmazonAudience(CommandTarget):
    """Creates and updates Amazon AMC and DSP audiences from customer records."""

    name = "target-amazon-audience"
    package_name = "target-amazon-audience"
    config_jsonschema: ClassVar[dict[str, Any]] = SETTINGS_SCHEMA
    clock: Clock = SystemClock()
    threads: int | None = None
    """Threads for calls: `max_concurrency` of them; 0 for tests without threads."""
    _run: Run | None = None

    def __init__(self, **options: Any) -> None:  # noqa: ANN401 - the SDK's own options
        self._reads_environment = bool(options.get("parse_env_config"))
        super().__init__(**options)

    def check_settings(self) -> list[str]:
        """Check everything here; the SDK's messages repeat secret values."""
        known = self.config_jsonschema["properties"]
        sentences = setting_names.complaints_of_names(self._config, known)
        if self._reads_environment:
            sentences += unknown_variables(self._env_var_prefix, known)
        self._note_unused()
        self._config = setting_names.prepared(self._config, self.config_jsonschema)
        sentences += super().check_settings()
        sentences += setting_names.complaints_of_streams(self._config)
        if sentences:
            return sentences
        try:
            settings.parse(self._config)
            list(token_ages(self._config))
        except ConfigError as error:
            return [str(error)]
        return []

    def _note_unused(self) -> None:
        streams = self._config.get("streams")
        entries = streams.values() if isinstance(streams, dict) else ()
        found = UNUSED.intersection(self._config).union(
            *(UNUSED & entry.keys() for entry in entries if isinstance(entry, dict))
        )
        for name in sorted(found):
            self.logger.warning("Setting %s is known and not used here", name)

    @cached_property
    def deadline(self) -> Deadline:
        """Until when this run waits for what Amazon puts off."""
        return Deadline(self.clock, settings.parse(self.config).max_runtime)

    def make_client(self, region: str) -> ApiClient:
        """Return what calls Amazon with this target's credential."""
        config = self.config
        agent = config.get("user_agent") or (
            f"target-amazon-audience/{self.plugin_version} "
            f"(Language=Python/{platform.python_version()})"
        )
        transport = Transport(user_agent=agent, max_attempts=config["max_attempts"])
        transport.time_left = self.deadline.time_left
        tokens = TokenProvider(
            Credential(
                config["client_id"], config["client_secret"], config["refresh_token"]
            ),
            auth_uri=config.get("auth_uri") or ADS_TOKEN_URIS[region],
            transport=transport,
            clock=self.clock,
        )
        return ApiClient(
            base_url=config.get("endpoint_uri") or ADS_HOSTS[region],
            tokens=tokens,
            transport=transport,
            clock=self.clock,
            headers={CLIENT_ID: config["client_id"]},
        )

    def make_apis(self, region: str) -> AudienceApis:
        """Return the adapters that speak with Amazon."""
        return AudienceApis(
            self.make_client(region),
            self.identity(region),
            self.clock,
            self.is_stopped,
            self.deadline,
        )

    def identity(self, region: str) -> str:
        """Return what tells audiences of several clients and regions apart."""
        where = self.config.get("endpoint_uri") or region
        return f"{where}|{self.config['client_id']}"

    def load(self, source: LineSource) -> Counter[str]:
        """Deliver everything the input holds."""
        parsed = settings.parse(self.config)
        for sentence in warnings(self.config, self.clock.now().date()):
            self.logger.warning(sentence)
        identity = self.identity(parsed.region)
        dispatcher = Dispatcher(
            self.clock,
            self.config["max_concurrency"] if self.threads is None else self.threads,
            self.is_stopped,
            self.deadline,
        )
        is_dry = any(audience.is_dry for audience in parsed.audiences.values())
        states = StateTracker(_keep if is_dry else write_stdout, done="sent")
        if parsed.other_streams:
            self.logger.info(
                "Shard %s delivers %d audiences; %d streams are left to other shards",
                self.config[SHARD],
                len(parsed.audiences),
                len(parsed.other_streams),
            )
        if any(a.data_manager is not None for a in parsed.audiences.values()):
            self.logger.warning(EXPERIMENTAL)
        apis = self.make_apis(parsed.region)
        with open_sinks(
            parsed, identity, apis, dispatcher, states, self.clock
        ) as sinks:
            run = self._run = Run(
                sinks,
                dispatcher,
                states,
                self.mapper,
                self.clock,
                self.is_stopped,
                _left_out(self.config.get("stream_maps") or {}),
                parsed,
            )
            run.run(source)
        return run.counts

    def log_summary(self) -> None:
        """Say what was delivered, as the last lines of the log."""
        if self._run is not None:
            self._run.log_summary()

    def log_failure(self, error: AmazonError) -> None:
        """Log the error that ends the run, unless the run has done so."""
        if self._run is not None:
            return
        self.logger.error("%s", error)
        audiences = settings.parse(self.config).audiences.values()
        paths = {a.summary_path for a in audiences if a.summary_path is not None}
        with suppress(StorageError):  # it has been logged
            hand_out(summary([], error, seconds=0.0), paths)


def _left_out(stream_maps: Mapping[str, object]) -> list[str]:
    """Return the streams that the user has mapped to nothing."""
    return [name for name, found in stream_maps.items() if found in (None, "__NULL__")]


def _keep(state: bytes) -> None:
    """Keep a STATE to ourselves: a dry run has delivered nothing."""
