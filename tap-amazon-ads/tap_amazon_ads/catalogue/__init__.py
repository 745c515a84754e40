"""The report types of Amazon Ads reporting v3, as data.

The map of this package:

``columns.json``
    every column and its type, stated once; its order is the order of columns in a
    stream (after the key).
``column_sets.json``
    lists of columns that several report types share, used as ``"set:<name>"``.
``filter_values.json``
    the lists of values that filters allow.
``report_types/<reportTypeId>.json``
    one file for each report type: limits, columns (``base``: with every groupBy
    value; ``group_by``: what each value adds; ``offered``: seen in use, but on no page
    of this type, so never asked for unless named), filters, notes for users, and the
    streams made of it. Adding a report type is adding one file.
``column_words.json`` and ``descriptions.py``
    what columns mean: whole sentences for some names, and the words that the names of
    the others are composed of.
``model.py``
    the frozen objects the rest of the tap works with.
``loader.py``
    reads the files into these objects and refuses what does not fit.
"""

from tap_amazon_ads.catalogue.loader import (
    CatalogueError,
    load_catalogue,
    read_catalogue,
)
from tap_amazon_ads.catalogue.model import (
    AdProduct,
    Catalogue,
    Column,
    ColumnType,
    Grouping,
    ReportFamily,
    ReportType,
    TimeUnit,
    time_columns,
)

__all__ = [
    "AdProduct",
    "Catalogue",
    "CatalogueError",
    "Column",
    "ColumnType",
    "Grouping",
    "ReportFamily",
    "ReportType",
    "TimeUnit",
    "load_catalogue",
    "read_catalogue",
    "time_columns",
]
