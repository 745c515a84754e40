"""`amazon-demo`: reports land in a bucket, customers in an audience; both are counted.

    cli          the command line and the course of the demo
    scenario     its three runs, and the report types it reads
    environment  every setting of both plugins, as environment variables
    project      a temporary Meltano project: the user's own is not touched
    meltano      one `meltano run` as a child, ended with all its children
    bucket       a local S3 (moto's server) and what lies in it
    verification what the emulator sent against what the bucket holds
    selling      the same for a seller and a vendor: reports, orders, a file
    kiosk        the same for queries to Data Kiosk and for transactions
    console      everything that is printed about the reports
    audiences/   customers become an audience, by both APIs, by plain pipes
    customers    who do not exist, and the file they stand in
    customer_tap that file as a Singer tap, a command of its own

The plugins are driven as commands only; nothing of theirs is imported.
"""

from __future__ import annotations

import sys


def main() -> None:
    """Run the command; without the extra `demo`, say which package is missing."""
    try:
        # Imported late: without the extra this fails, and that needs a sentence.
        from amazon_emulator.demo.cli import command  # noqa: PLC0415
    except ModuleNotFoundError as error:
        sys.exit(
            f"amazon-demo needs the package {error.name}, which is not installed: "
            "install the extra, as in pip install 'amazon-emulator[demo]'."
        )
    command()
