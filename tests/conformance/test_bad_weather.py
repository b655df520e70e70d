"""What a peer or a network does wrong, and what every driver makes of it, over real sockets.

Nothing is judged by how long it takes: what must end in time would otherwise never end.
"""

from __future__ import annotations

import logging
import threading
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from typing import Any

import pytest

from coinex_proto import (
    Callbacks,
    Closed,
    Config,
    ConnectFailed,
    HandshakeRefused,
    LoginRefused,
    OutcomeUnknown,
    Retrying,
    Unrecognised,
    coinex,
)
from coinex_proto.config import Backoff
from tests.coinex_proto.harness.websocket_server import BINARY, TEXT, close_frame, frame
from tests.coinex_trio.venue import Venue
from tests.conformance.driver import Driver
from tests.conformance.peer import Peer, refusing, scripted

BTC = coinex.Ticker("BTCUSDT")
SECRET = "s3cr3t" * 7
KEYS = coinex.Credentials("a" * 32, SECRET)
QUICK = Config(backoff=Backoff(first=0.01, ceiling=0.01), close_timeout=0.1)
RESET = ConnectionResetError(104, "Connection reset by peer")
HEAD = b"HTTP/1.1 101 Switching Protocols\r\nUpgrade: webs"
FRAME = frame(TEXT, b'{"method":"index.update","data":{"market":"BTCUSDT","index_price":"1"}}')


def spot(peer: Peer, **more: Any) -> coinex.CoinexDialect:
    return coinex.spot(url=peer.url, **more)


@contextmanager
def over_and_over(act: Callable[[], object]) -> Iterator[None]:
    """Does this in a thread of its own while the block runs; what fails there fails the block."""
    is_over = threading.Event()
    failures: list[BaseException] = []

    def run() -> None:
        try:
            while not is_over.wait(0.005):
                act()
        except BaseException as error:  # noqa: BLE001  (the test's own)
            failures.append(error)

    thread = threading.Thread(target=run)
    thread.start()
    try:
        yield
    finally:
        is_over.set()
        thread.join()
    assert failures == []


def ended(venue: Venue, said: bytes, end: str) -> None:
    """The venue says this, and its connection ends in this way."""
    venue.send(said)
    if end == "RST":
        venue.reset(RESET)
    else:
        venue.end()


# Before it is open ----------------------------------------------------------------------------------------------------


@pytest.mark.parametrize("said", [b"", HEAD], ids=["before the response", "in its headers"])
@pytest.mark.parametrize("end", ["FIN", "RST"])
def test_n8_n9_n10_a_connection_that_ends_before_it_is_open_is_tried_again(
    driver: Driver, peer: Peer, said: bytes, end: str
) -> None:
    def prepare(venue: Venue) -> None:
        if len(peer.venues) <= 2:
            venue.is_silent = True
            venue.receive = lambda _: ended(venue, said, end)  # type: ignore[method-assign,assignment]

    whys: list[str] = []
    callbacks = Callbacks()
    callbacks.add(Retrying, lambda event: whys.append(event.why))
    peer.prepare = prepare
    config = Config(retry_first=True, backoff=Backoff(first=0.01, ceiling=0.01))
    with driver.open(spot(peer), callbacks=callbacks, config=config) as handle:
        assert handle.call(lambda client: client.request(coinex.ServerTime())) == 1_700_000_000_123
    assert len(whys) == 2
    assert len(peer.venues) == 3


def test_n12_an_answer_that_drips_has_the_same_budget(driver: Driver, peer: Peer) -> None:
    peer.prepare = lambda venue: setattr(venue, "is_silent", True)

    def drip() -> None:
        for venue in peer.venues:
            venue.send(HEAD[len(venue.requests) :][:1] or b"x")
            venue.requests.append({})  # counts

    with (
        over_and_over(lambda: peer.call(drip)),
        pytest.raises(ConnectFailed, match=r"did not answer the WebSocket upgrade within 0\.3 s"),
        driver.open(spot(peer), config=Config(open_timeout=0.3)),
    ):
        pytest.fail("the block must not begin")


@pytest.mark.parametrize("status", [301, 302, 307, 308])
def test_h5_a_redirect_is_told_and_not_followed_nor_is_anything_signed_for_it(
    driver: Driver, peer: Peer, status: int
) -> None:
    with scripted() as other:
        answer = f"HTTP/1.1 {status} Elsewhere\r\nLocation: {other.url}\r\nContent-Length: 0\r\n\r\n".encode()

        def prepare(venue: Venue) -> None:
            venue.is_silent = True
            venue.receive = lambda _: venue.send(answer)  # type: ignore[method-assign,assignment]

        peer.prepare = prepare
        with pytest.raises(HandshakeRefused) as caught, driver.open(spot(peer, credentials=KEYS)):
            pytest.fail("the block must not begin")
        assert caught.value.status == status
        assert ("location", other.url) in caught.value.headers
        assert other.venues == []
    assert len(peer.venues) == 1


# Open -----------------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize("end", ["FIN", "RST"])
@pytest.mark.parametrize("cut", [FRAME[:40], frame(TEXT, b"{", fin=False)], ids=["mid-frame", "between fragments"])
def test_n9_n10_what_was_whole_before_the_end_is_delivered_and_the_rest_is_not(
    driver: Driver, peer: Peer, end: str, cut: bytes
) -> None:
    got: list[str] = []
    ends: list[Closed] = []
    with driver.open(spot(peer), config=QUICK) as handle:
        handle.call(lambda client: client.on(Closed)(ends.append))
        handle.call(lambda client: client.subscribe(BTC, callback=lambda event: got.append(str(event.last))))
        peer.until(lambda: "state.subscribe" in peer.venues[0].methods())
        handle.until(lambda: handle.client.stats.messages >= 1)
        peer.do(lambda venue: venue.ticker("7"))
        peer.do(lambda venue: venue.send(cut))
        handle.until(lambda: bool(got))  # Linux may drop what has not been read when the RST comes
        peer.do(lambda venue: ended(venue, b"", end))
        handle.until(lambda: bool(ends))
        handle.call(lambda client: client.ready())
        assert handle.call(lambda client: client.request(coinex.Ping()))
    assert got == ["7"]
    assert ends[0].reason.code == 1006
    assert len(peer.venues) == 2


def test_d21_x17_what_a_peer_writes_is_logged_escaped_and_cut(
    driver: Driver, peer: Peer, caplog: pytest.LogCaptureFixture
) -> None:
    caplog.set_level(logging.DEBUG)
    evil = "\x1b[2J\n\r" + "x" * 1_000_000
    unread: list[Unrecognised] = []
    ends: list[Closed] = []
    peer.prepare = lambda venue: venue.refusals.update({"server.time": (23001, evil)})
    with driver.open(spot(peer), config=QUICK) as handle:
        handle.call(lambda client: client.on(Unrecognised)(unread.append))
        handle.call(lambda client: client.on(Closed)(ends.append))
        replies: list[Any] = []
        handle.call(lambda client: client.send(coinex.ServerTime(), replies.append))
        handle.until(lambda: bool(replies))
        peer.do(lambda venue: venue.message({"method": evil, "data": {}, "id": None}))
        peer.do(lambda venue: venue.send(frame(BINARY, evil.encode())))
        handle.until(lambda: len(unread) == 2)
        peer.do(lambda venue: venue.send(close_frame(1001, b"\x1b[2J\n\r" + b"y" * 100)))
        handle.until(lambda: bool(ends))
    lines = [record.getMessage() for record in caplog.records]
    assert any("x1b[2J" in line for line in lines)
    assert all(line.isprintable() and len(line) < 1000 for line in lines), max(lines, key=len)[:2000]


# Secrets --------------------------------------------------------------------------------------------------------------


def test_x4_neither_key_nor_signature_nor_query_is_logged_or_told(
    driver: Driver, peer: Peer, caplog: pytest.LogCaptureFixture, recwarn: pytest.WarningsRecorder
) -> None:
    caplog.set_level(1)
    url = f"{peer.url}?api_key=TOPSECRET"
    with driver.open(coinex.spot(url=url, credentials=KEYS), config=QUICK) as handle:
        ends: list[Closed] = []
        handle.call(lambda client: client.on(Closed)(ends.append))
        peer.do(lambda venue: venue.reset(RESET))
        handle.until(lambda: bool(ends))
        handle.call(lambda client: client.ready())
        handle.call(lambda client: client.request(coinex.ServerTime()))
    signs = [request["params"] for venue in peer.venues for request in venue.requests if "sign" in request["method"]]
    assert len(signs) == 2
    peer.prepare = lambda venue: venue.refusals.update({"server.sign": (21001, "no")})
    with (
        pytest.raises(LoginRefused) as refused,
        driver.open(coinex.spot(url=url, credentials=KEYS), config=QUICK),
    ):
        pytest.fail("the block must not begin")
    with (
        refusing() as port,
        pytest.raises(ConnectFailed) as failed,
        driver.open(coinex.spot(url=f"ws://127.0.0.1:{port}/?api_key=TOPSECRET", credentials=KEYS), config=QUICK),
    ):
        pytest.fail("the block must not begin")
    told = [record.getMessage() for record in caplog.records]
    told += [repr(vars(record)) for record in caplog.records]
    told += [repr(error.value) + str(error.value) for error in (refused, failed)]
    told += [str(warning.message) for warning in recwarn]
    for secret in (SECRET, "TOPSECRET", *(sign["signed_str"] for sign in signs)):
        assert not [line for line in told if secret in line]


# Leaving --------------------------------------------------------------------------------------------------------------


def test_n22_s25_leaving_while_something_waits_and_the_peer_is_silent_ends_it(driver: Driver, peer: Peer) -> None:
    replies: list[Any] = []
    with driver.open(spot(peer), config=QUICK) as handle:
        peer.do(lambda venue: setattr(venue, "is_silent", True))
        peer.do(lambda venue: setattr(venue, "answers_close", False))
        stream = handle.call(lambda client: client.events(BTC))
        handle.call(lambda client: client.send(coinex.ServerTime(), replies.append))
        peer.until(lambda: "server.time" in peer.venues[0].methods())
        handle.call(lambda client: client.stop())
        assert handle.take(stream) is None
    (reply,) = replies
    assert isinstance(reply.error, OutcomeUnknown)
    assert len(peer.venues) == 1


@pytest.mark.parametrize("answers", [False, True])
def test_n23_n24_a_peer_that_never_ends_or_floods_after_our_close_is_left(
    driver: Driver, peer: Peer, answers: bool
) -> None:
    def flood() -> None:
        venue = peer.venues[0]
        if venue.closed_with is not None:
            if answers and not venue.requests:
                venue.send(close_frame(1000))
                venue.requests.append({})
            venue.send(FRAME * 200)

    got: list[object] = []
    with over_and_over(lambda: peer.venues and peer.call(flood)):
        with driver.open(spot(peer), config=QUICK) as handle:
            peer.do(lambda venue: setattr(venue, "answers_close", False))
            handle.call(lambda client: client.on(coinex.IndexUpdate)(got.append))
        peer.until(lambda: peer.venues[0].gone)
    assert peer.venues[0].closed_with is not None
    assert got == []


@pytest.mark.parametrize("answers", [False, True])
def test_n23_w1_a_peer_that_is_left_in_the_middle_and_never_ends_is_replaced(
    driver: Driver, peer: Peer, answers: bool
) -> None:
    ends: list[Closed] = []
    with driver.open(spot(peer), config=QUICK) as handle:
        handle.call(lambda client: client.on(Closed)(ends.append))
        peer.do(lambda venue: setattr(venue, "answers_close", False))
        peer.do(lambda venue: venue.send(b"\x83\x00"))  # a reserved opcode
        handle.until(lambda: peer.venues[0].closed_with is not None)
        if answers:
            peer.call(lambda: peer.venues[0].send(close_frame(1002)))
        handle.until(lambda: bool(ends))
        handle.call(lambda client: client.ready())
        assert handle.call(lambda client: client.request(coinex.Ping()))
    assert ends[0].reason.code == 1002
    assert peer.venues[0].closed_with is not None
    assert peer.venues[0].closed_with[:2] == (1002).to_bytes(2)
    assert len(peer.venues) == 2
