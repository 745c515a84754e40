"""BATCH messages: files of records beside the pipe."""

from __future__ import annotations

import gzip
import io
import json
import os
from dataclasses import replace
from pathlib import Path
from typing import Any

import pyarrow as pa
import pyarrow.parquet as pq
import pytest
from singer_sdk.helpers._batch import StorageTarget

from singer_amazon.target.errors import InputError, SchemaMissingError
from support.s3.loader import Run, record, schema, state
from target_s3 import batch_files
from target_s3.batch_roots import roots
from target_s3.settings import Settings

SETTINGS = Settings(bucket="bucket")
TEXT = '{"id": "1", "cost": 1.10}\n{"id": "9007199254740993", "name": "é"}\n'


def batch(*files: Path | str, **encoding: str) -> dict[str, Any]:
    uris = [file.as_uri() if isinstance(file, Path) else file for file in files]
    return {
        "type": "BATCH",
        "stream": "campaigns",
        "encoding": encoding or {"format": "jsonl", "compression": "gzip"},
        "manifest": uris,
    }


@pytest.fixture
def packed(tmp_path: Path) -> Path:
    path = tmp_path / "batch one.json.gz"
    path.write_bytes(gzip.compress(TEXT.encode()))
    return path


def test_a_packed_file_is_stored_byte_for_byte_and_left_where_it_is(
    packed: Path,
) -> None:
    run = Run(SETTINGS)
    run.feed([schema(), batch(packed), state(1)])
    [(key, content)] = run.store.objects.items()
    assert key.endswith("-00001.jsonl.gz")
    assert content == packed.read_bytes()
    assert run.states == [(0, {"bookmarks": 1})]
    assert run.summary.streams["campaigns"].records == 2


def test_batches_and_records_mix_and_never_share_a_key(packed: Path) -> None:
    run = Run(SETTINGS)
    run.feed([schema(), record(id="0"), batch(packed, packed), record(id="3")])
    assert [row["id"] for row in run.store.rows("campaigns")] == [
        *["0", "3"],
        *["1", "9007199254740993"] * 2,
    ]


@pytest.mark.parametrize("name", ["jsonl", "csv", "csv.gz", "parquet"])
def test_other_formats_take_the_records_of_the_file(name: str, packed: Path) -> None:
    run = Run(replace(SETTINGS, format=name))
    columns = schema(id="string", cost="number", name="string")
    run.feed([columns, batch(packed), state(1)])
    rows = run.store.rows("campaigns")
    assert [row["id"] for row in rows] == ["1", "9007199254740993"]
    assert all(row["_sdc_extracted_at"] for row in rows)
    assert run.states


def test_a_plain_file_is_packed_and_a_misnamed_one_recognised(tmp_path: Path) -> None:
    plain, misnamed = tmp_path / "a.jsonl", tmp_path / "b.jsonl"
    plain.write_text(TEXT.rstrip("\n"), encoding="utf-8")
    misnamed.write_bytes(gzip.compress(TEXT.encode()))  # as the SDK does
    run = Run(SETTINGS)
    kind = {"format": "jsonl", "compression": "none"}
    run.feed([schema(), batch(plain, **kind), batch(misnamed, **kind)])
    assert len(run.store.rows("campaigns")) == 4
    assert misnamed.read_bytes() in run.store.objects.values()


def test_stream_maps_apply_to_batches(packed: Path) -> None:
    run = Run(SETTINGS, {"stream_maps": {"campaigns": {"id": "'n' + id"}}})
    run.feed([schema(), batch(packed)])
    assert [row["id"] for row in run.store.rows("campaigns")] == [
        "n1",
        "n9007199254740993",
    ]


def test_files_in_s3_are_fetched(packed: Path) -> None:
    run = Run(SETTINGS)
    run.store.objects["s3://tap/x.gz"] = packed.read_bytes()
    run.feed([schema(), batch("s3://tap/x.gz"), state(1)])
    assert len(run.store.rows("campaigns")) == 2


def test_parquet_is_stored_as_it_is_where_parquet_is_written(tmp_path: Path) -> None:
    path = tmp_path / "a.parquet"
    pq.write_table(pa.table({"id": ["1", "2", "3"]}), path)
    run = Run(replace(SETTINGS, format="parquet"))
    run.feed([schema(), batch(path, format="parquet")])
    assert list(run.store.objects.values()) == [path.read_bytes()]
    assert run.summary.streams["campaigns"].records == 3


@pytest.mark.parametrize(
    ("content", "encoding", "sentence"),
    [
        (None, {}, "cannot be opened: No such file"),
        (gzip.compress(b'{"id":"1"}\n' * 99, mtime=0)[:-9], {}, "damaged or cut off"),
        (b"\x1f\x8bno gzip", {}, "damaged or cut off"),
        (b'{"id":"private"\n', {"format": "jsonl"}, "Line 1 of BATCH .*not valid JSON"),
        (b'["private"]\n', {"format": "jsonl"}, "not an object"),
        (b'{"name":"private"}\n', {"format": "jsonl"}, "lacks the key column id"),
        (b"id\n1\n", {"format": "csv"}, "BATCH of format 'csv'"),
        (b"PAR1", {"format": "parquet"}, "is Parquet, which is stored only as it is"),
    ],
)
def test_a_file_that_cannot_be_stored_ends_the_run(
    tmp_path: Path, content: bytes | None, encoding: dict[str, str], sentence: str
) -> None:
    path = tmp_path / "a"
    if content is not None:
        path.write_bytes(content)
    run = Run(SETTINGS)
    with pytest.raises(InputError, match=sentence) as caught:
        run.feed(
            [schema(), record(id="0"), state(1), batch(path, **encoding), state(2)]
        )
    assert "private" not in str(caught.value)
    assert run.states == [(0, {"bookmarks": 1})]
    assert run.store.rows("campaigns")[0]["id"] == "0"


def test_a_batch_without_encoding_or_schema_is_an_error() -> None:
    with pytest.raises(InputError, match="BATCH without an encoding"):
        Run(SETTINGS).feed([schema(), {"type": "BATCH", "stream": "campaigns"}])
    with pytest.raises(
        SchemaMissingError, match=r"Line 1 .* BATCH of stream campaigns"
    ):
        Run(SETTINGS).feed([batch("file:///nowhere")])


def test_a_large_file_is_read_in_flat_memory(tmp_path: Path) -> None:
    path = tmp_path / "large.gz"
    row = json.dumps({"id": "1", "text": "x" * 1000}).encode() + b"\n"
    with gzip.open(path, "wb", compresslevel=1) as file:
        for _ in range(20):
            file.write(row * 1000)
    run = Run(replace(SETTINGS, format="csv.gz", max_rows=7000))
    run.feed([schema(id="string", text="string"), batch(path)])
    sizes = [
        len(io.BytesIO(gzip.decompress(content)).readlines()) - 1
        for _, content in sorted(run.store.objects.items())
    ]
    assert sizes == [7000, 7000, 6000]


# --- names, bounds, and where files may lie ----------------------------------


@pytest.mark.parametrize(
    "name", ["a#b.gz", "a b.gz", "ä ö.gz", "50%.gz", "a%20b.gz", "?x=1.gz", "%23.gz"]
)
@pytest.mark.parametrize("is_quoted", [True, False])
def test_a_manifest_may_hold_any_name_quoted_or_not(
    name: str, packed: Path, is_quoted: bool
) -> None:
    path = packed.with_name(name)
    packed.rename(path)
    run = Run(replace(SETTINGS, batch_roots=roots([str(path.parent)])))
    run.feed([schema(), batch(path.as_uri() if is_quoted else f"file://{path}")])
    assert len(run.store.rows("campaigns")) == 2


@pytest.mark.parametrize("name", ["ä #1 50%", "plain"])
def test_what_the_sdk_announces_is_found(name: str, packed: Path) -> None:
    folder = packed.parent / name
    folder.mkdir()
    packed.rename(folder / "x#é.json.gz")
    uri = StorageTarget(root=folder.as_uri()).get_url("x#é.json.gz")
    run = Run(replace(SETTINGS, batch_roots=roots([folder.as_uri()])))
    run.feed([schema(), batch(uri)])
    assert len(run.store.rows("campaigns")) == 2


def outside(tmp_path: Path, packed: Path) -> list[str]:
    allowed = tmp_path / "allowed"
    allowed.mkdir()
    (tmp_path / "allowed-too").mkdir()
    other = tmp_path / "allowed-too" / "x.gz"
    packed.rename(other)
    (allowed / "link.gz").symlink_to(other)
    (allowed / "folder").symlink_to(other.parent)
    return [
        other.as_uri(),
        str(other),
        f"{allowed}/../allowed-too/x.gz",
        f"file://{allowed}/../allowed-too/x.gz",
        f"file://{allowed}/..%2Fallowed-too%2Fx.gz",
        f"file://{allowed}/link.gz",
        f"file://{allowed}/folder/x.gz",
        f"file://localhost{other}",
        "s3://other/allowed/x.gz",
        "s3://bucket/allowed-too/x.gz",
        "s3://bucket-too/allowed/x.gz",
    ]


def test_files_outside_of_the_allowed_roots_are_never_read(
    tmp_path: Path, packed: Path
) -> None:
    addresses = outside(tmp_path, packed)
    allowed = roots([(tmp_path / "allowed").as_uri(), "s3://bucket/allowed"])
    for uri in addresses:
        run = Run(replace(SETTINGS, batch_roots=allowed))
        run.store.objects[uri] = b"private"
        with pytest.raises(InputError, match="outside of what batch_allowed_roots"):
            run.feed([schema(), batch(uri)])
    run = Run(replace(SETTINGS, batch_roots=allowed))
    run.store.objects["s3://bucket/allowed/x.gz"] = gzip.compress(TEXT.encode())
    run.feed([schema(), batch("s3://bucket/allowed/x.gz")])
    assert len(run.store.rows("campaigns")) == 2


def test_a_device_and_a_pipe_are_no_files(tmp_path: Path) -> None:
    pipe = tmp_path / "pipe"
    os.mkfifo(pipe)
    for path in (Path("/dev/zero"), pipe, tmp_path):
        with pytest.raises(InputError, match=r"is no plain file|Is a directory"):
            Run(SETTINGS).feed([schema(), batch(path)])


@pytest.mark.parametrize("name", ["jsonl.gz", "csv"])
@pytest.mark.parametrize("text", [b"x" * 3_000_000, b'{"id":"1"}\n' * 300_000])
def test_a_file_that_inflates_is_bounded(
    tmp_path: Path, name: str, text: bytes
) -> None:
    path = tmp_path / "bomb.gz"
    path.write_bytes(gzip.compress(text, 1))
    run = Run(replace(SETTINGS, format=name, batch_max_bytes=2_000_000))
    with pytest.raises(InputError, match=r"more than 1.9 MB, .* batch_max_bytes"):
        run.feed([schema(), batch(path)])


def test_an_object_that_is_too_large_is_not_fetched_whole() -> None:
    run = Run(replace(SETTINGS, batch_max_bytes=1000))
    run.store.objects["s3://tap/x.gz"] = b"x" * 1001
    with pytest.raises(InputError, match=r"more than 1,000 bytes"):
        run.feed([schema(), batch("s3://tap/x.gz")])


def test_one_long_line_is_bounded(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(batch_files, "MAX_LINE_BYTES", 2 * 1024**2)
    path = tmp_path / "long.jsonl"
    path.write_bytes(b"x" * 5_000_000)
    with pytest.raises(InputError, match=r"holds a line longer than 2 MB"):
        Run(replace(SETTINGS, format="csv")).feed([schema(), batch(path)])


def test_lines_of_a_file_are_read_leniently_too(
    tmp_path: Path, caplog: pytest.LogCaptureFixture
) -> None:
    path = tmp_path / "a.jsonl"
    path.write_bytes(b'{"id":"1","x":NaN}\n{"id":"2"\n{"id":"3","x":"M\xfcller"}\n')
    run = Run(SETTINGS)
    with pytest.raises(InputError, match=r"Line 2 of BATCH file .*not valid JSON"):
        run.feed([schema(), state(1), batch(path), state(2)])
    rows = run.store.rows("campaigns")
    assert [(row["id"], row["x"]) for row in rows] == [
        ("1", None),
        ("3", "M\ufffdller"),
    ]
    assert [echoed for _, echoed in run.states] == [{"bookmarks": 1}]
    assert "Line 3 of BATCH file" in caplog.text
    assert "column x of stream campaigns" in caplog.text
