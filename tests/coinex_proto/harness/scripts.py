"""Random conversations for the laws: what a peer and a user may do, as values, and somebody who plays them.

A script is a tuple of steps. The player feeds them to a connection or a session on the tiny venue and writes down every
event and every text that came out, so that two performances can be compared.
"""

from __future__ import annotations

import json
from collections.abc import Callable, Sequence
from typing import Any, TypeAlias

from attrs import Factory, define, frozen
from hypothesis import strategies as st

from coinex_proto import Command, Connection, Event, Failed, NotReady, Open, Replied, Session, Topic, UsageError, Wait
from tests.coinex_proto.harness.tiny import Do, Ladder, Own, Place, Price, Time, Trade, Whole
from tests.coinex_proto.harness.wire import Peer

START = 1_700_000_000.0
"""Where the clock of `now` begins: large, so that rounding shows."""


def frame(payload: bytes, first: int = 0x81) -> bytes:
    """A frame as servers send it."""
    size = len(payload)
    length = bytes([size]) if size < 126 else bytes([126]) + size.to_bytes(2)
    return bytes([first]) + length + payload


def text(value: object) -> bytes:
    return frame(json.dumps(value).encode())


# Steps ----------------------------------------------------------------------------------------------------------------


@frozen
class Say:
    """The peer sends these bytes."""

    data: bytes


@frozen
class Pass:
    """So many seconds pass, and timers are served when they are due."""

    seconds: float


@frozen
class Sleep:
    """So many seconds pass in which nobody serves anything."""

    seconds: float


@frozen
class Send:
    command: Command[Any]


@frozen
class Want:
    topics: tuple[Topic[Any], ...]


@frozen
class Drop:
    topics: tuple[Topic[Any], ...]


@frozen
class End:
    """The transport is gone."""


@frozen
class Leave:
    """The user closes, or stops."""


Step: TypeAlias = Say | Pass | Sleep | Send | Want | Drop | End | Leave
Script: TypeAlias = tuple[Step, ...]

# What peers say -------------------------------------------------------------------------------------------------------

markets = st.sampled_from(["A", "B"])
numbers = st.integers(0, 3).map(str)
ladders = st.fixed_dictionaries(
    {
        "market": markets,
        "whole": st.booleans(),
        "levels": st.lists(st.tuples(numbers, numbers), max_size=2),
        "total": numbers,
    }
)
verbs = st.sampled_from(
    [
        "watch",
        "leave",
        "login",
        "greet",
        "ping",
        "time",
        "get",
        "do",
        "watch trades A",
        "watch trades all",
        "leave trades A",
        "leave ladder A",
    ]
)
answers: st.SearchStrategy[Any] = st.one_of(
    st.builds(lambda verb: {"ok": verb}, verbs),
    st.builds(
        lambda verb, result: {"ok": verb, "result": result}, verbs, st.sampled_from([1_700_000_000_500, "unreadable"])
    ),
    st.builds(lambda code: {"error": code}, st.sampled_from(["no", "busy", "internal", "clock", "who", "limit"])),
    st.builds(
        lambda code, verb: {"error": code, "of": verb}, st.sampled_from(["no", "busy", "internal", "who"]), verbs
    ),
    ladders.map(lambda body: {"ladder": body}),
    st.builds(
        lambda kind, name, state: {kind: {"name": name, "state": state}},
        st.just("found"),
        st.sampled_from(["x", "y"]),
        st.sampled_from(["live", "filled"]),
    ),
)
pushes: st.SearchStrategy[Any] = st.one_of(
    st.builds(lambda market, price: {"price": price, "market": market}, markets, numbers),
    st.builds(lambda market, ids: {"trades": ids, "market": market}, markets, st.lists(st.integers(1, 5), max_size=3)),
    ladders.map(lambda body: {"push": body}),
    st.builds(
        lambda name, state: {"order": {"name": name, "state": state}},
        st.sampled_from(["x", "y"]),
        st.sampled_from(["live", "filled", "cancelled", "refused"]),
    ),
)
UNREADABLE = (frame(b"{"), frame(b"\x1f\x8b\x00", 0x82), frame(b"\xff\xfe", 0x82))
values: st.SearchStrategy[Any] = st.one_of(answers, pushes, st.just({"hello": "n"}))
messages: st.SearchStrategy[bytes] = st.one_of(
    values.map(text),
    st.lists(values, max_size=3).map(lambda many: text({"many": many})),
    st.sampled_from([text(None), text([1]), *UNREADABLE]),
    st.lists(st.sampled_from(UNREADABLE), min_size=2, max_size=3).map(b"".join),
)
controls = st.sampled_from([frame(b"p", 0x89), frame(b"", 0x8A), frame(b"1", 0x8A)])
ends = st.sampled_from(
    [
        frame(b"", 0x88),
        frame(b"\x03\xe8bye", 0x88),
        frame(b"\x07\xd0", 0x88),
        frame(b"x", 0xC1),
        frame(b"\xff", 0x81),
        b"\x81\xff",
    ]
)
polite = st.sampled_from([text({"hello": "n"}), text({"ok": "login"}), text({"ok": "greet"}), text({"ok": "watch"})])
said = st.one_of(polite, messages, messages, messages, controls, ends, st.binary(max_size=5))
says = st.lists(said, min_size=1, max_size=5).map(lambda parts: Say(b"".join(parts)))

# What users do --------------------------------------------------------------------------------------------------------

commands: st.SearchStrategy[Command[Any]] = st.sampled_from(
    [
        Do(verb="do"),
        Do(verb="do", is_optional=True),
        Do(verb="get"),
        Do(verb="get", reply="other"),
        Whole(market="A"),
        Time(),
        Place(name="x"),
        Place(name="y"),
    ]
)
topics: st.SearchStrategy[Topic[Any]] = st.sampled_from(
    [Price("A"), Price("B"), Price(), Trade("A"), Trade(), Ladder("A"), Ladder("B"), Own()]
)
several = st.lists(topics, min_size=1, max_size=3).map(tuple)
seconds = st.sampled_from([0.0, 0.05, 0.3, 1.0, 5.0, 10.0, 20.0, 28.0])

steps: st.SearchStrategy[Step] = st.one_of(
    says,
    says,
    says,
    commands.map(Send),
    seconds.map(Pass),
    st.sampled_from([0.1, 9.0, 30.0, 3600.0]).map(Sleep),
    several.map(Want),
    several.map(Drop),
    st.just(End()),
    st.just(Leave()),
)
signed_in = Say(text({"hello": "n"}) + text({"ok": "login"}) + text({"ok": "greet"}))
"""What a peer says so that tiny, with a password, is ready."""
scripts: st.SearchStrategy[Script] = st.builds(
    lambda opening, rest: (*opening, *rest),
    st.sampled_from([(), (signed_in,), (Want((Price("A"), Ladder("A"), Own())), signed_in)]),
    st.lists(steps, max_size=14),
)
cuts = st.lists(st.integers(1, 40), min_size=1, max_size=5).map(tuple)

# Playing --------------------------------------------------------------------------------------------------------------

Cut: TypeAlias = Callable[[bytes], Sequence[bytes]]


def whole(data: bytes) -> list[bytes]:
    return [data] if data else []


def cut_at(sizes: Sequence[int]) -> Cut:
    """Pieces of these sizes, again and again."""

    def cut(data: bytes) -> list[bytes]:
        pieces, at, turn = [], 0, 0
        while at < len(data):
            size = sizes[turn % len(sizes)]
            pieces.append(data[at : at + size])
            at, turn = at + size, turn + 1
        return pieces

    return cut


@define
class Player:
    """Plays one script; `seen` are the events in words, `said` what the peers of all its connections read."""

    client: Connection | Session
    cut: Cut = whole
    is_draining: bool = False
    """Take what is there after every piece, not only after every step."""
    between: Callable[[Player], None] = lambda player: None
    """Called before each step."""
    now: float = START
    peer: Peer = Factory(Peer)
    is_over: bool = False
    seen: list[str] = Factory(list)
    events: list[Event] = Factory(list)
    said: list[str] = Factory(list)
    sent: list[int] = Factory(list)

    def play(self, script: Script) -> Player:
        self.begin()
        for step in script:
            if self.is_over:
                break
            self.between(self)
            self.step(step)
            self.drain()
            self.reconnect()
        return self

    def finish(self) -> Player:
        """The user leaves, and the transport goes."""
        if isinstance(self.client, Session):
            self.client.stop(self.now)
        self.end()
        self.drain()
        return self

    def begin(self) -> None:
        if isinstance(self.client, Session):
            assert isinstance(self.client.next_step(self.now), Open)
            self.client.connected(self.now)
        else:
            self.client.start(self.now)
        self.drain()
        self.feed(self.peer.accept())

    def feed(self, data: bytes) -> None:
        for number, piece in enumerate(self.cut(data)):
            if self.is_over:
                return
            form = (bytes, bytearray, memoryview)[number % 3]
            self.client.receive_data(form(piece), self.now)
            if self.is_draining:
                self.drain()

    def drain(self) -> None:
        while (event := self.client.next_event()) is not None:
            self.events.append(event)
            self.seen.append(repr(event))
        self.said += self.peer.receive(self.client.data_to_send())

    def step(self, step: Step) -> None:
        client = self.client
        match step:
            case Say(data):
                self.feed(data)
            case Pass(seconds):
                self.wait(self.now + seconds)
            case Sleep(seconds):
                self.now += seconds
            case Send(command):
                try:
                    self.sent.append(client.send(command, self.now))
                except NotReady as error:
                    self.seen.append(repr(error))
            case Want(topics) if isinstance(client, Session):
                try:
                    client.subscribe(*topics, now=self.now)
                except UsageError as error:
                    self.seen.append(repr(error))
            case Drop(topics) if isinstance(client, Session):
                client.unsubscribe(*topics, now=self.now)
            case End():
                self.end()
            case Leave():
                client.stop(self.now) if isinstance(client, Session) else client.close(self.now)

    def wait(self, until: float) -> None:
        while (due := self.client.next_deadline()) is not None and due <= until:
            self.now = max(self.now, due)
            self.serve()
        self.now = until

    def serve(self) -> None:
        """Law 4."""
        self.client.handle_timeout(self.now)
        due = self.client.next_deadline()
        assert due is None or due > self.now
        if self.is_draining:
            self.drain()

    def end(self) -> None:
        if isinstance(self.client, Session):
            if not self.is_over:
                self.client.disconnected(self.now, "gone")
        else:
            self.client.receive_eof(self.now)
        self.is_over = True

    def reconnect(self) -> None:
        """A driver's duty when the transport is to be closed, or gone."""
        client = self.client
        if not isinstance(client, Session):
            return
        if client.wants_close:
            self.end()
        if not self.is_over:
            return
        self.drain()
        step = client.next_step(self.now)
        if isinstance(step, Wait):
            self.now = step.until
            step = client.next_step(self.now)
        if isinstance(step, Open):
            self.is_over = False
            self.peer = Peer()
            self.begin()


def outcomes(events: Sequence[Event]) -> list[int]:
    """The ids of the requests that have ended."""
    return [event.request_id for event in events if isinstance(event, (Replied, Failed))]
