"""What the server half of every venue does in the same way."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import pytest

from coinex_proto.simulator import CoinexServer, CoinflexServer, CrowdSettings, OrderRefused, QfexServer
from coinex_proto.simulator.hosting.faults import FaultScriptError, parse_fault
from coinex_proto.simulator.hosting.venue_server import VenueServer
from tests.coinex_proto.simulator.hosting.test_connection import UPGRADE

START = 1_700_000_000.0
VENUES: tuple[tuple[Callable[..., VenueServer[Any]], str, bytes], ...] = (
    (CoinexServer, "BTCUSDT", b"/v2/spot"),
    (QfexServer, "AAPL-USD", b"/mds"),
    (CoinflexServer, "XBT/USDT", b"/v1"),
)


class Venue:
    """A local exchange with a quoted market."""

    def __init__(self, made: Callable[..., VenueServer[Any]], market: str, target: bytes) -> None:
        self.make, self.market, self.target = made, market, target
        self.server = self.begin()

    def begin(self, faults: str = "", rate: float = 0.0) -> VenueServer[Any]:
        self.server = self.make(now=START, crowd=CrowdSettings(rate=rate), faults=faults)
        self.server.quote(self.market, "100", "102", size="2")
        return self.server

    def connect(self) -> Any:
        connection = self.server.accept(self.server.now)
        connection.receive_data(UPGRADE.replace(b"/echo", self.target), self.server.now)
        return connection

    def wait(self, seconds: float) -> None:
        self.server.advance(self.server.now + seconds)


@pytest.fixture(params=VENUES, ids=["coinex", "qfex", "coinflex"])
def venue(request: pytest.FixtureRequest) -> Venue:
    return Venue(*request.param)


def status(connection: Any) -> bytes:
    return bytes(connection.data_to_send().split(b"\r\n", 1)[0].split(b" ")[1])


def test_a_connection_becomes_a_socket_and_is_shown_to_the_host(venue: Venue) -> None:
    connection = venue.connect()
    assert venue.server.take_ready() == (connection,)
    assert venue.server.take_ready() == ()
    assert venue.server.sockets() == (connection,)
    assert status(connection) == b"101"


def test_a_client_that_sends_nothing_is_cut(venue: Venue) -> None:
    connection = venue.connect()
    due = venue.server.next_deadline()
    assert due is not None
    venue.wait(150)
    assert (connection.wants_close, venue.server.sockets()) == ("fin", ())


def test_an_unknown_path_opens_no_socket(venue: Venue) -> None:
    venue.target = b"/v9/nowhere"
    assert status(venue.connect()) == b"404"
    assert venue.server.sockets() == ()


def test_trades_happen_in_the_quoted_market(venue: Venue) -> None:
    server = venue.server
    order = server.place(venue.market, "buy", "101", "1")
    assert server.orders() == server.orders(venue.market) == (order,)
    assert server.orders("elsewhere") == ()
    server.fill(order, "0.4")
    assert (order.left * 10, len(server.orders())) == (order.amount * 6, 1)
    server.trade(venue.market, "sell", "0.6")
    assert (order.left, server.orders()) == (0, ())
    server.trade(venue.market, "buy", "2")
    with pytest.raises(OrderRefused):
        server.trade(venue.market, "buy", "1")


def test_a_wrong_argument_raises_and_changes_nothing(venue: Venue) -> None:
    before = venue.server.place(venue.market, "buy", "101", "1")
    with pytest.raises(ValueError, match="above zero and below the ask"):
        venue.server.quote(venue.market, "102", "101")
    for size in ("0", "-1"):
        with pytest.raises(ValueError, match="size must be above zero"):
            venue.server.quote(venue.market, "101", "102", size)
    with pytest.raises(ValueError, match="NOWHERE"):
        venue.server.quote("NOWHERE", "1", "2")
    assert venue.server.orders() == (before,)


def test_a_halted_market_stands_still_until_it_is_resumed(venue: Venue) -> None:
    markets = venue.server.exchange.markets.values()
    venue.server.halt(venue.market)
    assert all(market.is_halted for market in markets)
    venue.server.resume()
    assert not any(market.is_halted for market in markets)
    venue.server.halt("elsewhere")
    assert not any(market.is_halted for market in markets)


def test_refusals_are_taken_one_by_one(venue: Venue) -> None:
    venue.server.refuse("method", 7, times=2)
    assert [venue.server.take_refusal("method") for _ in range(3)] == [7, 7, None]


def test_what_the_machine_cannot_do_is_left_out(venue: Venue) -> None:
    server = venue.begin(rate=1000.0)
    assert server.crowds.next_at < START + 1
    server.relieve(START + 60)
    assert server.crowds.next_at > START + 60 - 1e-6


def test_time_goes_no_further_than_to_where_somebody_has_something_to_send(venue: Venue) -> None:
    server = venue.begin(faults="at 5s drop fin")
    connection = venue.connect()
    venue.wait(1)
    server.take_ready()
    connection.data_to_send()
    assert server.advance_to_output(START + 3) == START + 3
    server.take_ready()
    assert server.advance_to_output(START + 30) == START + 5
    assert server.take_ready() == (connection,)


@pytest.mark.parametrize(
    ("fault", "ending"), [("drop", "rst"), ("drop fin", "fin"), ("drop mid-frame", "rst"), ("silence", None)]
)
def test_a_timed_fault_meets_every_socket_at_its_time(venue: Venue, fault: str, ending: str | None) -> None:
    venue.begin(faults=f"at 5s {fault}")
    connection = venue.connect()
    venue.wait(4.9)
    before = connection.wants_close
    venue.wait(0.1)
    assert (before, connection.wants_close) == (None, ending)


def test_a_fault_injected_later_counts_from_then_whether_line_or_object(venue: Venue) -> None:
    connection = venue.connect()
    venue.wait(3)
    venue.server.inject("at 2s stall 1")
    venue.server.inject(parse_fault("at 2s drop fin"))
    venue.wait(1.9)
    before = connection.wants_close
    venue.wait(0.2)
    assert (before, connection.wants_close) == (None, "fin")
    with pytest.raises(FaultScriptError):
        venue.server.inject("whenever drop")


@pytest.mark.parametrize(("fault", "expected"), [("http 503", b"503"), ("http 429 7", b"429")])
def test_a_handshake_can_be_refused_once(venue: Venue, fault: str, expected: bytes) -> None:
    venue.begin(faults=f"on connect {fault}")
    assert [status(venue.connect()), status(venue.connect())] == [expected, b"101"]


def test_a_handshake_can_hang_or_be_cut(venue: Venue) -> None:
    venue.begin(faults="on connect hang\non connect 2 drop")
    hung, cut = venue.connect(), venue.connect()
    assert (hung.data_to_send(), hung.wants_close) == (b"", None)
    assert cut.wants_close == "rst"


def test_what_befalls_a_running_exchange_can_befall_it_at_a_handshake(venue: Venue) -> None:
    venue.begin(faults="on connect 2 pings off\non connect 3 halt all\non connect 4 drop fin")
    for _ in range(2):
        venue.connect()
    assert not venue.server.answers_pings
    venue.connect()
    assert all(market.is_halted for market in venue.server.exchange.markets.values())


def test_stalled_connections_lose_nothing(venue: Venue) -> None:
    venue.server.stall(2.0)  # nobody is there yet
    connection = venue.connect()
    venue.server.stall(2.0)
    connection.data_to_send()
    connection.receive_data(b"\x89\x80\x00\x00\x00\x00", venue.server.now)
    assert connection.data_to_send() == b""
    venue.wait(2.1)
    assert b"\x8a\x00" in connection.data_to_send()
