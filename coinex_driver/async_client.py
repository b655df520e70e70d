"""What every client can do that is awaited: the methods of a driver's client that wait for one thing of the session.

A driver says how a condition is waited for (`_until`) and how time passes (`Awaiting`). Must not know trio nor asyncio.
"""

from __future__ import annotations

from abc import abstractmethod
from collections.abc import Callable
from typing import TypeVar

from coinex_driver.arguments import check_book_topic
from coinex_driver.awaiting import Awaiting
from coinex_driver.client_base import ClientBase
from coinex_proto import BookChanged, BookView, Command, Event, OrderView, Topic
from coinex_proto.checks import check_order
from coinex_proto.commands import describe

R = TypeVar("R")


class AsyncClient(ClientBase, Awaiting):
    """The common methods of the clients under trio and asyncio."""

    @abstractmethod
    def _check(self) -> None:
        """Raises `UsageError` where the client may not be used from here."""

    @abstractmethod
    async def _until(self, is_done: Callable[[], bool], what: str) -> None:
        """Returns as soon as the session makes this true; raises what it raises, and what ended the client before."""

    async def request(self, command: Command[R]) -> R:
        """The answer to a command; raises what `Failed` would carry, or `NotReady` at once while not connected."""
        reply = self._core.expect_reply(self.send(command))
        await self._until(lambda: reply.event is not None, describe(command))
        result: R = reply.result()
        return result

    async def ready(self, *topics: Topic[Event]) -> None:
        """Returns when signed in and these topics are live; topics that are not subscribed yet are now."""
        await self._sleep(0)
        is_done = self._change(lambda: self._core.when_live(topics))
        await self._until(is_done, "ready()")

    async def wait(self, order: OrderView) -> OrderView:
        """The order when it is final. One in state `unknown` is waited for: it may be resolved by a push or a query.

        One of which the venue cannot tell how it ended is given as it is: see `OrderView.has_ended`.
        """
        check_order(order)
        live = self._core.session.orders.live(order)  # an event carries a snapshot, which stays as it is
        await self._until(lambda: live.has_ended, "wait()")
        return live

    def book(self, topic: Topic[BookChanged]) -> BookView:
        """A live view of this order book, subscribed if it was not; its numbers raise while it cannot be trusted."""
        check_book_topic(topic)
        self._change(lambda: self._core.ensure_subscribed((topic,)))
        return self._core.session.book(topic)

    async def _opened(self) -> None:
        """Returns when the client is ready for the first time, or was stopped before by a callback."""
        core = self._core
        await self._until(lambda: core.was_ready or (core.is_stopping and core.error is None), "opening")
