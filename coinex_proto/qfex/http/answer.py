"""The answer to a call: its result, or the error that says what is known now. A call that changes something and whose
answer leaves open whether it did ends in `HttpOutcomeUnknown`.

Source: OpenAPI files of the venue, and what clients that trade there have met.
"""

from __future__ import annotations

from typing import Any, Final, TypeVar

from coinex_proto._http.errors import (
    MAX_BODY,
    HttpOutcomeUnknown,
    HttpTimedOut,
    HttpUnreachable,
    UnreadableAnswer,
    quoted_body,
)
from coinex_proto.decoding import UNREADABLE, decode_plain
from coinex_proto.errors import PayloadError, RequestRefused, SdkError
from coinex_proto.qfex.http.command import HttpCommand

R = TypeVar("R")

OK: Final = 200
_WALL: Final = b"1010"
_NEW_ACCOUNT: Final = b"position balance not found"
_PASSING: Final = frozenset({408, 425, 429})
_HINTS: Final = {
    401: "check public key, secret key and this machine's clock",
    403: "the key may not do this, or the venue does not accept this address",
    404: "there is no such path, symbol or order",
    422: "a parameter is not as the venue wants it",
    429: "too many requests: wait a little, and send fewer",
}


class HttpRefused(RequestRefused):
    """QFEX, or the wall in front of it, said no. `code` and `status` are the HTTP status."""

    def __init__(self, *, command: HttpCommand[Any], status: int, body: bytes) -> None:
        hint = _hint(status, body)
        is_passing = status in _PASSING or (status >= 500 and _NEW_ACCOUNT not in body)
        said = f"{command.endpoint}: {hint}" if hint else command.endpoint
        super().__init__(status, _said(body), retryable=is_passing, hint=said, command=command)
        self.hint = hint
        self.endpoint: str = command.endpoint
        self.status = status
        self.body: bytes = body[:MAX_BODY]

    @property
    def is_new_account(self) -> bool:
        """The account has never held anything, and the venue knows no balance of it."""
        return self.status >= 500 and _NEW_ACCOUNT in self.body


def _hint(status: int, body: bytes) -> str:
    if status == 403 and _WALL in body:
        return "the wall in front of the venue does not like the User-Agent: leave the SDK's own"
    if status >= 500 and _NEW_ACCOUNT in body:
        return "a new account has no balance yet: deposit first"
    return _HINTS.get(status, "the venue has a fault: try again later" if status >= 500 else "")


def _said(body: bytes) -> str:
    """The venue's words: of a JSON problem its detail, else the text as it came."""
    try:
        problem = decode_plain(body)
    except UNREADABLE:
        return body[:200].decode("utf-8", "replace").strip()
    if isinstance(problem, dict):
        words = (problem.get(name) for name in ("detail", "message", "error", "title"))
        return next((word for word in words if isinstance(word, str) and word), "")
    return str(problem)[:200]


def parse(command: HttpCommand[R], status: int, body: bytes) -> R:
    """The result of a call.

    Raises `HttpRefused` when the venue said no, `HttpOutcomeUnknown` when one that changes something may have taken effect
    (5xx, 408, another success than 200, an answer that cannot be read), `UnreadableAnswer` when the answer to a query is
    not as documented.
    """
    if status != OK:
        raise _not_ok(command, status, body)
    try:
        return command.parse(body)
    except PayloadError as error:
        why = f"{error}: {quoted_body(body[:200])}"
        if command.changes_something:
            raise unknown(command, f"the answer cannot be read: {why}") from error
        raise UnreadableAnswer(why, endpoint=command.endpoint) from error


def _not_ok(command: HttpCommand[Any], status: int, body: bytes) -> SdkError:
    is_open = status < 300 or status >= 500 or status in (303, 408)
    if command.changes_something and is_open:
        return unknown(command, f"HTTP {status}: {_said(body)}", code=status)
    return HttpRefused(command=command, status=status, body=body)


def unknown(command: HttpCommand[Any], why: str, *, code: int | None = None) -> HttpOutcomeUnknown:
    """The error of a call that was sent, and of which nobody knows what became."""
    return HttpOutcomeUnknown(why, command=command, endpoint=command.endpoint, code=code)


def no_answer(command: HttpCommand[Any], why: str, *, host: str, was_sent: bool, timed_out: bool) -> SdkError:
    """The error when no answer has come."""
    if was_sent and command.changes_something:
        return unknown(command, why)
    if was_sent and timed_out:
        return HttpTimedOut(why, command=command, endpoint=command.endpoint)
    return HttpUnreachable(why, endpoint=command.endpoint, host=host)
