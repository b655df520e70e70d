"""The answer to a command: its result, or the error that says what is known now.

Status first: anything but 200 comes from a gateway in front of the service. Then the code; the message proves nothing.
A command that changes something and whose answer leaves open whether it did ends in `HttpOutcomeUnknown`.
"""

from __future__ import annotations

from typing import Any, Final, TypeVar

from coinex_proto._http.errors import HttpOutcomeUnknown, HttpTimedOut, HttpUnreachable, UnreadableAnswer, quoted_body
from coinex_proto.coinex.http._envelope import Envelope, open_envelope
from coinex_proto.coinex.http.command import HttpCommand
from coinex_proto.coinex.http.errors import CODES, UNEXPLAINED, HttpRefused
from coinex_proto.errors import PayloadError, SdkError

R = TypeVar("R")


def parse(command: HttpCommand[R], status: int, body: bytes) -> R:
    """The result of a command.

    Raises `HttpRefused` when the venue or its gateway said no, `HttpOutcomeUnknown` when one that changes something
    may have taken effect (HTTP 5xx, 408, 303, 2xx other than 200, codes 3008 and 4001 to 4003, an answer that cannot be
    read), and `UnreadableAnswer` when the answer to a query is not what the venue documents.
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
    code, message = _code_in(body)
    if command.route.changes_something and not _is_a_no(status, code):
        return unknown(command, f"HTTP {status} from the gateway", code=code or None)
    return HttpRefused(code or None, message, command=command, endpoint=str(command.route), status=status, body=body)


_REDIRECTED: Final = frozenset({301, 302, 307, 308})
"""The gateway names another place and has passed nothing on; 303 would say that the request was carried out."""

_GATEWAY_TIMED_OUT: Final = 408
"""Gateways write it also for a service behind them that was too slow."""


def _is_a_no(status: int, code: int | None) -> bool:
    """Whether a gateway's answer proves that nothing was done; a success of another kind than 200 (202) proves nothing."""
    is_refusal = status in _REDIRECTED or (400 <= status < 500 and status != _GATEWAY_TIMED_OUT)
    meaning = UNEXPLAINED if code is None else CODES.get(code, UNEXPLAINED)
    return is_refusal and code != 0 and not meaning.is_unknown


def _code_in(body: bytes) -> tuple[int | None, str]:
    """A gateway's body is not promised to be JSON; where it is the venue's envelope all the same, its words count."""
    try:
        envelope = open_envelope(body)
    except PayloadError:
        return None, ""
    return envelope.code, envelope.message


def _refused(command: HttpCommand[Any], envelope: Envelope, status: int) -> SdkError:
    if command.route.changes_something and CODES.get(envelope.code, UNEXPLAINED).is_unknown:
        return unknown(command, CODES[envelope.code].hint, code=envelope.code)
    return HttpRefused(envelope.code, envelope.message, command=command, endpoint=str(command.route), status=status)


def _unreadable(command: HttpCommand[Any], why: str) -> SdkError:
    if command.route.changes_something:
        return unknown(command, f"the answer cannot be read: {why}")
    return UnreadableAnswer(why, endpoint=str(command.route))


def unknown(command: HttpCommand[Any], why: str, *, code: int | None = None) -> HttpOutcomeUnknown:
    """The error of a command that was sent and of which nobody knows what became."""
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
