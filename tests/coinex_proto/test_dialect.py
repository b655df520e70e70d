"""The seam: what crosses it is hidden where it may hold a secret, and a made-up venue fits it."""

from __future__ import annotations

import pytest

from coinex_proto import Answer, Challenge, Dialect, Opening, Refusal, Unrecognised
from tests.coinex_proto.harness.tiny import Do, OrderUpdate, Price, PriceUpdate, Tiny, wire


def test_the_tiny_venue_is_a_dialect() -> None:
    dialect: Dialect = Tiny(password="pw")
    assert (dialect.name, dialect.has_credentials, dialect.ping, dialect.clock) == ("tiny", True, Do(verb="ping"), None)
    assert dialect.order(PriceUpdate(market="A", price="1")) == ()
    assert dialect.book(Price("A")) is None


def test_what_the_peer_wants_signed_and_answers_with_is_not_shown() -> None:
    assert "S3CRET" not in repr(Challenge(value=b"S3CRET"))
    assert "S3CRET" not in repr(Answer(keys=("a",), body=b"S3CRET"))
    assert "S3CRET" not in repr(Opening(challenge=b"S3CRET", wall_time_ns=0, random_bytes=lambda count: b"S3CRET"))


@pytest.mark.parametrize("payload", [b"", b"{", b"null", b"[]", b"\xff", b'{"price":1,"market":"A"}', b"[" * 100_000])
def test_what_cannot_be_read_is_unrecognised(payload: bytes) -> None:
    (item,) = Tiny().decode(payload)
    assert isinstance(item, Unrecognised)


def test_a_payload_may_hold_an_update_and_an_answer() -> None:
    refusal = Refusal(code="refused", message="no")
    update, answer = Tiny().decode(wire({"order": {"name": "x", "state": "refused"}}))
    assert answer == Answer(keys=(("order", "x"),), body=b'{"name":"x","state":"refused"}', refusal=refusal)
    assert update == OrderUpdate(name="x", state="refused")
