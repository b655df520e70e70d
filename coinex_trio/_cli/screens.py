"""What `coinex watch` draws from what has been seen. Pure: a state and a size in, a renderable out.

Text of the peer goes in as `Text`, never as markup. Bars are characters, so that they show without colours too.
"""

from __future__ import annotations

import math
from collections.abc import Callable, Sequence
from datetime import UTC, datetime
from decimal import Decimal
from typing import Final

from rich.console import Group, RenderableType
from rich.table import Table
from rich.text import Text

from coinex_proto import BookView
from coinex_trio._cli.seen import Seen
from coinex_trio._cli.terminal import LARGEST_TIME_MS, alike, short
from coinex_trio._cli.view import HELP, View

UP: Final = "green"
DOWN: Final = "red"
QUIET: Final = "dim"
WARNING: Final = "bold red"
SIDES: Final = {"buy": UP, "sell": DOWN, "long": UP, "short": DOWN}
CHROME: Final = 6
"""Lines that are not rows: title, header, rules, footer."""
LONGEST_BAR: Final = 30
BLOCKS: Final = "▁▂▃▄▅▆▇█"
LONGEST_SPARK: Final = 60
NARROW: Final = 70
"""Below so many columns tables leave out what is least missed."""
WIDE: Final = 90
"""From so many columns on there is room for what is pleasant to have."""


def clock(at_ms: int | None) -> str:
    """The time of day in UTC, with milliseconds; the number itself when it is no time."""
    if at_ms is None:
        return "–"
    if not 0 <= at_ms <= LARGEST_TIME_MS:
        return str(at_ms)
    return datetime.fromtimestamp(at_ms // 1000, UTC).strftime("%H:%M:%S") + f".{at_ms % 1000:03}"


def new_table(*columns: str, texts: int = 1) -> Table:
    """A table whose first so many columns are text and the others numbers."""
    table = Table(box=None, pad_edge=False, padding=(0, 2, 0, 0), header_style=QUIET)
    for number, name in enumerate(columns):
        if number < texts:
            table.add_column(name, no_wrap=True, overflow="ellipsis")
        else:
            table.add_column(name, justify="right", overflow="fold")  # a number is never cut
    return table


def change(last: Decimal | None, first: Decimal | None) -> Text:
    """From the first to the last price, in per cent."""
    if last is None or not first:
        return Text("–", QUIET)
    share = (float(last) / float(first) - 1) * 100
    return Text(f"{share:+.2f} %", UP if share >= 0 else DOWN)


def spark(prices: Sequence[float], width: int) -> Text:
    """The last prices as a line of blocks, the lowest of them lowest; green when it ends no lower than it begins."""
    shown = list(prices)[-max(0, width) :] if width > 0 else []
    if len(shown) < 2:
        return Text()
    low, high = min(shown), max(shown)
    step = (high - low) / (len(BLOCKS) - 1)
    line = "".join(BLOCKS[round((price - low) / step) if step else 0] for price in shown)
    return Text(line, UP if shown[-1] >= shown[0] else DOWN)


def spark_of(seen: Seen, market: str, width: int) -> Text:
    """The spark line of a market, in so many columns at most."""
    return spark([price for _, price in seen.prices.get(market, ())], min(LONGEST_SPARK, width))


def tickers(seen: Seen, width: int, height: int, view: View) -> RenderableType:
    """24 hours of each market."""
    is_narrow = width < NARROW
    table = new_table("market", "last", "24 h", *(() if is_narrow else ("high", "low", "volume")))
    if is_wide := width >= WIDE:
        table.add_column("last minute", no_wrap=True)
    shown = [(market, update) for market, update in seen.tickers.items() if view.shows(market)]
    for market, update in shown[: max(1, height - CHROME)]:
        name = Text(market, "bold")
        if ("state", market) in seen.lost:
            name = Text.assemble((market, QUIET), (" LOST", WARNING))
        row: list[str | Text] = [name, short(update.last), change(update.last, update.open)]
        if not is_narrow:
            row += [short(update.high), short(update.low), short(update.volume, 2)]
        if is_wide:
            row.append(spark_of(seen, market, 20))
        table.add_row(*row)
    return table if seen.tickers else Text("waiting for the first ticker", QUIET)


def ladder(book: BookView, width: int, rows: int, up: str = UP, down: str = DOWN) -> Text:
    """Both sides of a book, best on top: bars and sizes outside, prices inside; `up` and `down` are the styles of the sides."""
    bids, asks = book.unproved.bids[:rows], book.unproved.asks[:rows]
    prices = alike([price for price, _ in (*bids, *asks)])
    sizes = alike([size for _, size in (*bids, *asks)])
    cells = [max(map(len, texts), default=1) for texts in (prices, sizes)]
    bar = max(0, min(LONGEST_BAR, (width - 7 - 2 * sum(cells)) // 2))
    largest = max((size for _, size in (*bids, *asks)), default=Decimal(1)) or Decimal(1)
    bars = ["█" * max(1, round(bar * float(size) / float(largest))) if bar else "" for _, size in (*bids, *asks)]
    text = Text(no_wrap=True, overflow="ellipsis")
    for number in range(max(len(bids), len(asks))):
        if number < len(bids):
            text.append(bars[number].rjust(bar), up)
            text.append(f" {sizes[number]:>{cells[1]}} ")
            text.append(f"{prices[number]:>{cells[0]}}", up)
        else:
            text.append(" " * (bar + sum(cells) + 2))
        text.append(" │ ", QUIET)
        if number < len(asks):
            ask = len(bids) + number
            text.append(f"{prices[ask]:<{cells[0]}}", down)
            text.append(f" {sizes[ask]:<{cells[1]}} ")
            text.append(bars[ask], down)
        text.append("\n")
    return text


def books(seen: Seen, width: int, height: int, view: View) -> RenderableType:
    """The ladder of each market, with what is known of its truth."""
    shown = [(market, book) for market, book in seen.books.items() if view.shows(market)]
    if not shown:
        return Text("waiting for the first whole book", QUIET)
    fitting = max(1, (height - 3) // len(shown) - 2)
    rows = fitting if view.rows is None else min(view.rows, fitting)
    parts: list[RenderableType] = []
    for market, book in shown:
        colours = (UP, DOWN) if book.topic.key not in seen.lost else (QUIET, QUIET)
        parts += [_book_title(seen, market, book, width), ladder(book, width, rows, *colours)]
    return Group(*parts)


def _book_title(seen: Seen, market: str, book: BookView, width: int) -> Text:
    """Whether it can be trusted stands before the numbers: a narrow terminal cuts the end."""
    shown = book.unproved
    why = seen.lost.get(book.topic.key)
    numbers = f"  mid {short(shown.mid)}  spread {short(shown.spread)}"
    if why is None:
        title = Text.assemble((market, "bold"), "  ", ("verified", UP), numbers, "  ")
        return title.append_text(spark_of(seen, market, width - title.cell_len))
    return Text.assemble((market, "bold"), "  ", (f"NOT TRUSTED: {why}", WARNING), numbers)


def trades(seen: Seen, width: int, height: int, view: View) -> RenderableType:
    """Public trades, newest first."""
    shown = [trade for trade in seen.trades if view.shows(trade[0])]
    if not shown:
        return Text("waiting for the first trade", QUIET)
    markets = {market for market, *_ in shown}
    if len(markets) > 1 or width >= NARROW:
        table = new_table("time (UTC)", "market", "side", "price", "amount", texts=3)
    else:
        table = new_table("time (UTC)", "side", "price", "amount", texts=2)
    for market, at_ms, side, price, amount in shown[: max(1, height - CHROME)]:
        named = [Text(market)] if len(table.columns) == 5 else []
        table.add_row(Text(clock(at_ms), QUIET), *named, Text(side, SIDES.get(side, "")), Text(price), Text(amount))
    if len(markets) == 1 and (line := spark_of(seen, shown[0][0], width - 20)):
        return Group(Text.assemble((shown[0][0], "bold"), "  ").append_text(line), table)
    return table


def account(seen: Seen, _width: int, height: int, _view: View) -> RenderableType:
    """Balances, open orders, positions and own trades, as a first query and the pushes since have brought them."""
    rows = max(2, (height - 4 * CHROME) // 3)
    balances = new_table("currency", "available", "frozen")
    for currency, balance in sorted(seen.balances.items()):
        balances.add_row(Text(currency, "bold"), short(balance.available), short(balance.frozen))
    orders = new_table("order", "market", "side", "price", "amount", "open", texts=3)
    for order_id, of in list(seen.orders.items())[-rows:]:
        side = Text(of.side or "–", SIDES.get(of.side or "", ""))
        orders.add_row(str(order_id), Text(of.market or "–"), side, *map(short, (of.price, of.amount, of.remaining)))
    positions = new_table("position", "side", "size", "entry", "unrealised", texts=2)
    for held in seen.positions.values():
        of_position = held.position
        side = Text(of_position.side, SIDES.get(of_position.side, ""))
        figures = (of_position.open_interest, of_position.avg_entry_price, of_position.unrealized_pnl)
        positions.add_row(Text(of_position.market, "bold"), side, *map(short, figures))
    fills = new_table("own trade", "market", "side", "price", "amount", texts=3)
    for fill in list(seen.fills)[:rows]:
        side = Text(fill.side, SIDES.get(fill.side, ""))
        fills.add_row(
            Text(clock(fill.created_at), QUIET), Text(fill.market), side, short(fill.price), short(fill.amount)
        )
    shown = [table for table in (balances, orders, positions, fills) if table.row_count]
    if not shown:
        return Text("signed in; no balance, open order or position, and nothing has changed yet", QUIET)
    return Group(*[part for table in shown for part in (table, Text())])


SCREENS: Final[dict[str, Callable[[Seen, int, int, View], RenderableType]]] = {
    "ticker": tickers,
    "book": books,
    "trades": trades,
    "account": account,
}
"""By what is watched."""


def trust(seen: Seen) -> Text:
    """Whether what is shown can be trusted, in a word and a colour."""
    if seen.connection != "connected":
        return Text(seen.connection, WARNING)
    if seen.lost:
        return Text(f"connected, {len(seen.lost)} LOST: {next(iter(seen.lost.values()))}", WARNING)
    return Text("connected, live", UP)


def footer(seen: Seen, now: float, view: View) -> Text:
    """How the connection is, and what can be pressed."""
    parts = [f"{seen.rate(now):.0f} messages/s", f"{seen.stats.reconnects} reconnects"]
    if seen.lag is not None:
        parts.insert(1, f"lag {seen.lag * 1000:.0f} ms")
    if view.market is not None:
        parts.insert(0, f"{view.market} of {len(view.markets)}")
    if view.rows is not None and view.what == "book":
        parts.insert(0, f"depth {view.rows}")
    if view.takes_keys and not view.shows_keys:
        parts.append("q quit, ? keys")
    text = Text.assemble(trust(seen), (" · " + " · ".join(parts), QUIET))
    for note in seen.notes:
        text.append(f"\n{note}", WARNING)
    if view.shows_keys:
        for row in (HELP[:6], HELP[6:]):
            text.append("\n" + "   ".join(row), QUIET)
    return text


def screen(what: str, seen: Seen, width: int, height: int, now: float, view: View | None = None) -> RenderableType:
    """The whole terminal."""
    shown = View(what=what) if view is None else view
    below = footer(seen, now, shown)
    more = sum(max(1, math.ceil(len(line) / width)) for line in below.plain.split("\n")) - 1
    return Group(SCREENS[what](seen, width, height - more, shown), Text(), below)
