"""The whole catalogue: reports, and the datasets of Data Kiosk."""

from __future__ import annotations

from functools import lru_cache

from tap_amazon_sp.catalogue.model import Catalogue
from tap_amazon_sp.catalogue.report_files import load_reports
from tap_amazon_sp.data_kiosk.datasets import load_datasets


@lru_cache(maxsize=1)
def load_catalogue() -> Catalogue:
    """Return every report and dataset, read once per process."""
    every = [*load_reports().reports, *load_datasets()]
    return Catalogue(tuple(sorted(every, key=lambda report: report.name)))
