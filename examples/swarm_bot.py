"""A bot in bad weather: it buys a fixed amount in slices, and a swarm of networks that fail finds the bug in its first version.

Both versions run under the same seeds, in memory and on virtual time. Run: python examples/swarm_bot.py --seeds 12
"""

import argparse
from decimal import Decimal

from coinex_proto import Config, OrderView, SdkError, coinex
from coinex_trio import CoinexClient
from coinex_trio.swarm import Swarm

MARKET = "BTCUSDT"
SLICE = Decimal("0.01")


class HastyBuyer:
    """Buys until it has what it wants. Its bug: an order whose answer was lost counts as one that was never placed."""

    def __init__(self, cx: CoinexClient, wanted: Decimal) -> None:
        self.cx, self.wanted = cx, wanted
        self.bought = Decimal(0)
        self.depth, self.own = coinex.Depth(MARKET), coinex.Orders(MARKET)
        cx.subscribe(self.depth, self.own)

    def step(self) -> None:
        """One more slice, where the market and the own orders can be trusted."""
        if self.bought >= self.wanted or not self.cx.trusted(self.depth, self.own):
            return
        ask = self.cx.book(self.depth).best_ask
        if ask is None:
            return
        limit = (ask[0] * Decimal("1.01")).quantize(Decimal("0.01"))
        try:
            self.take(self.cx.place_order(MARKET, "buy", "ioc", SLICE, limit))
        except (SdkError, TimeoutError):
            pass  # nothing was placed: once more, with the next step

    def take(self, order: OrderView) -> None:
        """Counts what has been bought: nothing, as long as the order is unknown."""
        self.bought += order.filled


class Buyer(HastyBuyer):
    """The same without the bug: nothing new is placed before every order that was placed is known to have ended."""

    def __init__(self, cx: CoinexClient, wanted: Decimal) -> None:
        super().__init__(cx, wanted)
        self.orders: list[OrderView] = []

    def step(self) -> None:
        """One more slice, where nothing is in doubt."""
        known = {id(order): order for order in (*self.orders, *self.cx.orders())}
        self.orders = list(known.values())
        self.bought = sum((order.filled for order in self.orders), Decimal(0))
        if all(order.is_final for order in self.orders):
            super().step()

    def take(self, order: OrderView) -> None:
        """Remembers the order; what it has bought is read from it, since a late fill may still come."""
        self.orders.append(order)


def trade(swarm: Swarm, buyer: type[HastyBuyer], wanted: Decimal) -> Decimal:
    """What the exchange says was bought when the weather is over and everything has been told."""
    config = Config(retry_first=True)
    with CoinexClient(network=swarm.network, credentials=swarm.credentials, config=config) as cx:
        bot = buyer(cx, wanted)
        end = swarm.now + swarm.seconds
        while swarm.now < end:
            bot.step()
            cx.run(seconds=2)
        swarm.calm()
        cx.run(seconds=60)
        swarm.check(cx)
    return sum((order.filled for order in swarm.placed()), Decimal(0))


def main(seeds: int) -> None:
    wanted = Decimal("0.1")
    for buyer in (HastyBuyer, Buyer):
        too_much = []
        for seed in range(seeds):
            swarm = Swarm(seed, markets=(MARKET,))
            if trade(swarm, buyer, wanted) > wanted:
                too_much.append(seed)
        print(f"{buyer.__name__}: bought too much under {len(too_much)} of {seeds} seeds: {too_much}")


if __name__ == "__main__":
    arguments = argparse.ArgumentParser(description="A bot in bad weather")
    arguments.add_argument("--seeds", type=int, default=12)
    main(arguments.parse_args().seeds)
