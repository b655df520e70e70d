"""How a consumer's connection reads what NATS sends, without a server."""

from __future__ import annotations

from typing import Any, cast

import trio

from coinex_relay.connecting import Connection, _Reader
from coinex_relay.messages import headers_of
from tests.coinex_relay.world import block_of

TAIL = "coinex.spot.depth.BTCUSDT"
OURS = {
    "Nats-Msg-Id": "c2.c1",
    "Relay-Id": "a",
    "Relay-Sequence": "7",
    "Relay-Received": "1700000000.000001",
    "Nats-Sequence": "12",
    "Nats-Last-Sequence": "9",
}
PAYLOAD = b'{"method":"depth.update"}\r\nHMSG is no line of NATS here'


class Taken:
    """What comes of bytes, in order, and where reads begin and end."""

    def __init__(self) -> None:
        self.log: list[Any] = []
        self.direct = {1: lambda *message: self.log.append(message)}
        self.is_reading = False
        self.reader = _Reader(cast(Connection, self))

    def read_begins(self) -> None:
        assert not self.is_reading
        self.is_reading = True

    def read_ends(self) -> None:
        assert self.is_reading
        self.is_reading = False

    async def _process_msg(self, sid: int, subject: bytes, reply: bytes, data: bytes, headers: bytes | None) -> None:
        self.log.append(("by nats-py", sid, data))

    def read(self, *pieces: bytes) -> list[Any]:
        async def main() -> None:
            for piece in pieces:
                await self.reader.parse(piece)

        trio.run(main)
        assert not self.is_reading
        return self.log


def wire(block: bytes, payload: bytes = PAYLOAD, sid: int = 1, root: str = "md-live") -> bytes:
    size = len(block)
    return b"HMSG %s.%s %d %d %d\r\n" % (
        root.encode(),
        TAIL.encode(),
        sid,
        size,
        size + len(payload),
    ) + b"".join((block, payload, b"\r\n"))


def test_the_usual_headers_come_read_and_others_as_they_are() -> None:
    usual = block_of(OURS, TAIL)
    lost = block_of({**OURS, "Relay-Trust": "lost"}, TAIL)
    answer = b"NATS/1.0 204\r\n\r\n"
    found = Taken().read(wire(usual) + wire(lost) + wire(answer, b"", root="_INBOX") + wire(usual, b""))
    read = ("c2", "c1", "a", None, None, "12", "9")
    assert found == [
        (f"md-live.{TAIL}", PAYLOAD, read),
        (f"md-live.{TAIL}", PAYLOAD, lost),
        (f"_INBOX.{TAIL}", b"", answer),
        (f"md-live.{TAIL}", b"", read),
    ]
    assert headers_of(lost) == {**OURS, "Relay-Trust": "lost", **(headers_of(usual) or {})}


def test_a_read_may_end_anywhere() -> None:
    whole = wire(block_of(OURS, TAIL)) + wire(block_of({**OURS, "Relay-Whole": "1"}, TAIL))
    expected = Taken().read(whole)
    assert len(expected) == 2
    for cut in range(len(whole) + 1):
        assert Taken().read(whole[:cut], whole[cut:]) == expected


def test_what_nobody_takes_goes_the_way_of_nats_py_and_those_behind_it_come_all_the_same() -> None:
    usual = block_of(OURS, TAIL)
    found = Taken().read(wire(usual, sid=2) + wire(usual), wire(usual))
    assert [one[0] for one in found] == ["by nats-py", "by nats-py", f"md-live.{TAIL}"]


def test_headers_that_say_another_size_than_they_have_are_not_taken_for_the_usual_ones() -> None:
    usual = block_of(OURS, TAIL)
    more = usual + b"Relay-Payload: of the payload"
    found = Taken().read(wire(more))
    assert found == [(f"md-live.{TAIL}", PAYLOAD, more)]
