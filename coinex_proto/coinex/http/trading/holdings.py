"""What an account holds: the answer of a query, kept current by the pushes that follow.

Without I/O. Let the topic be live first, feed every push and every `Lost` in, then run `ask()`. A push that came after the
question left wins over the answer: if it is the older of the two, the change in between has been pushed as well and
follows. So the sheet is never wrong for longer than a push takes, and right at once where the socket has answered a ping
after the query. Source: CoinEx API v2, assets/balance, futures/position, balance.update and position.update.
"""

from __future__ import annotations

from collections.abc import Mapping
from types import MappingProxyType
from typing import Any, Final, final

import attrs

from coinex_proto.coinex.account_updates import BalanceUpdate, PositionUpdate
from coinex_proto.coinex.account_updates import Position as PushedPosition
from coinex_proto.coinex.http import assets, futures
from coinex_proto.coinex.http.paging import next_page
from coinex_proto.coinex.http.trading.order_entry import Asking, Module, Step
from coinex_proto.coinex.topics import Balances, Positions
from coinex_proto.errors import UsageError
from coinex_proto.events import Lost

ROWS: Final = 100
"""Of one page of positions, the most that the venue names."""

_OTHER: Final = frozenset({"settle_val", "first_filled_price", "latest_filled_price", "leverage"})
"""Fields of a pushed position that a queried one writes otherwise, or not at all."""

_SAME: Final = tuple(each.name for each in attrs.fields(PushedPosition) if each.name not in _OTHER)


@final
class BalanceSheet:
    """Own balances by currency, of the spot or of the futures account; margin accounts are not among them."""

    def __init__(self, step: Step, module: Module) -> None:
        """`step`: the client's; what the answer changes is changed where the pushes come in."""
        self._step = step
        self._query = assets.GetSpotBalance() if module == "spot" else assets.GetFuturesBalance()
        self._known: dict[str, BalanceUpdate] = {}
        self._pushed: dict[str, BalanceUpdate] = {}
        self._losses = 0
        self.is_current = False
        """An answer is in, and nothing was missed since."""

    @property
    def balances(self) -> Mapping[str, BalanceUpdate]:
        """As they are known now; it does not change any more."""
        return MappingProxyType(dict(self._known))

    def take(self, update: BalanceUpdate) -> None:
        """A push."""
        if not update.margin_market:
            self._pushed[update.ccy] = self._known[update.ccy] = update

    def lost(self, event: Lost) -> None:
        """Pushes may be missed from now on."""
        if any(isinstance(topic, Balances) for topic in event.topics):
            self.is_current = False
            self._losses += 1

    def ask(self) -> Asking[None]:
        """Queries the venue; `is_current` afterwards, unless pushes were missed meanwhile."""
        losses = self._step(lambda _, __: self._begin())
        rows = yield self._query
        told = {row.ccy: _balance(row) for row in rows}
        self._step(lambda _, __: self._finish(told, losses))

    def _begin(self) -> int:
        self._pushed.clear()
        return self._losses

    def _finish(self, told: dict[str, BalanceUpdate], losses: int) -> None:
        self._known = told | self._pushed
        self.is_current = losses == self._losses


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
class PositionSheet:
    """Own futures positions by market."""

    def __init__(self, step: Step, module: Module) -> None:
        """`step`: the client's; what the answer changes is changed where the pushes come in."""
        self._step = step
        if module != "futures":
            raise UsageError("positions are on the futures half only")
        self._known: dict[int, futures.Position] = {}
        self._pushed: dict[int, PositionUpdate] = {}
        self._losses = 0
        self.is_current = False
        """An answer is in, and nothing was missed since."""

    @property
    def positions(self) -> Mapping[str, futures.Position]:
        """As they are known now; it does not change any more."""
        return MappingProxyType({position.market: position for position in self._known.values()})

    def take(self, update: PositionUpdate) -> None:
        """A push."""
        self._pushed[update.position.position_id] = update
        self._apply(update)

    def lost(self, event: Lost) -> None:
        """Pushes may be missed from now on."""
        if any(isinstance(topic, Positions) for topic in event.topics):
            self.is_current = False
            self._losses += 1

    def ask(self) -> Asking[None]:
        """Queries the venue; `is_current` afterwards, unless pushes were missed meanwhile."""
        losses = self._step(lambda _, __: self._begin())
        found: dict[int, futures.Position] = {}
        asked: Any = futures.ListPendingPosition(limit=ROWS)
        while asked is not None:
            page = yield asked
            found.update((row.position_id, row) for row in page.rows)
            asked = next_page(asked, page)
        self._step(lambda _, __: self._finish(found, losses))

    def _begin(self) -> int:
        self._pushed.clear()
        return self._losses

    def _finish(self, found: dict[int, futures.Position], losses: int) -> None:
        self._known = found
        for update in self._pushed.values():
            self._apply(update)
        self.is_current = losses == self._losses

    def _apply(self, update: PositionUpdate) -> None:
        pushed = update.position
        known = self._known.get(pushed.position_id)
        if known is not None and known.updated_at is not None and known.updated_at > pushed.updated_at:
            return
        if pushed.open_interest:
            self._known[pushed.position_id] = _position(pushed)
        else:
            self._known.pop(pushed.position_id, None)


def _position(pushed: PushedPosition) -> futures.Position:
    """A pushed position in the words of the query."""
    same = {name: getattr(pushed, name) for name in _SAME}
    return futures.Position(**same, settle_value=pushed.settle_val, leverage=int(pushed.leverage))
