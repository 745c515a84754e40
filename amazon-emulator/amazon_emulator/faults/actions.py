"""What fault rules can do, and to which operations: two tables."""

from __future__ import annotations

from collections.abc import Mapping, Sequence

_SELLING = """
create_report get_reports get_report cancel_report get_report_document download_document
get_orders get_order_v0 get_order_items get_order_buyer_info get_order_address
search_orders get_order create_restricted_data_token get_marketplace_participations
list_financial_event_groups list_financial_events list_financial_events_by_group_id
list_financial_events_by_order_id get_shipments get_shipment_items
get_shipment_items_by_shipment_id get_purchase_orders get_purchase_order
get_purchase_orders_status get_inventory_summaries search_listings_items
get_listings_item search_catalog_items get_catalog_item unlisted
create_query get_query get_queries cancel_query get_document list_transactions
create_destination get_destinations get_destination delete_destination
create_subscription get_subscription get_subscription_by_id delete_subscription_by_id
send_test_notification
"""
_ONE_BY_ONE = """
get_report cancel_report get_report_document get_order_v0 get_order_buyer_info
get_order_address get_order create_report create_restricted_data_token
get_marketplace_participations get_shipment_items_by_shipment_id get_purchase_order
get_listings_item get_catalog_item create_query get_query cancel_query get_document
create_destination get_destinations get_destination delete_destination
create_subscription get_subscription get_subscription_by_id delete_subscription_by_id
send_test_notification
"""
_ADVERTISING = """
token profiles advertisers manager_accounts create status delete download
create_export export download_export portfolios query_campaigns query_ad_groups
create_unified_report retrieve_unified_report delete_unified_report
download_unified_report query_advertiser_accounts
amc_accounts amc_instances connections add_connection delete_connection terms
accept_terms create_audience audience update_audience records job
adm_terms adm_accept_terms adm_create_dataroom adm_dataroom adm_dataroom_counts
adm_create_dataset adm_datasets adm_dataset adm_members adm_dataset_details
adm_delete_dataset adm_metrics adm_aggregates adm_delete_identities
adm_create_rule adm_rules adm_revoke_rule
"""
SP_OPERATIONS = tuple(_SELLING.split())
"""Those of the Selling Partner API: Amazon's own names, in small letters."""
OPERATIONS = (*_ADVERTISING.split(), *SP_OPERATIONS)
_DOWNLOADS = (
    *("download", "download_document", "download_export", "download_unified_report"),
)
_API = tuple(name for name in OPERATIONS if name not in _DOWNLOADS)
_SIGNED_IN = tuple(name for name in _API if name != "token")
_SP_REPORT = ("create_report", "get_report", "create_query", "get_query")
_SP_API = tuple(name for name in SP_OPERATIONS if name not in _DOWNLOADS)
_SP_LISTS = tuple(name for name in _SP_API if name not in _ONE_BY_ONE.split())
_UNIFIED = ("create_unified_report", "retrieve_unified_report")
_REPORT = ("create", "status", "create_export", "export", *_UNIFIED)
_JOB = ("records", "job")
_CREATES = (
    *("create", "create_report", "create_query", "create_export"),
    "create_unified_report",
)
_UPLOADS = ("records", "adm_members")
_RULES = ("adm_create_rule", "adm_rules")
_TEXT_OF_FATAL = "The report could not be generated because of an internal error."
_TEXT_OF_INVALID = "Record could not be processed"

_INVALID: Mapping[str, object] = {
    "external_user_ids": [],
    "every": 0,
    "except_every": 0,
    "listed": None,
    "reason": _TEXT_OF_INVALID,
}

PLANTED: Mapping[str, Mapping[str, object]] = {
    "dropped_row": {"day": None, "number": 0},
    "doubled_document": {},
    "restated_day": {"day": None, "percent": 25},
    "late_account": {"days": 1},
    "mixed_currency": {"currency": "EUR", "rate": 0.9},
    "disagreeing_report": {"percent": 10},
}
"""Reports whose numbers are wrong although nothing else is, with the parameters."""
MODIFIERS = (
    *("delay", "retention", "odd_rows", "flat_file", "once_each", "trickle"),
    *("empty_country", "duplicate_rows", "changed_meaning"),
    *("zero_days", "null_days"),
    *PLANTED,
)
"""Actions that leave room for another one on the same call."""
ACTIONS: Mapping[str, tuple[Sequence[str], Mapping[str, object]]] = {
    "throttle": (
        OPERATIONS,
        {"retry_after": None, "as_date": False, "accepted": False},
    ),
    "status": (OPERATIONS, {"code": 500, "body": None, "headers": {}}),
    "html": (OPERATIONS, {"code": 503}),
    "reset": (OPERATIONS, {}),
    "delay": (OPERATIONS, {"seconds": 1.0}),
    "truncate": (OPERATIONS, {"after_bytes": 20}),
    "trickle": (OPERATIONS, {"seconds": 1.0, "bytes": 1}),
    "loose_json": (_API, {"form": "comma"}),
    "inflate": (OPERATIONS, {"megabytes": 1000, "one_value": False, "form": "json"}),
    "redirect": (OPERATIONS, {"to": "http://169.254.169.254/", "code": 302}),
    "other_url": (
        (
            *("status", "get_report_document", "get_document", "export"),
            "retrieve_unified_report",
        ),
        {"url": ""},
    ),
    "lost_when_slow": (("download_export",), {"seconds": 1.0}),
    "other_id": (
        ("create", "create_report", "get_report", "records", "create_unified_report"),
        {"id": "x/../../owned"},
    ),
    "expired": (_DOWNLOADS, {}),
    "unauthorized": (_SIGNED_IN, {"message": "Not authorized to access scope"}),
    "failed": (_REPORT, {"reason": "Internal error while generating the report"}),
    "status_word": ((*_REPORT, *_SP_REPORT, *_JOB, *_RULES), {"word": "FAILURE"}),
    "no_url": (_REPORT, {}),
    "never_ready": (
        (*_REPORT, *_JOB, "adm_create_rule"),
        {"status": "PENDING"},
    ),
    "empty": (
        (*_CREATES, "download", "download_export", "download_unified_report"),
        {},
    ),
    "document": (
        (*_CREATES, *_DOWNLOADS),
        {"text": None, "base64": None, "gzip": True, "content_type": None},
    ),
    "refuse_columns": (("create", "create_unified_report"), {"columns": []}),
    "retention": (("create",), {"days": 60, "wording": None}),
    "not_offered": (("create",), {"wording": "unknown_type", "code": 400}),
    "odd_rows": (
        ("create", "create_export"),
        {
            "placeholders": [],
            "every": 7,
            "half_emoji": False,
            "repeat_after": 0,
            "twins": False,
        },
    ),
    **{action: (("create",), defaults) for action, defaults in PLANTED.items()},
    "duplicate_of": (("create",), {"report_id": None}),
    "empty_country": (("create_unified_report",), {"country": "DE"}),
    "duplicate_rows": (("create_unified_report",), {"every": 7, "split": False}),
    "changed_meaning": (
        ("create_unified_report",),
        {"field": "matchedTarget.value", "becomes": "target.value"},
    ),
    "missing_part": (_UNIFIED, {"number": 1, "listed": False}),
    "lost_answer": (OPERATIONS, {}),
    "refuse_record": (
        _UPLOADS,
        {"external_user_ids": [], "code": 400, "reason": "Invalid request"},
    ),
    "invalid_record": (
        _UPLOADS,
        _INVALID,
    ),
    "partially_succeeded": (
        _JOB,
        _INVALID,
    ),
    "job_failed": (_JOB, {"reason": None}),
    "denied": (_SP_API, {"details": ""}),
    "once_each": (_API, {"code": 400, "message": "Invalid Input"}),
    "endless": (_SP_LISTS, {}),
    "empty_payload": (_SP_API, {}),
    "fatal": (_SP_REPORT, {"details": _TEXT_OF_FATAL, "document": True}),
    "cancelled": (_SP_REPORT, {}),
    "no_document": (_SP_REPORT, {}),
    "stuck": (_SP_REPORT, {"status": "IN_QUEUE"}),
    "without_array": (("create_report",), {}),
    "error_details": (("create_report",), {"details": _TEXT_OF_FATAL}),
    "flat_file": (
        ("create_report",),
        {
            "quoting": None,
            "charset": None,
            "encoding": None,
            "rename": {},
            "drop": [],
            "break_every": 0,
            "break_text": "\t",
            "extra_cell_every": 0,
            "missing_cell_every": 0,
        },
    ),
    "denied_fields": (("create_query",), {"fields": []}),
    "error_document": (("create_query",), {"details": _TEXT_OF_FATAL}),
    "cut_line": (("create_query",), {"missing_bytes": 20}),
    "zero_days": (("create_query",), {"days": []}),
    "null_days": (("create_query",), {"days": []}),
    "truncated_gzip": (("create_report",), {"after_bytes": 100}),
}
"""Action -> the operations where it makes sense, and its parameters with defaults."""
