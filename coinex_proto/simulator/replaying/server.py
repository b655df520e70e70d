"""A recorded market as a server half without I/O: any client of the venue may subscribe, and gets what was recorded.

Messages go out as the venue wrote them, to those who subscribed to their topic; a book begins with a whole one. Where the
recorded client lost its line, the sockets are dropped, so that nobody takes a hole for silence. Time passes only while somebody
listens. Orders are not taken, private topics stay silent.

Control is HTTP on the same port: GET /replay, and POST /replay/seek?to=…, /replay/speed?x=…, /replay/pause, /replay/play.
"""

from __future__ import annotations

import math
from abc import abstractmethod
from collections.abc import Callable, Mapping
from typing import Any, ClassVar, Final
from urllib.parse import parse_qsl

import msgspec

from coinex_proto.simulator.hosting.connection import ServerConnection
from coinex_proto.simulator.hosting.connections import ConnectionKeeper
from coinex_proto.simulator.hosting.http_server import HttpRequest, HttpResponse
from coinex_proto.simulator.replaying.pace import Pace
from coinex_proto.simulator.replaying.tape import Broken, OpenTape, Taped

AT_ONCE: Final = 256
"""Messages that go out at full speed before the clients are heard again."""
MOST_UNSENT: Final = 1 << 20
"""Bytes that may wait for the slowest client at full speed."""
PATIENCE: Final = 0.002
"""Seconds until it is looked at again."""
CONTROL: Final = "/replay"
_JSON: Final = (("content-type", "application/json"),)


class BadControl(Exception):
    """A request of control that makes no sense."""


class ReplayServer(ConnectionKeeper):
    """One recording and its listeners; a venue says what its sockets are, and to whom a message goes."""

    idle_limit: ClassVar[float] = 60.0

    def __init__(
        self,
        open_tape: OpenTape,
        *,
        now: float,
        speed: float = 1.0,
        start: float = -math.inf,
        answers_close: bool = True,
    ) -> None:
        super().__init__(now, answers_pings=True, answers_close=answers_close, max_request_bytes=65_536)
        self.pace: Pace = Pace(speed)
        self.position: float | None = None
        """The time of the last message that went out, in the recording; None: none has yet."""
        self.has_ended: bool = False
        self.played: int = 0
        """Messages so far."""
        self._open_tape = open_tape
        self._tape = open_tape(start)
        self._next: Taped | Broken | None = None
        self._controls: dict[tuple[str, str], Callable[[Mapping[str, str]], object]] = {
            ("GET", ""): lambda _: None,
            ("POST", "/seek"): lambda query: self.seek(_moment(query, "to")),
            ("POST", "/speed"): lambda query: self.set_speed(_speed(query)),
            ("POST", "/pause"): lambda _: self.pause(),
            ("POST", "/play"): lambda _: self.go_on(),
        }

    # what a venue says

    @abstractmethod
    def listeners(self) -> bool:
        """Whether anybody has subscribed to anything."""

    @abstractmethod
    def push(self, taped: Taped) -> None:
        """Sends a message to those who want it."""

    # what a host needs

    def next_deadline(self) -> float | None:
        due = self.now + PATIENCE if self._is_held_up() else self._due()
        at = min(due, self._connections_at)
        return None if at == math.inf else max(at, self.now)

    def relieve(self, now: float) -> None:
        """A machine that cannot keep up gets the recording later, and all of it."""

    def advance(self, now: float) -> None:
        self._act(now, AT_ONCE if self.pace.speed == math.inf else -1)
        self.now: float = max(self.now, now)

    def advance_to_output(self, until: float) -> float:
        while not self._ready and (at := min(self._due(), self._connections_at)) <= until and at != math.inf:
            self.now = max(self.now, at)
            self._act(self.now, 1)
        if self._ready:
            return self.now
        if until != math.inf:
            self.now = max(self.now, until)
        return until

    # control

    def seek(self, to: float) -> None:
        """Goes on from this time of the recording (Unix seconds). Sockets are dropped: their books and order of time end here."""
        self._tape = self._open_tape(to)
        self._next, self.position, self.has_ended = None, None, False
        self._break()

    def set_speed(self, speed: float) -> None:
        """From now on so many times as fast; infinity: as fast as the slowest client reads."""
        self.pace.speed = speed
        self._anchor()

    def pause(self) -> None:
        """The market stands still, and clients stay connected."""
        self.pace.is_paused = True

    def go_on(self) -> None:
        """It moves again."""
        self.pace.is_paused = False
        self._anchor()

    def subscribed(self) -> None:
        """Somebody has asked for something, or for something less."""
        if not self.listeners():
            self.pace.stand()
            return
        self.pace.settle(self.now, self._stands_at())

    def answer(self, connection: ServerConnection, request: HttpRequest) -> HttpResponse | None:
        path, _, query = request.target.partition("?")
        if path != CONTROL and not path.startswith(CONTROL + "/"):
            return self.answer_of_venue(request, path)
        handler = self._controls.get((request.method, path.removeprefix(CONTROL)))
        if handler is None:
            said = "GET /replay; POST /replay/seek?to=…, /replay/speed?x=…, /replay/pause, /replay/play"
            return HttpResponse(status=404, body=msgspec.json.encode({"error": said}), headers=_JSON)
        try:
            handler(dict(parse_qsl(query)))
        except BadControl as error:
            return HttpResponse(status=400, body=msgspec.json.encode({"error": str(error)}), headers=_JSON)
        return HttpResponse(body=msgspec.json.encode(self.state()), headers=_JSON)

    def answer_of_venue(self, request: HttpRequest, path: str) -> HttpResponse:
        """Of everything else over HTTP there is nothing: a recorded market has no accounts and takes no orders."""
        said = {"error": "this is a recorded market: it has sockets of market data, and no other interface"}
        return HttpResponse(status=404, body=msgspec.json.encode(said), headers=_JSON)

    def state(self) -> dict[str, Any]:
        """What control answers."""
        speed = self.pace.speed
        return {
            "position": self.position,
            "played": self.played,
            "speed": "max" if speed == math.inf else speed,
            "is_paused": self.pace.is_paused,
            "is_moving": self.pace.is_moving and not self.has_ended,
            "has_ended": self.has_ended,
            "sockets": len(self.sockets()),
        }

    def clock(self) -> float:
        """The time that the market has, in the recording; that of the host before the first message."""
        return self.now if self.position is None else self.position

    # the tape

    def _stands_at(self) -> float:
        if self.position is not None:
            return self.position
        upcoming = self._upcoming()
        return math.nan if upcoming is None else upcoming.now

    def _anchor(self) -> None:
        self.pace.anchor(self.now, self._stands_at())

    def _upcoming(self) -> Taped | Broken | None:
        if self._next is None and not self.has_ended:
            self._next = next(self._tape, None)
            self.has_ended = self._next is None
        return self._next

    def _due(self) -> float:
        if not self.pace.is_moving:
            return math.inf
        upcoming = self._upcoming()
        if upcoming is None:
            return math.inf
        return self.pace.due(upcoming.now)

    def _is_held_up(self) -> bool:
        """At full speed the slowest client says how fast that is."""
        return self.pace.speed == math.inf and max((one.unsent for one in self.connections), default=0) > MOST_UNSENT

    def _act(self, now: float, most: int) -> None:
        """Plays what is due, at most so many messages (-1: all), and looks after the connections."""
        while most and self._due() <= now and not self._is_held_up():
            upcoming = self._upcoming()
            assert upcoming is not None
            self._next = None
            self.position = upcoming.now
            if isinstance(upcoming, Broken):
                self._break()
                break
            self.played += 1
            self.push(upcoming)
            most -= 1
        if self._connections_at <= now:
            self._look_after_connections(now)

    def _break(self) -> None:
        """Drops every socket: nobody is to take a hole for silence."""
        for connection in self.sockets():
            connection.end("rst")
        self.pace.stand()


def _moment(query: Mapping[str, str], name: str) -> float:
    try:
        found = float(query[name])
    except (KeyError, ValueError):
        raise BadControl(f"{name}=… is Unix seconds") from None
    if math.isnan(found):
        raise BadControl(f"{name}=… is Unix seconds")
    return found


def _speed(query: Mapping[str, str]) -> float:
    text = query.get("x", "")
    if text == "max":
        return math.inf
    try:
        found = float(text)
    except ValueError:
        found = 0.0
    if not 0 < found < math.inf:
        raise BadControl("x=… is a number above 0, or max")
    return found
