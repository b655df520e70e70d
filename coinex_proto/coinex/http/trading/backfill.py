"""What happened while nothing was seen, asked for over HTTP after a `Restored`: trades, own trades, finished orders.

Without I/O: `fill` is a generator of calls, `HttpCaller.ask` runs it. Feed every update to `see`, so that nothing is handed
out twice. It is asked with some overlap, since our clock and the venue's differ. What cannot be known is said: the venue
lists its latest 1000 trades only, own trades market by market, and keeps no order that was cancelled without a fill.
Source: CoinEx API v2, deals, user-deals, finished-order; "Behaviour that shapes a client".
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping
from itertools import islice
from typing import Any, Final, TypeAlias, final

import attrs
from attrs import define, field

from coinex_proto.coinex.account_updates import Order, OrderUpdate, UserTradeUpdate
from coinex_proto.coinex.http import futures, spot
from coinex_proto.coinex.http.command import HttpCommand
from coinex_proto.coinex.http.paging import next_page
from coinex_proto.coinex.http.trading.order_entry import Asking, Desk, Module, Step
from coinex_proto.coinex.market_updates import Deal, TradesUpdate
from coinex_proto.coinex.topics import Orders, Trades, UserTrades
from coinex_proto.errors import SdkError
from coinex_proto.events import Backfilled
from coinex_proto.topics import Topic
from coinex_proto.updates import Event, Update

OVERLAP: Final = 2.0
"""Seconds that are asked for beyond both ends of the gap."""

REMEMBERED: Final = 4096
"""Ids of each kind that are known to have been handed out: far more than a busy market trades within the overlap."""

MOST_KEPT: Final = 2 * REMEMBERED

TRADES: Final = 1000
"""Public trades that the venue lists at most."""

ROWS: Final = 100
MOST_PAGES: Final = 20
"""So many pages of 100 rows of one list are read."""

MOST_MARKETS: Final = 50
"""So many markets are asked for one topic of all: each is a call, and 50 take seconds."""

BACKFILLED: Final[tuple[type[Topic[Any]], ...]] = (Trades, UserTrades, Orders)
"""Topics whose pushes are things that happen; of the others, the next push is the whole state."""

UNFILLED: Final = "orders of other programs that were cancelled without a fill: the venue keeps none of them"

Window: TypeAlias = tuple[int, int]
"""From and to, Unix milliseconds of the venue, overlap included."""


@define
class _Found:
    """What the queries about one topic gave."""

    updates: list[Update] = field(factory=list)
    missing: list[str] = field(factory=list)


@final
class Backfill:
    """The gaps of one client, `Backfill(client.step, "spot")`. The session's `now` must read as Unix time."""

    def __init__(self, step: Step, module: Module, desk: Desk | None = None) -> None:
        self._step = step
        self._calls: Any = spot if module == "spot" else futures
        self._market_type = "SPOT" if module == "spot" else "FUTURES"
        self._desk = desk if desk is not None else Desk(step, module)
        self._trades: dict[int, str] = {}
        self._own_trades: dict[int, str] = {}
        self._finished: dict[int, str] = {}
        self._own_markets: dict[str, None] = {}
        self._see: Mapping[type[Update], Callable[[Any], None]] = {
            TradesUpdate: self._see_trades,
            UserTradeUpdate: self._see_own_trade,
            OrderUpdate: self._see_order,
        }
        self._ask: Mapping[type[Topic[Any]], Callable[[Any, Window, _Found], Asking[None]]] = {
            Trades: self._ask_trades,
            UserTrades: self._ask_own_trades,
            Orders: self._ask_orders,
        }

    def see(self, update: Update) -> None:
        """An update was handed out."""
        see = self._see.get(type(update))
        if see is not None:
            see(update)

    def fill(self, topic: Topic[Event], since: float, until: float) -> Asking[Backfilled | None]:
        """Asks what happened on this topic, and has the session hand it out, oldest first, with `Backfilled` behind it.

        Returns that event; None for a topic that needs no backfill. A call that fails is named in `missing`.
        """
        ask = self._ask.get(type(topic))
        if ask is None:
            return None
        found = _Found()
        try:
            yield from ask(topic, self._window(since, until), found)
        except SdkError as error:
            found.missing.append(f"what could not be asked for: {error}")
        return self._step(lambda session, now: self._hand_out(session, now, topic, since, until, found))

    def _hand_out(
        self, session: Any, now: float, topic: Topic[Event], since: float, until: float, found: _Found
    ) -> Backfilled:
        told = session.recover(*found.updates, now=now)
        count = sum(len(update.deal_list) if isinstance(update, TradesUpdate) else 1 for update in told)
        missing = "; ".join(found.missing)
        event = Backfilled(topic=topic, since=since, until=until, recovered=count, missing=missing)
        session.note(event, now)
        return event

    # What was seen ----------------------------------------------------------------------------------------------------

    def _see_trades(self, update: TradesUpdate) -> None:
        market, seen = update.market, self._trades
        for deal in reversed(update.deal_list):
            seen[deal.deal_id] = market
        if len(seen) > MOST_KEPT:
            self._trades = _newest(seen)

    def _see_own_trade(self, update: UserTradeUpdate) -> None:
        self._own_markets[update.market] = None
        self._own_trades[update.deal_id] = update.market
        if len(self._own_trades) > MOST_KEPT:
            self._own_trades = _newest(self._own_trades)

    def _see_order(self, update: OrderUpdate) -> None:
        self._own_markets[update.order.market] = None
        if update.event == "finish":
            self._finished[update.order.order_id] = update.order.market
            if len(self._finished) > MOST_KEPT:
                self._finished = _newest(self._finished)

    # What is asked ----------------------------------------------------------------------------------------------------

    def _ask_trades(self, topic: Trades, window: Window, found: _Found) -> Asking[None]:
        for market in _each(topic.market, self._trades.values(), found):
            rows = yield self._calls.ListMarketDeals(market=market, limit=TRADES)
            oldest = min((row.created_at for row in rows), default=0)
            if len(rows) >= TRADES and oldest > window[0]:
                found.missing.append(f"trades of {market} before {oldest}: the venue lists its latest {TRADES} only")
            fresh = [row for row in rows if _is_within(row.created_at, window) and row.deal_id not in self._trades]
            fresh.sort(key=lambda row: row.deal_id, reverse=True)
            if fresh:
                deals = tuple(Deal(**{name: getattr(row, name) for name in _names(Deal)}) for row in fresh)
                found.updates.append(TradesUpdate(market=market, deal_list=deals, is_history=True))

    def _ask_own_trades(self, topic: UserTrades, window: Window, found: _Found) -> Asking[None]:
        self._note_open_orders()
        for market in _each(topic.market, self._own_markets, found):
            asked = self._calls.ListUserDeals(market=market, start_time=window[0], end_time=window[1], limit=ROWS)
            rows = yield from self._pages(asked, f"own trades of {market}", lambda _: False, found)
            fresh = {row.deal_id: row for row in rows if row.deal_id not in self._own_trades}
            _convert(UserTradeUpdate, sorted(fresh.values(), key=lambda row: row.deal_id), found, lambda update: update)

    def _ask_orders(self, topic: Orders, window: Window, found: _Found) -> Asking[None]:
        found.missing.append(UNFILLED)
        self._note_open_orders()
        unknown = yield from self._desk.settle()
        if unknown:
            found.missing.append(f"{unknown} own orders whose state is still unknown")
        asked = self._calls.ListFinishedOrder(market=topic.market, market_type=self._market_type, limit=ROWS)
        rows = yield from self._pages(asked, "finished orders", lambda page: _is_before(page, window[0]), found)
        fresh = {
            row.order_id: row
            for row in rows
            if row.order_id not in self._finished and _is_within(row.updated_at or 0, window)
        }
        ordered = sorted(fresh.values(), key=lambda row: (row.updated_at or 0, row.order_id))
        _convert(Order, ordered, found, lambda order: OrderUpdate(event="finish", order=order))

    def _pages(
        self, asked: HttpCommand[Any], what: str, is_enough: Callable[[Any], bool], found: _Found
    ) -> Asking[list[Any]]:
        """The rows of all pages, up to the first that is enough."""
        following: Any = asked
        rows: list[Any] = []
        for _ in range(MOST_PAGES):
            page = yield following
            rows.extend(page.rows)
            following = None if is_enough(page) else next_page(following, page)
            if following is None:
                return rows
        found.missing.append(f"{what} beyond the first {MOST_PAGES * ROWS} rows")
        return rows

    def _note_open_orders(self) -> None:
        known = self._step(lambda session, _: [view.market for view in session.orders.open()])
        self._own_markets.update(dict.fromkeys(filter(None, known)))

    def _window(self, since: float, until: float) -> Window:
        offset = self._step(lambda session, _: session.clock.offset_ns) / 1e9
        return round((since + offset - OVERLAP) * 1000), round((until + offset + OVERLAP) * 1000)


def _each(market: str | None, known: Iterable[str], found: _Found) -> list[str]:
    """The venue lists market by market: of a topic for all, those of which anything is known."""
    if market is not None:
        return [market]
    markets = sorted(set(known))[:MOST_MARKETS]
    found.missing.append(f"markets other than {', '.join(markets)}" if markets else "all: no market is known here")
    return markets


def _newest(seen: dict[int, str]) -> dict[int, str]:
    """The newest half, now and then: taking the oldest out of a dict one by one gets slow."""
    return dict(islice(seen.items(), len(seen) - REMEMBERED, None))


def _is_within(at_ms: int, window: Window) -> bool:
    return window[0] <= at_ms <= window[1]


def _is_before(page: Any, at_ms: int) -> bool:
    """Whether no row can be of interest, however the venue sorts them: neither was it made since, nor did it change."""
    return all(max(row.created_at or 0, row.updated_at or 0) < at_ms for row in page.rows)


def _names(kind: Any) -> tuple[str, ...]:
    return tuple(each.name for each in attrs.fields(kind))


def _convert(kind: Any, rows: Iterable[Any], found: _Found, update_of: Callable[[Any], Update]) -> None:
    """Rows as pushes have them; a row that lacks what a push always says is missing, rather than made up."""
    for row in rows:
        values = {each.name: getattr(row, _ROW_NAMES.get(each.name, each.name), None) for each in attrs.fields(kind)}
        required = {each.name for each in attrs.fields(kind) if each.default is attrs.NOTHING} - _NOT_LISTED
        lacking = [name for name in sorted(required) if values[name] is None]
        if lacking:
            found.missing.append(f"{kind.__name__} of {row.market} without {', '.join(lacking)}")
        else:
            found.updates.append(update_of(kind(**values)))


_NOT_LISTED: Final = frozenset({"last_filled_amount", "last_filled_price"})
"""Fields of a pushed order that the list of finished orders does not have (CoinEx HTTP API v2, finished-order)."""
_ROW_NAMES: Final = {
    "base_ccy_fee": "base_fee",
    "quote_ccy_fee": "quote_fee",
    "discount_ccy_fee": "discount_fee",
}
"""Fields of a pushed order that a row of a query spells otherwise."""
