"""The container of a recording: what is written comes out however the file is cut, damaged or read."""

from __future__ import annotations

import gzip
import random
from collections.abc import Iterable
from typing import Any

import pytest

from coinex_proto._wire.inflate import isal_zlib
from coinex_proto.errors import UsageError
from coinex_proto.recording import frames as module
from coinex_proto.recording.frames import (
    MOST,
    Batch,
    Compression,
    Damage,
    FrameWriter,
    best_compression,
    check_compression,
    read_frames,
)
from coinex_proto.recording.records import FRAME

needs_zstd = pytest.mark.skipif(module.zstandard is None, reason="extra `record` not installed")
COMPRESSIONS: list[Any] = ["gzip", pytest.param("zstd", marks=needs_zstd)]
both = pytest.mark.parametrize("compression", COMPRESSIONS)


@pytest.fixture(params=["zlib", "isal"], autouse=True)
def accelerator(request: pytest.FixtureRequest, monkeypatch: pytest.MonkeyPatch) -> None:
    """Gzip is written by zlib, and by the accelerator where it is installed."""
    if request.param == "zlib":
        monkeypatch.setattr(module, "isal_zlib", None)
    elif isal_zlib is None:
        pytest.skip("extra `speed` not installed")


def batch(number: int, size: int = 0) -> list[Any]:
    """One record, as the first of a frame is."""
    return [[FRAME, float(number), [], random.Random(number).randbytes(size)]]


def frame(compression: Compression, *batches: list[Any]) -> bytes:
    writer = FrameWriter(compression)
    return b"".join([*map(writer.batch, batches), writer.end()])


def read(*pieces: bytes) -> list[Batch | Damage]:
    return list(read_frames(pieces))


def numbers(found: Iterable[Batch | Damage]) -> list[Any]:
    """Which batches came, and what was told between them."""
    return [one.records[0][1] if isinstance(one, Batch) else one.why for one in found]


# Whole files ----------------------------------------------------------------------------------------------------------


@both
def test_batches_come_out_in_order_with_the_place_of_their_frame(compression: Compression) -> None:
    first, second = frame(compression, batch(1, 100), batch(2)), frame(compression, batch(3, 5000))
    assert read(first + second) == [
        Batch(0, True, batch(1, 100)),
        Batch(0, False, batch(2)),
        Batch(len(first), True, batch(3, 5000)),
    ]


@both
@pytest.mark.parametrize("size", [1, 3, 2047, 2048, 2049, 10_000])
def test_a_file_may_be_read_in_pieces_of_any_size(compression: Compression, size: int) -> None:
    data = frame(compression, batch(1, 3000)) + frame(compression, batch(2, 3000), batch(3))
    pieces = [data[at : at + size] for at in range(0, len(data), size)]
    assert read(*pieces) == read(data)
    assert numbers(read(data)) == [1.0, 2.0, 3.0]


@both
def test_places_count_from_where_the_reading_begins(compression: Compression) -> None:
    first, second = frame(compression, batch(1)), frame(compression, batch(2))
    (found,) = read_frames([second], len(first))
    assert found == Batch(len(first), True, batch(2))


def test_a_frame_of_gzip_is_a_gzip_file() -> None:
    data = frame("gzip", batch(1)) + frame("gzip", batch(2))
    whole = gzip.decompress(data)
    size = int.from_bytes(whole[:4])
    assert len(whole) == 2 * (4 + size)


def test_an_empty_file_holds_nothing() -> None:
    assert read() == read(b"") == []


# Files that end early ---------------------------------------------------------------------------------------------------


@both
def test_what_was_written_can_be_read_although_its_frame_goes_on(compression: Compression) -> None:
    writer = FrameWriter(compression)
    data = writer.batch(batch(1, 3000)) + writer.batch(batch(2))
    *found, damage = read(data)
    assert numbers(found) == [1.0, 2.0]
    assert damage == Damage(0, 0, "the file ends within a frame", True)


@both
def test_of_a_batch_that_was_cut_off_nothing_comes_and_its_bytes_are_told(compression: Compression) -> None:
    writer = FrameWriter(compression)
    first, second = writer.batch(batch(1)), writer.batch(batch(2, 8000))
    found, damage = read(first + second[:5000])
    assert found == Batch(0, True, batch(1))
    assert isinstance(damage, Damage)
    assert (damage.offset, damage.is_tail) == (0, True)
    assert 0 < damage.size < 8000


def test_less_than_the_mark_of_a_frame_at_the_end_is_a_torn_tail() -> None:
    data = frame("gzip", batch(1))
    assert read(data + b"\x1f\x8b\x08") == [
        Batch(0, True, batch(1)),
        Damage(len(data), 3, "the file ends within a frame", True),
    ]


def test_a_frame_that_ends_within_a_batch_is_told_and_the_next_one_goes_on() -> None:
    torn = gzip.compress((100).to_bytes(4) + b"short")
    data = frame("gzip", batch(1))
    assert read(data + torn + data) == [
        Batch(0, True, batch(1)),
        Damage(len(data), len(torn), "a frame ends within a batch", False),
        Batch(len(data) + len(torn), True, batch(1)),
    ]


# Damage ---------------------------------------------------------------------------------------------------------------


@both
def test_behind_a_damaged_frame_it_goes_on_with_the_next_and_the_gap_is_told(compression: Compression) -> None:
    parts = [frame(compression, batch(number, 6000)) for number in (1, 2, 3)]
    broken = bytearray(parts[1])
    broken[len(broken) // 2 : len(broken) // 2 + 600] = bytes(600)
    found = read(parts[0] + bytes(broken) + parts[2])
    damages = [one for one in found if isinstance(one, Damage)]
    assert [number for number in numbers(found) if isinstance(number, float)] == [1.0, 3.0]
    assert [damage.is_tail for damage in damages] == [False] * len(damages)
    assert damages[0].offset == len(parts[0])
    assert damages[-1].offset + damages[-1].size == len(parts[0]) + len(parts[1])


@pytest.mark.parametrize("junk", [b"?", b"junk" * 1000, b"\x1f\x8b" + bytes(5000)])
def test_bytes_that_are_no_frame_are_skipped_and_counted(junk: bytes) -> None:
    data = frame("gzip", batch(1))
    assert read(data + junk + data) == [
        Batch(0, True, batch(1)),
        Damage(len(data), len(junk), "something that is no frame", False),
        Batch(len(data) + len(junk), True, batch(1)),
    ]


@pytest.mark.parametrize("junk", [b"junk" * 2, b"junk" * 1000])
def test_bytes_that_are_no_frame_at_the_end_are_damage_to_the_last(junk: bytes) -> None:
    data = frame("gzip", batch(1))
    _, *damages = read(data + junk)
    assert sum(damage.size for damage in damages if isinstance(damage, Damage)) == len(junk)
    assert numbers(damages) == ["something that is no frame"]


def test_a_batch_that_cannot_be_read_costs_the_rest_of_its_frame() -> None:
    data = frame("gzip", batch(1))
    odd = gzip.compress((2).to_bytes(4) + b"\x91\xc1" + bytes(3000), mtime=0)
    assert read(data + odd + data) == [
        Batch(0, True, batch(1)),
        Damage(len(data), len(odd), "a batch of records is damaged", False),
        Batch(len(data) + len(odd), True, batch(1)),
    ]


def test_a_batch_that_promises_more_than_any_holds_is_not_waited_for() -> None:
    data = frame("gzip", batch(1))
    huge = gzip.compress((MOST + 1).to_bytes(4) + bytes(100), mtime=0)
    assert numbers(read(data + huge + data)) == [1.0, "a frame holds no recording", 1.0]
    fits = gzip.compress(MOST.to_bytes(4) + bytes(100), mtime=0)
    assert numbers(read(data + fits + data)) == [1.0, "a frame ends within a batch", 1.0]


# Foreign files --------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("foreign", "why"),
    [
        (b"a text file", "neither a gzip member nor a zstd frame"),
        (gzip.compress(b"\xff\xff\xff\xffabc"), "a frame holds no recording"),
        (gzip.compress((1).to_bytes(4) + b"\xc1"), "a batch of records is damaged"),
        (b"\x1f\x8b\x08" + b"\xff" * 50, "a frame is damaged"),
    ],
)
def test_a_foreign_file_is_refused(foreign: bytes, why: str) -> None:
    with pytest.raises(UsageError, match=f"this is no recording: .*{why}"):
        read(foreign)


# Compressions ---------------------------------------------------------------------------------------------------------


def test_a_compression_that_is_none_is_refused() -> None:
    check_compression("gzip")
    with pytest.raises(UsageError, match="there are 'gzip' and 'zstd'"):
        FrameWriter("lzma")  # type: ignore[arg-type]


@needs_zstd
def test_zstd_is_taken_where_it_is_installed() -> None:
    assert best_compression() == "zstd"
    assert frame("zstd", batch(1)).startswith(b"\x28\xb5\x2f\xfd")


def test_without_zstd_there_is_gzip_and_the_other_says_what_to_install(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(module, "zstandard", None)
    assert best_compression() == "gzip"
    with pytest.raises(UsageError, match="pip install"):
        check_compression("zstd")
    with pytest.raises(UsageError, match="pip install"):
        read(b"\x28\xb5\x2f\xfd" + bytes(20))
