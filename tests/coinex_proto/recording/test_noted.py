"""A batch of a recording: what was noted comes out as it went in, packed by the extension or by its twin."""

from __future__ import annotations

import gzip
import random
from collections.abc import Callable
from typing import Any

import pytest

from coinex_proto._wire.inflate import GZIP_MAGIC
from coinex_proto.recording import noted as module
from coinex_proto.recording.noted import Noted, framed, packed, unpacked, unpacked_data
from coinex_proto.recording.records import DATA, FRAME, WHOLE
from coinex_proto.speedups import description, speed

Story = list[Noted]
WALL = 1_760_000_000_000_000_000


def member(payload: bytes) -> bytes:
    return gzip.compress(payload, mtime=0)


def frame(message: bytes) -> bytes:
    return framed(message)


def read(number: int, *payloads: bytes) -> Story:
    """What is noted of one read of these messages, each in a frame of its own."""
    members = [member(payload) for payload in payloads]
    pairs: Story = [one for pair in zip(members, payloads, strict=True) for one in pair]
    return [*pairs, (1.76e9 + number / 7, WALL + number * 142_857_142, b"".join(map(frame, members)))]


def push(kind: int, number: int) -> bytes:
    return b'{"method":"depth.update","data":{"market":"M%03dUSDT","is_full":false,"at":%d}}' % (kind, number)


def lone() -> Story:
    draw = random.Random(1)
    return [one for number in range(500) for one in read(number, push(draw.randrange(20), number))]


def several() -> Story:
    return [
        one for number in range(100) for one in read(number, *(push(kind, number) for kind in range(number % 4 + 1)))
    ]


def of_many_kinds() -> Story:
    return [one for number in range(300) for one in read(number, push(number, number))]


def with_line_feeds() -> Story:
    return [*read(1, b"one\n"), *read(2, b"\ntwo\n\n"), *read(3, push(1, 1))]


def small_and_large() -> Story:
    digits = random.Random(2).randbytes(80_000).hex().encode()
    return [*read(1, b"1"), *read(2, digits), *read(3, digits[:300])]


def irregular() -> Story:
    """A ping between messages, a message in pieces, a timer, a record, and what was read of chance."""
    cut = member(push(1, 1))
    return [
        *read(1, push(1, 1)),
        (1.76e9 + 1, WALL, b"\x89\x00"),
        (1.76e9 + 2, WALL, frame(cut)[:9]),
        cut,
        push(1, 1),
        (1.76e9 + 3, WALL, frame(cut)[9:] + b"\x89\x00"),
        (1.76e9 + 4, WALL, None, ()),
        ("told", 1.76e9 + 5, (), "Lost", "{}"),
        *read(6, push(2, 2)),
        (1.76e9 + 7, WALL, b"\x81\x02{}", (b"\x01\x02\x03\x04",)),
    ]


def in_other_frames() -> Story:
    """Frames of the right size that are no whole binary ones, one message too many, and a message that is compressed twice."""
    once = member(push(1, 1))
    twice = member(once)
    return [
        *(once, push(1, 1)),
        (1.76e9 + 1, WALL, b"\x81" + frame(once)[1:]),
        *(once, push(1, 1), once, push(1, 1)),
        (1.76e9 + 2, WALL, frame(once)),
        *(twice, once),
        (1.76e9 + 3, WALL, frame(twice)),
        *(once, push(1, 1)),
        (1.76e9 + 4, WALL, frame(once) + b"\x89\x00"),
    ]


STORIES: dict[str, Callable[[], Story]] = {
    made.__name__: made
    for made in (
        lone,
        several,
        of_many_kinds,
        with_line_feeds,
        small_and_large,
        irregular,
        in_other_frames,
        list[Noted],
    )
}


def inputs(records: list[Any]) -> list[tuple[float, bytes]]:
    """When which bytes went in."""
    return [
        (now, framed(rest[0]) if kind == WHOLE else unpacked_data(rest[0]))
        for kind, now, _, *rest in records
        if kind in (WHOLE, DATA)
    ]


def noted_inputs(story: Story) -> list[tuple[float, bytes]]:
    """The same as they came, with the messages inflated where their frames are whole."""
    found, pairs = [], []
    for one in story:
        if isinstance(one, bytes):
            pairs.append(one)
            continue
        if not isinstance(one[0], str) and one[2] is not None:
            data = one[2]
            for compressed, payload in zip(pairs[::2], pairs[1::2], strict=True):
                if payload[:2] != GZIP_MAGIC:  # or a replay would inflate it
                    data = data.replace(frame(compressed), framed(payload), 1)
            found.append((one[0], data))
        pairs.clear()
    return found


@pytest.mark.parametrize("name", STORIES)
def test_what_was_noted_comes_out_of_a_batch_in_order(name: str) -> None:
    story = STORIES[name]()
    records = unpacked(packed(story))
    assert inputs(records) == noted_inputs(story)
    assert len(records) == sum(isinstance(one, tuple) for one in story)
    assert [record[1] for record in records] == [module.time_of(one) for one in story if isinstance(one, tuple)]


@pytest.mark.skipif(speed is None, reason=f"there is nothing to compare: {description}")
@pytest.mark.parametrize("name", STORIES)
def test_the_extension_packs_as_its_twin(name: str, monkeypatch: pytest.MonkeyPatch) -> None:
    story = STORIES[name]()
    quick = packed(story)
    monkeypatch.setattr(module, "_pack_reads", None)
    assert packed(story) == quick


@pytest.mark.skipif(speed is None, reason=f"there is nothing to compare: {description}")
def test_the_extension_packs_reads_itself_and_leaves_many_kinds_and_line_feeds() -> None:
    assert module._pack_reads is not None
    taken = {name for name, made in STORIES.items() if module._pack_reads(made(), module._record) is not None}
    assert taken == {"lone", "several", "small_and_large", "irregular", "in_other_frames", "list"}


def test_the_cookies_of_an_upgrade_are_not_kept() -> None:
    answer = b"HTTP/1.1 101 Switching Protocols\r\nSet-Cookie: session=secret\r\n\r\n"
    (record,) = unpacked(packed([(1.76e9, WALL, answer)]))
    assert record[3] == b"HTTP/1.1 101 Switching Protocols\r\nSet-Cookie: *\r\n\r\n"


def test_a_batch_of_format_2_is_still_read() -> None:
    joined, order = b"aabbb", (1).to_bytes(4, "little") + (0).to_bytes(4, "little")
    batch = [[["told", 2.0, [], "Lost", ""]], [1], [0x4000000000000000, 0], [5, 1], [3, 2], order, joined]
    assert unpacked(batch) == [[2, 2.0, 5, b"bbb"], ["told", 2.0, [], "Lost", ""], [2, 2.0, 6, b"aa"]]


def test_what_was_read_of_clock_and_chance_stands_with_its_input() -> None:
    readings = [record[2] for record in unpacked(packed(irregular()))]
    assert readings[1] == readings[4] == [WALL]
    assert readings[-1] == [WALL, b"\x01\x02\x03\x04"]
    (unread,) = unpacked(packed([(1.76e9, None, None, ())]))
    assert unread[2] == []


@pytest.mark.parametrize(
    ("column", "wrong"),
    [(1, []), (2, [0x4000000000000000]), (3, [5]), (4, [3]), (4, [3, 1]), (5, b"\x00" * 4), (5, bytes(8)), (6, b"aab")],
)
def test_columns_of_format_2_that_do_not_fit_each_other_are_damage(column: int, wrong: object) -> None:
    joined, order = b"aabbb", (1).to_bytes(4, "little") + (0).to_bytes(4, "little")
    batch: list[Any] = [[["told", 2.0, [], "Lost", ""]], [1], [0x4000000000000000, 0], [5, 1], [3, 2], order, joined]
    batch[column] = wrong
    with pytest.raises((ValueError, TypeError, IndexError)):
        unpacked(batch)


@pytest.mark.parametrize(
    ("column", "wrong"),
    [(1, [0]), (2, []), (3, []), (4, [9]), (5, b"\x00"), (5, b"\x07" * 3), (6, [1, 1]), (7, b"")],
)
def test_columns_that_do_not_fit_each_other_are_damage(column: int, wrong: object) -> None:
    batch = packed([one for number in range(3) for one in read(number, push(number, number))])
    batch[column] = wrong
    with pytest.raises((ValueError, TypeError, IndexError)):
        unpacked(batch)


WHOLE_RECORD: list[Any] = [WHOLE, 1.0, 1, b"message"]


@pytest.mark.parametrize(
    ("column", "value"),
    [
        (0, [WHOLE_RECORD] * 3),
        (0, ["record"] * 3),
        (0, [[]] * 3),
        (2, [0x7FF0000000000000, 0, 0]),
        (3, [0.5, 0, 0]),
        (3, ["1", "2", "3"]),
        (7, "text"),
    ],
)
def test_a_column_of_something_else_is_damage(column: int, value: object) -> None:
    batch = packed(columns_of_three())
    unpacked(batch)
    batch[column] = value
    batch[1] = [0, 0, 0] if column == 0 else batch[1]
    with pytest.raises((ValueError, TypeError)):
        unpacked(batch)


def columns_of_three() -> Story:
    return [*read(1, b"one"), *read(2, b"two"), *read(3, b"six")]


def test_a_frame_that_begins_with_a_header_has_no_whole_reads_beside_it() -> None:
    header: list[Any] = [FRAME, 1.0, [], {}]
    assert unpacked([header]) == [header]
    with pytest.raises(ValueError, match="no record by itself"):
        unpacked([header, WHOLE_RECORD])


@pytest.mark.parametrize(
    ("size", "head"),
    [
        (0, "82 00"),
        (125, "82 7d"),
        (126, "82 7e 00 7e"),
        (2**16 - 1, "82 7e ff ff"),
        (2**16, "82 7f 00 00 00 00 00 01 00 00"),
    ],
)
def test_a_message_of_any_size_stands_in_one_binary_frame(size: int, head: str) -> None:
    payload = bytes(size)
    assert framed(payload) == bytes.fromhex(head) + payload
