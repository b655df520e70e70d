"""Cancels own orders over a venue's socket on the way out of a client: what is sent, what an answer proves, what is sent again.

A cancellation of which nobody knows what became (the connection broke, no answer came) is sent again as long as there is time:
cancelling twice does no harm, and an order that stands behind a dead bot does. Nothing but cancellations is sent here. Without
I/O: a generator that yields what a driver has to wait for. Must not know trio, sockets or venues.
"""

from __future__ import annotations

import math
from collections.abc import Callable, Generator, Iterator, Sequence
from typing import Any, Final, final

from attrs import Factory, define, frozen

from coinex_driver.client_base import ClientBase
from coinex_driver.client_core import ClientCore, PendingReply
from coinex_driver.exit_orders import NOT_REACHED, ExitOrder, ended_as
from coinex_proto import (
    Command,
    LoginRefused,
    NotReady,
    OrderFact,
    OrderView,
    Replied,
    RequestRefused,
    UsageError,
)

TRY_AGAIN: Final = 0.05
"""Seconds until a command is tried again that the connection did not let through."""
REFUSED_FOR_NOW: Final = 0.5
"""Seconds until a cancellation is sent again that the venue has refused for now."""
SHORTEST_TRY: Final = 0.5
"""Seconds that the client's own connection has at least to answer; otherwise a third of all."""
FIRST_PAUSE: Final = 0.25
LONGEST_PAUSE: Final = 5.0
"""Seconds between two attempts to get a connection for this alone; each pause is twice as long as the one before."""


def patience_within(seconds: float) -> float:
    """Seconds for which nothing need be heard over the client's own connection before another one is tried."""
    return max(SHORTEST_TRY, seconds / 3)


@frozen
class Wait:
    """Wait until it is done or it is so late. Evaluated wherever the session lives."""

    is_done: Callable[[], bool]
    until: float


@define(eq=False)
class _Target:
    """One order that is to be cancelled."""

    view: OrderView
    why: str = NOT_REACHED
    """What kept it from being cancelled, or is not known of it."""
    reply: PendingReply | None = None
    """That of the cancellation that is on its way."""
    earlier: list[PendingReply] = Factory(list)
    """Those of clients that were given up before they answered: what they bring after all counts."""
    not_before: float = -math.inf
    is_accepted: bool = False
    """The venue has taken the cancellation."""
    is_asked_about: bool = False
    """The venue has refused it while nobody knew how the order stands: the session asks, and what it learns tells."""
    is_given_up: bool = False
    """Asking again does not help."""

    @property
    def is_due(self) -> bool:
        """It may stand, and an answer may come or another try help."""
        if self.was_accepted or self.is_given_up or self.view.is_final:
            return False
        return self.reply is not None or not self.view.has_ended

    @property
    def has_news(self) -> bool:
        """Something has come since the last look."""
        is_told = self.is_asked_about and (self.view.state != "unknown" or self.view.has_ended)
        is_answered = self.reply is not None and self.reply.event is not None
        return is_answered or is_told or self.view.is_final or self.was_accepted

    @property
    def was_accepted(self) -> bool:
        """Whether the venue has taken any of its cancellations."""
        return self.is_accepted or any(isinstance(reply.event, Replied) for reply in self.earlier)

    def hand_over(self) -> None:
        """Another client goes on with it."""
        if self.reply is not None:
            self.earlier.append(self.reply)
        self.reply, self.is_asked_about = None, False


@final
class Cancelling:
    """Orders that are to be cancelled until so late, with one client after another: each goes on where the last one ended."""

    def __init__(
        self, orders: Sequence[OrderView], cancelling: Callable[[OrderView], Command[Any]], until: float
    ) -> None:
        """`cancelling` makes the command, or raises `UsageError` for an order that cannot be named to the venue."""
        self._targets = [_Target(order) for order in orders]
        self._cancelling = cancelling
        self._until = until
        self._is_login_refused = False
        """Venues ban those who keep trying."""

    @property
    def is_due(self) -> bool:
        """Some of them may stand, and another try may help."""
        return any(target.is_due for target in self._targets)

    def pauses(self, now: Callable[[], float]) -> Iterator[float]:
        """The pause before each attempt with a client of its own for this alone, as long as another one may help."""
        pause = 0.0
        while self.is_due and not self._is_login_refused and now() < self._until:
            yield min(pause, self._until - now())
            pause = min(max(FIRST_PAUSE, 2 * pause), LONGEST_PAUSE)

    def failed(self, error: Exception) -> None:
        """A client has come to nothing."""
        self._is_login_refused = isinstance(error, LoginRefused)
        for target in self._targets:
            if target.is_due:
                target.why = str(error)

    def orders(self) -> tuple[ExitOrder, ...]:
        """How it stands with each."""
        return tuple(ended_as(target.view, is_accepted=target.was_accepted, why=target.why) for target in self._targets)

    def actions(self, client: ClientBase, patience: float = math.inf) -> Generator[Wait, None, None]:
        """Cancels with this client, over each of its connections in turn. Ends when nothing is left to be done, the time is
        over, or nothing was heard for `patience` seconds.
        """
        for target in self._targets:
            target.hand_over()
        turn = _Turn(self._targets, self._cancelling, self._until, client._core, patience)
        while (wait := client._change(turn.advance)) is not None:
            yield wait


@final
class _Turn:
    """What one client does about them, where its session lives."""

    def __init__(
        self,
        targets: Sequence[_Target],
        cancelling: Callable[[OrderView], Command[Any]],
        until: float,
        core: ClientCore,
        patience: float,
    ) -> None:
        self._targets = targets
        self._cancelling = cancelling
        self._until = until
        self._core = core
        self._patience = patience
        self._heard_at = core.now()
        self._wait: Wait | None = None
        """What was waited for last."""

    def advance(self) -> Wait | None:
        """Takes in what has come and sends what may leave; None: it is over."""
        now = self._core.now()
        waited, self._wait = self._wait, None
        if waited is not None and not waited.is_done():
            now = max(now, waited.until)  # also where the clock is a rounding short of it
        for target in self._targets:
            self._take(target, now)
        ends_at = min(self._until, self._heard_at + self._patience)
        if waited is not None and now >= ends_at:
            return None
        again_at = self._send(now)  # at first without any time too: what leaves at once may be answered at once
        due = [target for target in self._targets if target.is_due]
        if due:
            self._wait = Wait(lambda: any(target.has_news for target in due), min(again_at, ends_at))
        return self._wait

    def _send(self, now: float) -> float:
        """Sends the cancellations whose time it is, as far as connection and rate limit allow; when to look again."""
        again_at = math.inf
        for target in self._targets:
            if not target.is_due or target.reply is not None or target.is_asked_about:
                continue
            if now < target.not_before:
                again_at = min(again_at, target.not_before)
                continue
            try:
                target.reply = self._core.expect_reply(self._core.send(self._cancelling(target.view), None))
                target.why = ""
            except NotReady as busy:
                if busy.retry_after is not None:
                    self._heard_at = now  # it is not the connection that is in the way
                return min(again_at, now + (busy.retry_after or TRY_AGAIN))
            except UsageError as error:
                target.why, target.is_given_up = str(error), True
        return again_at

    def _take(self, target: _Target, now: float) -> None:
        target.view = self._find(target.view) or target.view
        target.is_asked_about = target.is_asked_about and target.view.state == "unknown"
        event = None if target.reply is None else target.reply.event
        if event is None:
            return
        target.reply = None
        if isinstance(event, Replied):
            self._heard_at = now
            target.is_accepted = True
            return
        target.why = str(event.error)
        if isinstance(event.error, RequestRefused):
            self._heard_at = now
            self._refused(target, event.error, now)

    def _refused(self, target: _Target, error: RequestRefused, now: float) -> None:
        """That is the last word about an order that is known to stand. Otherwise the venue is asked how it stands with it."""
        if error.retryable:
            target.not_before = now + REFUSED_FOR_NOW
            return
        view = target.view
        if self._find(view) is None:  # a client of its own for this alone, which has no orders
            doubt = OrderFact(
                order_id=view.order_id,
                client_order_id=view.client_order_id,
                market=view.market,
                side=view.side,
                state="unknown",
            )
            self._core.session.apply_facts(doubt, now=now)
            target.view = self._find(view) or view
        target.is_asked_about = target.view.state == "unknown"
        target.is_given_up = not target.is_asked_about

    def _find(self, order: OrderView) -> OrderView | None:
        return self._core.session.orders.find(order.order_id, order.client_order_id)
