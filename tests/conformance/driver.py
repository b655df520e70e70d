"""What a driver fills in to have the conformance suite run on it.

A fourth driver is one subclass of `Driver` and one of `Handle`, and a line in `conftest.py`; see `drivers.py` for those of
this project. The client lives wherever the driver wants it; a test reaches it through the handle alone.
"""

from __future__ import annotations

from abc import ABC, abstractmethod
from collections.abc import Callable
from contextlib import AbstractContextManager
from typing import Any

from coinex_proto import BookChanged, Callbacks, Config, Dialect, Topic


class Handle(ABC):
    """One open client."""

    client: Any
    """For conditions of `until`, and for what may be called from anywhere."""

    @abstractmethod
    def call(self, use: Callable[[Any], Any]) -> Any:
        """What `use(client)` gives or raises, called where the client lives; what can be awaited has been."""

    @abstractmethod
    def until(self, is_true: Callable[[], bool]) -> None:
        """Lets the client work until this is true, or until it has ended; callbacks run meanwhile.

        The condition is looked at where the client lives.
        """

    @abstractmethod
    def take(self, stream: Any) -> Any:
        """The next event of a stream of `client.events()` or `client.latest()`; None: the stream has ended."""

    def book(self, client: Any, topic: Topic[BookChanged]) -> Any:
        """The book of this topic, without waiting: for drivers whose `book` waits."""
        return client.book(topic)


class Driver(ABC):
    """How a client of this driver is opened."""

    name: str

    @abstractmethod
    def open(
        self,
        dialect: Dialect,
        *,
        callbacks: Callbacks | None = None,
        config: Config = Config(),  # noqa: B008  (frozen)
    ) -> AbstractContextManager[Handle]:
        """A client that is ready when the block begins, and closed when it ends.

        The body is as if it stood in the block of the client: what the body raises ends the client, and what ends the client
        comes out of here as itself.
        """

    def why_not(self) -> str | None:
        """Why this driver cannot be tested here; None: it can."""
        return None
