"""Requests on the sockets of QFEX and CoinFLEX that are sound but for a term or two: each is answered, nothing is raised, and
books and money add up.  `make fuzz` sends CoinEx a million of them.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator
from random import Random
from typing import Any, Final

import pytest

from coinex_proto.simulator.market.exchange import Exchange
from tests.coinex_proto.simulator import coinflex_peer, qfex_peer
from tests.coinex_proto.simulator.fuzzing import HOSTILE
from tests.coinex_proto.simulator.market.bookkeeping import check_book, check_owner, check_totals

REQUESTS: Final = 400
NUMBERS: Final = (0, -1, 1.5, -0.5, 0.00001, 1e-9, 1e300, 10**12, 2**40, 2**63, 2**200)
QFEX: Final = (
    "subscribe", "unsubscribe", "add_order", "add_order", "close_position", "modify_order", "cancel_order", "cancel_all_orders",
    "cancel_stop_order", "modify_stop_order", "get_order", "get_user_orders", "get_user_trades", "get_user_leverage",
    "get_available_leverage_levels", "set_user_leverage", "cancel_on_disconnect", "add_twap", "auth",
)  # fmt: skip
COINFLEX: Final = (
    "Authenticate", "GetBalances", "GetOrders", "GetTradeVolume", "EstimateMarketOrder", "PlaceOrder", "PlaceOrder", "ModifyOrder",
    "CancelOrder", "CancelAllOrders", "WatchOrders", "WatchTicker",
)  # fmt: skip


def spoilt(random: Random, terms: dict[str, Any]) -> dict[str, Any]:
    """Two of five as they are, of the others a term or two are missing or wrong: of another type, or another number."""
    for _ in range(random.choice((0, 0, 1, 1, 2))):
        name = random.choice(tuple(terms))
        if random.random() < 0.3:
            del terms[name]
        else:
            terms[name] = random.choice(NUMBERS if random.random() < 0.5 else HOSTILE)
    return terms


def check(exchange: Exchange, owner: int) -> None:
    check_totals(exchange)
    check_owner(exchange, owner)
    for market in exchange.markets.values():
        check_book(market)


def qfex_terms(random: Random, ids: list[str]) -> dict[str, Any]:
    number = random.choice(ids or ["x"])
    return {
        "symbol": qfex_peer.SYMBOL,
        "side": random.choice(("BUY", "SELL")),
        "order_type": random.choice(("LIMIT", "MARKET", "ALO", "TAKE_PROFIT", "STOP_LOSS")),
        "order_time_in_force": random.choice(("GTC", "IOC", "FOK")),
        "quantity": random.choice((0.1, 1, 3, 0.0001)),
        "price": random.choice((99, 100, 100.5, 101, 103)),
        "client_order_id": random.choice(("a", "b")),
        "cancel_order_id_type": random.choice(("order_id", "client_order_id", "twap_id", "client_twap_id")),
        "order_id": number,
        "stop_order_id": number,
        "limit": 5,
        "offset": 0,
        "start_ts": 0,
        "end_ts": 2_000_000_000,
        "leverage": random.choice((1, 5, 20)),
        "total_quantity": random.choice((1, 4)),
        "num_orders": random.choice((2, 5)),
        "order_interval_secs": 30,
        "reduce_only": random.random() < 0.3,
        "client_twap_id": "t",
        "channels": ["fills"],
        "take_profit": 0,
        "stop_loss": 0,
        "cancel_on_disconnect": False,
    }


def coinflex_terms(random: Random, ids: list[int]) -> dict[str, Any]:
    kind = random.random()
    terms = {
        **coinflex_peer.PAIR,
        "watch": random.random() < 0.6,
        "asset": random.choice((coinflex_peer.XBT, coinflex_peer.USDT)),
        "persist": random.choice((None, True, False, "fill_or_kill")),
        "post_only": random.choice((None, False, True)),
        "quantity": random.choice((-1, 1)) * random.choice((1, 200, 10_000)),
        "price": random.choice((95_000_000, 96_000_000, 96_100_000, 97_000_000)),
        "quantity_delta": random.choice((-10_000, -50, 20, 1000)),
        "id": random.choice(ids or [1]),
        "tonce": None,
        "user_id": 1,
        "cookie": "x",
        "nonce": "x",
        "signature": ["x", "x"],
    }
    if kind < 0.2:
        terms |= {"price": None}
    elif kind < 0.3:
        terms |= {"price": None, "quantity": None, "total": random.choice((-5000, 5000, 10**9))}
    return terms


def qfex_requests(seed: int) -> Iterator[bool]:
    """Whether each was answered on a connection that stays open."""
    random, server = Random(seed), qfex_peer.made()
    peer, ids = qfex_peer.signed_in(server), list[str]()
    for _ in range(REQUESTS):
        server.advance(server.now + random.choice((0.1, 1, 10)))
        if random.random() < 0.05:
            server.quote(qfex_peer.SYMBOL, random.choice(("99", "100")), random.choice(("101", "102")), "5")
        peer.read()
        answers = peer.request(random.choice(QFEX), **spoilt(random, qfex_terms(random, ids)))
        found = [answer["order_response"].get("order_id") for answer in answers if "order_response" in answer]
        ids = [*ids, *(name for name in found if isinstance(name, str))][-6:]
        check(server.exchange, server.owner)
        yield bool(answers) and not peer.is_closed()


def coinflex_requests(seed: int) -> Iterator[bool]:
    """The same."""
    random = Random(seed)
    server, peer = coinflex_peer.signed_in()
    ids: list[int] = []
    for _ in range(REQUESTS):
        peer.wait(random.choice((0.1, 1, 10)))
        if random.random() < 0.05:
            server.quote(coinflex_peer.MARKET, random.choice(("9500", "9600")), random.choice(("9610", "9700")), "2")
        terms = spoilt(random, coinflex_terms(random, ids))
        answer = peer.request(random.choice(COINFLEX), **terms)
        if type(answer.get("id")) is int:
            ids = [*ids, answer["id"]][-6:]
        check(server.exchange, server.owner)
        yield "error_code" in answer and peer.is_open


@pytest.mark.parametrize("requests", [qfex_requests, coinflex_requests])
@pytest.mark.parametrize("seed", range(4))
def test_every_request_is_answered_and_everything_adds_up(requests: Callable[[int], Iterator[bool]], seed: int) -> None:
    for number, is_sound in enumerate(requests(seed)):
        assert is_sound, number
