"""Cancels own orders on one half of CoinEx on the way out, over HTTP and within a time; and the session to do so with where the
client's own was left in the middle of a step. Without I/O; must not know trio, sockets or threads.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import Any, TypeVar

from coinex_driver.client_core import ClientCore
from coinex_driver.coinex_facade import Module, dialect_of
from coinex_driver.coinex_trading import Actions
from coinex_driver.exit_orders import ExitOrder, log_exit
from coinex_driver.order_sweep import Sweep
from coinex_proto import Config, OrderFact, OrderView, Session, Sources
from coinex_proto.coinex.http import Step

T = TypeVar("T")


def cancel_on_exit(
    core: ClientCore, module: Module, step: Step, sources: Sources, seconds: float, *, is_cut: bool
) -> Actions[tuple[ExitOrder, ...]]:
    """Cancels every own order that is known to be open; what became of each.

    A cancellation that was refused for now, or of which nobody knows what became, is sent again. `is_cut`: the session was
    left in the middle of a step and is only read.
    """
    orders = core.session.orders
    if is_cut:
        step = alone(module, sources, core)
        known = copied(orders.open(), step)
    else:
        known = step(lambda session, _: session.orders.open())
    sweep = Sweep(module, step, core.now() + seconds, known=known, markets=())
    yield from sweep.actions()
    log_exit(core.name, sweep.orders)
    return sweep.orders


def alone(module: Module, sources: Sources, core: ClientCore) -> Step:
    """A session that knows nothing yet, where the client's own cannot be used any more."""
    session = Session(dialect_of(module, None, None, allow_plaintext=False), sources, Config())

    def step(work: Callable[[Any, float], T], /) -> T:
        return work(session, core.now())

    return step


def copied(orders: Sequence[OrderView], step: Step) -> tuple[OrderView, ...]:
    """The same orders in another session, as far as that matters for cancelling them."""
    facts = [
        OrderFact(
            order_id=order.order_id,
            client_order_id=order.client_order_id,
            market=order.market,
            side=order.side,
            price=order.price,
            amount=order.amount,
            filled=order.filled,
            state="live" if order.state == "live" else "unknown",
        )
        for order in orders
    ]
    step(lambda session, now: session.apply_facts(*facts, now=now))
    return step(lambda session, _: session.orders.open())
