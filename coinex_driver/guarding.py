"""When a client's guard acts: it hears of lost own orders and of callbacks that raised, and says what is to be done then.

A driver asks `at` until when it may wait, calls `take_due` then, and carries out the actions of what `begin` gives. Without I/O; the
same for every driver. Must not know trio, sockets or threads.
"""

from __future__ import annotations

import math
from collections.abc import Callable
from typing import Final, final

from coinex_driver.client_core import ClientCore
from coinex_driver.coinex_exit import alone, copied
from coinex_driver.coinex_facade import Module
from coinex_driver.coinex_trading import Actions
from coinex_driver.exit_orders import log_exit
from coinex_driver.log import LOG
from coinex_driver.order_guard import Cause, OrderGuard, OrdersGuarded
from coinex_driver.order_sweep import Sweep
from coinex_proto import Event, Lost, OrderView, Restored, Sources, coinex
from coinex_proto.coinex.http import Step

SOONEST_AGAIN: Final = 1.0
"""Seconds at least between two rounds while own orders stay lost and some may still stand."""


_WHEN: Final[dict[Cause, str]] = {
    "lost": "since they were lost",
    "exit": "on the way out",
    "error": "after a callback raised",
}


@final
class Guarding:
    """The guard of one client."""

    def __init__(
        self, guard: OrderGuard, core: ClientCore, module: Module, step: Step, changed: Callable[[], None]
    ) -> None:
        """`changed`: `at` may be earlier than it was; called where the session lives, or where a callback has raised."""
        self.guard = guard
        self._core = core
        self._module: Module = module
        self._step = step
        self._changed = changed
        markets = guard.markets
        self._topics = (coinex.Orders(),) if markets is None else tuple(map(coinex.Orders, markets))
        self._lost: set[coinex.Orders] = set()
        """Those of them that are."""
        self._lost_at = math.inf
        """When it is to act on the loss of own orders."""
        self._has_raised = False
        self._is_busy = False

    def watch(self) -> None:
        """From now on; to be called where the session lives."""
        core = self._core
        core.hold(self._topics, self, _at_the_end)
        core.stream_callbacks.add(Lost, self._on_lost)
        core.stream_callbacks.add(Restored, self._on_restored)

    def _on_lost(self, event: Lost) -> None:
        self._lost.update(topic for topic in self._topics if topic in event.topics)
        if self._lost and self._lost_at == math.inf and self.guard.lost_for is not None:
            self._lost_at = self._core.now() + self.guard.lost_for
            self._changed()

    def _on_restored(self, event: Restored) -> None:
        self._lost.difference_update(topic for topic in self._topics if topic in event.topics)
        if not self._lost:
            self._lost_at = math.inf

    def raised(self) -> None:
        """A callback has raised."""
        if self.guard.on_error:
            self._has_raised = True
            self._changed()

    def handling(self, handler: Callable[[Event, Exception], object]) -> Callable[[Event, Exception], object]:
        """The user's handler of what callbacks raise, of which the guard hears too."""

        def handle(event: Event, error: Exception) -> object:
            self.raised()
            return handler(event, error)

        return handle

    @property
    def at(self) -> float:
        """When `take_due` should be asked next; infinity: at no time."""
        if self._is_busy or self._core.is_stopping or self._core.is_over:
            return math.inf
        return -math.inf if self._has_raised else self._lost_at

    def take_due(self) -> Cause | None:
        """Why it has to act now; whoever takes that does so, by `begin`."""
        if self.at > self._core.now():
            return None
        cause: Cause = "error" if self._has_raised else "lost"
        self._take()
        return cause

    def _take(self) -> None:
        self._is_busy, self._has_raised, self._lost_at = True, False, math.inf

    def cause_at_exit(self) -> Cause | None:
        """Why it has to act on the way out, if it has to: a client that was never ready has nothing to leave behind."""
        core = self._core
        if not core.was_ready:
            return None
        if self.guard.on_error and (self._has_raised or core.error is not None):
            return "error"
        return "exit" if self.guard.on_exit else None

    def begin(self, cause: Cause, sources: Sources, *, is_cut: bool = False) -> Round:
        """What is to be done about that. `is_cut`: the session was left in the middle of a step and is only read."""
        self._take()
        return Round(self, cause, sources, is_cut=is_cut)

    def ended(self, report: OrdersGuarded) -> None:
        """A round is over. While own orders are lost, what may still stand is tried again."""
        self._is_busy = False
        if self._lost and self.guard.lost_for is not None and not report.is_clear:
            self._lost_at = self._core.now() + max(SOONEST_AGAIN, self.guard.lost_for)
        self._changed()


@final
class Round:
    """One time that the guard acts."""

    def __init__(self, guarding: Guarding, cause: Cause, sources: Sources, *, is_cut: bool) -> None:
        self._guarding = guarding
        self._cause: Cause = cause
        self._is_cut = is_cut
        guard, core = guarding.guard, guarding._core
        self._core = core
        orders = core.session.orders
        step = alone(guarding._module, sources, core) if is_cut else guarding._step

        def is_wanted(order: OrderView) -> bool:
            if guard.markets is not None and order.market not in guard.markets:
                return False
            return guard.others or orders.is_from_here(order.order_id, order.client_order_id)

        known = copied(orders.open(), step) if is_cut else step(lambda session, _: session.orders.open())
        self._is_needless = not guard.others and not orders.has_sent()
        self._sweep = Sweep(
            guarding._module,
            step,
            core.now() + guard.within,
            known=[view for view in known if is_wanted(view)],
            markets=guard.markets,
            is_wanted=is_wanted,
            with_stops=guard.stops,
        )

    def actions(self) -> Actions[None]:
        """What is to be done; it raises nothing that a peer can cause."""
        if not self._is_needless:
            yield from self._sweep.actions()

    def end(self) -> OrdersGuarded:
        """The report, after the end of the actions or wherever they were left; it is handed out and logged."""
        sweep = self._sweep
        report = OrdersGuarded(
            cause=self._cause,
            orders=sweep.orders,
            is_listed=sweep.is_listed or self._is_needless,
            why="" if self._is_needless else sweep.why,
        )
        log_exit(self._core.name, report.orders, when=_WHEN[self._cause])
        if not report.is_listed:
            LOG.warning("%s: the venue's list of open orders was not seen: %s", self._core.name, report.why)
        if not self._is_cut:
            self._guarding._step(lambda session, now: session.note(report, now))
        self._guarding.ended(report)
        return report


def _at_the_end() -> None:
    """The guard needs no word when its client stops."""
