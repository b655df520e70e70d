"""One proof and one `BookChanged` a read: what is shown at the end of a read is the venue's own book of that moment."""

from __future__ import annotations

import json
from collections.abc import Sequence
from decimal import Decimal
from typing import Any

import pytest
from attrs import evolve
from hypothesis import given
from hypothesis import strategies as st

from coinex_proto import BookChanged, Config, Event, Lost, Restored, Session, Unrecognised, UsageError
from coinex_proto.coinex import Depth, DepthUpdate, spot
from coinex_proto.ids import TopicKey
from tests.coinex_proto.coinex.test_book import check_of
from tests.coinex_proto.harness.wire import Peer, sources

NOW = 1_760_000_000.0
MARKETS = ("A", "B")


def session_of(*topics: Depth, config: Config = Config()) -> tuple[Session, Peer]:  # noqa: B008 - frozen
    """Subscribed and acknowledged."""
    session, peer = Session(spot(), sources(), config), Peer()
    session.subscribe(*topics, now=NOW)
    session.next_step(NOW)
    session.connected(NOW)
    peer.receive(session.data_to_send())
    session.receive_data(peer.accept(), NOW)
    for request in map(json.loads, peer.receive(session.data_to_send())):
        session.receive_data(frame({"id": request["id"], "code": 0, "message": "OK", "data": {}}), NOW)
    events_of(session)
    return session, peer


def frame(value: Any) -> bytes:
    return message(json.dumps(value).encode())


def message(payload: bytes) -> bytes:
    """An unmasked text frame of a server."""
    size = len(payload)
    return (b"\x81" + (bytes([size]) if size < 126 else b"\x7e" + size.to_bytes(2, "big"))) + payload


def events_of(session: Session) -> list[Event]:
    events = []
    while (event := session.next_event()) is not None:
        events.append(event)
    return events


def shown_by(event: BookChanged) -> tuple[object, ...]:
    book = event.book
    return book.trusted, book.received_at, book.updated_at_ms, book.bids, book.asks


class Books:
    """The venue's books of two markets, and their pushes."""

    def __init__(self) -> None:
        self.sides: dict[str, tuple[dict[str, str], dict[str, str]]] = {name: ({}, {}) for name in MARKETS}

    def levels(self, market: str) -> tuple[list[tuple[Decimal, Decimal]], ...]:
        """Bids and asks as they are now, best first."""
        bids, asks = ([(Decimal(price), Decimal(size)) for price, size in side.items()] for side in self.sides[market])
        return sorted(bids, reverse=True), sorted(asks)

    def push(self, market: str, changes: Sequence[tuple[int, int, int]], *, is_full: bool, is_wrong: bool) -> bytes:
        said: tuple[list[list[str]], list[list[str]]] = ([], [])
        for side, price, size in changes:
            text = str(price + 100 * side)
            self.sides[market][side].pop(text, None)
            if size:
                self.sides[market][side][text] = str(size)
            said[side].append([text, str(size)])
        bids, asks = (tuple(side.items()) for side in self.sides[market])
        checksum = check_of(bids, asks) ^ is_wrong
        if is_full:
            said = ([list(level) for level in bids], [list(level) for level in asks])
        depth = {"bids": said[0], "asks": said[1], "checksum": checksum, "last": "1", "updated_at": 1_700_000_000_000}
        return frame(
            {"method": "depth.update", "data": {"market": market, "is_full": is_full, "depth": depth}, "id": None}
        )


changes = st.lists(st.tuples(st.integers(0, 1), st.integers(1, 9), st.integers(0, 3)), max_size=4)
pushes = st.lists(
    st.tuples(
        st.sampled_from(MARKETS),
        changes,
        st.integers(0, 4).map(lambda n: not n),
        st.integers(0, 6).map(lambda n: not n),
    ),
    max_size=14,
)


@given(story=pushes, cuts=st.lists(st.integers(1, 400), max_size=30))
def test_at_each_end_of_a_read_a_trusted_book_is_the_venues_and_one_is_lost_only_where_a_strict_session_lost_it(
    story: list[tuple[str, list[tuple[int, int, int]], bool, bool]], cuts: list[int]
) -> None:
    books, data = Books(), b""
    truth = {0: {market: books.levels(market) for market in MARKETS}}
    for market, changed_levels, is_full, is_wrong in story:
        data += books.push(market, changed_levels, is_full=is_full, is_wrong=is_wrong)
        truth[len(data)] = {name: books.levels(name) for name in MARKETS}
    strict, _ = session_of(*map(Depth, MARKETS))
    quick, _ = session_of(*(Depth(market, every_read=True) for market in MARKETS))
    at = 0
    for size in [*cuts, len(data)]:
        piece, at = data[at : at + size], at + size
        for session in (strict, quick):
            session.receive_data(piece, NOW)
        told, shown = events_of(strict), events_of(quick)
        changed = [event for event in shown if isinstance(event, BookChanged)]
        assert len({event.market for event in changed}) == len(changed)
        assert shown[len(shown) - len(changed) :] == changed, "after the other events of the read"
        for market in MARKETS:
            live, fast = (session.book(Depth(market)) for session in (strict, quick))
            assert fast.trusted or not live.trusted
            last = [event for event in told if isinstance(event, BookChanged) and event.market == market]
            mine = [event for event in changed if event.market == market]
            if fast.trusted:
                now = truth[max(end for end in truth if end <= at)]
                assert (list(fast.bids), list(fast.asks)) == now[market]
                assert [event.book.bids for event in mine] == ([fast.bids] if mine else [])
            else:
                assert not mine, "a book that was lost in this read is not shown"
            if live.trusted:
                assert [shown_by(event) for event in mine] == [shown_by(event) for event in last[-1:]]
        assert len([e for e in told if isinstance(e, DepthUpdate)]) == len(
            [e for e in shown if isinstance(e, DepthUpdate)]
        )
        assert strict.stats.checksums_failed >= quick.stats.checksums_failed


def three_pushes(*, wrong: int | None = None) -> bytes:
    books = Books()
    return b"".join(
        books.push("A", [(0, price, 1), (1, price, 2)], is_full=price == 1, is_wrong=price == wrong)
        for price in (1, 2, 3)
    )


def test_all_pushes_of_a_read_are_one_change_of_the_book() -> None:
    session, _ = session_of(Depth("A", every_read=True))
    session.receive_data(three_pushes(), NOW)
    changed = [event for event in events_of(session) if isinstance(event, BookChanged)]
    assert len(changed) == 1
    assert [str(price) for price, _ in changed[0].book.bids] == ["3", "2", "1"]
    assert session.stats.checksums_passed == 2, "the whole book that made it live, and the two after it"


def lively() -> tuple[Session, Books]:
    """A session with the live book of "A", one bid at 1 and one ask at 101."""
    session, _ = session_of(Depth("A", every_read=True))
    books = Books()
    session.receive_data(books.push("A", [(0, 1, 1), (1, 1, 2)], is_full=True, is_wrong=False), NOW)
    assert [type(event) for event in events_of(session)] == [DepthUpdate, BookChanged]
    return session, books


def test_a_wrong_checksum_that_a_later_one_of_the_read_makes_up_for_loses_nothing() -> None:
    session, books = lively()
    wrong = books.push("A", [(0, 2, 1)], is_full=False, is_wrong=True)
    session.receive_data(wrong + books.push("A", [(0, 3, 1)], is_full=False, is_wrong=False), NOW)
    assert [type(event) for event in events_of(session)] == [DepthUpdate, DepthUpdate, BookChanged]
    assert (list(session.book(Depth("A")).bids), list(session.book(Depth("A")).asks)) == books.levels("A")
    assert (session.stats.checksums_passed, session.stats.checksums_failed) == (2, 0)


def test_a_difference_that_was_lost_on_the_way_loses_the_book_however_many_follow_in_the_read() -> None:
    session, books = lively()
    books.push("A", [(0, 2, 1)], is_full=False, is_wrong=False)
    later = [books.push("A", [(0, price, 1)], is_full=False, is_wrong=False) for price in (3, 4)]
    session.receive_data(b"".join(later), NOW)
    assert [type(event) for event in events_of(session)] == [DepthUpdate, DepthUpdate, Lost]
    assert not session.book(Depth("A")).trusted


def test_levels_that_are_no_numbers_lose_the_book_unless_a_whole_one_follows_in_the_read() -> None:
    for is_repaired in (False, True):
        session, books = lively()
        bad = {"bids": [["x", "1"]], "asks": [], "checksum": 0, "last": "1", "updated_at": 1_700_000_000_000}
        data = frame(
            {"method": "depth.update", "data": {"market": "A", "is_full": False, "depth": bad}, "id": None}
        ) + books.push("A", [(0, 5, 1)], is_full=is_repaired, is_wrong=False)
        session.receive_data(data, NOW)
        kinds = [type(event) for event in events_of(session)]
        assert kinds == [DepthUpdate, DepthUpdate, BookChanged if is_repaired else Lost]
        assert session.book(Depth("A")).trusted is is_repaired


def test_what_happens_in_the_middle_of_a_read_sees_the_books_as_of_there() -> None:
    session, books = lively()
    fits = books.push("A", [(0, 2, 1)], is_full=False, is_wrong=False)
    missed = frame({"method": "depth.update", "data": {"market": "A", "is_full": False, "depth": {"bids": 5}}})
    session.receive_data(fits + missed, NOW)
    assert [type(event) for event in events_of(session)] == [DepthUpdate, Unrecognised, Lost]
    session.receive_data(books.push("A", [(0, 3, 1)], is_full=True, is_wrong=False), NOW)
    assert [type(event) for event in events_of(session)] == [Restored, DepthUpdate, BookChanged]


def test_a_ctrl_c_in_the_middle_of_a_read_leaves_nothing_that_is_proved_later(monkeypatch: pytest.MonkeyPatch) -> None:
    session, books = lively()

    def interrupted(*args: object) -> None:
        raise KeyboardInterrupt

    monkeypatch.setattr(session._trust, "read_ended", interrupted)
    with pytest.raises(KeyboardInterrupt):
        session.receive_data(books.push("A", [(0, 2, 1)], is_full=False, is_wrong=False), NOW)
    session.disconnected(NOW)
    kinds = [type(event) for event in events_of(session)]
    assert BookChanged not in kinds
    assert not session.book(Depth("A")).trusted


def test_the_config_chooses_for_every_book() -> None:
    session, _ = session_of(Depth("A"), config=Config(every_read=True))
    session.receive_data(three_pushes(), NOW)
    assert len([event for event in events_of(session) if isinstance(event, BookChanged)]) == 1


@pytest.mark.parametrize("wrong", [1, 3])
def test_a_wrong_checksum_of_the_first_whole_book_or_of_the_last_change_proves_nothing(wrong: int) -> None:
    session, _ = session_of(Depth("A", every_read=True))
    session.receive_data(three_pushes(wrong=wrong), NOW)
    assert not [event for event in events_of(session) if isinstance(event, BookChanged)]
    assert not session.book(Depth("A")).trusted


def test_a_book_whose_connection_ends_in_the_same_read_is_not_shown() -> None:
    session, _ = session_of(Depth("A", every_read=True))
    session.receive_data(three_pushes() + b"\x88\x02\x03\xe8", NOW)
    assert not [event for event in events_of(session) if isinstance(event, BookChanged)]


def test_a_session_makes_no_update_that_nobody_wants() -> None:
    session, _ = session_of(Depth("A"))
    asked: list[tuple[type[Event], TopicKey]] = []

    def is_wanted(kind: type[Event], key: TopicKey) -> bool:
        asked.append((kind, key))
        return False

    session.skip_unwanted(is_wanted)
    session.receive_data(three_pushes(), NOW)
    assert [type(event) for event in events_of(session)] == [BookChanged] * 3
    assert asked == [(DepthUpdate, ("depth", "A"))] * 3
    assert session.stats.updates_by_topic[("depth", "A")] == 3


def test_the_choice_is_a_parameter_of_the_topic() -> None:
    with pytest.raises(UsageError, match="every_read"):
        Depth("A", every_read=1)  # type: ignore[arg-type]
    assert Depth("A", every_read=True).key == Depth("A").key
    assert Depth("A", every_read=True) != Depth("A")
    assert evolve(Depth("A"), every_read=True).every_read
