"""Both libraries that unpack gzip give the same, or both refuse."""

from __future__ import annotations

import gzip
import zlib

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from singer_amazon.http import deflate
from singer_amazon.http.inflating import DamagedError, inflated

TEXTS = st.one_of(
    st.binary(max_size=400),
    st.integers(0, 3000).map(lambda n: b'{"id":"1","name":"x"}\n' * n),
)


def unpacked(data: bytes, step: int, *, is_fast: bool) -> bytes | None:
    """What the bytes hold, coming in steps; None where they are refused."""
    with pytest.MonkeyPatch.context() as patch:
        if not is_fast:
            patch.setattr(deflate, "_fast", None)
        try:
            steps = (data[n : n + step] for n in range(0, len(data), step))
            return b"".join(inflated(steps))
        except DamagedError:
            return None


@given(
    texts=st.lists(TEXTS, min_size=1, max_size=3),
    level=st.integers(0, 9),
    padding=st.integers(0, 20),
    step=st.sampled_from([1, 7, 100, 100_000]),
)
@settings(max_examples=60, deadline=None)
def test_members_and_padding_are_read_alike(
    texts: list[bytes], level: int, padding: int, step: int
) -> None:
    data = b"".join(gzip.compress(text, level) for text in texts) + bytes(padding)
    for is_fast in (False, True):
        assert unpacked(data, step, is_fast=is_fast) == b"".join(texts)


@given(
    text=TEXTS,
    place=st.floats(0, 1, exclude_max=True),
    bit=st.integers(0, 7),
    is_cut=st.booleans(),
)
@settings(max_examples=80, deadline=None)
def test_a_damaged_file_never_gives_other_bytes(
    text: bytes, place: float, bit: int, is_cut: bool
) -> None:
    good = bytearray(gzip.compress(text))
    number = int(place * len(good))
    if is_cut:
        del good[number:]
    else:
        good[number] ^= 1 << bit
    for is_fast in (False, True):
        found = unpacked(bytes(good), 100, is_fast=is_fast)
        # a bit of the header may stand for nothing
        assert found in {None, text} or (is_cut and not good)


@pytest.mark.parametrize("is_fast", [False, True])
def test_what_is_packed_is_gzip(monkeypatch: pytest.MonkeyPatch, is_fast: bool) -> None:
    if not is_fast:
        monkeypatch.setattr(deflate, "_fast", None)
    packer = deflate.gzip_compressor()
    text = b'{"a":1}\n' * 10_000
    packed = packer.compress(bytearray(text)) + packer.flush()
    assert gzip.decompress(packed) == text
    assert len(packed) < len(zlib.compress(text, 1)) * 2


def test_the_fast_one_is_there() -> None:
    """Or the tests above have compared one library with itself."""
    assert deflate._fast is not None
