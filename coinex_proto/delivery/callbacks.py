"""Who gets which event: plain functions, called where the event is handed out.

The path from an event to its functions is looked up once per class and topic key and then remembered, so that dispatching
costs little more than the calls. This module must not know any venue, and calls nothing by itself: whoever drives the
protocol calls `dispatch`, in its own thread.
"""

from __future__ import annotations

import inspect
from collections.abc import Callable, Iterable
from functools import partial
from types import CoroutineType
from typing import Any, Final, TypeAlias, TypeVar, final

from coinex_proto.errors import UsageError, quoted
from coinex_proto.events import Failed, Replied
from coinex_proto.ids import RequestId, TopicKey
from coinex_proto.topics import Topic, wide
from coinex_proto.updates import Event, Update

E = TypeVar("E", bound=Event)
R = TypeVar("R")
T = TypeVar("T")

Wanted: TypeAlias = type[E] | Topic[E]
"""A class of events, or a topic: the events that it brings."""

_Function: TypeAlias = Callable[[Any], object]
_Handler: TypeAlias = Callable[[Event, Exception], object]

_MOST_REMEMBERED: Final = 20_000
"""Paths by topic key; the peer chooses the markets of an all-market topic, so there must be an end."""


@final
class Registration:
    """That a function gets certain events, until `cancel()`."""

    __slots__ = ("_cancel", "function", "is_cancelled", "serial", "wanted")

    def __init__(
        self,
        function: _Function,
        wanted: tuple[Wanted[Any], ...],
        serial: int,
        cancel: Callable[[Registration], None],
    ) -> None:
        self.function: _Function = function
        self.wanted: tuple[Wanted[Any], ...] = wanted
        self.serial: int = serial
        self.is_cancelled: bool = False
        self._cancel = cancel

    def cancel(self) -> None:
        """The function is not called any more, not even for the event that is being dispatched. Twice is once."""
        if not self.is_cancelled:
            self.is_cancelled = True
            self._cancel(self)

    def __repr__(self) -> str:
        wanted = ", ".join(one.__name__ if isinstance(one, type) else repr(one) for one in self.wanted)
        return f"Registration({_name(self.function)} for {wanted}{', cancelled' if self.is_cancelled else ''})"


@final
class Callbacks:
    """Functions by the events they want; of one event they are called in the order in which they were added.

    A function that raises does not keep the others of that event from being called; then its exception propagates out of
    `dispatch`, with a note that names function and event, unless `on_error` is set. The event counts as delivered either
    way. What is no `Exception` (Ctrl-C, cancellation) propagates at once.
    """

    def __init__(self, shared: Callbacks | None = None) -> None:
        """With `shared`, functions that others use too: they get each event after the own ones, and its `on_error`
        handles the failures of both while there is none of our own.
        """
        self._shared = shared
        self._serial = 0
        self._by_class: dict[type[Event], dict[int, Registration]] = {}
        self._by_key: dict[TopicKey, dict[int, Registration]] = {}
        self._expected: dict[RequestId, Registration] = {}
        self._handler: _Handler | None = None
        # What dispatch has found before; forgotten whenever a registration comes or goes.
        self._paths: dict[type[Event], tuple[Registration, ...] | dict[TopicKey, tuple[Registration, ...]]] = {}
        self._remembered = 0
        self._version = 0
        """Counts the registrations that came or went."""
        self._known_wants: dict[tuple[type[Event], TopicKey | None], tuple[int, bool]] = {}

    def on(self, kind: type[E]) -> Callable[[Callable[[E], T]], Callable[[E], T]]:
        """A decorator: the function gets every event of this class, subclasses included."""

        def register(function: Callable[[E], T]) -> Callable[[E], T]:
            self.add(kind, function)
            return function

        return register

    def add(self, wanted: type[E] | Topic[E], function: Callable[[E], object]) -> Registration:
        """The function gets every event of this class (subclasses included) or of this topic.

        Raises `UsageError` for what is neither, and for a coroutine function, which nobody would await.
        """
        return self.add_any((wanted,), function)

    def add_any(self, wanted: Iterable[type[E] | Topic[E]], function: Callable[[E], object]) -> Registration:
        """As `add`, for any of several; an event that is wanted twice comes once."""
        check_callback(function)
        all_wanted = tuple(wanted)
        for one in all_wanted:
            _check_wanted(one)
        self._serial += 1
        registration = Registration(function, all_wanted, self._serial, self._remove)
        # The inner dictionaries are replaced, never changed: `wants` may be reading them in another thread.
        added = {registration.serial: registration}
        for one in all_wanted:
            if isinstance(one, Topic):
                self._by_key[one.key] = self._by_key.get(one.key, {}) | added
            else:
                self._by_class[one] = self._by_class.get(one, {}) | added
        self._forget_paths()
        return registration

    def expect(self, request_id: RequestId, function: Callable[[Replied[R] | Failed], object]) -> Registration:
        """The function gets the `Replied` or `Failed` of this request: once, and before every other function."""
        check_callback(function)

        def forget(registration: Registration) -> None:
            if self._expected.get(request_id) is registration:
                del self._expected[request_id]

        registration = Registration(function, (), 0, forget)
        self._expected[request_id] = registration
        return registration

    def on_error(self, handler: Callable[[Event, Exception], object]) -> None:
        """From now on the handler gets what functions raise, and nothing propagates but what the handler itself raises.

        A second handler replaces the first.
        """
        check_callback(handler)
        self._handler = handler

    def wants(self, kind: type[Event], key: TopicKey | None = None) -> bool:
        """Whether anybody would get an event of exactly this class (and topic key): if not, it need not be made.

        May be asked in another thread than the one that registers functions.
        """
        version, wants = self._known_wants.get((kind, key), (-1, False))
        if version != self._version:
            version = self._version  # before looking: what comes meanwhile makes the answer old
            wants = bool(self._matching(kind, key))
            if len(self._known_wants) >= _MOST_REMEMBERED:
                self._known_wants.clear()
            self._known_wants[kind, key] = version, wants
        return wants or (self._shared is not None and self._shared.wants(kind, key))

    def dispatch(self, event: Event, failure: Exception | None = None) -> None:
        """Calls every function that wants this event. `failure`: what was raised for it before, and is raised now."""
        kind = type(event)
        path = self._paths.get(kind)
        if type(path) is tuple:
            registrations: tuple[Registration, ...] | None = path
        else:
            registrations = None if path is None else path.get(event.topic_key)  # type: ignore[attr-defined,union-attr]
        if registrations is None:
            registrations = self._find(kind, event)
        if self._expected and (kind is Replied or kind is Failed):
            registrations = self._with_expected(event, registrations)
        for registration in registrations:
            if registration.is_cancelled:
                continue
            try:
                result = registration.function(event)
                if result is not None and type(result) is CoroutineType:
                    _refuse_coroutine(result, registration.function)
            except Exception as error:  # noqa: BLE001 - the documented boundary to user code
                failure = self._report(event, registration.function, error, failure)
        if self._shared is not None:
            self._shared.dispatch(event, failure)
        elif failure is not None:
            raise failure

    # Finding ----------------------------------------------------------------------------------------------------------

    def _find(self, kind: type[Event], event: Any) -> tuple[Registration, ...]:
        """The functions of this event, remembered by class, and by topic key where topics want this class."""
        if self._remembered >= _MOST_REMEMBERED:
            self._forget_paths()
        if not self._has_topics_for(kind):
            found = self._paths[kind] = self._matching(kind, None)
            return found
        path = self._paths.setdefault(kind, {})
        assert type(path) is dict
        key: TopicKey = event.topic_key
        found = path[key] = self._matching(kind, key)
        self._remembered += 1
        return found

    def _has_topics_for(self, kind: type[Event]) -> bool:
        """Whether events of this class have a topic key, and there is a function for a topic that brings them."""
        if getattr(kind, "topic_key", Update.topic_key) is Update.topic_key:
            return False
        return any(
            issubclass(kind, one.event)
            for registrations in self._by_key.values()
            for registration in registrations.values()
            for one in registration.wanted
            if isinstance(one, Topic)
        )

    def _matching(self, kind: type[Event], key: TopicKey | None) -> tuple[Registration, ...]:
        found = {s: r for base in kind.__mro__ for s, r in self._by_class.get(base, {}).items()}
        for topic_key in () if key is None else {key, wide(key)}:
            of_key = self._by_key.get(topic_key, {})
            found.update({s: r for s, r in of_key.items() if _brings(r, topic_key, kind)})
        return tuple(found[serial] for serial in sorted(found))

    def _with_expected(self, event: Any, registrations: tuple[Registration, ...]) -> tuple[Registration, ...]:
        expected = self._expected.pop(event.request_id, None)
        return registrations if expected is None else (expected, *registrations)

    def _remove(self, registration: Registration) -> None:
        for one in registration.wanted:
            if isinstance(one, Topic):
                _drop(self._by_key, one.key, registration.serial)
            else:
                _drop(self._by_class, one, registration.serial)
        self._forget_paths()

    def _forget_paths(self) -> None:
        self._paths.clear()
        self._remembered = 0
        self._version += 1

    # Failing ----------------------------------------------------------------------------------------------------------

    def _report(
        self, event: Event, function: Callable[..., object], error: Exception, earlier: Exception | None
    ) -> Exception | None:
        """What is to propagate in the end: the first failure, the later ones noted in it."""
        handler = self._handler or (self._shared._handler if self._shared is not None else None)
        if handler is not None:
            try:
                handler(event, error)
            except Exception as of_handler:  # noqa: BLE001 - the documented boundary to user code
                error, function = of_handler, handler
            else:
                return earlier
        where = f"in callback {_name(function)} for {type(event).__name__}"
        if earlier is None:
            error.add_note(where)
            return error
        if earlier is not error:
            earlier.add_note(f"also {where}: {type(error).__name__}: {quoted(error)}")
        return earlier


def _brings(registration: Registration, key: TopicKey, kind: type[Event]) -> bool:
    return any(isinstance(one, Topic) and one.key == key and issubclass(kind, one.event) for one in registration.wanted)


def _drop(index: dict[T, dict[int, Registration]], key: T, serial: int) -> None:
    registrations = {other: one for other, one in index.get(key, {}).items() if other != serial}
    if registrations:
        index[key] = registrations
    else:
        index.pop(key, None)


def _name(function: object) -> str:
    while isinstance(function, partial):
        function = function.func
    name = getattr(function, "__qualname__", type(function).__qualname__)
    module = getattr(function, "__module__", None) or type(function).__module__
    return f"{module}.{name}"


def _check_wanted(wanted: object) -> None:
    if not isinstance(wanted, Topic) and not (isinstance(wanted, type) and issubclass(wanted, Event)):
        raise UsageError(f"{quoted(wanted)} is neither a class of events nor a topic")
    if isinstance(wanted, Topic):
        hash(wanted.key)  # raises here, before anything has changed


def check_callback(function: object) -> None:
    """Raises `UsageError` for what cannot be a callback; for callers who must know before they do something else."""
    if not callable(function):
        raise UsageError(f"a callback must be a function, not {type(function).__name__}")
    inner: Any = function
    while isinstance(inner, partial):
        inner = inner.func
    for one in (inner, getattr(inner, "__call__", None)):  # noqa: B004 - an object may have an async __call__
        if inspect.iscoroutinefunction(one) or inspect.isasyncgenfunction(one):
            raise UsageError(
                f"{_name(function)} is a coroutine function, and callbacks are called, not awaited: register a plain "
                "function (it may put the event into a memory channel or queue), or iterate over client.events()"
            )


def _refuse_coroutine(result: Any, function: _Function) -> None:
    """A plain function around a coroutine function is only found out when it is called."""
    result.close()
    raise UsageError(f"{_name(function)} returned a coroutine, which nobody awaits: register a plain function")
