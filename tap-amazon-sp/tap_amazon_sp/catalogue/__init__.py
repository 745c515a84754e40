"""The report types of the Selling Partner API that are streams, as data.

``reports/<report>.json``
    one file for each kind of document: report type, who may ask, options with their
    values and defaults, rules of each period (see `periods.PeriodRules`), and the
    streams, one for each array: its key, columns and what is added. A column is a
    kind (``string``, ``integer``, ``number``, ``boolean``, ``date``, ``date-time``),
    ``amount`` (a number with its currency), ``{fields}`` or ``[{fields}]``. Adding a
    report is adding one file.
``model.py``
    the frozen objects the rest of the tap works with.
``loader.py``
    reads the files into these objects and refuses what does not fit.
"""

from tap_amazon_sp.catalogue.loader import (
    CatalogueError,
    load_catalogue,
    load_reports,
    read_catalogue,
)
from tap_amazon_sp.catalogue.model import (
    EXTRA,
    Catalogue,
    ColumnDefinition,
    Option,
    ReportDefinition,
    StreamDefinition,
)

__all__ = [
    "EXTRA",
    "Catalogue",
    "CatalogueError",
    "ColumnDefinition",
    "Option",
    "ReportDefinition",
    "StreamDefinition",
    "load_catalogue",
    "load_reports",
    "read_catalogue",
]
