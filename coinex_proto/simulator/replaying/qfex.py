"""A recorded QFEX market over the venue's own MDS socket. Each of its messages is whole, so that a newcomer needs no first one.

Source: QFEX documentation, MDS page. Requests are those of the local exchange (`qfex/sockets.py`); only the pushes are recorded ones.
"""

from __future__ import annotations

import math
import re
from typing import Any, ClassVar, Final

from coinex_proto.simulator.hosting.connection import ServerConnection
from coinex_proto.simulator.hosting.http_server import HttpRequest, HttpResponse
from coinex_proto.simulator.hosting.websocket_server import text_frame
from coinex_proto.simulator.qfex.feeds import ALL, Subscription
from coinex_proto.simulator.qfex.forms import QfexForms
from coinex_proto.simulator.qfex.sockets import MdsSocket, QfexSocket
from coinex_proto.simulator.replaying.server import ReplayServer
from coinex_proto.simulator.replaying.tape import OpenTape, Taped

PATHS: Final = ("", "/mds")
"""Of the venue, where market data has a host of its own, and of the local exchange."""
_SEQUENCE: Final = re.compile(rb'("sequence"\s*:\s*)\d+')


class QfexReplay(ReplayServer):
    """The market data socket."""

    def __init__(self, open_tape: OpenTape, *, now: float, speed: float = 1.0, start: float = -math.inf) -> None:
        super().__init__(open_tape, now=now, speed=speed, start=start)
        self.feeds: Any = RecordedChannels()
        self.own: Any = Forms()

    def open_socket(self, connection: ServerConnection, request: HttpRequest) -> MdsSocket | HttpResponse:
        if request.target.partition("?")[0].rstrip("/") not in PATHS:
            return HttpResponse(status=404)
        server: Any = self
        socket = MdsSocket(server, connection)
        self.feeds.subscribers[socket] = None
        return socket

    def requested(self, socket: QfexSocket, request: dict[str, Any]) -> None:
        """One request of a socket."""
        socket.perform(request)
        self.subscribed()

    def ended(self, connection: ServerConnection) -> None:
        super().ended(connection)
        self.subscribed()

    def deliver(self, connection: ServerConnection, name: str, payload: bytes) -> None:
        """Sends a message."""
        connection.send_frame(text_frame(payload))

    def listeners(self) -> bool:
        return any(socket.subscriptions for socket in self.feeds.subscribers)

    def push(self, taped: Taped) -> None:
        channel, symbol = str(taped.key[0]), ALL if taped.key[1] is None else str(taped.key[1])
        detail = taped.key[2] if len(taped.key) > 2 else None
        wanted: set[Subscription] = {(channel, symbol, detail), (channel, ALL, detail)}
        for socket in tuple(self.feeds.subscribers):
            if wanted & socket.subscriptions.keys():
                number = socket.next_sequence()
                self.deliver(socket.connection, channel, _SEQUENCE.sub(rb"\g<1>%d" % number, taped.payload, count=1))


class RecordedChannels:
    """Who has subscribed to what. Shaped as the feeds of the local exchange."""

    def __init__(self) -> None:
        self.subscribers: dict[MdsSocket, None] = {}
        self.markets: AnySymbol = AnySymbol()

    def follow(self, subscriber: MdsSocket, subscription: Subscription) -> None:
        subscriber.subscriptions[subscription] = None


class AnySymbol:
    """What was not recorded is acknowledged and stays silent."""

    def __contains__(self, symbol: object) -> bool:
        return True


class Forms:
    """Where the venue has been seen with two forms, one of them."""

    forms: ClassVar[QfexForms] = QfexForms()
