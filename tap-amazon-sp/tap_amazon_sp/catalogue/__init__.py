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
``report_files.py``
    reads the files into these objects and refuses what does not fit.
``loader.py``
    gives reports and the datasets of Data Kiosk as one catalogue. The datasets are made
    of this package's model, so that it is imported by its own name only.
"""

from tap_amazon_sp.catalogue.model import (
    EXTRA,
    Catalogue,
    ColumnDefinition,
    Option,
    ReportDefinition,
    StreamDefinition,
)
from tap_amazon_sp.catalogue.report_files import (
    CatalogueError,
    load_reports,
    read_catalogue,
)

__all__ = [
    "EXTRA",
    "Catalogue",
    "CatalogueError",
    "ColumnDefinition",
    "Option",
    "ReportDefinition",
    "StreamDefinition",
    "load_reports",
    "read_catalogue",
]
