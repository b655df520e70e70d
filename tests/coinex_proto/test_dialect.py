"""The seam: what crosses it is hidden where it may hold a secret, and a made-up venue fits it."""

from __future__ import annotations

import math

import pytest

from coinex_proto import Answer, Challenge, Config, Dialect, Opening, Refusal, Unrecognised
from coinex_proto.dialect import Mended, documented_limit, needs_lines
from tests.coinex_proto.harness.tiny import Do, OrderUpdate, Price, PriceUpdate, Tiny, wire


def test_the_tiny_venue_is_a_dialect() -> None:
    dialect: Dialect = Tiny(password="pw")
    assert (dialect.name, dialect.has_credentials, dialect.ping, dialect.clock) == ("tiny", True, Do(verb="ping"), None)
    assert dialect.order(PriceUpdate(market="A", price="1")) == ()
    assert dialect.book(Price("A")) is None


class Plain(Dialect):
    """A venue that says only what has no default."""

    name = "plain"


def test_a_venue_that_says_nothing_has_no_sign_in_limits_clock_books_or_orders() -> None:
    plain = Plain()  # type: ignore[abstract]
    topic, update = Price("A"), PriceUpdate(market="A", price="1")
    start = Opening(wall_time_ns=0, random_bytes=bytes)
    assert (plain.has_credentials, plain.limits, plain.ping, plain.clock) == (False, {}, None, None)
    assert (plain.opening(start), plain.private_check((topic,)), plain.find_out(())) == ((), (), ())
    assert (plain.book(topic), plain.order(update)) == (None, ())


class Spread(Tiny):
    """A venue that documents how many topics it allows on one connection."""

    topics_per_connection = 3

    def without_sign_in(self) -> Tiny:
        return self


def test_a_venue_that_documents_no_limit_has_none() -> None:
    assert [documented_limit(venue) for venue in (Tiny(), Spread())] == [None, 3]


@pytest.mark.parametrize(
    ("config", "venue", "expected"),
    [
        (Config(), Tiny(), False),
        (Config(), Spread(), True),
        (Config(renew_every=math.inf), Tiny(), True),
        (Config(lines=2), Tiny(), True),
        (Config(doubled=(Price,)), Tiny(), True),
        (Config(topics_per_connection=5), Tiny(), True),
        (Config(retry_first=True, queue_size=1), Tiny(), False),
    ],
)
def test_one_session_is_enough_unless_several_connections_are_asked_for(
    config: Config, venue: Tiny, expected: bool
) -> None:
    assert needs_lines(config, venue) is expected


def test_what_was_mended_says_how_much_was_left_out() -> None:
    item = PriceUpdate(market="A", price="1")
    mended = Mended([item], left_out=2)
    assert (tuple(mended), mended.left_out) == ((item,), 2)


def test_an_answer_is_of_one_request_unless_it_says_more() -> None:
    answer = Answer(keys=("a",))
    assert (answer.body, answer.refusal, answer.part, answer.may_be_stray) == (b"", None, None, False)


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
