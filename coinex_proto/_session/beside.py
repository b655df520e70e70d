"""What a session must know of the other lines of its client, where there are any: the seam between `session.py` and `lines.py`."""

from __future__ import annotations

from typing import TYPE_CHECKING, Protocol

from attrs import frozen

from coinex_proto.ids import TopicKey
from coinex_proto.updates import Event, Update

if TYPE_CHECKING:
    from coinex_proto._connection.requests import RequestIds
    from coinex_proto._session.delivered import Delivered
    from coinex_proto._session.subscriptions import Subscription, Verification
    from coinex_proto.orders.tracker import Orders


class Beside(Protocol):
    """What one line shares with the others, and what it may ask about them."""

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

    def proves(self, key: TopicKey) -> bool:
        """Whether another line has this topic live: what this line brings first is no past then."""
        ...

    is_alone: bool
    """No other line can bring what this one brings: there is none, and was none lately."""

    def book_changed(self, known: Verification, /) -> Event | None:
        """The event of what this line's book has become; None: another line has told that already, and nothing was made.

        Not asked where `is_alone`.
        """
        ...

    def came_again(self, update: Update, /) -> None:
        """Of this update with trade ids, some were delivered before, perhaps by another line."""
        ...

    def knows_orders(self) -> bool:
        """Whether another line tells of own orders, so that the end of this one puts none of them in doubt."""
        ...


@frozen(kw_only=True, eq=False)
class WentLive(Event):
    """A topic of this line is verified from now on; for `lines.py` only."""

    subscription: Subscription
