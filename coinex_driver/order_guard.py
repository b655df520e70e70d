"""What a dead man's switch is told, and what it reports. Must not know HTTP: every client imports it."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Literal, TypeAlias

from attrs import field, frozen

from coinex_driver.arguments import check_seconds
from coinex_proto import OrdersGuarded, UsageError
from coinex_proto.errors import quoted

__all__ = ["Cause", "OrderGuard", "OrdersGuarded", "check_guard"]

Cause: TypeAlias = Literal["lost", "exit", "error"]


def _names(markets: Sequence[str] | None) -> tuple[str, ...] | None:
    if markets is None:
        return None
    names: tuple[object, ...] = () if isinstance(markets, str) else tuple(markets)
    if not names or not all(isinstance(name, str) and name for name in names):
        raise UsageError(f"markets={quoted(markets)}: a list of names of markets, or None for all")
    return tuple(dict.fromkeys(map(str, names)))


@frozen(kw_only=True)
class OrderGuard:
    """When a CoinEx client cancels its open orders over HTTP by itself, and which; `OrdersGuarded` reports each time.

    It acts in the client's own process: a machine that dies takes it along, and without a network it can do nothing.
    `coinex guard` is a second process, on another machine if you like.
    """

    lost_for: float | None = 5.0
    """Seconds that the pushes of own orders may be `Lost` before it acts; None: it does not act on that."""
    within: float = 3.0
    """Seconds that one round of cancelling may take, all requests, repetitions and pauses included."""
    on_exit: bool = True
    """However the block is left; not where the client was never ready."""
    on_error: bool = True
    """When a callback has raised, whether or not `on_error` handles it."""
    markets: tuple[str, ...] | None = field(default=None, converter=_names)
    """Orders elsewhere are let stand; None: all markets of this half of the venue."""
    others: bool = False
    """True: every order of the account that the venue lists there. False: those that were placed by this client's methods."""
    stops: bool = False
    """True: stop orders too, also those that protect a position. Nobody can tell who placed one, so it takes `others=True`."""

    def __attrs_post_init__(self) -> None:
        """Raises `UsageError` for what is no time, no flag, or contradicts itself."""
        if self.lost_for is not None:
            check_seconds(self.lost_for)
            if self.lost_for < 0:
                raise UsageError(f"lost_for={self.lost_for!r}: seconds from zero, or None for never")
        check_seconds(self.within)
        if not 0 < self.within < float("inf"):
            raise UsageError(f"within={self.within!r}: seconds above zero, with an end")
        for name in ("on_exit", "on_error", "others", "stops"):
            if type(getattr(self, name)) is not bool:
                raise UsageError(f"{name}={quoted(getattr(self, name))}: True or False")
        if self.stops and not self.others:
            raise UsageError("stops=True needs others=True: nobody can tell which program has placed a stop order")
        if self.lost_for is None and not self.on_exit and not self.on_error:
            raise UsageError("a guard that never acts: leave guard= out")


def check_guard(guard: object, *, has_credentials: bool, cancel_orders_on_exit: float | None) -> None:
    """Raises `UsageError` for what is no guard, has nothing to guard, or is told twice what to do on the way out."""
    if guard is None:
        return
    if not isinstance(guard, OrderGuard):
        raise UsageError(f"guard= takes an OrderGuard(), not {quoted(guard)}")
    if not has_credentials:
        raise UsageError("Authentication required: a guard cancels own orders")
    if guard.on_exit and cancel_orders_on_exit is not None:
        raise UsageError("cancel_orders_on_exit= and a guard with on_exit=True say the same twice: leave one out")
