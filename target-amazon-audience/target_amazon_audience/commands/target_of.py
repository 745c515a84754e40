"""The target that a command's settings make."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from singer_sdk.exceptions import ConfigValidationError

from singer_amazon.errors import ConfigError
from target_amazon_audience.target import TargetAmazonAudience


def target_of(config: Mapping[str, Any], *, parse_env: bool) -> TargetAmazonAudience:
    """Return the target.

    Raises:
        ConfigError: the settings are wrong.
    """
    try:
        return TargetAmazonAudience(config=dict(config), parse_env_config=parse_env)
    except ConfigValidationError as error:
        raise ConfigError("; ".join(error.errors)) from None
