"""Carries out the faults of a plan on the CoinFLEX server half. A request goes by its method, a notice by its name."""

from __future__ import annotations

from collections.abc import Callable
from typing import TYPE_CHECKING, Any, Final

from coinex_proto.simulator.connection import Ending, ServerConnection
from coinex_proto.simulator.faults import Fault, FaultPlan
from coinex_proto.simulator.http_server import HttpResponse
from coinex_proto.simulator.websocket_server import text_frame

if TYPE_CHECKING:
    from coinex_proto.simulator.coinflex_server import CoinflexServer
    from coinex_proto.simulator.coinflex_socket import CoinflexSocket

ANY_PUSH: Final = "messages"
FOREVER: Final = 1e18


class CoinflexFaults:
    """Stands between the server and its connections."""

    def __init__(self, server: CoinflexServer, plan: FaultPlan) -> None:
        self._server = server
        self.plan = plan
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
            "halt": lambda fault: server.halt(fault.arguments[0]),
            "resume": lambda fault: server.resume(fault.arguments[0]),
            "pings": self._switch_pings,
            "maintenance": lambda _: None,  # this venue announces none
        }
        self._late: list[tuple[float, int, Callable[[], None]]] = []
        self._count = 0

    @property
    def next_at(self) -> float:
        """When something is due; infinity for never."""
        return min(self.plan.next_at, min((entry[0] for entry in self._late), default=float("inf")))

    def act(self, now: float) -> None:
        """Do what is due."""
        for fault in self.plan.due(now):
            self._anytime[fault.action](fault)
        due = sorted((entry for entry in self._late if entry[0] <= now), key=lambda entry: entry[:2])
        self._late = [entry for entry in self._late if entry[0] > now]
        for _, _, step in due:
            step()

    def request(self, socket: CoinflexSocket, request: dict[str, Any]) -> None:
        """Carry out a request as the faults that wait for it will have it."""
        for fault in self.plan.happened(request["method"]):
            if fault.action in self._anytime:
                self._anytime[fault.action](fault)
            elif fault.action == "refuse":
                return socket.answer(request.get("tag"), int(fault.number(0)), "")
            elif fault.action == "ignore":
                return None
            elif fault.action == "lose-answer":
                return socket.perform(request, is_answered=False)
            elif fault.action == "late":
                self._count += 1
                step = _Late(socket, request)
                return self._late.append((self._server.now + fault.number(0), self._count, step))
        if socket.connection.wants_close is None:
            socket.perform(request)
        return None

    def push(self, connection: ServerConnection, name: str, payload: bytes) -> None:
        """Send a message as the faults that wait for it will have it."""
        frames = [text_frame(payload)]
        for fault in (*self.plan.happened(name), *self.plan.happened(ANY_PUSH), *self.plan.sent()):
            if fault.action in self._anytime:
                self._anytime[fault.action](fault)
            elif fault.action == "lose":
                frames = []
            elif fault.action == "duplicate":
                frames = frames * 2
            elif fault.action == "corrupt":
                frames = [text_frame(payload[: len(payload) // 2])]
        for frame in frames:
            connection.send_frame(frame)

    def connect(self, connection: ServerConnection) -> HttpResponse | None:
        """What an opening handshake gets for an answer instead of the upgrade; None: the upgrade."""
        for fault in self.plan.happened("connect"):
            if fault.action == "http":
                headers = (("retry-after", fault.arguments[1]),) if len(fault.arguments) > 1 else ()
                return HttpResponse(status=int(fault.number(0)), headers=headers)
            if fault.action == "hang":
                connection.go_silent()
            elif fault.action == "drop":
                connection.end(_ending(fault))
            elif fault.action in self._anytime:
                self._anytime[fault.action](fault)
        return None

    def _drop(self, fault: Fault) -> None:
        for connection in self._server.sockets():
            if "mid-frame" in fault.arguments:
                connection.break_off(text_frame(b'{"notice":"OrderOpened"}')[:7], _ending(fault))
            else:
                connection.end(_ending(fault))

    def _switch_pings(self, fault: Fault) -> None:
        self._server.answers_pings = fault.arguments[0] == "on"

    def _each(self, action: Callable[[ServerConnection], None]) -> None:
        for connection in self._server.sockets():
            action(connection)


class _Late:
    """A request that is carried out later."""

    def __init__(self, socket: CoinflexSocket, request: dict[str, Any]) -> None:
        self._socket, self._request = socket, request

    def __call__(self) -> None:
        if self._socket.connection.wants_close is None:
            self._socket.perform(self._request)


def _ending(fault: Fault) -> Ending:
    return "fin" if "fin" in fault.arguments else "rst"
