"""The Trade socket of the local QFEX, addressed in its own JSON."""

from __future__ import annotations

import json
from decimal import Decimal
from typing import Any

import pytest
import wsproto
from wsproto.events import AcceptConnection, BytesMessage, Ping, Request, TextMessage

from coinex_proto import qfex
from coinex_proto.simulator import CrowdSettings, QfexServer
from coinex_proto.simulator.qfex.accounts import Meter

START = 1_700_000_000.0
SYMBOL = "AAPL-USD"


class Wire:
    """A plain WebSocket client of one server."""

    def __init__(self, server: QfexServer, target: str) -> None:
        self.server = server
        self.link = server.accept(server.now)
        self.socket = wsproto.WSConnection(wsproto.ConnectionType.CLIENT)
        self.pings = 0
        self.texts: list[Any] = []
        self.link.receive_data(self.socket.send(Request(host="x", target=target)), server.now)
        self.read()

    def read(self) -> list[Any]:
        self.socket.receive_data(self.link.data_to_send())
        for event in self.socket.events():
            match event:
                case TextMessage():
                    self.texts.append(json.loads(event.data, parse_float=Decimal))
                case Ping():
                    self.pings += 1
                case AcceptConnection() | BytesMessage():
                    pass
        taken, self.texts = self.texts, []
        return taken

    def say(self, message: object) -> list[Any]:
        text = message if isinstance(message, str) else json.dumps(message)
        self.link.receive_data(self.socket.send(TextMessage(data=text)), self.server.now)
        return self.read()

    def ask(self, kind: str, **params: Any) -> list[Any]:
        return self.say({"type": kind, "params": params})

    def is_closed(self) -> bool:
        return self.link.wants_close is not None


def made(**options: Any) -> QfexServer:
    server = QfexServer(now=START, crowd=CrowdSettings(rate=0.0001), **options)
    server.quote(SYMBOL, "100", "101", "5")
    return server


def auth(server: QfexServer, nonce: str = "n1", at: float | None = None, secret: str | None = None) -> dict[str, Any]:
    unix_ts = int(server.now if at is None else at)
    signature = qfex.sign_auth(secret or server.secret_key, nonce, unix_ts)
    proof = {"public_key": server.public_key, "nonce": nonce, "unix_ts": unix_ts, "signature": signature}
    return {"type": "auth", "params": {"hmac": proof}}


def signed_in(server: QfexServer, nonce: str = "n", *channels: str) -> Wire:
    wire = Wire(server, "/trade")
    assert wire.say(auth(server, nonce)) == [{"authenticated": True}]
    for channel in channels or ("order_responses",):
        assert wire.ask("subscribe", channels=[channel]) == [{"subscribed": channel}]
    return wire


def order(**fields: Any) -> dict[str, Any]:
    return {
        "symbol": SYMBOL,
        "side": "BUY",
        "order_type": "LIMIT",
        "order_time_in_force": "GTC",
        "quantity": 1,
        "price": 99.5,
        "client_order_id": "c",
        **fields,
    }


def statuses(answers: list[Any]) -> list[str]:
    return [answer["order_response"]["status"] for answer in answers if "order_response" in answer]


# Sign-in ------------------------------------------------------------------------------------------------------------------


def test_a_right_signature_signs_in_once() -> None:
    server = made()
    wire = Wire(server, "/trade")
    assert wire.say(auth(server)) == [{"authenticated": True}]
    assert wire.say(auth(server, "n2"))[0]["err"]["error_code"] == "AlreadyAuthenticated"


@pytest.mark.parametrize("way", ["secret", "old", "ahead", "nonce twice", "long nonce", "token", "nothing"])
def test_a_wrong_sign_in_is_refused(way: str) -> None:
    server = made()
    messages: dict[str, Any] = {
        "secret": auth(server, secret="another"),
        "old": auth(server, at=START - 1000),
        "ahead": auth(server, at=START + 1000),
        "nonce twice": auth(server, "used"),
        "long nonce": auth(server, "n" * 101),
        "token": {"type": "auth", "params": {"jwt": "wrong"}},
        "nothing": {"type": "auth", "params": {}},
    }
    Wire(server, "/trade").say(auth(server, "used"))
    assert Wire(server, "/trade").say(messages[way]) == [{"authenticated": False}]


def test_a_nonce_may_come_again_after_its_window() -> None:
    server = made()
    signed_in(server, "again")
    server.advance(START + 901)
    signed_in(server, "again")


def test_a_skewed_clock_refuses_what_would_have_been_right() -> None:
    server = made()
    server.skew_clock(3600)
    assert Wire(server, "/trade").say(auth(server)) == [{"authenticated": False}]


def test_nothing_private_without_sign_in() -> None:
    answer = Wire(made(), "/?api_key=x").ask("add_order", **order())
    assert answer[0]["err"]["error_code"] == "PermissionDenied"
    assert answer[0]["err"]["incoming_message"]["type"] == "add_order"


def test_a_connection_that_does_not_sign_in_is_closed_after_a_minute() -> None:
    server = made()
    idle, busy = Wire(server, "/trade"), signed_in(server)
    server.advance(START + 59)
    assert not idle.is_closed()
    server.advance(START + 61)
    assert idle.is_closed()
    assert not busy.is_closed()


def test_signed_in_connections_are_pinged() -> None:
    server = made()
    wire = signed_in(server)
    server.advance(START + 31)
    wire.read()
    assert wire.pings == 2


# Orders -------------------------------------------------------------------------------------------------------------------


def test_the_life_of_an_order() -> None:
    server = made()
    wire = signed_in(server, "n", "order_responses", "fills")
    (ack,) = wire.ask("add_order", **order())
    record = ack["order_response"]
    assert (record["status"], record["quantity_remaining"], record["price"]) == ("ACK", 1, Decimal("99.5"))
    server.fill(record["order_id"], "0.25")
    fill, filled = wire.read()
    assert fill["fill_response"]["trade_id"] == filled["order_response"]["trade_id"]
    assert (filled["order_response"]["status"], filled["order_response"]["quantity_remaining"]) == (
        "FILLED",
        Decimal("0.75"),
    )
    assert statuses(wire.ask("cancel_order", order_id="c", symbol=SYMBOL, cancel_order_id_type="client_order_id")) == [
        "CANCELLED"
    ]
    assert statuses(wire.ask("get_order", order_id=record["order_id"], symbol=SYMBOL)) == ["CANCELLED"]


@pytest.mark.parametrize(
    ("fields", "expected"),
    [
        ({"price": 101}, ["ACK", "FILLED"]),
        ({"price": 101, "quantity": 7}, ["ACK", "FILLED"]),
        ({"price": 101, "quantity": 7, "order_time_in_force": "IOC"}, ["ACK", "FILLED"]),
        ({"order_time_in_force": "IOC"}, ["ACK", "CANCELLED"]),
        ({"order_type": "MARKET", "order_time_in_force": "IOC"}, ["ACK", "FILLED"]),
        ({"order_type": "ALO", "price": 101}, ["REJECTED"]),
        ({"price": 101, "quantity": 7, "order_time_in_force": "FOK"}, ["REJECTED"]),
        ({"symbol": "NONE-USD"}, ["BAD_SYMBOL"]),
        ({"price": 99.999}, ["INVALID_TICK_SIZE_PRECISION_PRICE"]),
        ({"quantity": 0.00001}, ["INVALID_TICK_SIZE_PRECISION_QUANTITY"]),
        ({"quantity": 0}, ["QUANTITY_LESS_THAN_MIN_QUANTITY"]),
        ({"price": 0}, ["PRICE_LESS_THAN_MIN_PRICE"]),
        ({"quantity": 10**9}, ["FAILED_MARGIN_CHECK"]),
        ({"order_time_in_force": "GFD"}, ["INVALID_TIME_IN_FORCE"]),
        ({"order_type": "ICEBERG"}, ["INVALID_ORDER_TYPE"]),
    ],
)
def test_what_becomes_of_an_order_at_once(fields: dict[str, Any], expected: list[str]) -> None:
    assert statuses(signed_in(made()).ask("add_order", **order(**fields))) == expected


def test_a_closed_market_rejects() -> None:
    server = made()
    server.halt(SYMBOL)
    assert statuses(signed_in(server).ask("add_order", **order())) == ["REJECTED_MARKET_CLOSED"]


def test_a_change_gives_a_new_id_and_the_old_one_still_leads_to_it() -> None:
    server = made()
    wire = signed_in(server)
    old = wire.ask("add_order", **order())[0]["order_response"]["order_id"]
    change = {"order_id": old, "symbol": SYMBOL, "side": "BUY", "order_type": "LIMIT", "price": 98}
    (modified,) = wire.ask("modify_order", **change)
    assert (modified["order_response"]["status"], modified["order_response"]["price"]) == ("MODIFIED", 98)
    assert modified["order_response"]["order_id"] != old
    assert statuses(wire.ask("modify_order", **{**change, "side": "SELL"})) == ["CANNOT_MODIFY_NO_SUCH_ORDER"]
    server.fill(old, "0.5")
    wire.read()
    assert statuses(wire.ask("modify_order", **change)) == ["CANNOT_MODIFY_PARTIAL_FILL"]


def test_a_stop_order_waits_for_the_mark_and_becomes_a_market_order() -> None:
    server = made()
    wire = signed_in(server, "n", "order_responses", "stop_orders")
    answers = wire.ask("add_order", **order(order_type="STOP_LOSS", side="SELL", price=95))
    assert statuses(answers) == ["ACK"]
    stop_id = answers[0]["order_response"]["order_id"]
    assert answers[1]["stop_order_response"]["stop_order_id"] == stop_id
    changed = wire.ask("modify_stop_order", stop_order_id=stop_id, symbol=SYMBOL, side="SELL", price=96, quantity=1)
    assert statuses(changed) == ["MODIFIED"]
    server.quote(SYMBOL, "90", "91", "5")
    server.advance(START + 1)
    assert "FILLED" in statuses(wire.read())
    assert statuses(wire.ask("cancel_stop_order", stop_order_id=stop_id)) == ["NO_SUCH_ORDER"]


def test_cancel_on_disconnect_cancels_everything_of_the_account() -> None:
    server = made()
    quiet, wire = signed_in(server, "a"), signed_in(server, "b")
    quiet.ask("add_order", **order())
    assert "ack" in wire.ask("cancel_on_disconnect", cancel_on_disconnect=True)[-1]
    wire.link.end("rst")
    assert statuses(quiet.read()) == ["CANCELLED"]
    assert server.orders() == ()


def test_without_the_flag_orders_stay() -> None:
    server = made()
    wire = signed_in(server)
    wire.ask("add_order", **order())
    server.drop()
    assert len(server.orders()) == 1


def test_account_data_comes_every_second() -> None:
    server = made()
    wire = signed_in(server, "n", "positions", "balances")
    server.advance(START + 3.5)
    assert [next(iter(text)) for text in wire.read()] == ["position_response", "balance_response"] * 3


def test_a_twap_places_its_orders_one_after_the_other() -> None:
    server = made()
    wire = signed_in(server)
    params = {"symbol": SYMBOL, "side": "BUY", "total_quantity": 1, "num_orders": 2, "order_interval_secs": 30}
    (answer,) = wire.ask("add_twap", **params, reduce_only=False, client_twap_id="t")
    assert answer["twap_response"]["status"] == "ACTIVE"
    server.advance(START + 1)
    assert statuses(wire.read()) == ["ACK", "FILLED"]
    (listed,) = wire.ask("get_user_orders")
    assert listed["all_orders_response"]["twaps"][0]["filled_quantity"] == Decimal("0.5")
    server.advance(START + 31)
    assert statuses(wire.read()) == ["ACK", "FILLED"]
    gone = wire.ask("cancel_order", order_id="t", symbol=SYMBOL, cancel_order_id_type="client_twap_id")
    assert statuses(gone) == ["NO_SUCH_ORDER"]


def test_leverage_of_an_unknown_symbol_is_refused_by_an_error_and_no_order_response() -> None:
    wire = signed_in(made())
    (refused,) = wire.ask("set_user_leverage", symbol="NOPE-USD", leverage=10)
    assert (refused["err"]["error_code"], refused["err"]["message"]) == ("InvalidParameter", "no such symbol")


def test_leverage_can_be_set_while_nothing_is_open() -> None:
    wire = signed_in(made())
    assert "ack" in wire.ask("set_user_leverage", symbol=SYMBOL, leverage=10)[0]
    assert wire.ask("get_user_leverage")[0]["user_leverage_response"][0]["leverage"] == "10"
    wire.ask("add_order", **order())
    refused = wire.ask("set_user_leverage", symbol=SYMBOL, leverage=5)
    assert refused[0]["err"]["error_code"] == "InvalidParameter"


@pytest.mark.parametrize(
    "message",
    [
        "{",
        "[]",
        '{"type":7}',
        {"type": "add_order"},
        {"type": "add_order", "params": {"symbol": 7}},
        {"type": "add_order", "params": {"symbol": SYMBOL, "quantity": "1"}},
        {"type": "add_order", "params": {"side": "buy"}},
        {"type": "get_user_orders", "params": {"limit": True}},
        {"type": "what", "params": {}},
    ],
)
def test_what_does_not_fit_the_schema_is_an_error_frame(message: object) -> None:
    answer = signed_in(made()).say(message)
    assert answer[0]["err"]["error_code"] == "InvalidJSONFormat"


# Limits and faults ----------------------------------------------------------------------------------------------------------


def test_the_average_of_a_minute_is_limited_and_cancels_apart() -> None:
    server = made()
    wire = signed_in(server)
    for _ in range(2399):
        wire.ask("get_user_orders")
    assert wire.ask("get_user_orders")[0]["err"]["error_code"] == "RateLimited"
    assert statuses(wire.ask("cancel_order", order_id="x", symbol=SYMBOL, cancel_order_id_type="order_id")) == [
        "NO_SUCH_ORDER"
    ]
    server.advance(START + 5)
    wire.read()
    assert "all_orders_response" in wire.ask("get_user_orders")[0]


def test_the_clients_bucket_never_meets_the_venues_limit() -> None:
    from coinex_proto._connection.token_bucket import Bucket
    from coinex_proto.qfex.trade_dialect import LIMIT

    meter, bucket, now = Meter(), Bucket(LIMIT), 0.0
    pauses = [0.0, 0.1, 5.0, 60.0, 0.0, 1.0, 200.0]
    for number in range(60_000):
        now += bucket.wait(1.0, now)
        bucket.take(1.0, now)
        assert meter.take(1.0, now) == 0.0
        if number % 2000 == 0:
            now += pauses[number // 2000 % len(pauses)]


def test_a_refusal_and_a_lost_answer() -> None:
    server = made()
    wire = signed_in(server)
    server.refuse("add_order", "KycRequired")
    assert wire.ask("add_order", **order())[0]["err"]["error_code"] == "KycRequired"
    server.inject("on add_order lose-answer")
    assert wire.ask("add_order", **order()) == []
    assert len(server.orders()) == 1
    server.inject("on order_response duplicate")
    assert statuses(wire.ask("add_order", **order())) == ["ACK", "ACK"]
    server.inject("on add_order late 2")
    assert wire.ask("add_order", **order()) == []
    server.advance(START + 2)
    assert statuses(wire.read()) == ["ACK"]
