"""Commands of CoinFLEX as the local exchange answers them: the error table, orders, watching, the sign-in."""

from typing import Any

import pytest
from wsproto.events import BytesMessage, Ping, TextMessage

from tests.coinex_proto.simulator.coinflex_peer import PAIR, USDT, Json, Peer, quiet_server, signed_in

BUY: Json = {**PAIR, "quantity": 10_000, "price": 95_000_000}


def refused(code: int, text: str) -> Json:
    return {"error_code": code, "error_msg": text}


# Sign-in --------------------------------------------------------------------------------------------------------------


def test_the_server_speaks_first_with_a_new_nonce_for_each_connection() -> None:
    server = quiet_server()
    one, other = Peer(server), Peer(server)
    assert len(one.nonce) == 16
    assert one.nonce != other.nonce


def test_a_signature_of_another_package_is_accepted() -> None:
    peer = Peer(quiet_server())
    assert peer.request("GetOrders") == refused(7, "You are not authenticated.")
    assert peer.sign_in() == {"error_code": 0}
    assert peer.request("GetOrders") == {"error_code": 0, "orders": []}


def test_a_wrong_passphrase_user_or_cookie_is_refused_and_another_try_is_open() -> None:
    peer = Peer(quiet_server())
    wrong = "You sent an incorrect signature. This probably means you used a wrong passphrase."
    assert peer.sign_in("wrong") == refused(7, wrong)
    assert peer.sign_in(user_id=5) == refused(1, "There is no such user.")
    assert peer.sign_in(user_id=True) == refused(1, "There is no such user.")
    assert peer.sign_in(cookie="x") == refused(7, "You sent an incorrect login cookie.")
    assert peer.sign_in(nonce="x")["error_code"] == 8
    assert peer.sign_in(signature="x")["error_code"] == 8
    assert peer.sign_in(signature=["x", "y"])["error_code"] == 8
    assert peer.sign_in() == {"error_code": 0}


def test_the_nonce_of_another_connection_is_worthless() -> None:
    server = quiet_server()
    one, other = Peer(server), Peer(server)
    one.nonce = other.nonce
    assert one.sign_in()["error_code"] == 7


# Framing --------------------------------------------------------------------------------------------------------------


def test_a_tag_comes_back_if_it_was_given_and_is_not_zero() -> None:
    peer = Peer(quiet_server())
    for tag, back in ((5, {"tag": 5}), (0, {}), ("x", {})):
        peer.frame(TextMessage(data='{"method": "Nothing", "tag": %s}' % (f'"{tag}"' if tag == "x" else tag)))
        peer.wait(0.01)
        (reply,) = peer.take()
        assert reply == {**back, **refused(8, "There is no such method.")}


@pytest.mark.parametrize("text", ["", "{", "[]", "5", "{}", '{"method": 5}', "[" * 100_000])
def test_what_is_no_command_is_error_eight_and_the_connection_stays(text: str) -> None:
    peer = Peer(quiet_server(max_request_bytes=200_000))
    peer.frame(TextMessage(data=text))
    peer.wait(0.01)
    assert [message["error_code"] for message in peer.take()] == [8]
    assert peer.is_open


def test_a_binary_message_is_refused_and_a_ping_answered() -> None:
    peer = Peer(quiet_server())
    peer.frame(BytesMessage(data=b'{"method": "GetOrders"}'))
    peer.wait(0.01)
    assert [message["error_code"] for message in peer.take()] == [8]
    peer.frame(Ping(payload=b"x"))
    assert peer.pongs == 1


def test_another_path_is_not_found() -> None:
    assert Peer(quiet_server(), "/v2").status == 404


# Orders ---------------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("members", "reply"),
    [
        ({**BUY, "base": 1}, refused(1, "You specified an invalid asset pair.")),
        ({**BUY, "price": 96_100_000, "post_only": True}, 9),
        ({**BUY, "quantity": 10**12}, refused(4, "You have insufficient funds.")),
        ({**BUY, "quantity": 2**62, "price": 2**62}, refused(8, "Order total would overflow.")),
        ({**BUY, "tonce": 0}, refused(8, "Tonce must not be zero.")),
        ({**BUY, "price": 0}, refused(8, "Price must not be zero.")),
        ({**BUY, "quantity": 0}, refused(8, "Quantity must not be zero.")),
        ({**BUY, "quantity": "1"}, 8),
        ({**BUY, "persist": "for ever"}, 8),
        ({**BUY, "total": 1}, 8),
        (PAIR, refused(8, "You must specify either quantity or total for a market order.")),
        ({**PAIR, "quantity": 1, "total": 1}, 8),
        ({**PAIR, "total": 0}, refused(8, "Total must not be zero.")),
        ({**PAIR, "quantity": 1, "post_only": True}, 8),
    ],
)
def test_an_order_that_cannot_be_is_refused_as_documented(members: Json, reply: Any) -> None:
    server, peer = signed_in()
    got = peer.request("PlaceOrder", **members)
    assert (got["error_code"] if isinstance(reply, int) else got) == reply
    assert server.orders() == ()


def test_an_order_is_opened_on_its_tick_and_reported_to_its_owner() -> None:
    server, peer = signed_in()
    other = Peer(server)
    assert other.request("WatchOrders", **PAIR, watch=True)["error_code"] == 0
    placed = peer.request("PlaceOrder", **{**BUY, "price": 95_005_000, "tonce": 7})
    assert placed.keys() == {"error_code", "id", "time"}
    balance, opened = peer.notices()
    assert balance == {"notice": "BalanceChanged", "asset": USDT, "balance": 10_000_000_000 - 95_000_000}
    public = {
        "notice": "OrderOpened",
        "id": placed["id"],
        **PAIR,
        "quantity": 10_000,
        "price": 95_000_000,
        "time": placed["time"],
    }
    assert opened == {**public, "tonce": 7}
    other.read()
    assert other.notices() == [public]
    assert peer.request("PlaceOrder", **{**BUY, "tonce": 7}) == refused(3, "Tonce is out of sequence.")


def test_an_ask_goes_up_to_the_tick() -> None:
    _, peer = signed_in()
    peer.request("PlaceOrder", **{**BUY, "quantity": -1, "price": 96_500_001})
    (opened,) = [notice for notice in peer.notices() if notice["notice"] == "OrderOpened"]
    assert (opened["price"], opened["quantity"], opened["tonce"]) == (96_510_000, -1, None)


def test_an_order_is_changed_in_its_own_direction() -> None:
    _, peer = signed_in()
    sell = peer.request("PlaceOrder", **{**BUY, "quantity": -10_000, "price": 97_000_000, "tonce": 4})
    peer.take()
    reply = peer.request("ModifyOrder", id=sell["id"], quantity_delta=4_000)
    assert (reply["quantity"], reply["price"], reply["tonce"]) == (-6_000, 97_000_000, 4)
    (modified,) = [notice for notice in peer.notices() if notice["notice"] == "OrderModified"]
    assert (modified["quantity"], modified["id"]) == (-6_000, sell["id"])
    assert peer.request("ModifyOrder", tonce=4, price=96_000_000, post_only=True)["error_code"] == 9
    crossed = peer.request("ModifyOrder", tonce=4, price=96_000_000)
    assert (crossed["quantity"], crossed["price"]) == (0, 96_000_000)
    names = [notice["notice"] for notice in peer.notices()]
    assert names.index("OrderModified") < names.index("OrdersMatched") < names.index("OrderClosed")


def test_a_change_to_nothing_cancels() -> None:
    server, peer = signed_in()
    order = peer.request("PlaceOrder", **BUY)
    assert peer.request("ModifyOrder", id=order["id"], quantity_delta=-10_000)["quantity"] == 0
    assert server.orders() == ()


@pytest.mark.parametrize(
    ("method", "members", "reply"),
    [
        ("ModifyOrder", {"id": 1, "price": 5}, refused(1, "The specified order was not found.")),
        ("ModifyOrder", {"price": 5}, refused(8, "You must specify either order ID or tonce.")),
        ("CancelOrder", {"id": 1, "tonce": 1}, refused(8, "You must specify either order ID or tonce.")),
        ("CancelOrder", {"tonce": 0}, refused(8, "Tonce must not be zero.")),
        ("CancelOrder", {"id": 1}, refused(1, "The specified order was not found.")),
        ("GetTradeVolume", {"asset": 1}, refused(8, "There is no such asset.")),
    ],
)
def test_what_is_not_there_is_refused(method: str, members: Json, reply: Json) -> None:
    _, peer = signed_in()
    assert peer.request(method, **members) == reply


def test_a_change_must_change_something() -> None:
    _, peer = signed_in()
    order = peer.request("PlaceOrder", **BUY)
    assert peer.request("ModifyOrder", id=order["id"])["error_msg"] == "You must specify quantity delta and/or price."
    assert peer.request("ModifyOrder", id=order["id"], quantity_delta=0)["error_code"] == 8
    assert peer.request("ModifyOrder", id=order["id"], quantity_delta=10**11)["error_code"] == 4


def test_cancelling_reports_what_remained() -> None:
    _, peer = signed_in()
    order = peer.request("PlaceOrder", **{**BUY, "tonce": 2})
    gone = peer.request("CancelOrder", tonce=2)
    assert (gone["id"], gone["quantity"], gone["time"]) == (order["id"], 10_000, order["time"])
    for tonce in (3, 4):
        peer.request("PlaceOrder", **{**BUY, "tonce": tonce})
    assert [order["tonce"] for order in peer.request("CancelAllOrders")["orders"]] == [3, 4]
    assert peer.request("GetOrders")["orders"] == []


def test_orders_of_a_client_that_goes_are_cancelled_if_it_said_so() -> None:
    server, peer = signed_in()
    peer.request("PlaceOrder", **BUY, persist=False)
    kept = peer.request("PlaceOrder", **BUY, persist=True)
    peer.connection.receive_eof()
    assert [order.order_id for order in server.orders()] == [kept["id"]]


# Limits ---------------------------------------------------------------------------------------------------------------


def test_ten_queries_in_ten_seconds_are_enough() -> None:
    _, peer = signed_in()
    codes = [peer.request("GetBalances")["error_code"] for _ in range(11)]
    assert codes == [0] * 10 + [6]
    peer.wait(10)
    assert peer.request("GetBalances")["error_code"] == 0


def test_two_hundred_orders_in_a_second_are_enough() -> None:
    _, peer = signed_in()
    tags = [peer.post("PlaceOrder", **{**BUY, "quantity": 1}) for _ in range(201)]
    codes = {message["tag"]: message["error_code"] for message in peer.take() if "error_code" in message}
    assert [codes[tag] for tag in tags] == [0] * 200 + [6]


def test_a_thousand_open_orders_are_enough() -> None:
    _, peer = signed_in()
    codes: list[int] = []
    for _ in range(6):
        for _ in range(180):
            peer.post("PlaceOrder", **{**BUY, "quantity": 1})
        peer.wait(1.1)
        codes += [message["error_code"] for message in peer.take() if "error_code" in message]
    assert codes == [0] * 1000 + [5] * 80


# Watching -------------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize(("method", "what"), [("WatchOrders", "order book"), ("WatchTicker", "ticker")])
def test_watching_twice_or_ending_what_is_not_on_is_refused(method: str, what: str) -> None:
    peer = Peer(quiet_server())
    assert peer.request(method, **PAIR, watch=False) == refused(
        1, f"You are not watching the {what} for the specified asset pair."
    )
    assert peer.request(method, **PAIR, watch=True)["error_code"] == 0
    assert peer.request(method, **PAIR, watch=True) == refused(
        2, f"You are already watching the {what} for the specified asset pair."
    )
    assert peer.request(method, **PAIR, watch=False) == {"error_code": 0}
    assert peer.request(method, base=1, counter=2, watch=True) == refused(1, "You specified an invalid asset pair.")
    assert peer.request(method, **PAIR, watch=1)["error_code"] == 8
