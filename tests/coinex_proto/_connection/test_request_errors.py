"""The ends of requests: what each error says."""

from __future__ import annotations

from coinex_proto import OutcomeUnknown, Outgoing, Refusal, RequestId, RequestRefused, RequestTimedOut
from coinex_proto._connection.pending import Pending, Purpose
from coinex_proto._connection.request_errors import never_left, refused, timed_out, unknown
from tests.coinex_proto.harness.tiny import Do


def pending(*, may_wait: bool = True) -> Pending:
    return Pending(RequestId(7), Do(verb="x"), Outgoing(text=b"{}", keys=("x",), may_wait=may_wait), Purpose.CALLER)


def test_a_refusal_carries_what_the_venue_said() -> None:
    error = refused(pending(), Refusal(code=23002, message="slow", retryable=True, hint="wait a second"))
    assert isinstance(error, RequestRefused)
    assert (error.code, error.message, error.retryable, error.request_id) == (23002, "slow", True, 7)
    assert str(error) == "Do refused (code 23002): 'slow'; wait a second"


def test_s25_an_internal_error_leaves_open_what_became_of_a_command_that_trades_and_of_no_other() -> None:
    refusal = Refusal(code="internal", is_unknown=True)
    assert type(refused(pending(may_wait=False), refusal)) is OutcomeUnknown
    assert type(refused(pending(), refusal)) is RequestRefused


def test_what_left_may_stand_and_what_did_not_leave_may_be_sent_again() -> None:
    assert "ask the venue before sending it again" in str(unknown(pending(), "the line broke"))
    assert never_left(pending()).retryable
    late = timed_out(pending(), 10.0)
    assert type(late) is RequestTimedOut
    assert str(late) == "Do was not answered within 10 s"
