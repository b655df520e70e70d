"""A stream below the blocking HTTP library whose peer answers before it has the request."""

from __future__ import annotations

import math
from collections.abc import Sequence
from typing import Any

import pytest

from coinex_driver.http.wire import httpcore2
from coinex_trio._http.streams import LARGEST_EARLY, Patience, Stream


class Peer:
    """A transport without room, whose peer has something to say; and the network that it is on."""

    def __init__(self, said: bytes | None, *, has_ended: bool = False) -> None:
        self.said = said
        self.has_ended = has_ended
        self.taken = b""
        self.room = 3
        self.waits = 0

    def now(self) -> float:
        return float(self.waits)

    def wait(self, watched: Sequence[Any], until: float) -> Sequence[Any]:
        self.waits += 1
        assert self.waits < 10, "it waits for what is there"
        assert not self.said, "what is there to read would end the wait at once"
        self.room = 1000
        return watched

    def send(self, data: bytes) -> int:
        size = min(self.room, len(data))
        self.room -= size
        self.taken += bytes(data[:size])
        return size

    def receive(self, size: int) -> bytes | None:
        data, self.said = self.said, None
        return data or (b"" if self.has_ended else None)

    def close(self) -> None: ...


def stream(peer: Any) -> Stream:
    patience = Patience(peer)
    patience.stops_by = lambda: math.inf
    return Stream(patience, peer)


def test_what_comes_while_a_request_is_written_is_kept_and_the_request_goes_on() -> None:
    peer = Peer(b"HTTP/1.1 100 Continue\r\n\r\n")
    made = stream(peer)
    made.write(b"request", 5.0)
    assert peer.taken == b"request"
    assert peer.waits == 1
    assert (made.read(9), made.read(1000)) == (b"HTTP/1.1 ", b"100 Continue\r\n\r\n")


def test_a_server_that_ends_before_it_took_the_request_ends_the_writing_and_its_answer_is_read() -> None:
    made = stream(Peer(None, has_ended=True))
    with pytest.raises(httpcore2.WriteError, match="ended the connection before"):
        made.write(b"request", 5.0)
    assert made.read(100, 5.0) == b""


def test_a_server_that_answers_for_ever_and_takes_nothing_is_left() -> None:
    made = stream(Peer(b"x" * LARGEST_EARLY))
    with pytest.raises(httpcore2.WriteError, match="does not take the request"):
        made.write(b"request", 5.0)
