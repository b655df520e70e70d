"""Every error the SDK raises or puts into an event.

Two families: `UsageError` means that the caller made a mistake and nothing has changed; every other `SdkError` reports
what the network, the exchange or the clock did. Messages name what was expected, what arrived and what to do about it; they
never contain a secret or a whole payload. This module must not know any venue.
"""

from __future__ import annotations

import copyreg
from typing import Any, Final

from coinex_proto.commands import Command
from coinex_proto.ids import RequestId
from coinex_proto.topics import Topic

QUOTED_CHARACTERS = 200
"""How much text written by the peer goes into a message."""


def quoted(text: object) -> str:
    """Text of the peer, or a value of the caller, safe to print: escaped and truncated to 200 characters."""
    shown = repr(str(text) if isinstance(text, BaseException) else text)
    return shown if len(shown) <= QUOTED_CHARACTERS else shown[:QUOTED_CHARACTERS] + "…'"


def refusal_text(code: int | str | None, message: str) -> str:
    """A refusal's code and message as they follow "refused" in an error text, without repeating what both of them say."""
    if isinstance(code, str) and message.casefold().startswith(code.casefold()):
        code = None
    number = "" if code is None else f" (code {code if isinstance(code, int) else quoted(code)[1:-1]})"
    return f"{number}: {quoted(message)}" if message else number


class SdkError(Exception):
    """Base class of all errors of this SDK. They can be copied and pickled."""

    def __reduce__(self) -> tuple[Any, ...]:
        # Python's own way calls `__init__` with the finished text.
        return copyreg.__newobj__, (type(self), *self.args), self.__dict__  # type: ignore[attr-defined]


class UsageError(SdkError):
    """The call asks for something impossible; raised before anything has changed."""


class NotReady(UsageError):
    """A command could not be sent at once. Commands are never queued for later.

    `retry_after`: seconds until the venue's rate limit allows it, or None if the connection is the reason.
    """

    def __init__(self, message: str, *, retry_after: float | None = None) -> None:
        super().__init__(message)
        self.retry_after = retry_after


class ConnectFailed(SdkError):
    """No connection: name resolution, TCP, TLS, proxy or time-out. The message names host and port."""


class ProxyError(ConnectFailed):
    """The proxy named by the user did not let the connection through; not the venue's fault.

    `status` is the proxy's HTTP status; None if it could not be reached, closed the connection, did not speak HTTP, or the
    time for connecting ran out. The message names the proxy's host and port, and never the user or password. It is retried
    like any other `ConnectFailed`, except for a 407 before the client was ever ready: that login is wrong.
    """

    def __init__(self, message: str, *, status: int | None = None) -> None:
        super().__init__(message)
        self.status = status


_STATUS_HINTS: Final = {
    400: "check the path of the URL",
    401: "check the key, and whether the venue accepts this address",
    403: "the venue may not accept this address or country, or may have blocked it",
    404: "check the path of the URL",
    407: "a proxy on the way wants a login",
    426: "check the path of the URL",
    429: "too many connections: try again later, and connect less often",
    500: "the venue has a fault: try again later",
    502: "the venue is not available: try again later",
    503: "the venue is not available: try again later",
    504: "the venue is not available: try again later",
}
"""What to do about an upgrade that was answered with this HTTP status."""


def _hint(status: int | None, headers: tuple[tuple[str, str], ...]) -> str:
    if status is not None and 300 <= status < 400:
        target = next((value for name, value in headers if name.lower() == "location"), None)
        return (
            f"; redirects are not followed, it points to {quoted(target)}" if target else "; redirects are not followed"
        )
    return f"; {_STATUS_HINTS[status]}" if status in _STATUS_HINTS else ""


class HandshakeRefused(ConnectFailed):
    """The server answered, but not with a WebSocket: `status` (None: not even HTTP), `headers`, `body` (at most 4 KiB)."""

    def __init__(
        self,
        message: str,
        *,
        status: int | None = None,
        headers: tuple[tuple[str, str], ...] = (),
        body: bytes = b"",
    ) -> None:
        super().__init__(message + _hint(status, headers))
        self.status = status
        self.headers = headers
        self.body = body


class LoginRefused(SdkError):
    """The venue does not accept the credentials. Not retried if it says so, because venues ban clients that keep trying.

    `retryable`: the venue could not check them (busy, too many requests), which is never final.
    `may_pass`: it is not certain that they are wrong (an undocumented code, a token function that failed); final only
    before the client was ever ready.
    """

    def __init__(
        self,
        code: int | str | None,
        message: str,
        *,
        hint: str = "check key, secret and clock",
        retryable: bool = False,
        may_pass: bool = False,
    ) -> None:
        super().__init__(f"login refused{refusal_text(code, message)}; {hint}")
        self.code = code
        self.message = message
        self.retryable = retryable
        self.may_pass: bool = may_pass or retryable


class RequestError(SdkError):
    """A request did not succeed. `request_id` and `command` say which."""

    def __init__(
        self, message: str, *, request_id: RequestId | None = None, command: Command[Any] | None = None
    ) -> None:
        super().__init__(message)
        self.request_id = request_id
        self.command = command


class RequestRefused(RequestError):
    """The venue rejected the request. `code` and `message` are its own; `retryable`: the same request may succeed later."""

    def __init__(
        self,
        code: int | str | None,
        message: str,
        *,
        retryable: bool = False,
        hint: str = "",
        request_id: RequestId | None = None,
        command: Command[Any] | None = None,
    ) -> None:
        what = type(command).__name__ if command is not None else "request"
        said = refusal_text(code, message)
        super().__init__(f"{what} refused{said}{'; ' + hint if hint else ''}", request_id=request_id, command=command)
        self.code = code
        self.message = message
        self.retryable = retryable
        self.hint = hint


class RequestTimedOut(RequestError):
    """No answer within `Config.request_timeout`; the connection is still up."""


class OutcomeUnknown(RequestError):
    """The request was sent, and the connection broke (or the answer was unreadable) before the outcome was known.

    It may have taken effect: find out before sending anything like it again. The SDK never resends it, except for
    cancellations by `cancel_orders_on_exit` and a guard.
    """


class BookNotTrusted(SdkError):
    """This book is not verified at the moment. `why` gives the reason; `BookView.unproved` shows its numbers anyway."""

    def __init__(self, topic: Topic[Any], why: str) -> None:
        super().__init__(f"the book of {topic} cannot be trusted now: {why}")
        self.topic = topic
        self.why = why


class PayloadError(SdkError):
    """A payload from the peer that cannot be decoded; users see it as the text of an `Unrecognised` event."""


class ConsumerTooSlow(SdkError):
    """This stream's queue was full, with `waiting` events not taken in time. Only this stream has ended."""

    def __init__(self, waiting: int) -> None:
        super().__init__(
            f"{waiting} events were waiting when the queue was full, and the stream was ended so that nothing is lost "
            "in silence; take events quicker, use latest(), or raise Config.queue_size"
        )
        self.waiting = waiting
