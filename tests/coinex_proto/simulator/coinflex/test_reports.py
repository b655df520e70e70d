"""The notices of CoinFLEX: the book order by order, trades, balances and tickers."""

from tests.coinex_proto.simulator.coinflex_peer import ETH, MARKET, PAIR, USDT, XBT, Json, Peer, lively, signed_in

BUY: Json = {**PAIR, "quantity": 10_000, "price": 95_000_000}


def test_the_public_book_is_the_sum_of_its_notices() -> None:
    server = lively()
    peer = Peer(server)
    book = {order["id"]: order["quantity"] for order in peer.request("WatchOrders", **PAIR, watch=True)["orders"]}
    peer.wait(30)
    server.crowds.wake(MARKET, server.now).is_quiet = True
    peer.wait(0.1)
    for notice in peer.notices():
        match notice["notice"]:
            case "OrderOpened" | "OrderModified":
                book[notice["id"]] = notice["quantity"]
            case "OrderClosed":
                del book[notice["id"]]
            case "OrdersMatched":
                for side, sign in (("bid", 1), ("ask", -1)):
                    if side in notice:
                        book[notice[side]] = sign * notice[f"{side}_rem"]
    there = server.exchange.markets[MARKET].book.orders.values()
    assert book == {order.order_id: order.left if order.side == "buy" else -order.left for order in there}


def test_nothing_of_the_crowd_is_kept_for_ever() -> None:
    server = lively()
    peer = Peer(server)
    peer.request("WatchOrders", **PAIR, watch=True)
    peer.wait(300)
    alive = len(server.exchange.markets[MARKET].book.orders)
    assert len(server.exchange.orders) == alive
    assert not any(server.exchange.fills.values())


def test_a_trade_is_one_notice_with_both_sides_and_private_members_for_their_owner() -> None:
    server, peer = signed_in()
    other = Peer(server)
    other.request("WatchOrders", **PAIR, watch=True)
    placed = peer.request("PlaceOrder", **{**BUY, "quantity": 30_000, "price": 96_100_000, "tonce": 9})
    notices = [notice for notice in peer.notices() if notice["notice"].startswith("Order")]
    assert [notice["notice"] for notice in notices] == ["OrderOpened", "OrdersMatched"]
    opened, matched = notices
    assert opened["quantity"] == 30_000
    assert (matched["bid"], matched["bid_rem"], matched["ask_rem"], matched["quantity"]) == (
        placed["id"],
        10_000,
        0,
        20_000,
    )
    assert (matched["bid_tonce"], matched["taker"], matched["taker_side"]) == (9, True, "bid")
    assert matched["total"] == 192_200_000
    assert "ask_tonce" not in matched
    other.read()
    (seen,) = [notice for notice in other.notices() if notice["notice"] == "OrdersMatched"]
    assert not {"bid_tonce", "ask_tonce", "taker", "bid_base_fee"} & seen.keys()


def test_balances_add_up_and_volumes_count() -> None:
    _, peer = signed_in()
    peer.request("PlaceOrder", **BUY)
    peer.request("PlaceOrder", **PAIR, quantity=-10_000)
    balances = {balance["asset"]: balance for balance in peer.request("GetBalances")["balances"]}
    assert balances[XBT]["balance"] == 990_000
    usdt = balances[USDT]
    assert usdt["reserved_balance"] == 95_000_000
    assert usdt["total_balance"] == usdt["balance"] + usdt["reserved_balance"] == 10_096_000_000
    assert peer.request("GetTradeVolume", asset=XBT)["volume"] == 10_000
    assert peer.request("GetTradeVolume", asset=ETH)["volume"] == 0


def test_the_book_is_published_order_by_order_with_the_sign_of_the_side() -> None:
    server, peer = signed_in()
    orders = peer.request("WatchOrders", **PAIR, watch=True)["orders"]
    assert {(order["quantity"], order["price"]) for order in orders} == {(20_000, 96_000_000), (-20_000, 96_100_000)}
    server.trade("XBT/USDT", "buy", "2")
    peer.wait(0.01)
    matched, closed = peer.notices()
    assert "bid" not in matched
    assert (matched["ask_rem"], closed["notice"], closed["quantity"]) == (0, "OrderClosed", 0)


def test_a_ticker_changes_by_what_has_changed() -> None:
    server, peer = signed_in()
    whole = peer.request("WatchTicker", **PAIR, watch=True)
    assert (whole["bid"], whole["ask"]) == (96_000_000, 96_100_000)
    peer.take()
    server.quote("XBT/USDT", bid="9600", ask="9620", size="2")
    peer.wait(0.5)
    (changed,) = peer.notices()
    assert changed["ask"] == 96_200_000
    assert "bid" not in changed
    server.trade("XBT/USDT", "buy", "2")
    peer.wait(0.5)
    (changed,) = peer.notices()
    assert (changed["ask"], changed["last"]) == (None, 96_200_000)
