"""Callbacks: who is called, in which order, and what happens when one fails."""

import inspect
from collections.abc import AsyncIterator, Callable
from functools import partial
from typing import Any

import pytest
from attrs import frozen

from coinex_proto.commands import Command
from coinex_proto.delivery import callbacks as callbacks_module
from coinex_proto.delivery.callbacks import Callbacks
from coinex_proto.errors import OutcomeUnknown, UsageError
from coinex_proto.events import Failed, Ready, Replied, Restored, Unrecognised
from coinex_proto.ids import RequestId, TopicKey
from coinex_proto.topics import Topic
from coinex_proto.updates import Event, Update


@frozen(kw_only=True)
class Price(Update):
    market: str

    @property
    def topic_key(self) -> TopicKey:
        return ("price", self.market)


@frozen(kw_only=True)
class FinePrice(Price):
    digits: int = 8


@frozen(kw_only=True)
class Deal(Update):
    market: str

    @property
    def topic_key(self) -> TopicKey:
        return ("price", self.market)  # the same key as a price, on purpose


@frozen
class Prices(Topic[Price]):
    market: str | None = None
    event = Price

    @property
    def key(self) -> TopicKey:
        return ("price", self.market)


@frozen
class Deals(Topic[Deal]):
    market: str | None = None
    event = Deal

    @property
    def key(self) -> TopicKey:
        return ("price", self.market)


BTC, ETH = Price(market="BTC"), Price(market="ETH")


def noting(log: list[str], name: str) -> Callable[[Event], None]:
    return lambda event: log.append(name)


def failing(error: BaseException) -> Callable[[Event], None]:
    def fail(event: Event) -> None:
        raise error

    return fail


# Who is called --------------------------------------------------------------------------------------------------------


def test_a_class_brings_its_events_and_those_of_its_subclasses() -> None:
    callbacks, log = Callbacks(), list[str]()
    for kind in (Event, Update, Price, FinePrice):
        callbacks.add(kind, noting(log, kind.__name__))
    callbacks.dispatch(BTC)
    assert log == ["Event", "Update", "Price"]
    log.clear()
    callbacks.dispatch(FinePrice(market="BTC"))
    assert log == ["Event", "Update", "Price", "FinePrice"]
    log.clear()
    callbacks.dispatch(Ready())
    assert log == ["Event"]


def test_a_topic_brings_the_events_of_its_market() -> None:
    callbacks, seen = Callbacks(), list[Price]()
    callbacks.add(Prices("BTC"), seen.append)
    for event in (BTC, ETH, BTC, Ready()):
        callbacks.dispatch(event)
    assert seen == [BTC, BTC]


def test_a_topic_of_all_markets_brings_each_market() -> None:
    callbacks, seen = Callbacks(), list[Price]()
    callbacks.add(Prices(), seen.append)
    fine = FinePrice(market="BTC")
    for event in (BTC, ETH, fine):
        callbacks.dispatch(event)
    assert seen == [BTC, ETH, fine]


def test_a_topic_brings_no_event_of_another_class_that_has_its_key() -> None:
    callbacks, log = Callbacks(), list[str]()
    callbacks.add(Prices("BTC"), noting(log, "price"))
    callbacks.add(Deals("BTC"), noting(log, "deal"))
    callbacks.dispatch(Deal(market="BTC"))
    callbacks.dispatch(BTC)
    assert log == ["deal", "price"]


def test_an_update_without_a_topic_key_goes_by_its_class() -> None:
    @frozen(kw_only=True)
    class Reply(Update):
        pass

    callbacks, seen = Callbacks(), list[Update]()
    callbacks.add(Prices(), seen.append)
    callbacks.add(Update, seen.append)
    callbacks.dispatch(Reply())
    assert len(seen) == 1


def test_of_one_event_the_functions_are_called_as_they_were_added() -> None:
    callbacks, log = Callbacks(), list[str]()
    callbacks.add(Prices("BTC"), noting(log, "topic"))
    callbacks.add(Event, noting(log, "event"))
    callbacks.add(Prices(), noting(log, "all"))
    callbacks.add(Price, noting(log, "class"))
    callbacks.dispatch(BTC)
    assert log == ["topic", "event", "all", "class"]


def test_what_is_wanted_twice_in_one_registration_comes_once() -> None:
    callbacks, seen = Callbacks(), list[Price]()
    wanted: list[type[Price] | Topic[Price]] = [Price, Prices("BTC"), Prices()]
    registration = callbacks.add_any(wanted, seen.append)
    callbacks.dispatch(BTC)
    assert seen == [BTC]
    registration.cancel()
    callbacks.dispatch(BTC)
    assert seen == [BTC]


def test_the_decorator_registers_and_gives_the_function_back() -> None:
    callbacks, seen = Callbacks(), list[str]()

    @callbacks.on(Price)
    def noted(price: Price) -> int:
        seen.append(price.market)
        return len(seen)

    callbacks.dispatch(BTC)
    assert seen == ["BTC"]
    assert noted(ETH) == 2


def test_wants_says_whether_an_event_need_be_made() -> None:
    callbacks = Callbacks()
    assert not callbacks.wants(Price, ("price", "BTC"))
    registration = callbacks.add(Prices("BTC"), print)
    assert callbacks.wants(Price, ("price", "BTC"))
    assert not callbacks.wants(Price, ("price", "ETH"))
    assert not callbacks.wants(Deal, ("price", "BTC"))
    registration.cancel()
    assert not callbacks.wants(Price, ("price", "BTC"))
    callbacks.add(Event, print)
    assert callbacks.wants(Ready)


def test_many_markets_of_one_topic_are_not_remembered_without_end(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(callbacks_module, "_MOST_REMEMBERED", 10)
    callbacks, seen = Callbacks(), list[Price]()
    callbacks.add(Prices(), seen.append)
    for number in range(1_000):
        callbacks.dispatch(Price(market=str(number)))
    assert len(seen) == 1_000
    remembered = callbacks._paths[Price]
    assert 1 < len(remembered) <= 10, "and they are remembered again after they were forgotten"


def test_what_is_wanted_of_many_markets_is_not_remembered_without_end(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(callbacks_module, "_MOST_REMEMBERED", 10)
    callbacks = Callbacks()
    callbacks.add(Prices(), lambda event: None)
    assert all(callbacks.wants(Price, ("price", str(number))) for number in range(100))
    assert len(callbacks._known_wants) <= 10


# Coming and going -----------------------------------------------------------------------------------------------------


def test_a_cancelled_registration_is_not_called() -> None:
    callbacks, seen = Callbacks(), list[Event]()
    by_topic, by_class = callbacks.add(Prices("BTC"), seen.append), callbacks.add(Price, seen.append)
    by_topic.cancel()
    by_topic.cancel()
    callbacks.dispatch(BTC)
    assert len(seen) == 1
    by_class.cancel()
    callbacks.dispatch(BTC)
    assert len(seen) == 1
    assert "cancelled" in repr(by_topic)


def test_c4_a_callback_may_cancel_itself_and_one_that_would_come_later() -> None:
    callbacks, log = Callbacks(), list[str]()

    def first(price: Price) -> None:
        log.append("first")
        mine.cancel()
        later.cancel()

    mine = callbacks.add(Price, first)
    later = callbacks.add(Price, noting(log, "later"))
    callbacks.add(Price, noting(log, "last"))
    callbacks.dispatch(BTC)
    callbacks.dispatch(BTC)
    assert log == ["first", "last", "last"]


def test_c4_a_callback_added_during_an_event_starts_with_the_next_one() -> None:
    callbacks, log = Callbacks(), list[str]()

    def grow(price: Price) -> None:
        if not log:
            callbacks.add(Prices("BTC"), noting(log, "new"))
        log.append("old")

    callbacks.add(Price, grow)
    callbacks.dispatch(BTC)
    assert log == ["old"]
    callbacks.dispatch(BTC)
    assert log == ["old", "old", "new"]


def test_c4_a_callback_may_dispatch() -> None:
    callbacks, log = Callbacks(), list[str]()
    callbacks.add(Ready, lambda _: callbacks.dispatch(BTC))
    callbacks.add(Ready, noting(log, "ready"))
    callbacks.add(Price, noting(log, "price"))
    callbacks.dispatch(Ready())
    assert log == ["price", "ready"]


# Failing --------------------------------------------------------------------------------------------------------------


def test_c1_a_failure_propagates_after_the_others_were_called_and_names_callback_and_event() -> None:
    callbacks, log = Callbacks(), list[str]()
    error = ValueError("mine")
    callbacks.add(Price, failing(error))
    callbacks.add(Price, noting(log, "other"))
    with pytest.raises(ValueError, match="mine") as caught:
        callbacks.dispatch(BTC)
    assert caught.value is error
    assert log == ["other"]
    (note,) = error.__notes__
    assert "failing.<locals>.fail" in note
    assert "Price" in note
    assert __name__ in note


def test_c1_of_two_failures_the_first_propagates_and_notes_the_second() -> None:
    callbacks = Callbacks()
    callbacks.add(Price, failing(ValueError("first")))
    callbacks.add(Price, failing(KeyError("second")))
    with pytest.raises(ValueError, match="first") as caught:
        callbacks.dispatch(BTC)
    assert "KeyError" in caught.value.__notes__[1]
    assert "second" in caught.value.__notes__[1]


def test_one_error_raised_by_two_callbacks_is_noted_once() -> None:
    callbacks, error = Callbacks(), ValueError("shared")
    callbacks.add(Price, failing(error))
    callbacks.add(Price, failing(error))
    with pytest.raises(ValueError, match="shared"):
        callbacks.dispatch(BTC)
    assert len(error.__notes__) == 1


def test_c1_a_handler_gets_every_failure_and_nothing_propagates() -> None:
    callbacks, seen = Callbacks(), list[tuple[Event, str]]()
    callbacks.on_error(lambda event, error: seen.append((event, str(error))))
    callbacks.add(Price, failing(ValueError("a")))
    callbacks.add(Price, failing(ValueError("b")))
    callbacks.dispatch(BTC)
    assert seen == [(BTC, "a"), (BTC, "b")]


def test_c1_what_the_handler_raises_propagates_after_the_others_were_called() -> None:
    callbacks, log = Callbacks(), list[str]()

    def handler(event: Event, error: Exception) -> None:
        raise RuntimeError("handler") from error

    callbacks.on_error(handler)
    callbacks.add(Price, failing(ValueError("a")))
    callbacks.add(Price, noting(log, "other"))
    with pytest.raises(RuntimeError, match="handler") as caught:
        callbacks.dispatch(BTC)
    assert isinstance(caught.value.__cause__, ValueError)
    assert log == ["other"]


def test_a_second_handler_replaces_the_first() -> None:
    callbacks, seen = Callbacks(), list[str]()
    callbacks.on_error(lambda event, error: seen.append("first"))
    callbacks.on_error(lambda event, error: seen.append("second"))
    callbacks.add(Price, failing(ValueError()))
    callbacks.dispatch(BTC)
    assert seen == ["second"]


@pytest.mark.parametrize("error", [KeyboardInterrupt(), SystemExit(3), GeneratorExit()])
def test_c2_what_is_no_exception_propagates_at_once_and_past_the_handler(error: BaseException) -> None:
    callbacks, log = Callbacks(), list[str]()
    callbacks.on_error(lambda event, error: log.append("handler"))
    callbacks.add(Price, failing(error))
    callbacks.add(Price, noting(log, "other"))
    with pytest.raises(type(error)):
        callbacks.dispatch(BTC)
    assert log == []


def test_after_a_failure_the_next_event_is_dispatched_as_usual() -> None:
    callbacks, log = Callbacks(), list[str]()
    failures = [ValueError("once")]

    def once(price: Price) -> None:
        if failures:
            raise failures.pop()
        log.append("well")

    callbacks.add(Price, once)
    with pytest.raises(ValueError, match="once"):
        callbacks.dispatch(BTC)
    callbacks.dispatch(BTC)
    assert log == ["well"]


def test_c9_an_event_cannot_be_changed_by_one_of_its_consumers() -> None:
    callbacks, seen = Callbacks(), list[Price]()

    def change(price: Price) -> None:
        price.market = "changed"  # type: ignore[misc]

    callbacks.on_error(lambda event, error: None)
    callbacks.add(Price, change)
    callbacks.add(Price, seen.append)
    callbacks.dispatch(BTC)
    assert seen[0].market == "BTC"


# Functions that several clients share --------------------------------------------------------------------------------


def test_shared_functions_get_each_event_after_the_own_ones() -> None:
    shared, log = Callbacks(), list[str]()
    first, second = Callbacks(shared), Callbacks(shared)
    shared.add(Price, noting(log, "shared"))
    first.add(Price, noting(log, "first"))
    second.add(Price, noting(log, "second"))
    first.dispatch(BTC)
    second.dispatch(BTC)
    assert log == ["first", "shared", "second", "shared"]
    assert first.wants(Price)
    assert not first.wants(Ready)


def test_a_failure_of_an_own_function_keeps_no_shared_one_from_being_called() -> None:
    shared, log = Callbacks(), list[str]()
    own = Callbacks(shared)
    own.add(Price, failing(ValueError("own")))
    shared.add(Price, noting(log, "shared"))
    shared.add(Price, failing(KeyError("shared")))
    with pytest.raises(ValueError, match="own") as caught:
        own.dispatch(BTC)
    assert log == ["shared"]
    assert "KeyError" in caught.value.__notes__[1]


def test_the_shared_handler_gets_the_failures_of_own_functions_unless_there_is_an_own_one() -> None:
    shared, log = Callbacks(), list[str]()
    own = Callbacks(shared)
    shared.on_error(lambda event, error: log.append(f"shared: {error}"))
    own.expect(RequestId(1), failing(ValueError("a")))
    own.dispatch(replied(1))
    own.on_error(lambda event, error: log.append(f"own: {error}"))
    own.expect(RequestId(2), failing(ValueError("b")))
    own.dispatch(replied(2))
    assert log == ["shared: a", "own: b"]


# What is refused ------------------------------------------------------------------------------------------------------


async def coroutine_function(event: Event) -> None:
    raise AssertionError("never called")


async def generator_function(event: Event) -> AsyncIterator[int]:
    yield 1


class AsyncCallable:
    async def __call__(self, event: Event) -> None:
        raise AssertionError("never called")

    async def method(self, event: Event) -> None:
        raise AssertionError("never called")


@pytest.mark.parametrize(
    "function",
    [
        coroutine_function,
        generator_function,
        partial(coroutine_function),
        partial(partial(coroutine_function)),
        AsyncCallable(),
        partial(AsyncCallable()),
        AsyncCallable().method,
    ],
)
def test_a_coroutine_function_is_refused_with_what_to_do_instead(function: Callable[[Any], object]) -> None:
    callbacks = Callbacks()
    with pytest.raises(UsageError, match=r"not awaited: register a plain function .*client\.events\(\)"):
        callbacks.add(Price, function)
    with pytest.raises(UsageError, match="coroutine function"):
        callbacks.expect(RequestId(1), function)
    with pytest.raises(UsageError, match="coroutine function"):
        callbacks.on_error(function)  # type: ignore[arg-type]
    assert not callbacks.wants(Price)


def test_a_plain_function_that_returns_a_coroutine_fails_when_it_is_called() -> None:
    callbacks = Callbacks()
    callbacks.add(Price, lambda price: coroutine_function(price))
    with pytest.raises(UsageError, match="returned a coroutine"):
        callbacks.dispatch(BTC)


@pytest.mark.parametrize("function", [None, "print", 3])
def test_what_cannot_be_called_is_refused(function: Any) -> None:
    with pytest.raises(UsageError, match="must be a function"):
        Callbacks().add(Price, function)


@pytest.mark.parametrize("wanted", [None, "ticker", int, Prices, BTC])
def test_what_is_neither_event_class_nor_topic_is_refused_and_nothing_is_registered(wanted: Any) -> None:
    callbacks = Callbacks()
    with pytest.raises(UsageError, match="neither a class of events nor a topic"):
        callbacks.add_any([Price, wanted], print)
    assert not callbacks.wants(Price)


def test_a_handler_of_another_event_is_a_type_error() -> None:
    """Checked by mypy, which reports an unneeded `type: ignore`; nothing here fails when it runs."""
    callbacks = Callbacks()

    def of_price(price: Price) -> None: ...
    def of_event(event: Event) -> None: ...
    def of_deal(deal: Deal) -> None: ...

    callbacks.add(Price, of_price)
    callbacks.add(FinePrice, of_price)
    callbacks.add(Prices("BTC"), of_price)
    callbacks.add(Prices("BTC"), of_event)
    callbacks.on(Price)(of_price)
    callbacks.add(Price, of_deal)  # type: ignore[arg-type]
    callbacks.add(Update, of_price)  # type: ignore[arg-type]
    callbacks.add(Prices("BTC"), of_deal)  # type: ignore[arg-type]
    callbacks.on(Price)(of_deal)  # type: ignore[arg-type]
    assert inspect.signature(callbacks.on(Price)(of_price)) == inspect.signature(of_price)


# Outcomes of requests -------------------------------------------------------------------------------------------------


def replied(number: int) -> Replied[None]:
    return Replied(request_id=RequestId(number), command=Command[None](), result=None)


def test_the_reply_to_a_request_comes_once_and_before_the_general_callbacks() -> None:
    callbacks, log = Callbacks(), list[str]()
    callbacks.add(Replied, noting(log, "general"))
    callbacks.expect(RequestId(1), noting(log, "mine"))
    callbacks.dispatch(replied(2))
    assert log == ["general"]
    callbacks.dispatch(replied(1))
    assert log == ["general", "mine", "general"]
    callbacks.dispatch(replied(1))
    assert log == ["general", "mine", "general", "general"]


def test_a_failure_of_a_request_is_its_reply_too() -> None:
    callbacks, seen = Callbacks(), list[Event]()
    callbacks.expect(RequestId(1), seen.append)
    failed = Failed(request_id=RequestId(1), command=Command[None](), error=OutcomeUnknown("lost"))
    callbacks.dispatch(failed)
    assert seen == [failed]


def test_a_cancelled_expectation_is_not_called_and_leaves_a_later_one_alone() -> None:
    callbacks, log = Callbacks(), list[str]()
    first = callbacks.expect(RequestId(1), noting(log, "first"))
    callbacks.expect(RequestId(1), noting(log, "second"))
    first.cancel()
    callbacks.dispatch(replied(1))
    assert log == ["second"]
    third = callbacks.expect(RequestId(3), noting(log, "third"))
    third.cancel()
    callbacks.dispatch(replied(3))
    assert log == ["second"]


def test_a_failing_reply_callback_is_reported_like_any_other() -> None:
    callbacks, log = Callbacks(), list[str]()
    callbacks.expect(RequestId(1), failing(ValueError("mine")))
    callbacks.add(Replied, noting(log, "general"))
    with pytest.raises(ValueError, match="mine"):
        callbacks.dispatch(replied(1))
    assert log == ["general"]


def test_other_events_do_not_answer_a_request() -> None:
    callbacks, log = Callbacks(), list[str]()
    callbacks.expect(RequestId(1), noting(log, "mine"))
    callbacks.dispatch(Restored(topics=(), since=1.0, until=2.0, why=""))
    callbacks.dispatch(Unrecognised(raw=b"", why=""))
    assert log == []


def test_the_name_of_a_callback_is_readable_whatever_it_is() -> None:
    callbacks = Callbacks()
    assert repr(callbacks.add(Prices("BTC"), print)) == "Registration(builtins.print for Prices(market='BTC'))"
    assert "AsyncCallable" not in repr(callbacks.add(Price, partial(print, "x")))

    class Calling:
        def __call__(self, event: Event) -> None: ...

    assert "Calling for Price" in repr(callbacks.add(Price, Calling()))
