"""One line of a client: a session with reconnects of its own, and the driver's half of it.

Must not know any venue, nor what becomes of its events (`channel.py`).
"""

from __future__ import annotations

import math
from collections.abc import Callable
from enum import Enum
from typing import TYPE_CHECKING, Protocol, final

from coinex_proto._connection.late_timers import earliest
from coinex_proto._session.reconnect import NextStep, Stop, Wait
from coinex_proto.config import Config, Sources
from coinex_proto.dialect import Dialect
from coinex_proto.errors import ConnectFailed
from coinex_proto.events import Closed, LineChanged, LoginFailed, Lost, Ready, Retrying
from coinex_proto.ids import TopicKey
from coinex_proto.phases import Phase
from coinex_proto.session import Session
from coinex_proto.updates import Event, Update

if TYPE_CHECKING:
    from coinex_proto._connection.requests import RequestIds
    from coinex_proto._session.delivered import Delivered
    from coinex_proto._session.subscriptions import Verification
    from coinex_proto.errors import SdkError
    from coinex_proto.orders.tracker import Orders


class Role(Enum):
    """What a line is for."""

    ACTIVE = "active"
    STANDBY = "standby"
    """Opened to replace another one; it does so when it has verified what that one has."""
    RETIRING = "retiring"
    """Replaced, or not needed any more: the requests that are under way on it end, and then it closes."""


class Owner(Protocol):
    """What a line must know of all lines."""

    @property
    def orders(self) -> Orders:
        """The one tracker of the client."""
        ...

    @property
    def ids(self) -> RequestIds:
        """The one count of request ids."""
        ...

    @property
    def delivered(self) -> Delivered:
        """The one memory of what was delivered."""
        ...

    def proves_beside(self, line: Line, key: TopicKey) -> bool:
        """Whether another line has this topic live."""
        ...

    def knows_orders_beside(self, line: Line) -> bool:
        """Whether another line tells of own orders."""
        ...

    def collect(self, line: Line, now: float) -> None:
        """Its session may have events."""
        ...

    def ended(self, line: Line, error: SdkError | None) -> None:
        """It will not connect any more."""
        ...

    def next_deadline(self) -> float | None:
        """When something is due that is no single line's."""
        ...

    def handle_timeout(self, now: float) -> None:
        """Time has passed."""
        ...


@final
class Line:
    """What a driver moves the bytes of: the same calls as of a `Session`."""

    def __init__(
        self,
        owner: Owner,
        number: int,
        dialect: Dialect,
        sources: Sources,
        config: Config,
        *,
        is_second: bool = False,
        replaces: Line | None = None,
        opens_at: float = -math.inf,
    ) -> None:
        self.number = number
        self.is_second = is_second
        """It carries, for the second time, what can be told apart."""
        self.replaces = replaces
        self.role = Role.ACTIVE if replaces is None else Role.STANDBY
        self.is_ready = False
        self.renews_at: float = math.inf
        self.retired_by: float = math.inf
        self.book_changed: Callable[[Verification], Event | None]
        """As `Beside.book_changed`; by its channel, as the next."""
        self.came_again: Callable[[Update], None]
        """As `Beside.came_again`."""
        self.at: float = 0.0
        """When it was last given bytes, or had its timers served."""
        self.is_alone: bool = False
        """No other line can bring what it brings."""
        self.last: dict[TopicKey, Update] = {}
        """The newest states without a time, of topics that another line is the source of."""
        self.live_at: dict[TopicKey, float] = {}
        """Since when each topic is, or was, verified on it, Unix seconds."""
        self.lost: Lost | None = None
        """What its session said when the connection ended, of a line that had been replaced."""
        self.is_drained: bool = False
        """Replaced, and all has come that was on its way on it."""
        self.firsts = 0
        """How often it was the first of two to bring something."""
        self.lead: float = 0.0
        """By how many seconds in all."""
        self._owner = owner
        self._opens_at = opens_at
        self.session: Session = Session(dialect, sources, config, beside=self)

    def __repr__(self) -> str:
        return f"<Line {self.number}, {self.role.value}>"

    def changed(self, event: Ready | Closed | Retrying | LoginFailed) -> LineChanged:
        """What its session says of its connection, as it is told of one of several lines."""
        match event:
            case Ready():
                return LineChanged(line=self.number, state="ready", why="")
            case Closed():
                return LineChanged(line=self.number, state="closed", why=str(event.reason))
            case Retrying():
                return LineChanged(line=self.number, state="retrying", why=event.why)
            case LoginFailed():
                return LineChanged(line=self.number, state="refused", why=str(event.error))

    # For its session --------------------------------------------------------------------------------------------------

    @property
    def orders(self) -> Orders:
        """The one tracker of the client."""
        return self._owner.orders

    @property
    def ids(self) -> RequestIds:
        """The one count of request ids."""
        return self._owner.ids

    @property
    def delivered(self) -> Delivered:
        """The one memory of what was delivered."""
        return self._owner.delivered

    def proves(self, key: TopicKey) -> bool:
        """Whether another line has this topic live."""
        return self._owner.proves_beside(self, key)

    def knows_orders(self) -> bool:
        """Whether another line tells of own orders."""
        return self._owner.knows_orders_beside(self)

    # For drivers ------------------------------------------------------------------------------------------------------

    @property
    def phase(self) -> Phase:
        """Where its connection stands."""
        return self.session.phase

    @property
    def wants_close(self) -> bool:
        """As `Session.wants_close`."""
        return self.session.wants_close

    @property
    def is_stopped(self) -> bool:
        """As `Session.is_stopped`."""
        return self.session.is_stopped

    @property
    def is_deaf(self) -> bool:
        """As `Session.is_deaf`."""
        return self.session.is_deaf

    @property
    def is_doubted(self) -> bool:
        """As `Session.is_doubted`."""
        return self.session.is_doubted

    def next_step(self, now: float) -> NextStep:
        """As `Session.next_step`; after a `Stop` this line is over, and others may go on."""
        if now < self._opens_at and not self.session.is_stopped:
            return Wait(self._opens_at)
        step = self.session.next_step(now)
        if isinstance(step, Stop):
            self._owner.ended(self, step.error)
        return step

    def connected(self, now: float) -> None:
        """As `Session.connected`."""
        self.session.connected(now)
        self._owner.collect(self, now)

    def disconnected(self, now: float, why: str | ConnectFailed = "") -> None:
        """As `Session.disconnected`."""
        self.session.disconnected(now, why)
        self._owner.collect(self, now)

    def receive_data(self, data: bytes | bytearray | memoryview, now: float) -> None:
        """As `Session.receive_data`."""
        self.at = now
        try:
            self.session.receive_data(data, now)
        finally:
            self._owner.collect(self, now)

    def data_to_send(self) -> bytes:
        """As `Session.data_to_send`."""
        return self.session.data_to_send()

    def next_deadline(self) -> float | None:
        """As `Session.next_deadline`, and when something is due for all lines together."""
        if self.session.phase is Phase.NEW:
            return self.session.next_deadline()
        return earliest(self.session.next_deadline(), self._owner.next_deadline())

    def handle_timeout(self, now: float) -> None:
        """As `Session.handle_timeout`."""
        self.at = now
        self.session.handle_timeout(now)
        self._owner.collect(self, now)
        self._owner.handle_timeout(now)
