"""What a user can configure, and what the core must be given: time and randomness.

All times are seconds, all sizes bytes. This module must not know any venue.
"""

from __future__ import annotations

import math
from collections.abc import Callable
from typing import Any, Protocol

from attrs import Attribute, field, frozen

from coinex_proto.errors import UsageError
from coinex_proto.topics import Topic


@frozen
class Sources:
    """Where the core gets wall time (for signing) and random bytes (for nonces and jitter)."""

    wall_time_ns: Callable[[], int]
    """Nanoseconds since the Unix epoch, now."""
    random_bytes: Callable[[int], bytes]
    """That many bytes from a cryptographic source."""


def _positive(instance: object, attribute: Attribute[Any], value: Any) -> None:
    if isinstance(value, bool) or not isinstance(value, (int, float)) or not 0 < value < math.inf:
        raise UsageError(f"{type(instance).__name__}({attribute.name}={value!r}): must be a finite number above 0")


def _positive_or_none(instance: object, attribute: Attribute[Any], value: Any) -> None:
    if value is not None:
        _positive(instance, attribute, value)


def _positive_or_infinite(instance: object, attribute: Attribute[Any], value: Any) -> None:
    if value != math.inf:
        _positive_or_none(instance, attribute, value)


def _whole(instance: object, attribute: Attribute[Any], value: Any) -> None:
    if isinstance(value, bool) or not isinstance(value, int) or value < 1:
        raise UsageError(f"{type(instance).__name__}({attribute.name}={value!r}): must be a whole number of at least 1")


def _whole_or_none(instance: object, attribute: Attribute[Any], value: Any) -> None:
    if value is not None:
        _whole(instance, attribute, value)


def _one_or_two(instance: object, attribute: Attribute[Any], value: Any) -> None:
    if isinstance(value, bool) or value not in (1, 2):
        raise UsageError(f"{type(instance).__name__}({attribute.name}={value!r}): must be 1 or 2")


def _topic_classes(instance: object, attribute: Attribute[Any], value: Any) -> None:
    if value is not None and (
        not isinstance(value, tuple)
        or not value
        or not all(isinstance(one, type) and issubclass(one, Topic) for one in value)
    ):
        raise UsageError(f"{type(instance).__name__}({attribute.name}={value!r}): must be a tuple of classes of topics")


def _of_its_type(instance: object, attribute: Attribute[Any], value: Any) -> None:
    if type(value) is not type(attribute.default):
        kind = type(attribute.default).__name__
        raise UsageError(f"{type(instance).__name__}({attribute.name}={value!r}): must be a {kind}")


@frozen(kw_only=True)
class Backoff:
    """How long to wait before the next attempt to connect: `step * uniform(0.1, 1)`, where `step` grows by `factor`."""

    first: float = field(default=0.5, validator=_positive)
    factor: float = field(default=2.0, validator=_positive)
    ceiling: float = field(default=30.0, validator=_positive)
    stable_after: float = field(default=30.0, validator=_positive)
    """The wait starts over only after the session has been ready this long, so that a flapping server is not hammered."""

    def step(self, failures: int) -> float:
        """The longest wait after this many failures in a row (1 = the first)."""
        growth = min(failures - 1, 1000) * math.log(self.factor)
        return min(self.ceiling, self.first * math.exp(min(growth, 700.0)))


class SessionTap(Protocol):
    """What records one session: `coinex_proto.recording.Tap`."""

    sources: Sources
    """What the session must be created with, so that what it reads is known."""

    def session_class(self, base: Any, /) -> Any:
        """The class that the session must be created of: `base`, recorded."""
        ...

    def attach(self, session: Any, /) -> None:
        """From now on every input of this session is recorded."""
        ...

    def told(self, event: Any, now: float, /) -> None:
        """An event that reports a gap or a problem is being delivered."""
        ...

    def note(self, what: str, text: str, now: float, /) -> None:
        """Something of that kind that is not an event."""
        ...

    def close(self, now: float, /) -> None:
        """The client has ended."""
        ...


class Recorder(Protocol):
    """What gives each client its own tap."""

    def tap(self, dialect: Any, sources: Sources, /) -> SessionTap:
        """For a session that is about to be created."""
        ...


@frozen(kw_only=True)
class Config:
    """The settings of a connection and a session."""

    open_timeout: float = field(default=10.0, validator=_positive)
    """One limit for name resolution, TCP, TLS and the WebSocket upgrade together."""
    login_timeout: float = field(default=10.0, validator=_positive)
    """From the upgrade to the last answer of the opening (sign-in)."""
    request_timeout: float = field(default=10.0, validator=_positive)
    close_timeout: float = field(default=2.0, validator=_positive)
    ping_interval: float = field(default=20.0, validator=_positive)
    """How long after our last message a ping is sent. CoinEx disconnects a client that sends nothing for 60 s."""
    ping_timeout: float = field(default=8.0, validator=_positive)
    """How long after a ping any whole message must have arrived."""
    silent_after: float | None = field(default=None, validator=_positive_or_none)
    """A live public topic that brings nothing for this long is `Lost` and subscribed to again; None: never."""
    private_check_interval: float | None = field(default=60.0, validator=_positive_or_none)
    """How often a private request checks the sign-in while private topics are live and bring nothing; None: never."""
    every_read: bool = field(default=False, validator=_of_its_type)
    """True: every book gives one `BookChanged` per read, after the other events of that read, as if its topic said so. False: one
    per push. Either way what you see is verified, by the checksum of the last push of the read.
    """
    queue_size: int = field(default=10_000, validator=_whole)
    """Events that may wait in one stream before it ends with `ConsumerTooSlow`."""
    max_request_bytes: int = field(default=4096, validator=_whole)
    """Topic requests are split so that no frame is larger; CoinEx drops the connection somewhere near 10 kB."""
    requests_per_second: float = field(default=10.0, validator=_positive)
    """How many topic requests may be sent per second."""
    max_message_bytes: int = field(default=16 * 2**20, validator=_whole)
    """Largest message accepted, on the wire and decompressed."""
    max_message_values: int | None = field(default=100_000, validator=_whole_or_none)
    """A message with more values (entries, members, lists, and three for each object) is not decoded at all. The default is enough
    for 10,000 trades, 10,000 levels a side, or all members of 5,000 markets. None: only the size is limited."""
    max_unreadable: int | None = field(default=100, validator=_whole_or_none)
    """After this many unreadable messages in a row the client reconnects; None: never."""
    renew_every: float | None = field(default=None, validator=_positive_or_infinite)
    """A connection that has been ready this long is replaced by a new one without a gap, before the venue cuts it. `math.inf`: only
    on request, and when the venue announces maintenance; None: never.
    """
    topics_per_connection: int | None = field(default=None, validator=_whole_or_none)
    """Topics beyond this number are spread over further sockets; None: as many as the venue allows on one."""
    lines: int = field(default=1, validator=_one_or_two)
    """2: topics are received over two connections at once, and each update is delivered when it first arrives."""
    doubled: tuple[type[Any], ...] | None = field(default=None, validator=_topic_classes)
    """With `lines=2`: only topics of these classes; None: all public ones."""
    retry_first: bool = field(default=False, validator=_of_its_type)
    """False: if the first connection fails, the client ends with `ConnectFailed`. True: it is retried like any later one."""
    backoff: Backoff = field(default=Backoff(), validator=_of_its_type)
    give_up_after: float | None = field(default=None, validator=_positive_or_none)
    """The client ends after this long without becoming ready, counted from the last time or the first attempt; None: no temporary
    problem ever ends it. Checked between attempts, so one under way adds at most `open_timeout + login_timeout`.
    """

    recorder: Recorder | None = field(default=None, repr=False)
    """Records each client that has this config, as `coinex_recorder.RecordingFiles` does; None: no recording."""
    flight_recorder: Recorder | None = field(default=None, repr=False)
    """Keeps each client's most recent input, written when something goes wrong: `coinex_recorder.FlightRecorder`."""


@frozen(kw_only=True)
class Endpoint:
    """The address of a dialect's WebSocket."""

    host: str
    port: int
    tls: bool = True
    target: str = field(default="/", repr=False)
    """Path and query of the upgrade request; hidden, because it may contain an API key."""
    headers: tuple[tuple[str, str], ...] = field(default=(), repr=False)
    carries_credentials: bool = field(default=False, eq=False)
    """The upgrade request identifies the user: an answer of 401 or 403 refuses the sign-in."""


@frozen
class Rate:
    """One bucket of a venue's rate limit: refills at `per_second`, holds at most `burst`."""

    per_second: float
    burst: float
