"""A client of the local exchange for its tests: wsproto and h11 in their client roles, nothing of the SDK's client half."""

from __future__ import annotations

import gzip
import hmac
import json
import zlib
from hashlib import sha256
from typing import Any

from wsproto import ConnectionType, WSConnection
from wsproto.events import (
    AcceptConnection,
    BytesMessage,
    CloseConnection,
    Event,
    Pong,
    RejectConnection,
    Request,
    TextMessage,
)

from coinex_proto.simulator import CoinexServer, CrowdSettings, ServerConnection

START = 1_700_000_000.0
QUIET = CrowdSettings(rate=0.0)
"""The crowd fills the books and then stands still."""

Json = dict[str, Any]


def quiet_server(**options: Any) -> CoinexServer:
    """A server whose markets move only when a test moves them."""
    return CoinexServer(now=START, crowd=QUIET, **options)


class Peer:
    """One WebSocket client."""

    def __init__(self, server: CoinexServer, path: str = "/v2/spot", *, extensions: str = "", **headers: str) -> None:
        self.server = server
        self.connection: ServerConnection = server.accept(server.now)
        self.wsproto = WSConnection(ConnectionType.CLIENT)
        self.events: list[Event] = []
        self.messages: list[Json] = []
        """Everything that came, decoded, in order."""
        self.payloads: list[bytes] = []
        """The same as it was framed."""
        self.broken = 0
        """Payloads that are no sound gzip."""
        self.received = b""
        self._parts: list[bytes] = []
        self._id = 0
        host = headers.pop("host", "sim.test")
        sent = [(name.replace("_", "-").encode(), value.encode()) for name, value in headers.items()]
        sent += [(b"sec-websocket-extensions", extensions.encode())] if extensions else []
        self.send(self.wsproto.send(Request(host=host, target=path, extra_headers=sent)))

    @property
    def is_open(self) -> bool:
        return any(type(event) is AcceptConnection for event in self.events) and self.connection.wants_close is None

    def ending(self) -> str | None:
        """How the server wants the connection closed, if it does."""
        return self.connection.wants_close

    @property
    def status(self) -> int | None:
        """The HTTP status of a refused handshake."""
        return next((event.status_code for event in self.events if isinstance(event, RejectConnection)), None)

    @property
    def pongs(self) -> int:
        return sum(isinstance(event, Pong) for event in self.events)

    @property
    def has_close_frame(self) -> bool:
        return any(isinstance(event, CloseConnection) for event in self.events)

    def send(self, data: bytes) -> None:
        self.connection.receive_data(data, self.server.now)
        self.read()

    def send_text(self, text: str) -> None:
        self.send(self.wsproto.send(TextMessage(data=text)))

    def request(self, method: str, params: object = None, *, identity: int | None = None) -> Json | None:
        """Send one request; its answer if it came at once."""
        self._id += 1
        number = self._id if identity is None else identity
        before = len(self.messages)
        self.send_text(json.dumps({"method": method, "params": {} if params is None else params, "id": number}))
        return next((message for message in self.messages[before:] if message.get("id") == number), None)

    def subscribe(self, topic: str, *markets: str) -> Json | None:
        return self.request(f"{topic}.subscribe", {"ccy_list" if topic == "balance" else "market_list": list(markets)})

    def sign_in(self, *, timestamp_ms: int | None = None, secret_key: str | None = None) -> Json | None:
        stamp = self.server.clock_ms if timestamp_ms is None else timestamp_ms
        secret = self.server.secret_key if secret_key is None else secret_key
        signature = hmac.new(secret.encode(), str(stamp).encode(), sha256).hexdigest()
        return self.request(
            "server.sign", {"access_id": self.server.access_id, "signed_str": signature, "timestamp": stamp}
        )

    def run(self, seconds: float) -> None:
        """Let time pass."""
        self.server.advance(self.server.now + seconds)
        self.read()

    def pushes(self, method: str) -> list[Json]:
        """The data of every push of this method so far."""
        return [message["data"] for message in self.messages if message.get("method") == method]

    def clear(self) -> None:
        self.messages.clear()

    def read(self) -> None:
        data = self.connection.data_to_send()
        self.received += data
        if data:
            self.wsproto.receive_data(data)
        for event in self.wsproto.events():
            if isinstance(event, BytesMessage):
                self._gather(event)
            else:
                self.events.append(event)

    def _gather(self, event: BytesMessage) -> None:
        self._parts.append(bytes(event.data))
        if event.message_finished:
            payload = b"".join(self._parts)
            self._parts = []
            self.payloads.append(payload)
            try:
                self.messages.append(json.loads(gzip.decompress(payload)))
            except (gzip.BadGzipFile, zlib.error):
                self.broken += 1


class Replica:
    """A book rebuilt from depth pushes, by the rules of the wire document and nothing else."""

    def __init__(self) -> None:
        self.sides: dict[str, dict[str, str]] = {"asks": {}, "bids": {}}

    def apply(self, data: Json) -> None:
        for side, levels in self.sides.items():
            if data["is_full"]:
                levels.clear()
            for price, size in data["depth"].get(side, ()):
                if float(size) == 0:
                    levels.pop(price, None)
                else:
                    levels[price] = size

    def levels(self, side: str) -> list[list[str]]:
        ordered = sorted(self.sides[side].items(), key=lambda level: float(level[0]), reverse=side == "bids")
        return [list(level) for level in ordered]

    @property
    def checksum(self) -> int:
        texts = [f"{price}:{size}" for side in ("bids", "asks") for price, size in self.levels(side)]
        return zlib.crc32(":".join(texts).encode())
