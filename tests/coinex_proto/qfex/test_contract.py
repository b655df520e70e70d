"""Every example of the venue is decoded without loss, and every request is produced as it stands there."""

from __future__ import annotations

import json
from collections.abc import Mapping
from decimal import Decimal
from typing import Any

import attrs
import pytest

from coinex_proto import Answer, Command, Endpoint, Inbound, Opening, Unrecognised, Update, qfex
from coinex_proto.ids import RequestId
from coinex_proto.qfex._mds.subscription import MarketSubscription
from coinex_proto.qfex._trade.own_commands import Auth, CancelOnDisconnect, Subscribe, Unsubscribe
from tests.coinex_proto.qfex.examples import examples, text_of

MDS = qfex.mds()
TRADE = qfex.trade(qfex.HmacCredentials("qfex_pub_xxxxx", "qfex_secret_yyyyyy"))
ORDER_ID = "5b309929-206f-40ec-804d-cbe46e81afc1"
STOP_ID = "510333ac-3f7b-4d88-934a-4396d48824cc"

REQUESTS: Mapping[str, Command[Any]] = {
    "trade.subscribe.positions": Subscribe(channels=("positions",)),
    "trade.subscribe.balances": Subscribe(channels=("balances",)),
    "trade.subscribe.order_responses": Subscribe(channels=("order_responses",)),
    "trade.unsubscribe": Unsubscribe(channels=("order_responses", "positions")),
    "trade.add_order": qfex.AddOrder(
        symbol="AAPL-USD", side="BUY", order_type="LIMIT", quantity=10, price="150.5", client_order_id="my-order-123"
    ),
    "trade.cancel_order.order_id": qfex.CancelOrder(symbol="AAPL-USD", order_id=ORDER_ID),
    "trade.cancel_order.twap_id": qfex.CancelOrder(
        order_id="0c7c8e4d-f67e-4aa5-9c64-36a1a622ac35", symbol="AAPL-USD", cancel_order_id_type="twap_id"
    ),
    "trade.modify_order": qfex.ModifyOrder(
        symbol="AAPL-USD", order_id=ORDER_ID, price=152, quantity=15, side="BUY", order_type="LIMIT"
    ),
    "trade.cancel_all_orders": qfex.CancelAllOrders(),
    "trade.get_order": qfex.GetOrder(order_id=ORDER_ID, symbol="AAPL-USD"),
    "trade.get_user_orders": qfex.GetUserOrders(limit=10, offset=0, symbol="AAPL-USD"),
    "trade.get_user_trades": qfex.GetUserTrades(limit=20, start_ts=1760545414),
    "trade.cancel_on_disconnect": CancelOnDisconnect(),
    "trade.close_position": qfex.ClosePosition(symbol="AAPL-USD", client_order_id="my-close-order-1"),
    "trade.add_twap": qfex.AddTwap(
        symbol="AAPL-USD",
        side="BUY",
        total_quantity=10,
        num_orders=5,
        order_interval_secs=30,
        client_twap_id="rebalance-aapl-001",
    ),
    "trade.cancel_stop_order": qfex.CancelStopOrder(stop_order_id=STOP_ID),
    "trade.modify_stop_order": qfex.ModifyStopOrder(
        stop_order_id=STOP_ID, symbol="AAPL-USD", side="BUY", order_type="TAKE_PROFIT", quantity=2, price=200
    ),
    "trade.get_user_leverage": qfex.GetUserLeverage(limit=10, offset=0),
    "trade.get_available_leverage_levels": qfex.GetAvailableLeverageLevels(limit=10, offset=0),
    "trade.set_user_leverage": qfex.SetUserLeverage(symbol="AAPL-USD", leverage=10),
}


def sent(dialect: qfex.MdsDialect | qfex.TradeDialect, command: Command[Any]) -> Any:
    return json.loads(dialect.encode(command, RequestId(1)).text, parse_float=Decimal)


@pytest.mark.parametrize(
    "name", [name for name in examples("request") if name.startswith("trade.") and "auth" not in name]
)
def test_a_trade_request_is_produced_as_in_the_example(name: str) -> None:
    # Since September 2026 a change without the order's own reduce_only is refused.
    added = {"reduce_only": False} if name == "trade.modify_order" else {}
    message = examples("request")[name]["message"]
    assert sent(TRADE, REQUESTS[name]) == {**message, "params": {**message["params"], **added}}


@pytest.mark.parametrize("name", [name for name in examples("request") if name.startswith("mds.")])
def test_a_market_request_is_produced_as_in_the_example(name: str) -> None:
    message = examples("request")[name]["message"]
    command = MarketSubscription(
        type=message["type"],
        channels=tuple(message["channels"]),
        symbols=tuple(message["symbols"]),
        intervals=tuple(message.get("intervals", ())),
        sig_figs=tuple(message.get("sig_figs", ())),
    )
    assert sent(MDS, command) == message


@pytest.mark.parametrize("name", list(examples("vector")))
def test_a_sign_in_vector_is_produced(name: str) -> None:
    row = examples("vector")[name]
    params = row["message"]["params"]
    proof = params["hmac"]
    dialect = qfex.trade(qfex.HmacCredentials(proof["public_key"], row["secret_key"]), params.get("account_id"))
    start = Opening(
        wall_time_ns=proof["unix_ts"] * 10**9 + 999_999_999, random_bytes=lambda _: bytes.fromhex(proof["nonce"])
    )
    auth, listen = dialect.opening(start)
    assert sent(dialect, auth) == row["message"]
    assert sent(dialect, listen) == examples("request")["trade.subscribe.order_responses"]["message"]
    assert qfex.sign_auth(row["secret_key"], proof["nonce"], proof["unix_ts"]) == proof["signature"]


def test_the_token_sign_in_is_produced_as_in_the_example() -> None:
    message = examples("request")["trade.auth.jwt"]["message"]
    token, account = message["params"]["jwt"], message["params"]["account_id"]
    dialect = qfex.trade(qfex.JwtCredentials(token), account)
    endpoint = dialect.endpoint
    auth, _ = dialect.opening(Opening(wall_time_ns=0, random_bytes=bytes, endpoint=endpoint))
    assert isinstance(auth, Auth)
    assert sent(dialect, auth) == message


# In ---------------------------------------------------------------------------------------------------------------------


def plain(value: Any) -> Any:
    """A typed value as the wire wrote it: what was not sent is left out."""
    if attrs.has(type(value)):
        return {
            one.name: plain(got) for one in attrs.fields(type(value)) if (got := getattr(value, one.name)) is not None
        }
    if isinstance(value, tuple):
        return [plain(entry) for entry in value]
    return value


def same(typed: Any, wire: Any) -> bool:
    """Equal, numbers by value, with null and absent as one, and defaults of ours where the wire has nothing."""
    if isinstance(wire, dict):
        return all(same(typed.get(name), value) for name, value in wire.items()) and all(
            name in wire or not typed[name] for name in typed
        )
    if isinstance(wire, list):
        return len(typed) == len(wire) and all(map(same, typed, wire))
    if isinstance(typed, Decimal) and not isinstance(wire, bool):
        return typed == Decimal(wire)
    return bool(typed == wire)


PUSH_KEYS = ("order_response", "fill_response", "balance_response")
PUSHES = {name: row["message"] for name, row in examples("push").items() if "obsolete" not in name}


@pytest.mark.parametrize("name", [name for name in PUSHES if name != "mds.subscribed"])
def test_a_push_is_decoded_without_loss(name: str) -> None:
    message = PUSHES[name]
    found = (MDS if name.startswith("mds.") else TRADE).decode(text_of(name))
    (update,) = [item for item in found if isinstance(item, Update)]
    wire = next((message[key] for key in PUSH_KEYS if key in message), message)
    assert same(
        plain(update), {key: value for key, value in wire.items() if (key, value) != ("type", message.get("type"))}
    )


def test_what_another_version_sends_is_reported_and_not_guessed_at() -> None:
    (name,) = [name for name in examples("push") if "obsolete" in name]
    (found,) = TRADE.decode(text_of(name))
    assert isinstance(found, Unrecognised)


RESULTS: Mapping[str, tuple[Command[Any], str]] = {
    "trade.all_orders_response.stop_orders": (qfex.GetUserOrders(), "all_orders_response"),
    "trade.user_leverage_response": (qfex.GetUserLeverage(), "user_leverage_response"),
    "trade.user_trades": (qfex.GetUserTrades(), ""),
}
ANSWERS: Mapping[str, Command[Any]] = {
    "trade.authenticated": Auth(proof={}),
    "trade.auth.success.old": Auth(proof={}),
    "trade.subscribed.fills": Subscribe(channels=("fills",)),
    "trade.subscribed.positions": Subscribe(channels=("positions",)),
    "trade.unsubscribed": Unsubscribe(channels=("order_responses",)),
    "trade.ack_response": qfex.SetUserLeverage(symbol="AAPL-USD", leverage=10),
    "trade.ack": qfex.SetUserLeverage(symbol="AAPL-USD", leverage="10.0"),
    **{name: command for name, (command, _) in RESULTS.items()},
}


def answer(found: Any) -> Answer:
    (one,) = [item for item in found if isinstance(item, Answer)]
    return one


@pytest.mark.parametrize("name", list(ANSWERS))
def test_an_answer_finds_its_request(name: str) -> None:
    found = answer(TRADE.decode(text_of(name)))
    assert found.refusal is None
    assert set(found.keys) & set(TRADE.encode(ANSWERS[name], RequestId(1)).keys)


@pytest.mark.parametrize("name", list(RESULTS))
def test_a_result_is_read_without_loss(name: str) -> None:
    command, member = RESULTS[name]
    message = examples("response")[name]["message"]
    result = command.parse(answer(TRADE.decode(text_of(name))).body)
    assert same(plain(result), message[member] if member else message)


def test_an_error_finds_the_order_it_echoes() -> None:
    found = answer(TRADE.decode(text_of("trade.err.rate-limited")))
    assert found.refusal is not None
    assert (found.refusal.code, found.refusal.retryable, found.refusal.pause) == ("RateLimited", True, 1.0)
    order = qfex.AddOrder(
        symbol="AAPL-USD", side="BUY", order_type="LIMIT", quantity=10, price=200, client_order_id="my-order-001"
    )
    assert set(found.keys) & set(TRADE.encode(order, RequestId(1)).keys)


def test_a_market_acknowledgement_finds_its_request() -> None:
    found: Inbound = MDS.decode(text_of("mds.subscribed"))[0]
    ((command, _),) = MDS.subscribe((qfex.Level2("AAPL-USD"),))
    assert isinstance(found, Answer)
    assert MDS.encode(command, RequestId(1)).keys[0] == found.keys[0]


def test_every_example_is_tested() -> None:
    tested = {
        *REQUESTS,
        *ANSWERS,
        *PUSHES,
        *examples("vector"),
        "trade.auth.hmac",
        "trade.auth.jwt",
        "trade.err.rate-limited",
    }
    tested |= {name for name in examples("request") if name.startswith("mds.")}
    tested |= {name for name in examples("push") if "obsolete" in name}
    assert set(examples("request", "push", "response", "vector")) == tested


def test_the_addresses_are_the_venues_own() -> None:
    assert MDS.endpoint == Endpoint(host="mds.qfex.com", port=443, tls=True, target="/")
    assert TRADE.endpoint == Endpoint(host="trade.qfex.com", port=443, tls=True, target="/?api_key=qfex_pub_xxxxx")
