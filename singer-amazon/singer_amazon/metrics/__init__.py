"""What a run measures, for programs that watch many: Prometheus, OpenTelemetry.

- `samples`    what is measured, by name, and how it is read off a run (pure)
- `textfile`   as text for Prometheus' textfile collector (pure)
- `telemetry`  by OpenTelemetry, where it is installed and asked for
"""
