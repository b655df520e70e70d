"""What CoinFLEX's error codes mean and what to do about each; the texts vary and nothing depends on them.

The same code means different things for different commands. Source: CoinFLEX API v1, "errors".
"""

from __future__ import annotations

from typing import Final

from attrs import evolve

from coinex_proto.commands import Refusal

RATE_LIMIT: Final = 6
RATE_LIMIT_PAUSE: Final = 1.0
"""Seconds. The venue does not say how long to wait; its windows are 1 and 10 s."""

_TABLE: Final = {
    1: Refusal(code=None, hint="no such user, order, pair of assets or subscription"),
    2: Refusal(code=None, hint="this is being watched already on this connection"),
    3: Refusal(code=None, hint="the tonce is that of a live order, or lower than an earlier one: take a higher one"),
    4: Refusal(code=None, hint="the available balance is too small"),
    5: Refusal(code=None, hint="1,000 orders are open; cancel some"),
    RATE_LIMIT: Refusal(
        code=None, retryable=True, pause=RATE_LIMIT_PAUSE, hint="too many requests: wait a little, and ask less often"
    ),
    7: Refusal(
        code=None,
        ends_login=True,
        hint="not signed in, or not with the right login: check user id, cookie and passphrase or key",
    ),
    8: Refusal(code=None, hint="a parameter is wrong, missing or one too many"),
    9: Refusal(code=None, hint="a post-only order at this price would have traded at once"),
}
_OTHER: Final = Refusal(
    code=None, is_undocumented=True, hint="this code is not documented; the same request is not repeated"
)


def refusal(code: int, message: str) -> Refusal:
    """The meaning of a reply's error code other than 0."""
    return evolve(_TABLE.get(code, _OTHER), code=code, message=message)
