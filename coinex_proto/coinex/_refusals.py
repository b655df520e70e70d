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
_LATER: Final = Refusal(
    code=None,
    retryable=True,
    hint="this code is not documented; its like say that the exchange is busy: try again later",
)
LATER: Final = range(3000, 5000)
"""Last four digits: what is documented there (3001, 3002, 4001, 4002) says that it will pass."""

UNDOCUMENTED: Final = Refusal(
    code=None, is_undocumented=True, hint="this code is not documented; the same request is not repeated"
)


def refusal(code: int, message: str) -> Refusal:
    """The meaning of an answer's code other than 0."""
    if not 20_000 <= code < 40_000:
        return evolve(UNDOCUMENTED, code=code, message=message)
    digits = code % 10_000
    known = _TABLE.get(digits, _LATER if digits in LATER else UNDOCUMENTED)
    return evolve(known, code=code, message=message)
