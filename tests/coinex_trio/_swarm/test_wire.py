"""The network with weather: latency, segments, room, and every way in which a connection breaks."""

from __future__ import annotations

import math
from typing import Literal

import pytest

from coinex_proto.simulator import CoinexServer
from coinex_trio._swarm.weather import Break, Way, Weather
from coinex_trio._swarm.wire import BusyLoop, Wire, WireConnection

START = 1000.0
ASKED = b"GET /v2/time HTTP/1.1\r\nHost: x\r\n\r\n"


def wire(way: Way, *, refuses: bool = False) -> Wire:
    """To an exchange, with this way for every connection."""
    made = Wire(CoinexServer(now=START, seed=0), Weather("coinex", 0), 0, START)
    made.weather.way = lambda: way  # type: ignore[method-assign]
    made.weather.refuses = lambda: refuses  # type: ignore[method-assign]
    return made


def heard(made: Wire, connection: WireConnection, seconds: float) -> list[tuple[float, bytes]]:
    """What reaches the client within so long, and when."""
    reads = []
    until = made.now + seconds
    while made.now < until:
        made.advance_to_output(until)
        for ready in made.take_ready():
            assert ready is connection
            if data := ready.data_to_send():
                reads.append((made.now, data))
    return reads


def asked(way: Way, seconds: float = 10.0) -> tuple[WireConnection, list[tuple[float, bytes]]]:
    """One request over such a way."""
    made = wire(way)
    connection = made.accept(START)
    made.take_ready()
    connection.receive_data(ASKED, START)
    return connection, heard(made, connection, seconds)


def test_an_answer_comes_after_the_latency_of_both_directions() -> None:
    _, reads = asked(Way(latency=0.25))
    assert len(reads) == 1
    assert reads[0][0] == pytest.approx(START + 0.5, abs=0.01)
    assert reads[0][1].startswith(b"HTTP/1.1 200")


def test_small_segments_are_reads_of_their_own_in_order_and_nothing_is_lost() -> None:
    _, whole = asked(Way())
    _, parts = asked(Way(largest_segment=40, jitter=0.5))
    assert len(parts) > 5
    joined = b"".join(data for _, data in parts)
    head, _, body = joined.partition(b"\r\n\r\n")
    assert len(joined) == len(whole[0][1])  # it tells the time, which is another
    assert head.startswith(b"HTTP/1.1 200")
    assert body.endswith(b'"message":"OK"}')


def test_little_bandwidth_takes_its_time() -> None:
    _, whole = asked(Way())
    _, reads = asked(Way(bandwidth=100.0, largest_segment=40))
    assert reads[-1][0] - START > (len(whole[0][1]) + len(ASKED)) / 100


def test_there_is_room_for_what_is_not_on_its_way_already() -> None:
    made = wire(Way(room=10, latency=1.0))
    connection = made.accept(START)
    assert connection.room == 10
    connection.receive_data(b"GET /v2/", START)
    assert connection.room == 2
    made.take_ready()
    assert made.advance_to_output(START + 5) == START + 5  # there was room all the time, so that nobody waits for it
    assert connection.room == 10


@pytest.mark.parametrize("how", ["fin", "rst"])
def test_a_connection_ends_at_a_byte(how: Literal["fin", "rst"]) -> None:
    connection, reads = asked(Way(end=Break(how=how, after_bytes=20)))
    assert connection.wants_close == how
    assert b"".join(data for _, data in reads) == (b"HTTP/1.1 200 OK\r\ncon" if how == "fin" else b"")
    assert connection.is_over


def test_a_half_open_connection_says_nothing_and_takes_everything() -> None:
    connection, reads = asked(Way(end=Break(how="hole", after_seconds=0.0)), 300)
    assert reads == []
    assert connection.wants_close is None
    connection.receive_data(ASKED, START + 300)
    assert connection.room == math.inf


def test_a_hole_downwards_lets_requests_through() -> None:
    connection, reads = asked(Way(end=Break(how="hole", direction="down", after_bytes=0)))
    assert reads == []
    assert connection.inner.wants_close is None
    assert connection.up.size == 0


def test_a_stall_keeps_everything_for_later() -> None:
    _, reads = asked(Way(end=Break(how="stall", after_seconds=0.0, seconds=4.0)))
    assert [at for at, _ in reads] == [pytest.approx(START + 4, abs=0.01)]


def test_calm_ends_a_stall_and_what_has_not_broken_yet_does_not() -> None:
    made = wire(Way(end=Break(how="stall", after_seconds=0.0, seconds=1000.0)))
    connection = made.accept(START)
    made.advance(START + 1)
    connection.receive_data(ASKED, made.now)
    made.calm()
    assert [at for at, _ in heard(made, connection, 5)] == [pytest.approx(START + 1, abs=0.01)]


def test_a_refused_connection_is_an_attempt() -> None:
    made = wire(Way(), refuses=True)
    with pytest.raises(ConnectionRefusedError):
        made.accept(START)
    assert made.attempts == [START]
    assert made.open_connections() == 0


def test_what_the_client_has_left_is_not_open() -> None:
    made = wire(Way())
    connection = made.accept(START)
    assert made.open_connections() == 1
    connection.receive_eof()
    assert made.open_connections() == 0


def test_a_loop_that_lets_no_time_pass_is_told(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("coinex_trio._swarm.wire.MOST_AT_ONCE", 100)
    made = wire(Way())
    with pytest.raises(BusyLoop):
        for _ in range(102):
            made.advance(START)
