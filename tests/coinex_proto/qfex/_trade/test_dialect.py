"""What the Trade socket is to the shared core: its topics, its limits, and what it queries after a loss."""

import json
from typing import Any

import pytest
from attrs import evolve

from coinex_proto import Opening, OrderView, UsageError, qfex
from coinex_proto.ids import RequestId
from coinex_proto.orders.fact import OrderFact
from coinex_proto.qfex._trade.dialect import LIMIT, NONCE_BYTES
from coinex_proto.qfex.topics import ACCOUNT_FEEDS, MARKET_FEEDS
from tests.coinex_proto.qfex.trade_session import KEYS, TradeSession, limit, record

TRADE = qfex.trade(KEYS)


def test_orders_and_cancels_have_a_bucket_each() -> None:
    assert TRADE.limits == {"orders": LIMIT, "cancels": LIMIT}
    assert (TRADE.name, TRADE.has_credentials, TRADE.ping, TRADE.clock) == ("qfex trade", True, None, None)
    # The venue's limit is 12,000 as an average over 60 s.
    assert 60 * LIMIT.per_second + LIMIT.burst <= 12_000


@pytest.mark.parametrize("kind", list(ACCOUNT_FEEDS))
def test_each_account_topic_but_orders_is_subscribed_and_ended_by_its_channel(kind: Any) -> None:
    for method, name in ((TRADE.subscribe, "subscribe"), (TRADE.unsubscribe, "unsubscribe")):
        requests = method((kind(),))
        sent = [json.loads(TRADE.encode(command, RequestId(1)).text) for command, _ in requests]
        channels = {"channels": [ACCOUNT_FEEDS[kind].channel]}
        assert sent == ([] if kind is qfex.Orders else [{"type": name, "params": channels}])
    assert TRADE.book(kind()) is None


@pytest.mark.parametrize("kind", [kind for kind in MARKET_FEEDS if kind is not qfex.Level2])
def test_a_market_topic_is_refused(kind: Any) -> None:
    with pytest.raises(UsageError, match="no topic of the QFEX Trade socket"):
        TRADE.subscribe((kind(),))


@pytest.mark.parametrize("is_on", [True, False])
def test_the_opening_signs_in_and_subscribes_order_responses(is_on: bool) -> None:
    dialect = qfex.trade(KEYS, cancel_on_disconnect=is_on)
    commands = dialect.opening(Opening(wall_time_ns=0, random_bytes=bytes))
    names = [json.loads(dialect.encode(command, RequestId(1)).text)["type"] for command in commands]
    assert names == ["auth", "subscribe", *(["cancel_on_disconnect"] if is_on else [])]


def test_after_a_loss_only_orders_with_names_that_the_venue_takes_are_queried_by_id() -> None:
    session = TradeSession().sign_in()
    session.send(limit("a"))
    session.say(record("ACK", client_order_id="a"))
    session.send(limit("b"))
    orders = session.session.orders.open()
    assert all(isinstance(order, OrderView) for order in orders)
    trades, open_orders, *by_id = TRADE.find_out(orders)
    assert (trades, open_orders) == (qfex.GetUserTrades(), qfex.GetUserOrders())
    assert by_id == [qfex.GetOrder(order_id="o-1", symbol="AAPL-USD")]


def test_what_is_said_of_orders_reaches_the_tracker() -> None:
    (update,) = [
        found for found in TRADE.decode(json.dumps(record("ACK")).encode()) if isinstance(found, qfex.OrderUpdate)
    ]
    (fact,) = TRADE.order(update)
    assert isinstance(fact, OrderFact)
    assert fact.order_id == "o-1"


@pytest.mark.parametrize(
    "options",
    [
        {"credentials": ("a", "b")},
        {"credentials": KEYS, "account_id": " "},
        {"credentials": KEYS, "cancel_on_disconnect": 1},
        {"credentials": KEYS, "url": "ws://trade.qfex.com"},
    ],
)
def test_what_cannot_be_is_refused_at_once(options: dict[str, Any]) -> None:
    with pytest.raises(UsageError):
        qfex.trade(**options)


def opening_of(dialect: Any, target: str | None = None) -> list[dict[str, Any]]:
    """What is said to sign in."""
    endpoint = None if target is None else evolve(dialect.address, target=target)
    start = Opening(
        wall_time_ns=1_700_000_000_999_999_999, random_bytes=lambda count: b"\xab" * count, endpoint=endpoint
    )
    return [json.loads(dialect.encode(command, RequestId(1)).text) for command in dialect.opening(start)]


def test_the_proof_of_a_secret_key_is_over_nonce_and_whole_seconds() -> None:
    keys = qfex.HmacCredentials("public", "secret")
    auth = opening_of(qfex.trade(keys, "sub"))[0]
    nonce = "ab" * NONCE_BYTES
    assert auth["params"]["hmac"] == {
        "public_key": "public", "nonce": nonce, "unix_ts": 1_700_000_000, "signature": keys.sign(nonce, 1_700_000_000),
    }  # fmt: skip
    assert auth["params"]["account_id"] == "sub"


@pytest.mark.parametrize(
    ("target", "token"),
    [("/?jwt=of%20this", "of this"), ("/?a=1&jwt=x&jwt=y", "y"), ("/?a=1", "given"), (None, "given")],
)
def test_the_token_in_the_sign_in_is_that_of_the_connections_address(target: str | None, token: str) -> None:
    assert opening_of(qfex.trade(qfex.JwtCredentials("given")), target)[0]["params"]["jwt"] == token


@pytest.mark.parametrize("credentials", [qfex.HmacCredentials("k/", "s"), qfex.JwtCredentials("t/")])
def test_the_address_of_a_connection_has_the_key_and_says_so(credentials: Any) -> None:
    endpoint = qfex.trade(credentials).endpoint
    name = "api_key=k%2F" if isinstance(credentials, qfex.HmacCredentials) else "jwt=t%2F"
    assert (endpoint.target, endpoint.carries_credentials) == (f"/?{name}", True)
    with_query = qfex.trade(credentials, url="wss://trade.qfex.com/?v=1").endpoint
    assert with_query.target == f"/?v=1&{name}"


def test_cancel_on_disconnect_is_off_unless_it_is_asked_for() -> None:
    keys = qfex.HmacCredentials("a", "b")
    assert qfex.trade(keys).cancel_on_disconnect is False
    assert [said["type"] for said in opening_of(qfex.trade(keys))] == ["auth", "subscribe"]
    assert [said["type"] for said in opening_of(qfex.trade(keys, cancel_on_disconnect=True))] == [
        "auth", "subscribe", "cancel_on_disconnect",
    ]  # fmt: skip


def test_the_sign_in_is_proved_by_the_lightest_query() -> None:
    assert qfex.trade(qfex.HmacCredentials("a", "b")).private_check(()) == (qfex.GetUserLeverage(limit=1),)
