"""A client of the local QFEX for its tests: wsproto in its client role."""

from __future__ import annotations

import json
from decimal import Decimal
from typing import Any

import wsproto
from wsproto.events import AcceptConnection, BytesMessage, Ping, Request, TextMessage

from coinex_proto import qfex
from coinex_proto.simulator import CrowdSettings, QfexServer

START = 1_700_000_000.0
SYMBOL = "AAPL-USD"


class Peer:
    """A plain WebSocket client of one server."""

    def __init__(self, server: QfexServer, target: str) -> None:
        self.server = server
        self.link = server.accept(server.now)
        self.socket = wsproto.WSConnection(wsproto.ConnectionType.CLIENT)
        self.pings = 0
        self.texts: list[Any] = []
        self.link.receive_data(self.socket.send(Request(host="x", target=target)), server.now)
        self.read()

    def read(self) -> list[Any]:
        self.socket.receive_data(self.link.data_to_send())
        for event in self.socket.events():
            match event:
                case TextMessage():
                    self.texts.append(json.loads(event.data, parse_float=Decimal))
                case Ping():
                    self.pings += 1
                case AcceptConnection() | BytesMessage():
                    pass
        taken, self.texts = self.texts, []
        return taken

    def say(self, message: object) -> list[Any]:
        text = message if isinstance(message, str) else json.dumps(message)
        self.link.receive_data(self.socket.send(TextMessage(data=text)), self.server.now)
        return self.read()

    def request(self, kind: str, **params: Any) -> list[Any]:
        return self.say({"type": kind, "params": params})

    def is_closed(self) -> bool:
        return self.link.wants_close is not None


def made(**options: Any) -> QfexServer:
    server = QfexServer(now=START, crowd=CrowdSettings(rate=0.0001), **options)
    server.quote(SYMBOL, "100", "101", "5")
    return server


def auth(server: QfexServer, nonce: str = "n1", at: float | None = None, secret: str | None = None) -> dict[str, Any]:
    unix_ts = int(server.now if at is None else at)
    signature = qfex.sign_auth(secret or server.secret_key, nonce, unix_ts)
    proof = {"public_key": server.public_key, "nonce": nonce, "unix_ts": unix_ts, "signature": signature}
    return {"type": "auth", "params": {"hmac": proof}}


def signed_in(server: QfexServer, nonce: str = "n", *channels: str) -> Peer:
    peer = Peer(server, "/trade")
    assert peer.say(auth(server, nonce)) == [{"authenticated": True}]
    for channel in channels or ("order_responses",):
        assert peer.request("subscribe", channels=[channel]) == [{"subscribed": channel}]
    return peer


def order(**fields: Any) -> dict[str, Any]:
    return {
        "symbol": SYMBOL,
        "side": "BUY",
        "order_type": "LIMIT",
        "order_time_in_force": "GTC",
        "quantity": 1,
        "price": 99.5,
        "client_order_id": "c",
        **fields,
    }


def statuses(answers: list[Any]) -> list[str]:
    return [answer["order_response"]["status"] for answer in answers if "order_response" in answer]


def subscribe(peer: Peer, *channels: str, symbol: str = SYMBOL, **more: Any) -> list[Any]:
    return peer.say({"type": "subscribe", "channels": channels, "symbols": [symbol], **more})
