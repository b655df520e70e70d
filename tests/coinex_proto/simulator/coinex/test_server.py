"""The server as its hosts and tests use it: time, connections, methods of tests."""

from __future__ import annotations

import pytest
from wsproto.events import TextMessage

from coinex_proto.simulator import CoinexServer, OrderRefused
from tests.coinex_proto.simulator.peer import QUIET, START, Peer, quiet_server


def story(steps: list[float], **options: object) -> bytes:
    """What one client receives in these steps of time, the handshake apart."""
    peer = Peer(server := CoinexServer(now=START, **options))  # type: ignore[arg-type]
    peer.sign_in()
    for topic in ("state", "deals", "index", "order", "balance"):
        peer.subscribe(topic)
    peer.subscribe("bbo", "BTCUSDT")
    peer.request("depth.subscribe", {"market_list": [["BTCUSDT", 10, "0", False]]})
    server.place("BTCUSDT", "buy", "59990", "0.5")
    for step in steps:
        peer.run(step)
    return peer.received.partition(b"\r\n\r\n")[2]


def test_the_same_seed_says_the_same_bytes_and_another_seed_others() -> None:
    assert story([10], seed=5) == story([10], seed=5)
    assert story([10], seed=5) != story([10], seed=6)


def test_the_steps_in_which_time_passes_change_nothing() -> None:
    assert story([10.0]) == story([0.0625] * 160)


def test_deadlines_lead_a_host_to_everything_in_time() -> None:
    peer = Peer(server := CoinexServer(now=START))
    peer.subscribe("deals", "BTCUSDT")
    while (at := server.next_deadline()) is not None and at < START + 10:
        assert at > server.now or server.next_deadline() == at
        server.advance(at)
        assert (server.next_deadline() or at + 1) > at
    peer.read()
    assert peer.received.partition(b"\r\n\r\n")[2] != b""


@pytest.mark.parametrize("start", [0.0, 0.1, 1e-9, 1_700_000_000.3, 1_795_174_870.6, 4_000_000_000.199999])
def test_push_times_always_lie_ahead_wherever_the_clock_begins(start: float) -> None:
    server = CoinexServer(now=start, crowd=QUIET)
    peer = Peer(server)
    peer.subscribe("index", "BTCUSDT")
    for number in range(1, 500):
        server.advance(start + number * 0.0999)
    peer.read()
    assert 9 <= len(peer.pushes("index.update")) <= 10


def test_connections_with_output_or_an_end_are_ready_once() -> None:
    server = quiet_server()
    assert server.take_ready() == ()
    peer = Peer(server)
    assert server.take_ready() == (peer.connection,)
    assert server.take_ready() == ()
    server.drop()
    assert server.take_ready() == (peer.connection,)
    assert (peer.connection.data_to_send(), peer.ending()) == (b"", "rst")


def test_bytes_that_come_later_than_the_last_advance_meet_the_present() -> None:
    peer = Peer(server := quiet_server())
    connection = peer.connection
    connection.receive_data(peer.wsproto.send(TextMessage('{"method":"server.time","params":{},"id":1}')), START + 30)
    peer.read()
    assert peer.messages[0]["data"]["timestamp"] == int((START + 30) * 1000) == server.clock_ms


def test_a_dropped_connection_is_forgotten_and_takes_nothing_more() -> None:
    peer = Peer(server := CoinexServer(now=START))
    peer.subscribe("state")
    server.drop("fin")
    peer.clear()
    peer.request("server.ping")
    peer.run(10)
    assert peer.messages == []
    assert not server.connections
    assert not server.private.sockets
    assert not server.feeds["spot"].has_subscribers


def test_the_end_of_the_clients_bytes_ends_the_connection() -> None:
    peer = Peer(server := quiet_server())
    peer.connection.receive_eof()
    assert peer.ending() == "fin"
    assert not server.connections


def test_credentials_follow_from_the_seed_unless_they_are_given() -> None:
    assert quiet_server(seed=1).secret_key == quiet_server(seed=1).secret_key != quiet_server(seed=2).secret_key
    server = quiet_server(access_id="ME", secret_key="MINE")
    assert (server.access_id, server.secret_key) == ("ME", "MINE")
    assert "MINE" not in repr(server.accounts.key("ME"))


def test_a_quote_is_the_whole_book_and_holds_until_somebody_trades() -> None:
    server = CoinexServer(now=START)
    server.quote("BTCUSDT", bid="100", ask="101", size="2")
    server.advance(START + 60)
    market = server.feeds["spot"].markets["BTCUSDT"]
    assert (market.levels("buy"), market.levels("sell")) == ([("100.00", "2")], [("101.00", "2")])
    server.trade("BTCUSDT", "buy", "0.5")
    assert market.levels("sell") == [("101.00", "1.5")]
    assert market.price_text(market.last) == "101.00"


def test_futures_quoted_alone_are_their_own_index_until_spot_is_quoted() -> None:
    server = quiet_server()
    market = server.feeds["futures"].markets["BTCUSDT"]
    server.quote("BTCUSDT", "99", "101", module="futures")
    assert server.prices.marks.mark(market) == 10_000
    server.quote("BTCUSDT", "110", "112")
    assert server.prices.marks.index(market) == 11_100


@pytest.mark.parametrize(("bid", "ask"), [("101", "100"), ("100", "100"), ("0", "1")])
def test_a_quote_that_crosses_itself_is_refused(bid: str, ask: str) -> None:
    with pytest.raises(ValueError, match="below the ask"):
        quiet_server().quote("BTCUSDT", bid, ask)


def test_methods_name_the_markets_there_are() -> None:
    with pytest.raises(ValueError, match="no market 'XUSDT'; there are BTCUSDT"):
        quiet_server().trade("XUSDT", "buy", "1")


def test_a_trade_needs_somebody_on_the_other_side() -> None:
    server = quiet_server()
    server.quote("BTCUSDT", "100", "101")
    server.trade("BTCUSDT", "buy", "1")
    with pytest.raises(OrderRefused, match="other side"):
        server.trade("BTCUSDT", "buy", "1")


def test_open_orders_are_listed_and_filled_by_id() -> None:
    server = quiet_server(markets=("BTCUSDT", "ETHUSDT"))
    first = server.place("BTCUSDT", "buy", "100", "1")
    second = server.place("ETHUSDT", "buy", "100", "1")
    assert server.orders() == (first, second)
    assert server.orders("ETHUSDT") == (second,)
    server.fill(first.order_id)
    assert server.orders() == (second,)


@pytest.mark.parametrize("count", [1, 3, 1000])
def test_so_many_markets_can_be_listed(count: int) -> None:
    server = quiet_server(markets=count)
    assert len(server.feeds["spot"].markets) == len(server.feeds["futures"].markets) == count


def test_a_market_stays_lively_and_plausible_for_an_hour() -> None:
    server = CoinexServer(now=START, seed=11)
    market = server.feeds["futures"].markets["BTCUSDT"]
    server.crowds.wake(market.spec.key, server.now)
    past = market.deal_count
    for _ in range(360):
        server.advance(server.now + 10)
        bid, _, ask, _ = market.top
        assert 0 < bid < ask < bid * 1.02
        index = server.prices.marks.index(market)
        assert abs(market.middle - index) < index * 0.01
    assert market.deal_count - past > 3600
    assert 3_000_000 < market.last < 12_000_000
    assert len(market.levels("buy")) > 30 < len(market.levels("sell"))
