from __future__ import annotations

import pytest

from coinex_proto.coinex.http import ROUTES, assets, futures, spot
from coinex_proto.coinex.http.trading._lookups import QUERIES, question_about


def test_every_question_is_a_documented_query() -> None:
    for path, (query, _) in QUERIES.items():
        assert f"GET {query}" in ROUTES, path


def test_every_call_that_trades_or_moves_money_has_a_question() -> None:
    harmless = {"/account/settings", "/account/futures-market-settings", "/assets/renewal-deposit-address"}
    keys = {path for path in (route.path for route in ROUTES.values()) if path.startswith("/account/subs")}
    for route in ROUTES.values():
        if route.changes_something and route.path not in harmless | keys:
            assert route.path in QUERIES, route


@pytest.mark.parametrize(
    ("command", "question"),
    [
        (spot.CancelOrder(market="BTCUSDT", order_id=7), "GET /spot/order-status market=BTCUSDT order_id=7"),
        (futures.CancelAllOrder(market="BTCUSDT"), "GET /futures/pending-order market=BTCUSDT"),
        (
            futures.AdjustPositionMargin(market="BTCUSDT", amount="5"),
            "GET /futures/pending-position market=BTCUSDT",
        ),
        (
            assets.Transfer(from_account_type="SPOT", to_account_type="FUTURES", ccy="USDT", amount="1"),
            "GET /assets/transfer-history ccy=USDT",
        ),
        (
            spot.EditMultiOrder(orders=(spot.EditOrder(market="BTCUSDT", order_id=7, price="1"),)),
            "GET /spot/pending-order",
        ),
    ],
)
def test_a_call_whose_answer_is_lost_says_what_to_ask(command: spot.CancelOrder, question: str) -> None:
    assert command.question() == question


def test_a_call_of_which_nothing_is_known_asks_nothing() -> None:
    assert question_about("/account/settings", {}) == ""
