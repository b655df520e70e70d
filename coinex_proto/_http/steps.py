"""The steps of a call over HTTP: what a generator yields for a driver to do, and what it is sent for it.

This module must not know any venue.
"""

from __future__ import annotations

from collections.abc import Generator
from typing import Final, TypeAlias, TypeVar

from attrs import field, frozen

from coinex_proto._wire.retry_after import retry_after
from coinex_proto.errors import SdkError

R = TypeVar("R")


@frozen(kw_only=True)
class HttpRequest:
    """One request, ready to send as it is. The transport adds Host, Content-Length and the like, nothing signed."""

    method: str
    target: str
    """Path with query, percent-encoded: exactly the text of the request line."""
    headers: tuple[tuple[str, str], ...] = field(repr=False)
    """Hidden, since they hold the key and the signature."""
    body: bytes = field(default=b"", repr=False)


@frozen
class Pause:
    """Do nothing for so many seconds, then send `Woken`."""

    seconds: float


@frozen
class Send:
    """Send this request, then send the generator `Reply` or `NoReply`."""

    request: HttpRequest


@frozen
class Woken:
    """A pause is over."""

    now: float


@frozen(kw_only=True)
class Reply:
    """An answer has come, of whatever status."""

    now: float
    status: int
    headers: tuple[tuple[str, str], ...] = ()
    body: bytes = field(default=b"", repr=False)


@frozen(kw_only=True)
class NoReply:
    """No answer has come."""

    now: float
    why: str
    was_sent: bool
    """False only when it is certain that nothing of the request has left."""
    timed_out: bool = False


Step: TypeAlias = Pause | Send
StepResult: TypeAlias = Woken | Reply | NoReply
Steps: TypeAlias = Generator[Step, StepResult, R]


LONGEST_PAUSE: Final = 30.0
"""Seconds: a server that wants a query repeated later than that is not waited for; its error says how long it asked for."""


def asked_pause(reply: Reply | NoReply, error: SdkError, unix_time: float) -> float:
    """Seconds until a query may be repeated, as the server asks in Retry-After; 0.0: it does not.

    Notes them at the error. More than `LONGEST_PAUSE` must not be waited: the caller would seem to hang.
    """
    seconds = retry_after(reply.headers, unix_time) if isinstance(reply, Reply) else 0.0
    if seconds > LONGEST_PAUSE:
        error.add_note(f"the server asks to be left alone for {seconds:.0f} s (Retry-After)")
    return seconds
