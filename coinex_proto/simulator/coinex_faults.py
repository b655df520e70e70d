"""Carries out the faults of a plan on the CoinEx server half."""

from __future__ import annotations

from collections.abc import Callable
from typing import TYPE_CHECKING, Any, Final

import msgspec

from coinex_proto.simulator.coinex_http import failure
from coinex_proto.simulator.coinex_wire import Push, json_of, packed
from coinex_proto.simulator.connection import Ending, ServerConnection
from coinex_proto.simulator.faults import Fault, FaultPlan
from coinex_proto.simulator.http_server import HttpRequest, HttpResponse
from coinex_proto.simulator.websocket_server import binary_frame

if TYPE_CHECKING:
    from coinex_proto.simulator.coinex_server import CoinexServer
    from coinex_proto.simulator.coinex_socket import CoinexSocket

ANY_PUSH: Final = "messages"
FOREVER: Final = 1e18
TINY: Final = 1e-6


class CoinexFaults:
    """Stands between the server and its connections."""

    def __init__(self, server: CoinexServer, plan: FaultPlan) -> None:
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
            "maintenance": lambda fault: server.announce_maintenance(fault.number(0), fault.number(1)),
        }
        self._late: list[tuple[float, int, Callable[[], None]]] = []

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

    def request(self, socket: CoinexSocket, method: str, identity: int, params: object) -> None:
        """Carry out a request as the faults that wait for it will have it."""
        for fault in self.plan.happened(method):
            if fault.action in self._anytime:
                self._anytime[fault.action](fault)
            elif fault.action == "refuse":
                return socket.answer(identity, int(fault.number(0)), "")
            elif fault.action == "ignore":
                return None
            elif fault.action == "lose-answer":
                return socket.perform(method, identity, params, is_answered=False)
            elif fault.action == "late":
                at = self._server.now + fault.number(0)
                step = _Late(socket, method, identity, params)
                return self._late.append((at, len(self._late), step))
        if socket.connection.wants_close is None:
            socket.perform(method, identity, params)
        return None

    def http(
        self, connection: ServerConnection, request: HttpRequest, answer: Callable[[HttpRequest], HttpResponse]
    ) -> HttpResponse | None:
        """Answer an HTTP request as the faults that wait for its path (without /v2) will have it."""
        path = request.target.partition("?")[0].removeprefix("/v2")
        for fault in self.plan.happened(path):
            if fault.action in self._anytime:
                self._anytime[fault.action](fault)
            elif fault.action == "refuse":
                return HttpResponse(body=failure(int(fault.number(0)), ""))
            elif fault.action == "http":
                return _status(fault)
            elif fault.action == "late":
                connection.delay(fault.number(0), self._server.now + TINY)
            else:
                if fault.action == "lose-answer":
                    answer(request)
                connection.go_silent()
                return None
        return answer(request)

    def push(self, connection: ServerConnection, push: Push) -> None:
        """Send a push as the faults that wait for it will have it."""
        frames = [push.frame]
        for fault in (*self.plan.happened(push.method), *self.plan.happened(ANY_PUSH), *self.plan.sent()):
            if fault.action in self._anytime:
                self._anytime[fault.action](fault)
            else:
                frames = _bend(fault, push, frames)
        for frame in frames:
            connection.send_frame(frame)

    def connect(self, connection: ServerConnection) -> HttpResponse | None:
        """What an opening handshake gets for an answer instead of the upgrade; None: the upgrade."""
        for fault in self.plan.happened("connect"):
            if fault.action == "http":
                return _status(fault)
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
                connection.break_off(_half_frame(), _ending(fault))
            else:
                connection.end(_ending(fault))

    def _switch_pings(self, fault: Fault) -> None:
        self._server.answers_pings = fault.arguments[0] == "on"

    def _each(self, action: Callable[[ServerConnection], None]) -> None:
        for connection in self._server.sockets():
            action(connection)


class _Late:
    """A request that is carried out later."""

    def __init__(self, socket: CoinexSocket, method: str, identity: int, params: object) -> None:
        self._socket, self._method, self._identity, self._params = socket, method, identity, params

    def __call__(self) -> None:
        if self._socket.connection.wants_close is None:
            self._socket.perform(self._method, self._identity, self._params)


def _status(fault: Fault) -> HttpResponse:
    headers = (("retry-after", fault.arguments[1]),) if len(fault.arguments) > 1 else ()
    return HttpResponse(status=int(fault.number(0)), headers=headers)


def _ending(fault: Fault) -> Ending:
    return "fin" if "fin" in fault.arguments else "rst"


def _half_frame() -> bytes:
    frame = binary_frame(packed(json_of({"method": "state.update", "data": {"state_list": []}, "id": None})))
    return frame[: len(frame) // 2]


def _bend(fault: Fault, push: Push, frames: list[bytes]) -> list[bytes]:
    """The frames that go out instead."""
    match fault.action:
        case "lose":
            return []
        case "duplicate":
            return frames * 2
        case "corrupt":
            return [binary_frame(_corrupt(packed(push.payload)))]
        case "wrong-checksum":
            return [_rewritten(push, _with_wrong_checksum)]
        case "delta-first":
            return [_rewritten(push, _as_difference), *frames]
        case _:
            return frames


def _corrupt(packet: bytes) -> bytes:
    """The same with its checksum broken: the text inflates and is not to be believed."""
    return packet[:-8] + bytes(byte ^ 0xFF for byte in packet[-8:-4]) + packet[-4:]


def _rewritten(push: Push, change: Callable[[dict[str, Any]], None]) -> bytes:
    message = msgspec.json.decode(push.payload)
    change(message["data"])
    return binary_frame(packed(json_of(message)))


def _with_wrong_checksum(data: dict[str, Any]) -> None:
    if "depth" in data:
        data["depth"]["checksum"] ^= 1


def _as_difference(data: dict[str, Any]) -> None:
    if "is_full" in data:
        data["is_full"] = False
