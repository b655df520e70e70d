"""A client without I/O: the session of a `ClientCore` speaks to a scripted venue, and time stands still unless set."""

from __future__ import annotations

from collections.abc import Callable
from typing import TypeVar

from coinex_driver.client_base import ClientBase
from coinex_driver.client_core import ClientCore
from coinex_proto import Callbacks, Config, Dialect, Session, Sources, coinex
from tests.coinex_trio.venue import Venue

T = TypeVar("T")


class Direct(ClientBase):
    """The smallest driver: every step moves all bytes at once."""

    def __init__(
        self,
        dialect: Dialect | None = None,
        callbacks: Callbacks | None = None,
        config: Config = Config(),  # noqa: B008
    ) -> None:
        self.time = 100.0
        sources = Sources(wall_time_ns=lambda: 1_700_000_000_000_000_000, random_bytes=bytes)
        self._core = self.core = ClientCore(dialect or coinex.spot(), callbacks, config, sources, lambda: self.time)
        assert isinstance(self.core.session, Session)
        self.session = self.core.session
        self.venue = Venue()

    def connect(self) -> None:
        self.core.next_step()
        self.session.connected(self.time)
        self.turn()

    def disconnect(self) -> None:
        self.session.disconnected(self.time, "gone")
        self.venue = Venue()
        self.core.deliver()

    def turn(self) -> None:
        """Until nobody has anything to say."""
        while True:
            if data := self.session.data_to_send():
                self.venue.receive(data)
            received = bytes(self.venue.out)
            self.venue.out.clear()
            if received:
                self.session.receive_data(received, self.time)
            self.core.deliver()
            if not data and not received:
                return

    def _wake(self) -> None:
        self.core.stop_if_asked()
        self.turn()

    def _change(self, step: Callable[[], T]) -> T:
        result = step()
        self.turn()
        return result
