"""Values of a run as a file for Prometheus' textfile collector."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from pathlib import Path

from singer_amazon.errors import StorageError
from singer_amazon.metrics.samples import Metric, Sample
from singer_amazon.private_files import write_private

SETTING = "metrics_path"
_READABLE = 0o644
"""The collector runs as a user of its own; there is nothing secret in the file."""


def render(found: Iterable[Sample], shared: Mapping[str, str]) -> str:
    """Return values as text; `shared` labels stand at each of them."""
    lines: dict[Metric, list[str]] = {}
    for sample in found:
        lines.setdefault(sample.metric, []).append(_line(sample, shared))
    parts = []
    for metric, values in lines.items():
        name = metric.prometheus_name
        parts += [f"# HELP {name} {metric.meaning}", f"# TYPE {name} gauge", *values]
    return "\n".join([*parts, ""])


def _line(sample: Sample, shared: Mapping[str, str]) -> str:
    labels = {**shared, **sample.labels}
    shown = ",".join(f'{name}="{_escaped(text)}"' for name, text in labels.items())
    return f"{sample.metric.prometheus_name}{{{shown}}} {sample.value:.15g}"


def _escaped(text: str) -> str:
    return text.replace("\\", r"\\").replace('"', r"\"").replace("\n", r"\n")


def write_metrics(path: Path, text: str) -> None:
    """Write the file, whole or not at all.

    Raises:
        StorageError: it cannot be written.
    """
    write_private(path, text.encode(), SETTING)
    try:
        path.chmod(_READABLE)
    except OSError as error:
        msg = f"{SETTING}: {path} cannot be made readable ({error.strerror})"
        raise StorageError(msg) from None
