"""What CoinEx's error codes mean and what to do about each.

Spot answers 2xxxx, futures 3xxxx; the last four digits are the same. The texts of the venue may be empty and differ between
its servers, so nothing depends on them. Source: CoinEx API v2, "Error handling" (spot); futures: seen by other clients.
"""

from __future__ import annotations

from typing import Final

from attrs import evolve

from coinex_proto.commands import Refusal

_TABLE: Final = {
    1: Refusal(code=None, hint="a parameter is wrong"),
    2: Refusal(code=None, hint="this socket does not know the method; spot and futures have different ones"),
    1001: Refusal(code=None, ends_login=True, hint="the connection is not signed in"),
    1002: Refusal(code=None, is_clock=True, hint="check access id, secret key and the clock of this machine"),
    3001: Refusal(
        code=None, retryable=True, is_unknown=True, hint="the exchange took too long; the request may have taken effect"
    ),
    3002: Refusal(code=None, retryable=True, hint="too many requests: wait a second or more, and ask less often"),
    4001: Refusal(code=None, retryable=True, hint="an error inside the exchange: try again a little later"),
    4002: Refusal(code=None, retryable=True, hint="the exchange is not available now: try again later"),
}
"""By the last four digits."""

UNDOCUMENTED: Final = Refusal(code=None, hint="this code is not documented; the same request is not repeated")


def refusal(code: int, message: str) -> Refusal:
    """The meaning of an answer's code other than 0."""
    known = _TABLE.get(code % 10_000, UNDOCUMENTED) if 20_000 <= code < 40_000 else UNDOCUMENTED
    return evolve(known, code=code, message=message)
