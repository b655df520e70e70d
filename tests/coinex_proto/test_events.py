"""Events: what they show, how they compare, what a wire member cannot reach."""

from __future__ import annotations

from coinex_proto import BookChanged, BookView, CloseReason, Event, RequestId, Unrecognised
from tests.coinex_proto.harness.tiny import Do, Ladder, LadderBook


def test_a_payload_is_not_shown() -> None:
    assert repr(Unrecognised(raw=b"S3CRET", why="junk")) == "Unrecognised(why='junk', concerns=None)"


def test_a_reason_reads_as_text_and_code() -> None:
    assert str(CloseReason(code=1000, text="closed by us")) == "closed by us (1000)"
    assert str(CloseReason(code=1006, text="")) == "1006"


def test_a_changed_book_belongs_to_its_topic() -> None:
    topic = Ladder("A")
    changed = BookChanged(topic=topic, market="A", book=BookView(topic, LadderBook()).snapshot())
    assert changed.topic_key == ("ladder", "A")
    assert isinstance(changed, Event)


def test_requests_are_numbered_by_plain_integers() -> None:
    assert RequestId(7) == 7
    assert Do(verb="a") == Do(verb="a")
