"""ccxt 4.5.85, the last release with a CoinEx adapter, watches everything that it can watch and sees what has happened."""

import asyncio
import time
from collections.abc import Awaitable, Callable
from decimal import Decimal
from typing import Any

import pytest

from tests.interop.sim import Sim

pytestmark = pytest.mark.filterwarnings("default")

MARKETS = {"spot": "BTC/USDT", "swap": "BTC/USDT:USDT"}
MODULES = {"spot": "spot", "swap": "futures"}
WAIT = 10.0

Story = Callable[[Any, str], Awaitable[None]]


@pytest.fixture(params=["spot", "swap"])
def kind(request: pytest.FixtureRequest) -> str:
    """What ccxt calls the module."""
    return str(request.param)


def tell(sim: Sim, kind: str, story: Story) -> None:
    """Runs a story with a ccxt client and the symbol of its market, in asyncio.

    ccxt keeps own and public trades of a symbol in one list, so no story watches both with one client.
    """

    async def main() -> None:
        import ccxt.pro

        client = ccxt.pro.coinex({"apiKey": sim.access_id, "secret": sim.secret_key, "options": {"defaultType": kind}})
        client.urls["api"]["ws"] = {"spot": f"{sim.ws}/v2/spot/", "swap": f"{sim.ws}/v2/futures/"}
        client.urls["api"]["public"] = client.urls["api"]["private"] = sim.http
        try:
            await client.load_markets()
            await asyncio.wait_for(story(client, MARKETS[kind]), 3 * WAIT)
        finally:
            await client.close()

    asyncio.run(main())


async def trade_while_watching(sim: Sim, kind: str, watching: Awaitable[Any]) -> tuple[dict[str, Any], Any]:
    """Places an own order once the subscription stands; the order, and what was watched."""
    watched = asyncio.ensure_future(watching)
    await asyncio.sleep(0.5)  # ccxt does not tell when a subscription has been acknowledged
    client_id = f"interop-{time.monotonic_ns()}"
    placed = await asyncio.to_thread(sim.buy, MODULES[kind], "0.01", client_id)
    return placed, await asyncio.wait_for(watched, WAIT)


def test_its_markets_are_those_that_the_exchange_lists(sim: Sim, kind: str) -> None:
    async def story(client: Any, symbol: str) -> None:
        market = client.market(symbol)
        assert (market["id"], market["type"], market["base"], market["quote"]) == ("BTCUSDT", kind, "BTC", "USDT")
        assert len([m for m in client.markets.values() if m["type"] == kind]) == 3

    tell(sim, kind, story)


def test_it_watches_the_ticker(sim: Sim, kind: str) -> None:
    async def story(client: Any, symbol: str) -> None:
        sim.buy(MODULES[kind], "0.01", "")
        ticker = await client.watch_ticker(symbol)
        assert ticker["symbol"] == symbol
        rows = sim.get(f"/{MODULES[kind]}/ticker?market=BTCUSDT")
        assert ticker["last"] == pytest.approx(float(rows[0]["last"]), rel=0.01)
        assert ticker["low"] <= ticker["last"] <= ticker["high"]
        assert ticker["baseVolume"] > 0

    tell(sim, kind, story)


def test_it_watches_the_order_book_through_many_differences(sim: Sim, kind: str) -> None:
    async def story(client: Any, symbol: str) -> None:
        for _ in range(10):
            book = await client.watch_order_book(symbol, 20)
            bids, asks = [price for price, _ in book["bids"]], [price for price, _ in book["asks"]]
            assert bids == sorted(bids, reverse=True)
            assert asks == sorted(asks)
            assert bids[0] < asks[0]
        row = sim.get(f"/{MODULES[kind]}/depth?market=BTCUSDT&limit=5&interval=0")["depth"]
        assert bids[0] == pytest.approx(float(row["bids"][0][0]), rel=0.01)

    tell(sim, kind, story)


def test_it_watches_public_trades_and_finds_one_of_ours_among_them(sim: Sim, kind: str) -> None:
    async def story(client: Any, symbol: str) -> None:
        await client.watch_trades(symbol)
        placed = await asyncio.to_thread(sim.buy, MODULES[kind], "0.0375", "")
        path = f"/{MODULES[kind]}/order-deals?market=BTCUSDT&market_type={MODULES[kind].upper()}&order_id="
        deals = sim.call("GET", f"{path}{placed['order_id']}")
        wanted = {str(deal["deal_id"]): (float(deal["price"]), float(deal["amount"])) for deal in deals}
        found: dict[str, tuple[float, float]] = {}
        while not wanted.keys() <= found.keys():
            found |= {trade["id"]: (trade["price"], trade["amount"]) for trade in await client.watch_trades(symbol)}
        assert {key: found[key] for key in wanted} == wanted

    tell(sim, kind, story)


def test_it_watches_bids_and_asks(sim: Sim, kind: str) -> None:
    async def story(client: Any, symbol: str) -> None:
        quote = await client.watch_bids_asks([symbol])
        quote = quote.get(symbol, quote)
        assert quote["symbol"] == symbol
        assert 0 < quote["bid"] < quote["ask"]
        assert quote["bidVolume"] > 0 < quote["askVolume"]

    tell(sim, kind, story)


def test_it_watches_the_balance_move_by_an_own_trade(sim: Sim, kind: str) -> None:
    module = MODULES[kind]

    async def story(client: Any, symbol: str) -> None:
        await trade_while_watching(sim, kind, client.watch_balance({"type": kind}))
        await asyncio.sleep(0.5)
        rows = {row["ccy"]: row for row in sim.call("GET", f"/assets/{module}/balance")}
        seen = client.balance[kind]
        currency = "BTC" if kind == "spot" else "USDT"
        assert seen[currency]["free"] == pytest.approx(float(rows[currency]["available"]), rel=1e-9)

    tell(sim, kind, story)


def test_it_watches_an_own_order_to_its_end(sim: Sim, kind: str) -> None:
    async def story(client: Any, symbol: str) -> None:
        placed, orders = await trade_while_watching(sim, kind, client.watch_orders(symbol))
        (order,) = [order for order in orders if order["id"] == str(placed["order_id"])]
        assert (order["symbol"], order["side"], order["type"]) == (symbol, "buy", "market")
        assert order["clientOrderId"] == placed["client_id"]
        assert Decimal(str(order["filled"])) == Decimal(placed["filled_amount"]) == Decimal("0.01")

    tell(sim, kind, story)


def test_its_own_trades_are_the_fills_of_the_order(sim: Sim, kind: str) -> None:
    async def story(client: Any, symbol: str) -> None:
        placed, trades = await trade_while_watching(sim, kind, client.watch_my_trades(symbol))
        path = f"/{MODULES[kind]}/order-deals?market=BTCUSDT&market_type={MODULES[kind].upper()}&order_id="
        deals = {str(deal["deal_id"]): deal for deal in sim.call("GET", f"{path}{placed['order_id']}")}
        assert trades
        for trade in trades:
            deal = deals[trade["id"]]
            assert (trade["order"], trade["symbol"]) == (str(placed["order_id"]), symbol)
            assert (trade["side"], trade["takerOrMaker"]) == ("buy", "taker")
            assert (trade["price"], trade["amount"]) == (float(deal["price"]), float(deal["amount"]))
            assert trade["fee"]["currency"] == ("BTC" if kind == "spot" else "USDT")

    tell(sim, kind, story)


def test_its_old_signatures_are_refused_where_only_hmac_passes(strict_sim: Sim) -> None:
    async def story(client: Any, symbol: str) -> None:
        import ccxt

        with pytest.raises(ccxt.BaseError, match="4006"):
            await client.fetch_balance()

    tell(strict_sim, "spot", story)


def test_it_trades_over_http(sim: Sim, kind: str) -> None:
    async def story(client: Any, symbol: str) -> None:
        placed = await client.create_order(symbol, "limit", "buy", 0.01, 1000.0)
        open_orders = await client.fetch_open_orders(symbol)
        assert [order["id"] for order in open_orders] == [placed["id"]]
        await client.cancel_order(placed["id"], symbol)
        assert await client.fetch_open_orders(symbol) == []
        balance = await client.fetch_balance()
        assert balance["USDT"]["free"] > 0

    tell(sim, kind, story)


def test_it_takes_a_coin_margined_future_for_what_it_is(inverse_sim: Sim) -> None:
    async def story(client: Any, _: str) -> None:
        symbol = "BTC/USD:BTC"
        market = client.market(symbol)
        assert (market["inverse"], market["settle"], market["id"]) == (True, "BTC", "BTCUSD")
        book = await client.watch_order_book(symbol)
        assert book["bids"][0][0] < book["asks"][0][0]
        watched = asyncio.ensure_future(client.watch_my_trades(symbol))
        await asyncio.sleep(0.5)
        terms = {"market": "BTCUSD", "market_type": "FUTURES", "side": "sell", "type": "market", "amount": "700"}
        placed = await asyncio.to_thread(inverse_sim.call, "POST", "/futures/order", terms)
        (first, *_) = await asyncio.wait_for(watched, WAIT)
        assert (first["order"], first["symbol"], first["fee"]["currency"]) == (str(placed["order_id"]), symbol, "BTC")

    tell(inverse_sim, "swap", story)
