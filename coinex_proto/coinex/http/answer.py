"""The answer to a command: its result, or the error that says what is known now.

Status first: anything but 200 comes from a gateway in front of the service. Then the code; the message proves nothing.
A call that changes something and whose answer leaves open whether it did ends in `HttpOutcomeUnknown`.
"""

from __future__ import annotations

from typing import Any, TypeVar

from coinex_proto.coinex.http._envelope import Envelope, open_envelope
from coinex_proto.coinex.http.command import HttpCommand
from coinex_proto.coinex.http.errors import (
    CODES,
    UNEXPLAINED,
    HttpOutcomeUnknown,
    HttpRefused,
    HttpTimedOut,
    HttpUnreachable,
    UnreadableAnswer,
    quoted_body,
)
from coinex_proto.errors import PayloadError, SdkError

R = TypeVar("R")


def parse(command: HttpCommand[R], status: int, body: bytes) -> R:
    """The result of a command.

    Raises `HttpRefused` when the venue or its gateway said no, `HttpOutcomeUnknown` when a call that changes something
    may have taken effect (HTTP 5xx, codes 3008 and 4001 to 4003, an answer that cannot be read), and
    `UnreadableAnswer` when the answer to a query is not what the venue documents.
    """
    if status != 200:
        raise _not_from_the_service(command, status, body)
    try:
        envelope = open_envelope(body)
    except PayloadError as error:
        raise _unreadable(command, f"{error}: {quoted_body(body)}") from error
    if envelope.code != 0:
        raise _refused(command, envelope, status)
    try:
        return command.read(envelope)
    except PayloadError as error:
        raise _unreadable(command, str(error)) from error


def _not_from_the_service(command: HttpCommand[Any], status: int, body: bytes) -> SdkError:
    if command.route.changes_something and status >= 500:
        return unknown(command, f"HTTP {status} from the gateway")
    code, message = _code_in(body)
    return HttpRefused(code, message, command=command, endpoint=str(command.route), status=status, body=body)


def _code_in(body: bytes) -> tuple[int | None, str]:
    """A gateway's body is not promised to be JSON; where it is the venue's envelope all the same, its words count."""
    try:
        envelope = open_envelope(body)
    except PayloadError:
        return None, ""
    return (envelope.code, envelope.message) if envelope.code != 0 else (None, "")


def _refused(command: HttpCommand[Any], envelope: Envelope, status: int) -> SdkError:
    if command.route.changes_something and CODES.get(envelope.code, UNEXPLAINED).is_unknown:
        return unknown(command, CODES[envelope.code].hint, code=envelope.code)
    return HttpRefused(envelope.code, envelope.message, command=command, endpoint=str(command.route), status=status)


def _unreadable(command: HttpCommand[Any], why: str) -> SdkError:
    if command.route.changes_something:
        return unknown(command, f"the answer cannot be read: {why}")
    return UnreadableAnswer(why, endpoint=str(command.route))


def unknown(command: HttpCommand[Any], why: str, *, code: int | None = None) -> HttpOutcomeUnknown:
    """The error of a command that was sent and whose outcome is not known."""
    return HttpOutcomeUnknown(why, command=command, endpoint=str(command.route), question=command.question(), code=code)


def lost_after_sending(command: HttpCommand[Any], why: str, *, host: str, timed_out: bool) -> SdkError:
    """The error when the connection broke, or the time was up, after the request may have left."""
    if command.route.changes_something:
        return unknown(command, why)
    if timed_out:
        return HttpTimedOut(why, command=command, endpoint=str(command.route))
    return HttpUnreachable(why, endpoint=str(command.route), host=host)


def never_sent(command: HttpCommand[Any], why: str, *, host: str) -> HttpUnreachable:
    """The error when no connection was made: nothing has left."""
    return HttpUnreachable(why, endpoint=str(command.route), host=host)
