"""The local CoinFLEX as a whole: faults, HTTP, the same bytes for the same seed."""

import pytest

from coinex_proto.simulator import CoinflexServer, CrowdSettings
from tests.coinex_proto.simulator.coinflex_peer import (
    MARKET,
    PAIR,
    START,
    Json,
    Peer,
    http,
    lively,
    quiet_server,
    signed_in,
)


def received(seed: int) -> list[Json]:
    server = lively(seed)
    peer = Peer(server)
    peer.request("WatchOrders", **PAIR, watch=True)
    peer.wait(10)
    return peer.take()


def test_the_same_seed_gives_the_same_messages() -> None:
    assert received(3) == received(3) != received(4)


@pytest.mark.parametrize(
    ("fault", "names"),
    [
        ("on OrderOpened lose", ["reply"]),
        ("on OrderOpened duplicate", ["OrderOpened", "OrderOpened", "reply"]),
        ("on PlaceOrder lose-answer", ["OrderOpened"]),
        ("on PlaceOrder ignore", []),
        ("on PlaceOrder refuse 4", ["reply"]),
        ("on reply lose", ["OrderOpened"]),
    ],
)
def test_a_fault_strikes_a_command_or_a_notice_by_its_name(fault: str, names: list[str]) -> None:
    server, peer = signed_in()
    server.inject(fault)
    peer.post("PlaceOrder", **PAIR, quantity=1, price=90_000_000)
    peer.wait(0.01)
    got = ["reply" if "tag" in message else message["notice"] for message in peer.take()]
    assert [name for name in got if name != "BalanceChanged"] == names


def test_a_late_command_is_carried_out_later() -> None:
    server, peer = signed_in()
    server.inject("on GetOrders late 2")
    peer.post("GetOrders")
    peer.wait(1.9)
    assert peer.take() == []
    peer.wait(0.2)
    assert [message["orders"] for message in peer.take()] == [[]]


def test_tickers_that_were_asked_for_late_come_without_a_further_command() -> None:
    server = CoinflexServer(now=START, crowd=CrowdSettings(rate=5.0))
    peer = Peer(server)
    server.inject("on WatchTicker late 2")
    peer.post("WatchTicker", **PAIR, watch=True)
    peer.wait(1.9)
    assert peer.take() == []
    peer.wait(10)
    notices = [notice["notice"] for notice in peer.notices()]
    assert len(notices) > 5
    assert set(notices) == {"TickerChanged"}


def test_an_http_query_can_be_refused_or_come_late() -> None:
    server = CoinflexServer(now=START)
    server.inject("on /assets/ http 503")
    server.inject("on /markets/ late 2")
    assert http(server, "GET", "/assets/")[0] == 503
    assert http(server, "GET", "/assets/")[0] == 200
    connection = server.accept(server.now)
    connection.receive_data(b"GET /markets/ HTTP/1.1\r\nHost: x\r\n\r\n", server.now)
    assert not connection.data_to_send()
    server.advance(server.now + 2.1)
    assert connection.data_to_send().startswith(b"HTTP/1.1 200")


@pytest.mark.parametrize("fault", ["drop", "drop fin", "drop mid-frame"])
def test_a_drop_ends_the_connection(fault: str) -> None:
    server, peer = signed_in()
    server.inject(f"at 1s {fault}")
    server.advance(server.now + 2)
    assert peer.connection.wants_close == ("fin" if fault == "drop fin" else "rst")


def test_whoever_was_signed_out_must_sign_in_on_a_new_connection() -> None:
    server, peer = signed_in()
    server.sign_out()
    assert peer.request("GetOrders")["error_code"] == 7


def test_a_refused_handshake() -> None:
    assert Peer(quiet_server(faults="on connect http 503 7")).status == 503


def test_a_halted_market_takes_no_orders() -> None:
    server, peer = signed_in()
    server.halt(MARKET)
    assert peer.request("PlaceOrder", **PAIR, quantity=1, price=90_000_000)["error_code"] == 8
    server.resume()
    assert peer.request("PlaceOrder", **PAIR, quantity=1, price=90_000_000)["error_code"] == 0


def test_the_next_commands_of_a_method_can_be_refused() -> None:
    server, peer = signed_in()
    server.refuse("GetOrders", 6, times=2)
    assert [peer.request("GetOrders")["error_code"] for _ in range(3)] == [6, 6, 0]


def test_a_client_that_says_nothing_for_a_minute_is_cut() -> None:
    server, peer = signed_in()
    server.advance(server.now + 59)
    assert peer.is_open
    server.advance(server.now + 2)
    assert peer.connection.wants_close == "fin"


def test_an_order_of_another_program_is_reported_and_can_be_filled() -> None:
    server, peer = signed_in()
    order = server.place(MARKET, "buy", "9500", "1")
    server.fill(order, "0.4")
    server.fill(order.order_id)
    peer.wait(0.01)
    names = [notice["notice"] for notice in peer.notices()]
    assert [name for name in names if name.startswith("Order")] == [
        "OrderOpened",
        "OrdersMatched",
        "OrdersMatched",
        "OrderClosed",
    ]
    assert server.orders() == ()


# HTTP and the catalogue -----------------------------------------------------------------------------------------------


def test_assets_and_markets_are_listed_over_http() -> None:
    server = quiet_server(markets=3)
    status, assets = http(server, "GET", "/assets/")
    assert status == 200
    assert {"id": 63488, "name": "XBT", "scale": 10_000} in assets
    _, markets = http(server, "GET", "/markets/")
    assert [(market["name"], market["tick"]) for market in markets] == [
        ("XBT/USDT", 10_000),
        ("ETH/USDT", 1_000),
        ("USDC/USDT", 10),
    ]
    assert http(server, "GET", "/other") == (404, None)
    assert http(server, "POST", "/assets/") == (404, None)
    server.refuse("/assets/", 503)
    assert http(server, "GET", "/assets/") == (503, None)
