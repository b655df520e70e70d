"""Commands and their wire form."""

from __future__ import annotations

import pytest
from attrs import frozen

from coinex_proto import Command, Outgoing, Refusal
from coinex_proto.commands import describe
from tests.coinex_proto.harness.tiny import Login, Place


@frozen(kw_only=True)
class Mute(Command[None]):
    secret: str


def test_a_command_must_say_how_its_answer_is_read() -> None:
    with pytest.raises(NotImplementedError, match="Mute"):
        Mute(secret="x").parse(b"")


def test_a_command_is_described_by_its_name_alone() -> None:
    assert describe(Mute(secret="S3CRET")) == "Mute"


def test_only_a_command_that_places_an_order_tells_of_one() -> None:
    assert Mute(secret="x").order() is None
    fact = Place(name="x").order()
    assert fact is not None
    assert (fact.client_order_id, fact.state) == ("x", "sending")


def test_a_wire_form_does_not_show_its_text() -> None:
    outgoing = Outgoing(text=b"S3CRET", keys=("a",))
    assert "S3CRET" not in repr(outgoing)
    assert (outgoing.bucket, outgoing.weight, outgoing.may_wait, outgoing.is_reply_optional) == (None, 1.0, True, False)


def test_a_login_does_not_show_its_signature() -> None:
    assert "S3CRET" not in repr(Login(signature="S3CRET"))


def test_a_refusal_promises_nothing_unless_it_says_so() -> None:
    refusal = Refusal(code=1)
    assert (refusal.retryable, refusal.is_clock, refusal.is_unknown, refusal.ends_login) == (False,) * 4
    assert (refusal.is_undocumented, refusal.message, refusal.hint, refusal.pause) == (False, "", "", 0.0)


def test_a_command_is_public_and_may_be_repeated_unless_it_says_so() -> None:
    assert (Mute.is_private, Mute.is_once, Mute.already_on) == (False, False, frozenset())
    assert Mute(secret="x").order_if_unknown() is None
    assert Outgoing(text=b"", keys=()).parts == {}
