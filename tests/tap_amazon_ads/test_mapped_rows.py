"""Rows for stream maps are the same with and without the SDK's conforming of types."""

from __future__ import annotations

import json
from typing import Any

import msgspec
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from singer_sdk.helpers.conform import TypeConformanceLevel

from singer_amazon.errors import DocumentError
from singer_amazon.records.row_encoder import AddedFields, TypedRowEncoder
from singer_amazon.tap.message_writer import MessageWriter
from tap_amazon_ads.streams import AdsReportStream
from tap_amazon_ads.tap import TapAmazonAds

STREAM = "sponsored_products_campaign_by_campaign"
SECRETS = dict.fromkeys(("client_id", "client_secret", "refresh_token"), "x")
MAP = {STREAM: {"label": "str(campaignId) + '/' + str(campaignName)"}}
TAP = TapAmazonAds(config=SECRETS | {"stream_maps": MAP})
ADDED = AddedFields.constant(
    {"profile_id": "1", "country_code": "US", "currency_code": None}
)

TEXTS = st.one_of(
    st.text(max_size=20).map(json.dumps),
    st.sampled_from([r'"\ud83d"', r'"\u0000\n\\\""', r'"😀"', '"' + "x" * 5000 + '"']),
)
NUMBERS = st.sampled_from(
    ["0", "-0", "1", "1.5", "9007199254740993", str(10**30), "1e400", "0.1", "1E2"]
)
ODD = st.sampled_from(["null", "true", "{}", '{"a":[1,{"b":null}]}', "[]", "[1,2]"])
VALUES = st.one_of(TEXTS, NUMBERS, ODD)
NAMES = st.sampled_from(
    ["date", "campaignId", "campaignName", "impressions", "cost", "clicks", "unasked"]
)
# names may come twice in a row
ROWS = st.lists(st.lists(st.tuples(NAMES, VALUES), max_size=9), min_size=1, max_size=4)


def messages(
    stream: AdsReportStream, encoder: TypedRowEncoder, document: bytes
) -> list[dict[str, Any]]:
    encoder.begin_document()
    found = [
        json.loads(MessageWriter().serialize_message(message))
        for record in encoder.records(encoder.parse(document), ADDED)
        for message in stream._generate_record_messages(record)
    ]
    return [{k: v for k, v in m.items() if k != "time_extracted"} for m in found]


@given(rows=ROWS)
@settings(max_examples=60, deadline=None)
def test_mapped_rows_are_those_that_conforming_gives(
    rows: list[list[tuple[str, str]]],
) -> None:
    stream = TAP.streams[STREAM]
    assert isinstance(stream, AdsReportStream)
    objects = (",".join(f'"{n}":{v}' for n, v in row) for row in rows)
    document = ("[" + ",".join(f"{{{text}}}" for text in objects) + "]").encode()
    encoder = TypedRowEncoder(stream.spec.columns, stream.spec.primary_key)
    try:
        fast = messages(stream, encoder, document)
    except (msgspec.DecodeError, DocumentError):
        return  # refused before anything is mapped
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(
            AdsReportStream, "TYPE_CONFORMANCE_LEVEL", TypeConformanceLevel.RECURSIVE
        )
        assert messages(stream, encoder, document) == fast
    assert all("label" in message["record"] for message in fast)
