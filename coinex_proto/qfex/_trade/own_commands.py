"""What the session sends by itself: the opening of a Trade connection, and the subscriptions that topics stand for.

Not for users: topics and `trade(…)` are. Source: QFEX documentation, "Authenticate", "Cancel on disconnect", subscriptions.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import ClassVar, final

from attrs import field, frozen

from coinex_proto.qfex._trade.command import TradeCommand, given


@final
@frozen(kw_only=True)
class Auth(TradeCommand[None]):
    """The sign-in, once a connection; the session sends it by itself."""

    type: ClassVar[str] = "auth"

    proof: Mapping[str, object] = field(repr=False)
    """`{"hmac": {…}}` or `{"jwt": …}`."""
    account_id: str | None = None

    def params(self) -> dict[str, object]:
        """The wire's parameters."""
        return {**self.proof, **given(account_id=self.account_id)}


@final
@frozen(kw_only=True)
class CancelOnDisconnect(TradeCommand[None]):
    """Sent in the opening where `trade(…, cancel_on_disconnect=True)` says so, and by nobody else."""

    type: ClassVar[str] = "cancel_on_disconnect"

    cancel_on_disconnect: bool = True


@final
@frozen(kw_only=True)
class Subscribe(TradeCommand[None]):
    """Starts channels of the Trade socket; made from topics by the dialect, one channel each."""

    type: ClassVar[str] = "subscribe"

    channels: tuple[str, ...]


@final
@frozen(kw_only=True)
class Unsubscribe(TradeCommand[None]):
    """Ends channels of the Trade socket; made from topics by the dialect, one channel each."""

    type: ClassVar[str] = "unsubscribe"

    channels: tuple[str, ...]
