"""What an account holds: the answer of a query, kept current by the pushes that follow.

Without I/O. Let the topic be live first, feed every push and every `Lost` in, then run `query()`. A push that came after
the query left wins over the answer: if it is the older of the two, the change in between has been pushed as well and
follows. So the holdings are never wrong for longer than a push takes, and right at once where the socket has answered a
ping after the query. Several queries may be under way. Source: CoinEx API v2, assets/balance, futures/position,
balance.update and position.update.
"""

from __future__ import annotations

from collections.abc import Hashable, Mapping
from types import MappingProxyType
from typing import Any, Final, Generic, TypeVar, final

import attrs

import coinex_proto.coinex.http.assets as assets
import coinex_proto.coinex.http.futures as futures
from coinex_proto.coinex.account_updates import BalanceUpdate, PositionUpdate
from coinex_proto.coinex.account_updates import Position as PushedPosition
from coinex_proto.coinex.http.paging import next_page
from coinex_proto.coinex.http.trading.session_step import HttpCommands, Module, Step
from coinex_proto.coinex.topics import Balances, Positions
from coinex_proto.errors import UsageError
from coinex_proto.events import Lost
from coinex_proto.moments import unix_milliseconds

P = TypeVar("P")

ROWS: Final = 100
"""Of one page of positions, the most that the venue names."""

_OTHER: Final = frozenset({"settle_val", "first_filled_price", "latest_filled_price", "leverage"})
"""Fields of a pushed position that a queried one writes otherwise, or not at all."""

_SAME: Final = tuple(each.name for each in attrs.fields(PushedPosition) if each.name not in _OTHER)


class _Pushed(Generic[P]):
    """The pushes since the oldest query that is under way, and whether any were lost."""

    def __init__(self) -> None:
        self.updates: dict[Hashable, P] = {}
        self._under_way = 0
        self._losses = 0

    def begin(self) -> int:
        """A query leaves; give what comes of it to `is_whole`."""
        if not self._under_way:
            self.updates.clear()
        self._under_way += 1
        return self._losses

    def end(self) -> None:
        """A query has its answer, or will not get one."""
        self._under_way -= 1

    def lost(self) -> None:
        """Pushes may be missed from now on."""
        self._losses += 1

    def is_whole(self, begun: int) -> bool:
        """Whether no push was lost since."""
        return begun == self._losses


@final
class BalanceHoldings:
    """Own balances by currency, of the spot or of the futures account; margin accounts are not among them."""

    def __init__(self, step: Step, module: Module) -> None:
        """`step`: the client's; what the answer changes is changed where the pushes come in."""
        self._step = step
        self._request = assets.GetSpotBalance() if module == "spot" else assets.GetFuturesBalance()
        self._known: dict[str, BalanceUpdate] = {}
        self._pushed: _Pushed[BalanceUpdate] = _Pushed()
        self.is_current: bool = False
        """An answer is in, and nothing was missed since."""

    @property
    def balances(self) -> Mapping[str, BalanceUpdate]:
        """As they are known now; it does not change any more."""
        return MappingProxyType(dict(self._known))

    def take(self, update: BalanceUpdate) -> None:
        """A push."""
        if not update.margin_market:
            self._pushed.updates[update.ccy] = self._known[update.ccy] = update

    def lost(self, event: Lost) -> None:
        """Pushes may be missed from now on."""
        if any(isinstance(topic, Balances) for topic in event.topics):
            self.is_current = False
            self._pushed.lost()

    def query(self) -> HttpCommands[None]:
        """Queries the venue; `is_current` afterwards, unless pushes were missed meanwhile."""
        begun = self._step(lambda _, __: self._pushed.begin())
        try:
            rows = yield self._request
            answer = {row.ccy: _balance(row) for row in rows}
            self._step(lambda _, __: self._finish(answer, begun))
        finally:
            self._step(lambda _, __: self._pushed.end())

    def _finish(self, answer: dict[str, BalanceUpdate], begun: int) -> None:
        self._known = {**answer, **{update.ccy: update for update in self._pushed.updates.values()}}
        self.is_current = self._pushed.is_whole(begun)


def _balance(row: assets.SpotBalance | assets.FuturesBalance) -> BalanceUpdate:
    if isinstance(row, assets.SpotBalance):
        return BalanceUpdate(ccy=row.ccy, available=row.available, frozen=row.frozen)
    return BalanceUpdate(
        ccy=row.ccy,
        available=row.available,
        frozen=row.frozen,
        margin=row.margin,
        transferrable=row.transferrable,
        unrealized_pnl=row.unrealized_pnl,
    )


@final
class PositionHoldings:
    """Own futures positions by market."""

    def __init__(self, step: Step, module: Module) -> None:
        """`step`: the client's; what the answer changes is changed where the pushes come in."""
        self._step = step
        if module != "futures":
            raise UsageError("positions are on the futures half only")
        self._known: dict[int, futures.Position] = {}
        self._pushed: _Pushed[PositionUpdate] = _Pushed()
        self.is_current: bool = False
        """An answer is in, and nothing was missed since."""

    @property
    def positions(self) -> Mapping[str, futures.Position]:
        """As they are known now; it does not change any more."""
        return MappingProxyType({position.market: position for position in self._known.values()})

    def take(self, update: PositionUpdate) -> None:
        """A push."""
        self._pushed.updates[update.position.position_id] = update
        self._apply(update)

    def lost(self, event: Lost) -> None:
        """Pushes may be missed from now on."""
        if any(isinstance(topic, Positions) for topic in event.topics):
            self.is_current = False
            self._pushed.lost()

    def query(self) -> HttpCommands[None]:
        """Queries the venue; `is_current` afterwards, unless pushes were missed meanwhile."""
        begun = self._step(lambda _, __: self._pushed.begin())
        try:
            found: dict[int, futures.Position] = {}
            request: Any = futures.ListPendingPosition(limit=ROWS)
            while request is not None:
                page = yield request
                found.update((row.position_id, row) for row in page.rows)
                request = next_page(request, page)
            self._step(lambda _, __: self._finish(found, begun))
        finally:
            self._step(lambda _, __: self._pushed.end())

    def _finish(self, found: dict[int, futures.Position], begun: int) -> None:
        self._known = found
        for update in self._pushed.updates.values():
            self._apply(update)
        self.is_current = self._pushed.is_whole(begun)

    def _apply(self, update: PositionUpdate) -> None:
        pushed = update.position
        known = self._known.get(pushed.position_id)
        if known is not None and _is_newer(known.updated_at, pushed.updated_at):
            return
        if pushed.open_interest:
            self._known[pushed.position_id] = _position(pushed)
        else:
            self._known.pop(pushed.position_id, None)


def _is_newer(known_at: int | None, pushed_at: int | None) -> bool:
    """Whether both say when they were made, and what is known is newer."""
    known, pushed = unix_milliseconds(known_at), unix_milliseconds(pushed_at)
    return known is not None and pushed is not None and known > pushed


def _position(pushed: PushedPosition) -> futures.Position:
    """A pushed position in the words of the query."""
    same = {name: getattr(pushed, name) for name in _SAME}
    return futures.Position(
        **same, settle_value=pushed.settle_val, leverage=None if pushed.leverage is None else int(pushed.leverage)
    )
