"""The benchmark's stream is what it says it is, else its figures mean nothing."""

import gzip
import json
import zlib
from collections import Counter
from decimal import Decimal
from typing import Any

from benchmarks.stream import MIX, Message, server_frame, stream


def depth_data(messages: tuple[Message, ...]) -> list[dict[str, Any]]:
    return [json.loads(message.payload)["data"] for message in messages if message.kind.startswith("depth")]


def test_the_same_seed_gives_the_same_bytes() -> None:
    assert stream(seed=3, count=200, markets=3) == stream(seed=3, count=200, markets=3)
    assert stream(seed=3, count=200, markets=3) != stream(seed=4, count=200, markets=3)


def test_kinds_come_in_the_proportions_it_promises() -> None:
    found = Counter(message.kind for message in stream(count=3_000, markets=5))
    for kind, share in MIX:
        assert abs(found[kind] / 30 - share) < 3, kind


def test_differences_have_the_sizes_of_the_real_ones() -> None:
    sizes = sorted(len(message.payload) for message in stream(count=2_000) if message.kind == "depth difference")
    assert sizes[0] >= 150
    assert 300 < sizes[len(sizes) // 2] < 800
    assert 1_500 < sizes[-1] <= 2_100


def test_each_form_of_a_message_holds_the_one_before() -> None:
    for message in stream(count=50, markets=2):
        assert gzip.decompress(message.member) == message.payload
        assert message.frame == server_frame(message.member)
        assert message.frame.endswith(message.member)


def test_the_length_of_a_frame_is_written_as_short_as_it_can_be() -> None:
    assert server_frame(b"x" * 125)[:2] == bytes((0x82, 125))
    assert server_frame(b"x" * 126)[:4] == bytes((0x82, 126, 0, 126))
    assert server_frame(b"x" * 65536)[:10] == bytes((0x82, 127, 0, 0, 0, 0, 0, 1, 0, 0))


def test_checksums_are_those_of_the_book_after_the_push() -> None:
    books: dict[str, dict[str, dict[Decimal, tuple[str, str]]]] = {}
    for data in depth_data(stream(count=400, markets=3)):
        if data["is_full"]:
            books[data["market"]] = {"bids": {}, "asks": {}}
        for side, levels in books[data["market"]].items():
            for price, size in data["depth"][side]:
                levels[Decimal(price)] = (price, size)
                if Decimal(size) == 0:
                    del levels[Decimal(price)]
        book = books[data["market"]]
        best_first = [*sorted(book["bids"].items(), reverse=True), *sorted(book["asks"].items())]
        text = ":".join(f"{price}:{size}" for _, (price, size) in best_first)
        assert zlib.crc32(text.encode()) == data["depth"]["checksum"]
