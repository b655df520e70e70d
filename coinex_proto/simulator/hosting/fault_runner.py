"""Carries out the faults of a fault plan, whatever the venue: it stands between a server half and its connections.

What it must not know: what a message looks like. How a venue performs and refuses a request, and how it spoils a push,
comes with the request and the push.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator
from typing import Final, Protocol

from coinex_proto.simulator.hosting.connection import Ending, ServerConnection
from coinex_proto.simulator.hosting.faults import Fault, FaultPlan
from coinex_proto.simulator.hosting.http_server import HttpRequest, HttpResponse
from coinex_proto.simulator.hosting.websocket_server import text_frame

ANY_PUSH: Final = "messages"
FOREVER: Final = 1e18
TINY: Final = 1e-6

Spoil = Callable[[Fault, list[bytes]], list[bytes]]
"""The frames that go out instead of these, where a fault changes what they say; the same where it does not."""


class Perform(Protocol):
    """Carries out one request."""

    def __call__(self, *, is_answered: bool = True) -> None: ...


class Target(Protocol):
    """What faults do to a server half."""

    now: float
    answers_pings: bool
    has_one_sign_in: bool

    def limit_lives(self, seconds: float) -> None: ...

    def sockets(self) -> tuple[ServerConnection, ...]: ...

    def stall(self, seconds: float) -> None: ...

    def skew_clock(self, seconds: float) -> None: ...

    def sign_out(self) -> None: ...

    def halt(self, market: str) -> None: ...

    def resume(self, market: str) -> None: ...

    def announce_maintenance(self, start: float, end: float) -> None: ...


class FaultRunner:
    """Does what a fault plan says, at its time or when what it waits for happens."""

    def __init__(self, server: Target, plan: FaultPlan, half_frame: bytes) -> None:
        """`half_frame`: the last bytes of a connection that breaks in mid-frame."""
        self.plan = plan
        self._server = server
        self._half_frame = half_frame
        self._anytime: dict[str, Callable[[Fault], None]] = {
            "drop": self._drop,
            "silence": lambda _: self._each(ServerConnection.go_silent),
            "stall": lambda fault: server.stall(fault.number(0)),
            "slow": lambda fault: self._each(lambda c: c.slow_down(fault.number(0), server.now + fault.number(1))),
            "delay": lambda fault: self._each(
                lambda c: c.delay(fault.number(0), server.now + fault.number(1, FOREVER))
            ),
            "skew": lambda fault: server.skew_clock(fault.number(0)),
            "sign-out": lambda _: server.sign_out(),
            "life": lambda fault: server.limit_lives(fault.number(0)),
            "one-sign-in": self._switch_sign_ins,
            "halt": lambda fault: server.halt(fault.arguments[0]),
            "resume": lambda fault: server.resume(fault.arguments[0]),
            "pings": self._switch_pings,
            "maintenance": lambda fault: server.announce_maintenance(fault.number(0), fault.number(1)),
        }
        self._late: list[tuple[float, int, ServerConnection, Perform]] = []
        """When, a number against ties, for whom, and what."""
        self._late_count = 0

    @property
    def next_at(self) -> float:
        """When something is due; infinity for never."""
        if not self._late:
            return self.plan.next_at
        return min(self.plan.next_at, min(entry[0] for entry in self._late))

    def act(self, now: float) -> None:
        """Do what is due."""
        for fault in self.plan.due(now):
            self._anytime[fault.action](fault)
        due = sorted((entry for entry in self._late if entry[0] <= now), key=lambda entry: entry[:2])
        self._late = [entry for entry in self._late if entry[0] > now]
        for _, _, connection, perform in due:
            if connection.wants_close is None:
                perform()

    def request(
        self, connection: ServerConnection, method: str, perform: Perform, refuse: Callable[[int], None]
    ) -> None:
        """Carry out a request as the faults that wait for it will have it; `refuse` answers it with the code of a fault."""
        for fault in self._own(self.plan.happened(method)):
            match fault.action:
                case "refuse":
                    return refuse(int(fault.number(0)))
                case "ignore":
                    return None
                case "lose-answer":
                    return perform(is_answered=False)
                case "late":
                    self._late_count += 1
                    at = self._server.now + fault.number(0)
                    return self._late.append((at, self._late_count, connection, perform))
        if connection.wants_close is None:
            perform()
        return None

    def http(
        self,
        connection: ServerConnection,
        request: HttpRequest,
        name: str,
        answer: Callable[[HttpRequest], HttpResponse],
        refusal: Callable[[int], HttpResponse],
    ) -> HttpResponse | None:
        """Answer an HTTP request as the faults that wait for its name will have it; None: it is kept back."""
        for fault in self._own(self.plan.happened(name)):
            match fault.action:
                case "refuse":
                    return refusal(int(fault.number(0)))
                case "http":
                    return _status(fault)
                case "late":
                    connection.delay(fault.number(0), self._server.now + TINY)
                case _:
                    if fault.action == "lose-answer":
                        answer(request)
                    connection.go_silent()
                    return None
        return answer(request)

    def push(self, connection: ServerConnection, name: str, frame: bytes, spoil: Spoil) -> None:
        """Send a frame as the faults that wait for it will have it."""
        frames = [frame]
        struck = (*self.plan.happened(name), *self.plan.happened(ANY_PUSH), *self.plan.sent())
        for fault in self._own(struck):
            match fault.action:
                case "lose":
                    frames = []
                case "duplicate":
                    frames = frames * 2
                case _:
                    frames = spoil(fault, frames)
        for each in frames:
            connection.send_frame(each)

    def push_text(self, connection: ServerConnection, name: str, payload: bytes) -> None:
        """Send a text message as the faults that wait for it will have it; a corrupt one is cut in half."""
        if not self.plan.watches_messages:
            connection.send_frame(text_frame(payload))
            return

        def spoil(fault: Fault, frames: list[bytes]) -> list[bytes]:
            return [text_frame(payload[: len(payload) // 2])] if fault.action == "corrupt" else frames

        self.push(connection, name, text_frame(payload), spoil)

    def connect(self, connection: ServerConnection) -> HttpResponse | None:
        """What an opening handshake gets for an answer instead of the upgrade; None: the upgrade."""
        for fault in self.plan.happened("connect"):
            match fault.action:
                case "http":
                    return _status(fault)
                case "hang":
                    connection.go_silent()
                case "drop":
                    connection.end(_ending(fault))
                case action if action in self._anytime:
                    self._anytime[action](fault)
        return HttpResponse(status=503) if connection.wants_close is not None else None

    def _own(self, faults: tuple[Fault, ...]) -> Iterator[Fault]:
        """Those that only the caller can carry out, in order; what may come at any time is done on the way."""
        for fault in faults:
            if fault.action in self._anytime:
                self._anytime[fault.action](fault)
            else:
                yield fault

    def _drop(self, fault: Fault) -> None:
        for connection in self._server.sockets():
            if "mid-frame" in fault.arguments:
                connection.break_off(self._half_frame, _ending(fault))
            else:
                connection.end(_ending(fault))

    def _switch_pings(self, fault: Fault) -> None:
        self._server.answers_pings = fault.arguments[0] == "on"

    def _switch_sign_ins(self, fault: Fault) -> None:
        self._server.has_one_sign_in = fault.arguments[0] == "on"

    def _each(self, action: Callable[[ServerConnection], None]) -> None:
        for connection in self._server.sockets():
            action(connection)


def _status(fault: Fault) -> HttpResponse:
    headers = (("retry-after", fault.arguments[1]),) if len(fault.arguments) > 1 else ()
    return HttpResponse(status=int(fault.number(0)), headers=headers)


def _ending(fault: Fault) -> Ending:
    return "fin" if "fin" in fault.arguments else "rst"
