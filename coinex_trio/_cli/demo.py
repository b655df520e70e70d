"""`coinex demo`: what the SDK does, seen from a user's program, on a local exchange over real TCP.

Market data with callbacks, sign-in, an own order that is filled, a connection that the exchange drops and that comes back by itself;
at the end what was counted. A channel that stayed silent makes the demo fail, by name.
"""

from __future__ import annotations

import time
from collections import Counter
from decimal import Decimal
from typing import Final, Protocol

from attrs import Factory, define, field
from rich.console import Console
from rich.text import Text

from coinex_proto import (
    Backoff,
    BookChanged,
    Closed,
    Config,
    Event,
    Lost,
    Ready,
    Restored,
    Retrying,
    SubscribeFailed,
    Unrecognised,
)
from coinex_proto.coinex import BalanceUpdate, OrderUpdate, TickerUpdate, TradesUpdate, UserTradeUpdate
from coinex_proto.numbers import CONTEXT
from coinex_trio import CoinexClient, Exchange, local_exchange
from coinex_trio._cli.terminal import named, short

MARKET: Final = "BTCUSDT"
CHANNELS: Final = ("ticker", "book", "trades", "balance", "order", "own trade")
"""What must have come by the end."""
PUBLIC: Final = ("ticker", "book", "trades")
"""What must also have come after the connection was back."""
EVERY: Final = 0.9
"""Seconds between two printed lines of one market channel, so that a person can read along."""
COLOURS: Final = {
    "ticker": "cyan",
    "book": "blue",
    "trades": "magenta",
    "order": "yellow",
    "own trade": "yellow",
    "balance": "yellow",
}

RATE: Final = 10.0
"""Actions of the exchange's random traders a second: lively, and still to be read along."""
GOOD: Final = "bold green"
BAD: Final = "bold red"
BELOW: Final = Decimal("0.98")
"""The order stands so far below the best bid that only the demo fills it."""
ORDER_AT: Final = 0.3
"""Share of the time after which the order is placed."""
DROP_AT: Final = 0.5
"""Share of the time after which the exchange drops the connection."""


@define
class Story:
    """What has been seen, and the lines that tell it."""

    out: Console
    started: float = field(factory=time.monotonic)
    seen: Counter[str] = Factory(Counter)
    seen_before_drop: Counter[str] | None = None
    last_bid: Decimal | None = None
    is_over: bool = False
    _printed_at: dict[str, float] = Factory(dict)

    def say(self, kind: str, text: str, style: str | None = None) -> None:
        """One line with the time since the start; nothing once it is over."""
        if self.is_over:
            return
        text_line = Text.assemble(
            (f"{time.monotonic() - self.started:6.2f} s  ", "dim"),
            (f"{kind:<10}", style or COLOURS.get(kind, "bold")),
            f" {text}",
        )
        self.out.print(text_line)

    def count(self, kind: str, text: str, *, every: float = 0.0) -> None:
        """One more of this kind; printed unless a line of it came less than `every` seconds ago."""
        self.seen[kind] += 1
        now = time.monotonic()
        if now - self._printed_at.get(kind, 0.0) >= every:
            self._printed_at[kind] = now
            self.say(kind, text)

    def dropped(self) -> None:
        """From here on the public channels must come again."""
        self.seen_before_drop = self.seen.copy()
        self._printed_at.clear()

    def silent(self) -> list[str]:
        """The channels that did not come, in words."""
        missing = [f"{kind} (never came)" for kind in CHANNELS if not self.seen[kind]]
        if (before := self.seen_before_drop) is not None:
            missing += [f"{kind} (not after the reconnect)" for kind in PUBLIC if self.seen[kind] == before[kind] > 0]
        return missing

    # Callbacks, one for each kind of event ----------------------------------------------------------------------------

    def ticker(self, update: TickerUpdate) -> None:
        """24 hours of the market."""
        text = f"{update.market} last {short(update.last)}, 24 h volume {short(update.volume, 2)}"
        self.count("ticker", text, every=EVERY)

    def book(self, event: BookChanged) -> None:
        """A verified order book."""
        book = event.book
        if book.best_bid is not None:
            self.last_bid = book.best_bid[0]
        best = " / ".join(short(best[0]) if best else "none" for best in (book.best_bid, book.best_ask))
        self.count("book", f"{event.market} {best}, spread {short(book.spread)}, checksum fits", every=EVERY)

    def trades(self, update: TradesUpdate) -> None:
        """Public trades, newest first."""
        newest = f", newest {_trade(update.deal_list[0])}" if update.deal_list else ""
        self.count("trades", f"{update.market} {len(update.deal_list)} trades{newest}", every=EVERY)

    def order(self, update: OrderUpdate) -> None:
        """An own order."""
        of = update.order
        self.count("order", f"{update.event} {_trade(of)}, {short(of.unfilled_amount)} open")

    def own_trade(self, update: UserTradeUpdate) -> None:
        """An own fill."""
        self.count("own trade", f"{_trade(update)} as {update.role}, fee {short(update.fee)} {update.fee_ccy}")

    def balance(self, update: BalanceUpdate) -> None:
        """One currency."""
        self.count("balance", f"{update.ccy} available {short(update.available)}, frozen {short(update.frozen)}")

    def connection(self, event: Event) -> None:
        """What becomes of the connection."""
        match event:
            case Ready():
                self.say("ready", "connected and signed in", GOOD)
            case Closed():
                self.say("closed", str(event.reason), BAD)
            case Retrying():
                self.say("retrying", f"attempt {event.attempt}", BAD)
            case Lost():
                self.say("lost", f"{len(event.topics)} topics cannot be trusted: {event.why}", BAD)
            case Restored():
                topics = ", ".join(map(named, event.topics))
                self.say("restored", f"{topics}: {event.until - event.since:.2f} s were not seen", GOOD)
            case SubscribeFailed():
                self.say("failed", f"{named(event.topic)}: {event.error}", BAD)
            case Unrecognised():
                self.say("odd", event.why, BAD)


class _Trade(Protocol):
    """What orders and trades have in common."""

    @property
    def side(self) -> str: ...

    @property
    def price(self) -> Decimal | None: ...

    @property
    def amount(self) -> Decimal: ...


def _trade(of: _Trade) -> str:
    return f"{of.side} {short(of.amount)} at {short(of.price)}"


def follow(cx: CoinexClient, story: Story) -> None:
    """Subscribes what this program shows."""
    for kind in (Ready, Closed, Retrying, Lost, Restored, SubscribeFailed, Unrecognised):
        cx.on(kind)(story.connection)
    cx.subscribe_ticker(MARKET, story.ticker)
    cx.subscribe_depth(MARKET, 20, "0", story.book)
    cx.subscribe_trades(MARKET, story.trades)
    cx.subscribe_user_order(story.order)
    cx.subscribe_user_deals(story.own_trade)
    cx.subscribe_balance(story.balance)


def trade_and_lose_the_connection(cx: CoinexClient, exchange: Exchange, story: Story, seconds: float) -> None:
    """The plot: an order that is filled, then a connection that breaks."""
    cx.run(seconds=seconds * ORDER_AT)
    price = short(CONTEXT.multiply(story.last_bid or Decimal(100), BELOW), 2)
    placed = exchange.place(MARKET, "buy", price, "0.01")
    cx.run(seconds=seconds * (DROP_AT - ORDER_AT) / 2)
    exchange.fill(placed)
    cx.run(seconds=seconds * (DROP_AT - ORDER_AT) / 2)
    story.say("exchange", "drops the connection")
    story.dropped()
    exchange.drop()
    cx.run(seconds=seconds * (1 - DROP_AT))


def summary(cx: CoinexClient, story: Story) -> None:
    """What was counted; the last that is printed."""
    story.is_over = True
    took = time.monotonic() - story.started
    stats = cx.stats
    kinds = ", ".join(f"{story.seen[kind]} {kind}" for kind in CHANNELS)
    story.out.print()
    story.out.print("Summary", style="bold")
    story.out.print(
        f"  messages    {stats.messages} in {took:.1f} s, {stats.messages / took:.0f} a second, {stats.bytes_in} bytes"
    )
    story.out.print(f"  events      {kinds}")
    story.out.print(f"  checksums   {stats.checksums_passed} passed, {stats.checksums_failed} failed")
    story.out.print(f"  reconnects  {stats.reconnects}")


def run_demo(seconds: float, seed: int, out: Console) -> int:
    """Exit status: 0, or 1 when a channel stayed silent."""
    story = Story(out)
    with local_exchange("coinex", seed=seed, markets=(MARKET,), rate=RATE, web=True) as exchange:
        story.say("exchange", f"a local CoinEx at {exchange.url}")
        if exchange.web_url is not None:
            story.say("web page", f"{exchange.web_url} shows it in a browser (`coinex sim --web` keeps one running)")
        config = Config(backoff=Backoff(first=0.3))
        cx = CoinexClient(url=exchange.url, credentials=exchange.credentials, config=config)
        follow(cx, story)
        try:  # around opening too, in which the first events come
            with cx:
                try:
                    trade_and_lose_the_connection(cx, exchange, story, seconds)
                finally:
                    story.is_over = True  # the goodbye is no news
        finally:
            summary(cx, story)
    if missing := story.silent():
        out.print(f"These channels stayed silent: {'; '.join(missing)}", style=BAD)
        return 1
    return 0
