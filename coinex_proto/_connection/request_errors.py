"""The errors in which requests end, one function for each way. This module must not know any venue."""

from __future__ import annotations

from coinex_proto._connection.pending import Pending
from coinex_proto.commands import Refusal, describe
from coinex_proto.errors import OutcomeUnknown, RequestRefused, RequestTimedOut, refusal_text


def refused(pending: Pending, refusal: Refusal) -> RequestRefused | OutcomeUnknown:
    """The venue's no; for a command that trades, some of them leave open whether it took effect."""
    if refusal.is_unknown and not pending.outgoing.may_wait:
        return unknown(pending, f"the venue refused it{refusal_text(refusal.code, refusal.message)}")
    return RequestRefused(
        refusal.code,
        refusal.message,
        retryable=refusal.retryable,
        hint=refusal.hint,
        request_id=pending.request_id,
        command=pending.command,
    )


def unknown(pending: Pending, why: str) -> OutcomeUnknown:
    """It left, and may have taken effect."""
    return OutcomeUnknown(
        f"the outcome of {describe(pending.command)} is unknown, ask the venue before sending it again; {why}",
        request_id=pending.request_id,
        command=pending.command,
    )


def never_left(pending: Pending) -> RequestRefused:
    """It was still waiting to be sent."""
    why = "it never left: the connection was lost first"
    return RequestRefused(None, why, retryable=True, request_id=pending.request_id, command=pending.command)


def timed_out(pending: Pending, seconds: float) -> RequestTimedOut:
    """No answer came in time."""
    return RequestTimedOut(
        f"{describe(pending.command)} was not answered within {seconds:g} s",
        request_id=pending.request_id,
        command=pending.command,
    )
