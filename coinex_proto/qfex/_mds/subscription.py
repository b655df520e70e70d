"""What the session sends to the MDS socket by itself: the subscriptions that topics stand for, and how they are matched.

Not for users: topics are. Source: QFEX documentation, MDS subscriptions.
"""

from __future__ import annotations

from collections.abc import Mapping
from decimal import Decimal
from typing import Any, final

from attrs import frozen

from coinex_proto.commands import Command
from coinex_proto.ids import ReplyKey


@final
@frozen(kw_only=True)
class MarketSubscription(Command[None]):
    """Starts or ends channels of the MDS socket; made from topics by the dialect."""

    type: str
    """subscribe or unsubscribe."""
    channels: tuple[str, ...]
    symbols: tuple[str, ...]
    intervals: tuple[str, ...] = ()
    sig_figs: tuple[int, ...] = ()

    def message(self) -> dict[str, object]:
        """The wire form; the fields stand at the top level."""
        return {
            "type": self.type,
            "channels": self.channels,
            "symbols": self.symbols,
            **({"intervals": self.intervals} if self.intervals else {}),
            **({"sig_figs": self.sig_figs} if self.sig_figs else {}),
        }

    def parse(self, body: bytes) -> None:
        """Nothing: the acknowledgement is all."""
        return


def keys_of(message: Mapping[str, Any]) -> tuple[ReplyKey, ...]:
    """The keys of a request: it has no id, so all of it is the key, and then each channel and symbol of it."""
    kind = str(message.get("type"))
    channels, symbols, intervals = (names_in(message.get(name)) for name in ("channels", "symbols", "intervals"))
    sig_figs = names_in(message.get("sig_figs")) - {"0"}  # 0 is what the venue takes where nothing is said
    parts = tuple((kind, channel, symbol, intervals, sig_figs) for channel in channels for symbol in symbols)
    return ((kind, channels, symbols, intervals, sig_figs), *parts)


def names_in(value: object) -> frozenset[str]:
    """The entries of a list as texts; none of what is no list."""
    return frozenset(map(_named, value)) if isinstance(value, (list, tuple)) else frozenset()


def _named(value: object) -> str:
    """Integers of an echo may have become floats."""
    return format(value, ".0f") if isinstance(value, Decimal) and value in (0, 1, 2) else str(value)
