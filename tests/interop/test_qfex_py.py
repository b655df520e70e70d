"""The venue's own Python client (qfex 0.1.0 on PyPI) against the local QFEX: quotes, sign-in, IOC orders in either form.

It knows the live addresses only, so its two address methods are replaced; nothing else of it is.
"""

import asyncio
from decimal import Decimal
from typing import Any

import pytest

from coinex_proto.simulator import QfexForms
from coinex_trio import QfexExchange, local_exchange

qfex = pytest.importorskip("qfex")

pytestmark = pytest.mark.filterwarnings("default")

SYMBOL = "AAPL-USD"
WAIT = 20.0


def client_of(exchange: QfexExchange) -> Any:
    strategy = qfex.TakerStrategy(None)
    config = qfex.QFEXConfig(
        is_prod=False, symbol_list=[SYMBOL], public_key=exchange.public_key, secret_key=exchange.secret_key
    )
    client = qfex.QFEXTakerClient(config, strategy)
    client._mds_url = lambda: exchange.mds_url
    client._trade_url = lambda: f"{exchange.trade_url}?api_key={exchange.public_key}"
    return client


async def until(is_done: Any) -> None:
    async with asyncio.timeout(WAIT):
        while not is_done():  # noqa: ASYNC110  (it tells its user by no event)
            await asyncio.sleep(0.02)


@pytest.mark.parametrize("forms", [QfexForms(), QfexForms(sign_in="object", null_arrays=True)], ids=["old", "new"])
def test_it_sees_the_book_signs_in_and_trades(forms: QfexForms) -> None:
    async def main(exchange: QfexExchange) -> None:
        async with client_of(exchange) as client:
            await until(lambda: SYMBOL in client.bbo_by_symbol and client.balance.deposit)
            assert (client.bbo_by_symbol[SYMBOL].bid_px, client.bbo_by_symbol[SYMBOL].ask_px) == (201, 202)
            outcome = await client.send_ioc_limit(SYMBOL, qfex.Side.BUY, Decimal("0.4"), Decimal(202))
            assert outcome["final_order_response"]["status"] == "FILLED"
            await until(lambda: client.get_position(SYMBOL).position == Decimal("0.4"))

    with local_exchange("qfex", seed=1, rate=0.0001, forms=forms) as exchange:
        exchange.quote(SYMBOL, bid="201", ask="202", size="1")
        asyncio.run(main(exchange))


def test_an_ioc_order_that_meets_nothing_is_answered_in_the_form_that_it_knows() -> None:
    async def main(exchange: QfexExchange) -> None:
        async with client_of(exchange) as client:
            await until(lambda: client.balance.deposit)
            outcome = await client.send_ioc_limit(SYMBOL, qfex.Side.BUY, Decimal(1), Decimal(150))
            assert outcome["final_order_response"]["status"] == "CANCELLED"

    with local_exchange("qfex", seed=1, rate=0.0001) as exchange:
        exchange.quote(SYMBOL, bid="201", ask="202", size="1")
        asyncio.run(main(exchange))
