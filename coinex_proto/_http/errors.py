"""Why a call over HTTP has no result, where the venue has not said no.

Each error carries `endpoint` ("POST /spot/order"), `retryable` and `hint`, and says so in its message. None carries a
key, a signature or a whole body. This module must not know any venue.
"""

from __future__ import annotations

from typing import Any, Final

from coinex_proto.commands import Command
from coinex_proto.errors import ConnectFailed, OutcomeUnknown, PayloadError, RequestTimedOut, quoted

MAX_BODY: Final = 4096
"""So much of a gateway's answer is kept."""

_ASK_FIRST: Final = "it may have taken effect: ask for the order before sending anything like it again"


class HttpOutcomeUnknown(OutcomeUnknown):
    """A command that changes something was sent, and what became of it is not known. It is never sent again by the SDK."""

    def __init__(
        self, why: str, *, command: Command[Any], endpoint: str, question: str = "", code: int | None = None
    ) -> None:
        hint = f"{_ASK_FIRST}{': ' + question if question else ''}"
        number = "" if code is None else f" (code {code})"
        super().__init__(f"{endpoint}: outcome unknown{number}: {why}; {hint}", command=command)
        self.code = code
        self.why = why
        self.endpoint = endpoint
        self.retryable = False
        self.hint = hint


class HttpTimedOut(RequestTimedOut):
    """No answer in time to a command that changes nothing; repeating it is safe."""

    def __init__(self, why: str, *, command: Command[Any], endpoint: str) -> None:
        hint = "nothing has changed at the venue; repeat it"
        super().__init__(f"{endpoint}: no answer in time: {why}; {hint}", command=command)
        self.code: None = None
        self.endpoint = endpoint
        self.retryable = True
        self.hint = hint


class HttpUnreachable(ConnectFailed):
    """No connection, or it broke before an answer, and nothing has changed at the venue: the request may be repeated."""

    def __init__(self, why: str, *, endpoint: str, host: str) -> None:
        hint = "check network, url and proxy; nothing has changed at the venue"
        super().__init__(f"{endpoint}: no answer from {host}: {why}; {hint}")
        self.code: None = None
        self.endpoint = endpoint
        self.retryable = True
        self.hint = hint


class UnreadableAnswer(PayloadError):
    """The venue answered a command that changes nothing with something that is not what it documents."""

    def __init__(self, why: str, *, endpoint: str) -> None:
        hint = "call() gives the answer as plain JSON"
        super().__init__(f"{endpoint}: the answer cannot be read: {why}; {hint}")
        self.code: None = None
        self.endpoint = endpoint
        self.retryable = False
        self.hint = hint


def quoted_body(body: bytes) -> str:
    """The beginning of an answer, safe to print."""
    return quoted(body[:MAX_BODY].decode("utf-8", "replace"))
