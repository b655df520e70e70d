"""Cancels what is open on one half of CoinEx, over HTTP and within a time, and can say at any moment how far it came.

First what is known here, then what the venue lists, until its list names nothing more or time is up. One request that hangs
does not use up the time of the others; what may pass is tried again, since cancelling twice does no harm. Without I/O: a
generator that yields what a driver must do. Must not know trio, sockets or threads.
"""

from __future__ import annotations

import math
from collections.abc import Callable, Generator, Iterator, Sequence
from typing import Any, Final, final

from attrs import define, evolve

from coinex_driver.coinex_trading import Action, Actions, Pause, RunHttp
from coinex_driver.exit_orders import NOT_REACHED, ExitOrder, ended_as
from coinex_proto import OrderView, OutcomeUnknown, RequestRefused, SdkError
from coinex_proto.coinex.http import (
    BatchItem,
    HttpCommand,
    HttpCommands,
    Module,
    OrderEntry,
    Step,
    futures,
    next_page,
    spot,
)
from coinex_proto.coinex.http.errors import HttpRefused
from coinex_proto.coinex.http.trading.order_entry import LISTED_AFTER, NOT_FOUND, ROWS
from coinex_proto.orders.view import OrderValues, Snapshot

FIRST_PAUSE: Final = 0.1
LONGEST_PAUSE: Final = 1.0
SHORTEST_TRY: Final = 0.5
"""Seconds that one request has at least, as far as there is time; otherwise a third of what is left."""
BATCH: Final = 10
"""Orders of one cancelling request; the venue does not say how many it takes."""

OUT_OF_TIME: Final = TimeoutError(NOT_REACHED)
"""Nothing was asked."""

_HALVES: Final[dict[Module, Any]] = {"spot": spot, "futures": futures}
_FINAL_KINDS: Final = ("auth", "permission")
"""Refusals that asking again cannot mend."""
_IN_FLIGHT: Final = "the venue does not know it yet: it may still arrive"
_STOP_GONE: Final = "the venue does not know it any more: it was triggered or cancelled"
_STILL_LISTED: Final = "the venue has taken the cancellation and lists it still"


@define(eq=False)
class Target:
    """One order that is to be cancelled."""

    view: OrderView
    is_stop: bool = False
    is_listed_only: bool = False
    """The view is of the list, since no tracker follows the order: a stop order, or one that had ended as far as was known."""
    is_tried: bool = False
    is_accepted: bool = False
    """The venue has taken the cancellation."""
    accepted_at: float = -math.inf
    is_given_up: bool = False
    """Asking again does not help."""
    why: str = NOT_REACHED

    @property
    def is_due(self) -> bool:
        """It may still stand, and another request may help."""
        return not (self.is_accepted or self.is_given_up or self.view.is_final)

    def ended(self) -> ExitOrder:
        """How that ended, as far as is known now."""
        ended = ended_as(self.view, is_accepted=self.is_accepted, why=self.why)
        return evolve(ended, is_stop=True) if self.is_stop else ended


@final
class Sweep:
    """One round: give `actions()` to whatever carries them out; `orders`, `is_listed` and `why` hold at any moment."""

    def __init__(
        self,
        module: Module,
        step: Step,
        until: float,
        *,
        known: Sequence[OrderView] = (),
        markets: Sequence[str] | None = None,
        is_wanted: Callable[[OrderView], bool] = lambda _: True,
        with_stops: bool = False,
    ) -> None:
        """`known`: live views of orders in the session that `step` leads to. `markets`: those whose lists of open orders are asked
        for; None: of all, empty: of none. `is_wanted` judges what the venue lists.
        """
        self._requests = _HALVES[module]
        self._step = step
        self._entry = OrderEntry(step, module)
        self._until = until
        self._markets: tuple[str | None, ...] = (None,) if markets is None else tuple(markets)
        self._is_wanted = is_wanted
        self._with_stops = with_stops
        self._targets: dict[object, Target] = {view: Target(view) for view in known}
        self._batch = BATCH
        self._is_refused = False
        """The venue refuses the key: its list will not come."""
        self.is_listed: bool = False
        """The venue's list was seen after the first cancellations, and `orders` has all of it that was wanted."""
        self.why: str = NOT_REACHED
        """What kept the list from being seen."""

    @property
    def orders(self) -> tuple[ExitOrder, ...]:
        """How it stands with each order, in the order in which they became known."""
        return tuple(target.ended() for target in self._targets.values())

    def actions(self) -> Actions[None]:
        """What is to be done; it raises nothing that a peer can cause."""
        pause = FIRST_PAUSE
        while True:
            for group in self._groups():
                yield from self._cancel(group)
            if self._left() > 0:
                self.is_listed = yield from self._list()
            if any(not target.is_tried and target.is_due for target in self._targets.values()) and self._left() > 0:
                continue
            if (self.is_listed and not self._due()) or self._left() <= 0:
                return
            if not self._due() and self._is_refused:
                return
            yield Pause(min(pause, self._left()))
            pause = min(2 * pause, LONGEST_PAUSE)

    def _now(self) -> float:
        return self._step(lambda _, now: now)

    def _left(self) -> float:
        return self._until - self._now()

    def _due(self) -> list[Target]:
        return [target for target in self._targets.values() if target.is_due]

    def _ask(self, commands: HttpCommands[Any]) -> Generator[Action, Any, Any]:
        """The result, or the error as a value."""
        left = self._left()
        if left <= 0:
            return OUT_OF_TIME
        try:
            return (yield RunHttp(commands, min(left, max(left / 3, SHORTEST_TRY))))
        except (SdkError, TimeoutError) as error:
            return error

    # Cancelling -------------------------------------------------------------------------------------------------------

    def _groups(self) -> Iterator[list[Target]]:
        """What one request each can cancel: some ids of one market, or one order that has none yet."""
        due = self._due()
        yield from ([target] for target in due if target.view.order_id is None or target.view.market is None)
        by_market: dict[tuple[str | None, bool], list[Target]] = {}
        for target in due:
            if target.view.order_id is not None and target.view.market is not None:
                by_market.setdefault((target.view.market, target.is_stop), []).append(target)
        for group in by_market.values():
            while group:
                yield group[: self._batch]
                del group[: self._batch]

    def _cancel(self, group: list[Target]) -> Actions[None]:
        group = [target for target in group if target.is_due]  # a push may have told meanwhile
        if not group or self._left() <= 0:
            return
        is_by_client_id = group[0].view.order_id is None or group[0].view.market is None
        answer = yield from self._ask(self._entry.ask(self._cancelling(group)))
        for target in group:
            target.is_tried = True
        if isinstance(answer, Exception):
            yield from self._failed(group, answer)
        elif is_by_client_id:
            yield from self._named(group[0], answer)
        elif not isinstance(answer, tuple):
            self._accepted(group[0])
        elif len(answer) != len(group):
            self._batch = 1  # nobody can tell which is which
        else:
            for target, item in zip(group, answer, strict=True):
                yield from self._answered(target, item)

    def _cancelling(self, group: list[Target]) -> HttpCommand[Any]:
        requests, view = self._requests, group[0].view
        if view.order_id is None or view.market is None:
            named: HttpCommand[Any] = requests.CancelOrderByClientId(market=view.market, client_id=view.client_order_id)
            return named
        ids = tuple(target.view.order_id for target in group)
        if group[0].is_stop:
            one, many = requests.CancelStopOrder, requests.CancelBatchStopOrder
            alone, together = {"stop_id": ids[0]}, {"stop_ids": ids}
        else:
            one, many = requests.CancelOrder, requests.CancelBatchOrder
            alone, together = {"order_id": ids[0]}, {"order_ids": ids}
        made: HttpCommand[Any] = (
            one(market=view.market, **alone) if len(ids) == 1 else many(market=view.market, **together)
        )
        return made

    def _failed(self, group: list[Target], error: Exception) -> Actions[None]:
        refused = isinstance(error, RequestRefused) and not error.retryable
        if refused and len(group) == 1 and getattr(error, "code", None) == NOT_FOUND:
            yield from self._not_found(group[0])
            return
        if refused and len(group) > 1:
            self._batch = 1  # one of them, or their number, spoils the others
        for target in group:
            target.why = _words(error)
            target.is_given_up = _is_final(error)

    def _answered(self, target: Target, item: BatchItem[Any]) -> Actions[None]:
        if item.is_ok:
            self._accepted(target)
        elif item.code == NOT_FOUND:
            yield from self._not_found(target)
        else:
            target.why = f"{item.message} (code {item.code})".strip()

    def _named(self, target: Target, items: tuple[BatchItem[Any], ...]) -> Actions[None]:
        """The answer for an order that the venue has not named yet: one element for each that carries its client id."""
        if any(item.is_ok for item in items):
            self._accepted(target)
        else:
            yield from self._not_found(target)

    def _accepted(self, target: Target) -> None:
        target.is_accepted, target.accepted_at, target.why = True, self._now(), ""

    def _not_found(self, target: Target) -> Actions[None]:
        """It has ended, or has not arrived yet: the venue is asked which."""
        if target.is_listed_only:
            if target.is_stop:
                target.why, target.is_given_up = _STOP_GONE, True
            else:
                del self._targets[target.view.order_id]  # it had ended: the list was late
            return
        answer = yield from self._ask(self._entry.resolve(target.view))
        if not target.view.is_final:
            target.why = _words(answer) if isinstance(answer, Exception) and answer is not OUT_OF_TIME else _IN_FLIGHT

    # What the venue lists ---------------------------------------------------------------------------------------------

    def _list(self) -> Generator[Action, Any, bool]:
        """Whether all of it was seen; what is wanted and new is a target from now on."""
        kinds = [(self._requests.ListPendingOrder, False)]
        if self._with_stops:
            kinds.append((self._requests.ListPendingStopOrder, True))
        for kind, is_stop in kinds:
            for market in self._markets:
                request = kind(market=market, limit=ROWS)
                while request is not None:
                    asked_at = self._now()
                    page = yield from self._ask(self._entry.ask(request))
                    if isinstance(page, Exception):
                        self.why, self._is_refused = _words(page), _is_final(page)
                        return False
                    for row in page.rows:
                        self._take(row, asked_at, is_stop=is_stop)
                    request = next_page(request, page)
        self.why = ""
        return True

    def _take(self, row: Any, asked_at: float, *, is_stop: bool) -> None:
        if is_stop:
            view = known = _listed_view(row, row.stop_id)
            key: object = ("stop", row.stop_id)
        else:
            found: OrderView | None = self._step(lambda session, _: session.orders.find(row.order_id))
            if found is None:
                return  # the session takes no order without its essential members
            is_over, mine = found.is_final, self._targets.get(found)
            if is_over and mine is not None and asked_at < mine.accepted_at + LISTED_AFTER:
                return  # the list is late
            known, view = found, _listed_view(row, row.order_id) if is_over else found
            key = row.order_id if is_over else found
        if not self._is_wanted(known):
            return
        target = self._targets.setdefault(
            key, Target(view, is_stop=is_stop, is_listed_only=is_stop or view is not known)
        )
        if target.is_accepted and asked_at >= target.accepted_at + LISTED_AFTER:
            target.is_accepted, target.why = False, _STILL_LISTED


def _words(error: Exception) -> str:
    return str(error) or "no answer in time"


def _is_final(error: Exception) -> bool:
    return isinstance(error, HttpRefused) and error.kind in _FINAL_KINDS


def _listed_view(row: Any, order_id: int) -> OrderView:
    """An order as it is listed, that no tracker follows."""
    values = OrderValues(
        market=row.market,
        side=row.side,
        order_type=row.type,
        price=row.price,
        amount=row.amount,
        order_id=order_id,
        client_order_id=row.client_id or None,
        state="live",
    )
    return OrderView(Snapshot(values, 0))


def carry_out(actions: Actions[None], do: Callable[[Action], object]) -> None:
    """Carries out actions in the calling thread, to the end: the first Ctrl-C comes out behind it, a second one at once."""
    interrupt: BaseException | None = None
    try:
        action = next(actions)
        while True:
            try:
                done = do(action)
            except Exception as error:  # noqa: BLE001  (comes out where it was not expected)
                action = actions.throw(error)
            except BaseException as error:
                if interrupt is not None:
                    raise
                interrupt = error
                action = actions.throw(OutcomeUnknown("interrupted"))
            else:
                action = actions.send(done)
    except StopIteration:
        pass
    finally:
        actions.close()
    if interrupt is not None:
        raise interrupt
