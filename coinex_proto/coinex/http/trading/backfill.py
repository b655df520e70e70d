"""What happened while nothing was seen, queried over HTTP after a `Restored`: trades, own trades, finished orders.

Without I/O: `recover` is a generator of HTTP commands, `HttpCaller.run` runs it. It queries with some overlap, since our
clock and the venue's differ; the session knows what was delivered before. What cannot be known is said: the venue lists
its latest 1000 trades only, own trades market by market, and keeps no order that was cancelled without a fill.
Source: CoinEx API v2, deals, user-deals, finished-order; "Behaviour that shapes a client".
"""

from __future__ import annotations

from collections.abc import Callable, Hashable, Iterable, Mapping
from typing import Any, Final, TypeAlias, final

import attrs
from attrs import define, field

import coinex_proto.coinex.http.futures as futures
import coinex_proto.coinex.http.spot as spot
from coinex_proto.coinex.account_updates import Order, OrderUpdate, UserTradeUpdate
from coinex_proto.coinex.http.command import HttpCommand
from coinex_proto.coinex.http.paging import next_page
from coinex_proto.coinex.http.trading.order_entry import OrderEntry
from coinex_proto.coinex.http.trading.session_step import HttpCommands, Module, Step
from coinex_proto.coinex.market_updates import Deal, TradesUpdate
from coinex_proto.coinex.topics import Orders, Trades, UserTrades
from coinex_proto.errors import SdkError
from coinex_proto.events import Backfilled
from coinex_proto.fitting import essential_members
from coinex_proto.topics import Topic
from coinex_proto.updates import Event, Update

OVERLAP: Final = 2.0
"""Seconds that are queried beyond both ends of the gap."""

TRADES: Final = 1000
"""Public trades that the venue lists at most."""

ROWS: Final = 100
MOST_PAGES: Final = 20
"""So many pages of 100 rows of one list are read."""

MOST_MARKETS: Final = 50
"""So many markets are queried for one topic of all: each is a request, and 50 take seconds."""

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

    def __init__(self, step: Step, module: Module, order_entry: OrderEntry | None = None) -> None:
        self._step = step
        self._requests: Any = spot if module == "spot" else futures
        self._market_type = "SPOT" if module == "spot" else "FUTURES"
        self._order_entry = order_entry if order_entry is not None else OrderEntry(step, module)
        self._queries: Mapping[type[Topic[Any]], Callable[[Any, Window, _Found], HttpCommands[None]]] = {
            Trades: self._query_trades,
            UserTrades: self._query_own_trades,
            Orders: self._query_orders,
        }

    def recover(self, topic: Topic[Event], since: float, until: float) -> HttpCommands[Backfilled | None]:
        """Queries what happened on this topic, and has the session hand it out, oldest first, with `Backfilled` behind it.

        Returns that event; None for a topic that needs no backfill. A request that fails is named in `missing`.
        """
        query = self._queries.get(type(topic))
        if query is None:
            return None
        found = _Found()
        try:
            yield from query(topic, self._window(since, until), found)
        except SdkError as error:
            found.missing.append(f"what could not be asked for: {error}")
        return self._step(lambda session, now: self._hand_out(session, now, topic, since, until, found))

    def _hand_out(
        self, session: Any, now: float, topic: Topic[Event], since: float, until: float, found: _Found
    ) -> Backfilled:
        recovered = session.recover(*found.updates, now=now)
        count = sum(len(update.deal_list) if isinstance(update, TradesUpdate) else 1 for update in recovered)
        missing = "; ".join(found.missing)
        event = Backfilled(topic=topic, since=since, until=until, recovered=count, missing=missing)
        session.note(event, now)
        return event

    # Queries ----------------------------------------------------------------------------------------------------------

    def _query_trades(self, topic: Trades, window: Window, found: _Found) -> HttpCommands[None]:
        for market in _each(topic.market, self._markets(Trades), found):
            rows = yield self._requests.ListMarketDeals(market=market, limit=TRADES)
            oldest = min((row.created_at for row in rows if row.created_at is not None), default=0)
            if len(rows) >= TRADES and oldest > window[0]:
                found.missing.append(f"trades of {market} before {oldest}: the venue lists its latest {TRADES} only")
            within = [row for row in rows if _is_within(row.created_at, window)]
            within.sort(key=lambda row: row.deal_id, reverse=True)
            if within:
                deals = tuple(Deal(**{name: getattr(row, name) for name in _names(Deal)}) for row in within)
                found.updates.append(TradesUpdate(market=market, deal_list=deals, is_history=True))

    def _query_own_trades(self, topic: UserTrades, window: Window, found: _Found) -> HttpCommands[None]:
        for market in _each(topic.market, self._own_markets(), found):
            first = self._requests.ListUserDeals(market=market, start_time=window[0], end_time=window[1], limit=ROWS)
            rows = yield from self._pages(first, f"own trades of {market}", lambda _: False, found)
            fresh = {
                (row.order_id, row.deal_id): row
                for row in rows
                if not self._has(UserTrades, market, (row.order_id, row.deal_id))
            }
            _convert(UserTradeUpdate, sorted(fresh.values(), key=lambda row: row.deal_id), found, lambda update: update)

    def _query_orders(self, topic: Orders, window: Window, found: _Found) -> HttpCommands[None]:
        found.missing.append(UNFILLED)
        unknown = yield from self._order_entry.resolve_unknown()
        if unknown:
            found.missing.append(f"{unknown} own orders whose state is still unknown")
        first = self._requests.ListFinishedOrder(market=topic.market, market_type=self._market_type, limit=ROWS)
        rows = yield from self._pages(first, "finished orders", lambda page: _is_before(page, window[0]), found)
        fresh = {
            row.order_id: row
            for row in rows
            if _is_within(row.updated_at, window) and not self._has(Orders, row.market, row.order_id)
        }
        ordered = sorted(fresh.values(), key=lambda row: (row.updated_at or 0, row.order_id))
        _convert(Order, ordered, found, lambda order: OrderUpdate(event="finish", order=order))

    def _pages(
        self, first: HttpCommand[Any], what: str, is_enough: Callable[[Any], bool], found: _Found
    ) -> HttpCommands[list[Any]]:
        """The rows of all pages, up to the first that is enough."""
        following: Any = first
        rows: list[Any] = []
        for _ in range(MOST_PAGES):
            page = yield following
            rows.extend(page.rows)
            following = None if is_enough(page) else next_page(following, page)
            if following is None:
                return rows
        found.missing.append(f"{what} beyond the first {MOST_PAGES * ROWS} rows")
        return rows

    # What the session knows -------------------------------------------------------------------------------------------

    def _has(self, kind: type[UserTrades | Orders], market: str, occurrence: Hashable) -> bool:
        return self._step(lambda session, _: session.delivered.has((kind().key[0], market), occurrence))

    def _markets(self, kind: type[Trades | UserTrades]) -> tuple[str, ...]:
        return self._step(lambda session, _: session.delivered.markets(kind().key[0]))

    def _own_markets(self) -> tuple[str, ...]:
        return self._markets(UserTrades) + self._step(lambda session, _: session.orders.markets())

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


def _is_within(at_ms: int | None, window: Window) -> bool:
    """What has no time that could be read may have been."""
    return at_ms is None or window[0] <= at_ms <= window[1]


def _is_before(page: Any, at_ms: int) -> bool:
    """Whether no row can be of interest, however the venue sorts them: neither was it made since, nor did it change."""
    times = [(row.created_at, row.updated_at) for row in page.rows]
    return all(changed is not None and max(made or 0, changed) < at_ms for made, changed in times)


def _names(kind: Any) -> tuple[str, ...]:
    return tuple(each.name for each in attrs.fields(kind))


def _convert(kind: Any, rows: Iterable[Any], found: _Found, update_of: Callable[[Any], Update]) -> None:
    """Rows as pushes have them; a row that lacks what a push always says is missing, rather than made up."""
    for row in rows:
        values = {each.name: getattr(row, _ROW_NAMES.get(each.name, each.name), None) for each in attrs.fields(kind)}
        lacking = [name for name in sorted(essential_members(kind)) if values[name] is None]
        if lacking:
            found.missing.append(f"{kind.__name__} of {row.market} without {', '.join(lacking)}")
        else:
            found.updates.append(update_of(kind(**values)))


_ROW_NAMES: Final = {
    "base_ccy_fee": "base_fee",
    "quote_ccy_fee": "quote_fee",
    "discount_ccy_fee": "discount_fee",
}
"""Fields of a pushed order that a row of a query spells otherwise."""
