"""What QFEX's error codes and reject statuses mean and what to do about each.

Unknown codes are carried through. Source: QFEX documentation, "Errors" and the list of order statuses.
"""

from __future__ import annotations

import re
from typing import Final

from attrs import evolve

from coinex_proto.commands import Refusal
from coinex_proto.qfex._trade.statuses import is_documented

RATE_PAUSE: Final = 1.0
"""Seconds to keep away after RateLimited when it does not say how long."""
MAX_PAUSE: Final = 60.0
"""The venue's limit is an average over so many seconds: after it, whatever was sent counts little."""

_ERRORS: Final = {
    "RateLimited": Refusal(code=None, retryable=True, hint="too many messages: wait a little, and send fewer"),
    "InvalidJSONFormat": Refusal(code=None, hint="the venue could not read the request"),
    "AlreadyAuthenticated": Refusal(code=None, hint="this connection is signed in already"),
    "InvalidParameter": Refusal(code=None, hint="a value is missing or out of range"),
    "PermissionDenied": Refusal(code=None, hint="the key may not do this"),
    "ServerError": Refusal(code=None, is_unknown=True, retryable=True, hint="an error inside the exchange"),
    "InvalidOrder": Refusal(code=None, hint="the order is malformed"),
    "KycRequired": Refusal(code=None, hint="the account must be verified first, on the venue's site"),
    "TncRequired": Refusal(code=None, hint="the terms must be accepted first, on the venue's site"),
}
_OTHER: Final = Refusal(
    code=None, is_undocumented=True, hint="this code is not documented; the same request is not repeated"
)

_BUSY: Final = re.compile(
    "unavailable|maintenance|time_?d?_?out|overload|too_?many|rate_?limit|try_?again|restart|internal", re.IGNORECASE
)
"""Code names that are not documented, and that say by themselves that it will pass."""

_STATUSES: Final = {
    "NO_SUCH_ORDER": "no open order has this id: it may be filled, cancelled or never have been",
    "CANNOT_MODIFY_NO_SUCH_ORDER": "no open order has this id and side",
    "CANNOT_MODIFY_PARTIAL_FILL": "a partly filled order cannot be changed: cancel it and place another",
    "FAILED_MARGIN_CHECK": "the margin does not suffice",
    "REJECTED_MARKET_CLOSED": "the market is closed now: its hours stand in the reference data (market_hours)",
    "RATE_LIMITED": "too many orders: wait a little, and send fewer",
}
_NUMBER: Final = r"(?P<number>\d{1,6}(?:\.\d{1,6})?)(?![\d.:-])"
_UNITS: Final = {"ms": 0.001, "millisecond": 0.001, "milliseconds": 0.001, "min": 60.0, "minute": 60.0, "minutes": 60.0}
"""In seconds, which every other word stands for."""
_HINTS: Final = tuple(
    re.compile(pattern, re.ASCII | re.IGNORECASE)
    for pattern in (
        rf"(?:retry|again|wait)(?P<between>\D{{0,24}}?){_NUMBER} ?(?P<unit>[a-z]*)",
        rf"(?P<between>){_NUMBER} ?(?P<unit>ms|milliseconds?|s|secs?|seconds?)\b",
    )
)
"""Behind a word for it, as `retry after 2`, `retry_after_ms=1500`; else any time: a text may name the limit's span too."""


def refusal_of_error(code: str, message: str, hint: str = "") -> Refusal:
    """The meaning of an error frame; `hint` is what it says apart from its text of when to try again."""
    known = evolve(_ERRORS.get(code, _OTHER), code=code, message=message)
    if known.is_undocumented and _BUSY.search(code):
        known = evolve(known, retryable=True, is_unknown=True)
    return evolve(known, pause=_pause(f"{hint} {message}")) if code == "RateLimited" else known


def refusal_of_status(status: str) -> Refusal:
    """The meaning of an order status that refuses; one that nobody documented says nothing of the outcome."""
    is_rate = status == "RATE_LIMITED"
    return Refusal(
        code=status,
        retryable=is_rate,
        is_unknown=not (status in _STATUSES or is_documented(status)),
        hint=_STATUSES.get(status, ""),
        pause=RATE_PAUSE if is_rate else 0.0,
    )


def refusal_of_login(code: str | None, message: str) -> Refusal:
    """The sign-in was refused without an error code that we know."""
    return Refusal(code=code, message=message, hint="check public key, secret key (or token) and this machine's clock")


def _pause(said: str) -> float:
    """Seconds to wait: the hint is said to be in the text; where is not documented."""
    found = next((match for hint in _HINTS if (match := hint.search(said))), None)
    if found is None:
        return RATE_PAUSE
    unit = found["unit"] or ("ms" if "ms" in found["between"].lower() else "s")
    return min(float(found["number"]) * _UNITS.get(unit.lower(), 1.0), MAX_PAUSE)
