"""Usual updates made messages of at once: the extension, its twin, and the way of all other events give the same."""

from collections.abc import Callable
from copy import copy
from typing import Any, Final, cast

import pytest
from attrs import evolve
from hypothesis import example, given
from hypothesis import strategies as st

from coinex_proto import Event, Lost, Restored, Update, coinex
from coinex_proto.speedups import speed
from coinex_proto.updates import recovered, stamp
from coinex_relay import chains, publishing
from coinex_relay.chains import TOLD_APART, Subject, TakeUpdates, take_updates, taken_updates
from coinex_relay.messages import ToPublish, content_hash
from coinex_relay.publishing import Publisher
from tests.coinex_relay.world import DEPTH, DIALECT, QUOTE, TICKER, TOPICS, TRADES, recorded

TWINS: Final = {"the extension": take_updates, "its twin": taken_updates}


def nothing_at_once(*_: object) -> int:
    return 0


ALL_TWINS = pytest.mark.parametrize("twin", [*TWINS.values(), nothing_at_once], ids=[*TWINS, "nothing at once"])


def like(kind: Callable[[Any], bool]) -> Any:
    return next(one for one in recorded() if kind(one))


BOOK = like(lambda one: one.topic_key == DEPTH.key and one.is_full)
CHANGE = like(lambda one: one.topic_key == DEPTH.key and not one.is_full)
TRADE, QUOTED, TOLD = (like(lambda one, key=topic.key: one.topic_key == key) for topic in (TRADES, QUOTE, TICKER))  # type: ignore[misc]
ELSEWHERE = evolve(TOLD, market="ETHUSDT")
UNKNOWN = evolve(TOLD, market="XUSDT")
TIMELESS = evolve(QUOTED, updated_at=None)


class Unreadable(Exception):
    """Something is wrong with the code of a venue."""


class Odd(Update):
    """An update that is not as CoinEx sends them."""

    def __init__(self, key: Any = DEPTH.key, time: float | None = 1.0) -> None:
        object.__setattr__(self, "key", key)
        object.__setattr__(self, "time", time)

    @property
    def topic_key(self) -> Any:
        if self.key is None:  # type: ignore[attr-defined]
            raise Unreadable
        return self.key  # type: ignore[attr-defined]

    @property
    def venue_time(self) -> float | None:
        if self.time == 0.0:  # type: ignore[attr-defined]
            raise Unreadable
        return cast("float | None", self.time)  # type: ignore[attr-defined]


def came(update: Any, raw: bytes, at: float = 100.25, *, by_query: bool = False) -> Any:
    """The same in another payload."""
    made = copy(update) if not isinstance(update, Odd) else update
    stamp(made, raw, at)
    if by_query:
        recovered(made, at)
    return made


def subjects(*, begins: bool = False) -> dict[Any, Subject]:
    """Those of a relay whose chains go on."""
    return {
        topic.key: Subject("a", str(topic.key[0]), topic is DEPTH, content_hash(str(topic.key)), begins=begins)
        for topic in TOPICS
    }


def all_twins(
    events: list[Event], most: int = 1000, *, begins: bool = False, payloads: tuple[bytes, ...] = ()
) -> tuple[int, list[ToPublish]]:
    """What each twin takes, from the same subjects, to the same end."""
    found = []
    for twin in TWINS.values():
        mine, messages = subjects(begins=begins), list[ToPublish]()
        for payload in payloads:
            mine[QUOTE.key].named(payload)
        found.append(
            (twin(events, mine, 6, most, messages), messages, mine, [list(one.recent) for one in mine.values()])
        )
    assert found[0] == found[1]
    return found[0][:2]


A, B = b"one payload", b"another payload"


@pytest.mark.parametrize(
    ("events", "taken"),
    {
        "one of each topic": ([came(one, b"%d" % n) for n, one in enumerate((CHANGE, TRADE, QUOTED, TOLD))], 4),
        "whole books": ([came(BOOK, A), came(BOOK, B)], 2),
        "none": ([], 0),
        "two of one payload": ([came(QUOTED, A), came(TOLD, A)], 0),
        "one and then two of one payload": ([came(QUOTED, A), came(TOLD, B), came(QUOTED, B)], 1),
        "equal payloads that are two": ([came(QUOTED, A), came(QUOTED, bytes(bytearray(A)))], 2),
        "by a query": ([came(QUOTED, A, by_query=True)], 0),
        "one before what a query brought": ([came(QUOTED, A), came(QUOTED, B, by_query=True)], 0),
        "without a payload": ([came(QUOTED, b"")], 0),
        "one before another without a payload": ([came(QUOTED, A), came(QUOTED, b"")], 0),
        "what was never stamped": ([evolve(QUOTED)], 0),
        "what is lost": ([Lost(topics=(DEPTH,), since=1.0, why="gone")], 0),
        "one before what is lost": ([came(QUOTED, A), Lost(topics=(DEPTH,), since=1.0, why="gone")], 0),
        "of a topic that is not relayed": ([came(QUOTED, A), came(UNKNOWN, B)], 1),
        "without a time, which may repeat itself": ([came(TIMELESS, A)], 1),
        "a book of which there are only whole ones": ([came(Odd(), A), came(CHANGE, B)], 2),
        "read at no time": ([came(QUOTED, A, at=0.0)], 1),
        "read at a whole second": ([came(QUOTED, A, at=cast(float, 1_800_000_000))], 1),
        "read at many times": ([came(QUOTED, b"%d" % n, at=n / 7) for n in range(-9, 9)], 18),
        "read at times that are none": ([came(QUOTED, b"%f" % at, at=at) for at in (float("inf"), 1e308)], 2),
        "so many that names are forgotten": ([came(QUOTED, b"%d" % n) for n in range(3 * TOLD_APART)], 24),
        "the same bytes again and again": ([came(QUOTED, bytes(bytearray(A))) for _ in range(2 * TOLD_APART)], 16),
    }.values(),
)
def test_updates_alone_in_their_payload_are_taken_at_once_and_all_else_is_left(events: list[Event], taken: int) -> None:
    count, messages = all_twins(events)
    assert count == taken
    assert [one.payload for one in messages if one.payload] == [cast(Update, one).raw for one in events[:taken]]
    assert all_twins(events, begins=True) == (0, [])
    assert all_twins(events, most=0) == all_twins(events, most=-1) == (0, [])
    assert all_twins(events, most=1)[0] == min(taken, 1)


def test_a_name_that_is_known_gets_a_number() -> None:
    _, messages = all_twins([came(QUOTED, A)], payloads=(A, A))
    assert "-2." in messages[0].headers["Nats-Msg-Id"]


def test_nearly_all_of_a_market_is_taken_at_once() -> None:
    count, messages = all_twins(list(recorded()))
    assert count == len(recorded())
    assert [one.payload for one in messages if one.payload] == [one.raw for one in recorded()]


@pytest.mark.parametrize("twin", TWINS.values(), ids=TWINS)
@pytest.mark.parametrize("odd", [Odd(key=None), Odd(time=0.0), Odd(key=[])], ids=["topic", "time", "key"])
def test_what_cannot_be_read_raises_when_it_is_the_first(twin: TakeUpdates, odd: Odd) -> None:
    events = [came(QUOTED, A), came(odd, B)]
    messages: list[ToPublish] = []
    assert twin(events, subjects(), 0, 9, messages) == len(messages) == 1
    with pytest.raises((Unreadable, TypeError)):
        twin(events[1:], subjects(), 0, 9, messages)


@ALL_TWINS
def test_what_cannot_be_read_goes_and_the_others_stay_in_order(
    twin: TakeUpdates, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(publishing, "take_updates", twin)
    publisher = Publisher("a", DIALECT, TOPICS)
    for event in (came(QUOTED, b"1"), came(QUOTED, b"2"), came(Odd(key=None), b"3"), came(QUOTED, b"4")):
        publisher.take(event)
    with pytest.raises(Unreadable):
        publisher.take_messages()
    assert [(one.payload, one.headers["Relay-Sequence"]) for one in publisher.take_messages()] == [
        (b"1", "1"),
        (b"2", "2"),
        (b"4", "3"),
    ]


KINDS = (BOOK, CHANGE, TRADE, QUOTED, TOLD, ELSEWHERE, UNKNOWN, TIMELESS)
STEPS = st.lists(
    st.tuples(
        st.sampled_from(
            [*(["take"] * 20), "of the same payload", "by a query", "lost", "restored", "beat", "write", "lose"]
        ),
        st.integers(0, len(KINDS) - 1),
        st.integers(0, 3),
    ),
    max_size=60,
)


def told(steps: list[tuple[str, int, int]], twin: TakeUpdates) -> tuple[object, ...]:
    """All that comes of a story, and what the relay knows at its end."""
    topics = (*TOPICS, coinex.Ticker("ETHUSDT"))
    publisher = Publisher("a", DIALECT, topics)
    found: list[ToPublish] = []
    raw = b"first"
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(publishing, "take_updates", twin)
        patch.setattr(publishing, "MOST_WAITING", 12)
        patch.setattr(publishing, "MOST_TAKEN", 5)
        for what, kind, number in steps:
            match what:
                case "take" | "by a query":
                    raw = bytes(bytearray(b"%d" % number))
                    publisher.take(came(KINDS[kind], raw, 100.0 + number % 2, by_query=what != "take"))
                case "of the same payload":
                    publisher.take(came(KINDS[kind], raw, 100.0 + number % 2))
                case "lost":
                    publisher.take(Lost(topics=topics[: number + 1], since=1.0, why="gone"))
                case "restored":
                    publisher.take(Restored(topics=topics[: number + 1], since=1.0, until=2.0, why=""))
                case "beat":
                    publisher.beat()
                case "write":
                    found += publisher.take_messages(kind + 1)
                case _:
                    again = publisher.take_messages(kind + 1)
                    for one in again[:number]:
                        publisher.give_up(one)
                    publisher.say_again(again[number:])
        found += publisher.take_messages()
    assert not publisher.has_messages()
    return found, publisher._subjects, publisher.dropped, publisher.published, publisher._number, publisher._version


@ALL_TWINS
def test_a_payload_of_many_topics_is_one_wherever_the_bound_of_what_waits_is(
    twin: TakeUpdates, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(publishing, "take_updates", twin)
    monkeypatch.setattr(publishing, "MOST_TAKEN", 3)
    for before in range(4):
        publisher = Publisher("a", DIALECT, (*TOPICS, coinex.Ticker("ETHUSDT")))
        for event in (came(QUOTED, b"q"), came(TOLD, b"t"), came(ELSEWHERE, b"e")):
            publisher.take(event)
            publisher.take_messages()
        for event in [came(QUOTED, b"%d" % n) for n in range(before)] + [came(TOLD, A), came(ELSEWHERE, A)]:
            publisher.take(event)
        *_, one, other = publisher.take_messages()
        assert one.headers["Relay-Payload"] == other.headers["Relay-Payload"]


@ALL_TWINS
def test_what_waits_is_bounded_whatever_is_taken_at_once(twin: TakeUpdates, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(publishing, "take_updates", twin)
    monkeypatch.setattr(publishing, "MOST_WAITING", 4)
    publisher = Publisher("a", DIALECT, TOPICS)
    for number in range(7):
        publisher.take(came(QUOTED, b"%d" % number))
        assert publisher.has_messages()
    messages = publisher.take_messages()
    links = [one.headers["Nats-Msg-Id"].split(".") for one in messages]
    assert [one.payload for one in messages] == [b"3", b"4", b"5", b"6"]
    assert (publisher.dropped, publisher.published) == (3, 4)
    assert [previous for _, previous in links[1:]] == ["", "", ""], (
        "each began anew, since one before it had been dropped"
    )
    publisher.say_again(messages)
    assert (publisher.dropped, publisher.published) == (4, 0)
    assert [one.payload for one in publisher.take_messages()] == [b"4", b"5", b"6"]


@given(STEPS)
@example([("take", 0, 0)] * 7)
def test_a_relay_says_the_same_whatever_is_taken_at_once(steps: list[tuple[str, int, int]]) -> None:
    expected = told(steps, nothing_at_once)
    for twin in TWINS.values():
        assert told(steps, twin) == expected


def test_events_wait_for_each_other_within_bounds(monkeypatch: pytest.MonkeyPatch) -> None:
    asked: list[int] = []

    def noted(events: list[Event], *others: Any) -> int:
        asked.append(len(events))
        return take_updates(events, *others)

    monkeypatch.setattr(publishing, "take_updates", noted)
    publisher = Publisher("a", DIALECT, TOPICS)
    for number in range(10 * publishing.MOST_TAKEN):
        publisher.take(came(QUOTED, b"%d" % number))
    assert max(asked) == publishing.MOST_TAKEN
    assert [one.payload for one in publisher.take_messages()] == [b"%d" % n for n in range(10 * publishing.MOST_TAKEN)]


@pytest.mark.skipif(speed is None, reason="there is no extension here")
def test_the_extension_refuses_what_would_break_it() -> None:
    assert speed is not None
    slots = tuple(vars(Subject)[name] for name in chains.SLOTS)
    for wrong in (
        (Subject, slots[:-1], ToPublish, 8),
        (Subject, (*slots[:-1], 1), ToPublish, 8),
        (Update, slots, ToPublish, 8),
        (Subject, slots, ToPublish),
    ):
        with pytest.raises(TypeError):
            speed.subjects(*wrong)
    for number, other in enumerate(((), [], "", "", ())):
        arguments: list[Any] = [[], {}, 0, 9, []]
        assert speed.take_updates(*arguments) == 0
        arguments[number] = other
        with pytest.raises(TypeError):
            speed.take_updates(*arguments)
    with pytest.raises(TypeError):
        speed.take_updates([], {}, 0, 9)
    unset, unlike = Subject.__new__(Subject), evolve(subjects()[QUOTE.key], recent=cast(Any, []))
    for subject in (unset, unlike, "none"):
        assert speed.take_updates([came(QUOTED, A)], {QUOTE.key: subject}, 0, 9, []) == 0
