"""The taker client of qfex against the local QFEX; a JSON line a call.  Runs in an environment of its own."""

import asyncio
import json
import os
from collections.abc import Awaitable, Callable
from decimal import Decimal
from typing import Any

from qfex.client import QFEXTakerClient
from qfex.config import QFEXConfig
from qfex.models import Side
from qfex.strategy import TakerStrategy

SIM = json.loads(os.environ["SIM"])
SYMBOL = "AAPL-USD"


class Client(QFEXTakerClient):
    """The same with the addresses of the local exchange."""

    def _mds_url(self) -> str:
        return str(SIM["mds"])

    def _trade_url(self) -> str:
        return f"{SIM['trade']}?api_key={self.cfg.public_key}"


class Seen(TakerStrategy):
    """Keeps what it was told."""

    def __init__(self, client: Any) -> None:
        super().__init__(client)
        self.quotes: list[Any] = []

    async def on_bbo(self, bbo: Any) -> None:
        self.quotes.append(bbo)


async def until(condition: Callable[[], object]) -> None:
    async with asyncio.timeout(30):
        while not condition():  # noqa: ASYNC110 - the client tells nobody when it has learnt something
            await asyncio.sleep(0.05)


async def main() -> None:
    config = QFEXConfig(is_prod=False, symbol_list=[SYMBOL], public_key=SIM["public_key"], secret_key=SIM["secret_key"])
    client = Client(config, Seen(None))
    client.strategy.client = client

    async def order(side: Side) -> None:
        quote = client.bbo_by_symbol[SYMBOL]
        price = Decimal(quote.ask_px) if side == Side.BUY else Decimal(quote.bid_px)
        answer = await client.send_ioc_limit(SYMBOL, side, Decimal(1), price)
        assert answer, "no outcome"

    async def attempt(area: str, name: str, work: Awaitable[None]) -> None:
        error = ""
        try:
            await work
        except Exception as problem:  # noqa: BLE001 - whatever it is, it is reported
            error = f"{type(problem).__name__}: {problem}"
        print(json.dumps({"area": area, "call": name, "error": error[:300]}))

    async with client:
        await attempt("market", "best quotes", until(lambda: SYMBOL in client.bbo_by_symbol))
        await attempt("account", "balance", until(lambda: client.balance.available_balance))
        await attempt("orders", "buy at the ask, at once or not at all", order(Side.BUY))
        await attempt("orders", "sell at the bid, at once or not at all", order(Side.SELL))


asyncio.run(main())
