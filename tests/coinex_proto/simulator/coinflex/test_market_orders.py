"""What market orders of CoinFLEX trade."""

from coinex_proto.simulator.coinflex.catalogue import UNITS
from coinex_proto.simulator.coinflex.market_orders import reachable, traded
from tests.coinex_proto.simulator.coinflex_peer import PAIR, quiet_server, signed_in


def test_a_market_order_has_no_id_and_is_over_with_its_reply() -> None:
    _, peer = signed_in()
    assert peer.request("PlaceOrder", **PAIR, quantity=-30_000, tonce=3) == {"error_code": 0, "remaining": 10_000}
    (matched,) = [notice for notice in peer.notices() if notice["notice"] == "OrdersMatched"]
    assert "ask" not in matched
    assert (matched["ask_tonce"], matched["bid_rem"]) == (3, 0)
    assert peer.request("PlaceOrder", **PAIR, quantity=-1) == {"error_code": 0, "remaining": 1}


def test_a_market_order_by_total_spends_no_more() -> None:
    _, peer = signed_in()
    assert peer.request("PlaceOrder", **PAIR, total=96_100_001) == {"error_code": 0, "remaining": 1}
    assert peer.request("PlaceOrder", **PAIR, total=-96_000_000) == {"error_code": 0, "remaining": 0}
    assert peer.request("EstimateMarketOrder", **PAIR, total=96_100_000) == {
        "error_code": 0,
        "quantity": 10_000,
        "total": 96_100_000,
    }


def test_what_can_trade_ends_with_the_book_the_amount_the_total_or_the_funds() -> None:
    server = quiet_server()
    server.quote("XBT/USDT", bid="9600", ask="9610", size="2")
    market = server.exchange.markets["XBT/USDT"]
    price = 9610 * 10_000
    assert reachable(market, "buy", 50_000, is_total=False, funds=None) == 20_000
    assert reachable(market, "buy", 5, is_total=False, funds=None) == 5
    assert reachable(market, "buy", 3 * price // 10_000, is_total=True, funds=None) == 3
    assert reachable(market, "sell", 50_000, is_total=False, funds=7 * UNITS) == 7
    assert traded(market, "buy", 30_000) == (20_000, 2 * price)
