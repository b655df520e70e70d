"""The steps of a call over HTTP: what a generator yields for a driver to do, and what it is sent for it.

This module must not know any venue.
"""

from __future__ import annotations

from collections.abc import Generator
from typing import TypeAlias, TypeVar

from attrs import field, frozen

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
