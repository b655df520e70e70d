"""A client of the local CoinFLEX for its tests: wsproto in its client role and `ecdsa`'s own words; nothing of the SDK."""

from __future__ import annotations

import base64
import json
from hashlib import sha224
from typing import Any

import ecdsa
import h11
from wsproto import ConnectionType, WSConnection
from wsproto.events import AcceptConnection, BytesMessage, Event, Pong, RejectConnection, Request, TextMessage

from coinex_proto.simulator import CoinflexServer, CrowdSettings

START = 1_700_000_000.0
QUIET = CrowdSettings(rate=0.0, depth=3)
MARKET = "XBT/USDT"
XBT, ETH, USDT = 63488, 63520, 65283
PAIR = {"base": XBT, "counter": USDT}

_FIELD = ecdsa.ellipticcurve.CurveFp(0xFFFFFFFFFFFFFFFFFFFFFFFFFFFFFFFFFFFFFFFFFFFFFFFEFFFFE56D, 0, 5)
CURVE = ecdsa.curves.Curve(
    "secp224k1",
    _FIELD,
    ecdsa.ellipticcurve.Point(
        _FIELD,
        0xA1455B334DF099DF30FC28A169A467E9E47075A90F7E650EB6B7A45C,
        0x7E089FED7FBA344282CAFBD6F7E319F7C0B0BD59E2CA4BDB556D61A5,
        0x010000000000000000000000000001DCE8D2EC6184CAF0A971769FB1F7,
    ),
    (1, 3, 132, 0, 32),
)

Json = dict[str, Any]


def quiet_server(**options: Any) -> CoinflexServer:
    """A server whose market moves only when a test moves it, and whose streams are in step."""
    return CoinflexServer(now=START, **{"crowd": QUIET, "is_in_step": True, **options})


def signature(user_id: int, passphrase: str, server_nonce: bytes, client_nonce: bytes) -> list[str]:
    """r and s in base64."""
    prefix = user_id.to_bytes(8, "big")
    secret = int.from_bytes(sha224(prefix + passphrase.encode()).digest(), "big")
    key = ecdsa.SigningKey.from_secret_exponent(secret, CURVE, sha224)
    r, s = key.sign_deterministic(
        prefix + server_nonce + client_nonce, hashfunc=sha224, sigencode=lambda r, s, _: (int(r), int(s))
    )
    return [base64.b64encode(number.to_bytes(28, "big")).decode() for number in (r, s)]


def http(server: CoinflexServer, method: str, target: str) -> tuple[int, Any]:
    """One HTTP request on a connection of its own: status and decoded body."""
    connection, client = server.accept(server.now), h11.Connection(h11.CLIENT)
    for part in (h11.Request(method=method, target=target, headers=[("Host", "sim.test")]), h11.EndOfMessage()):
        connection.receive_data(client.send(part) or b"", server.now)
    client.receive_data(connection.data_to_send())
    response, body = client.next_event(), b""
    assert isinstance(response, h11.Response)
    while isinstance(event := client.next_event(), h11.Data):
        body += event.data
    connection.receive_eof()
    return response.status_code, json.loads(body) if body else None


class Peer:
    """One WebSocket client."""

    def __init__(self, server: CoinflexServer, path: str = "/v1") -> None:
        self.server = server
        self.connection = server.accept(server.now)
        self.messages: list[Json] = []
        """All that came and was not taken."""
        self.events: list[Event] = []
        self._wsproto = WSConnection(ConnectionType.CLIENT)
        self._tag = 0
        self.send(self._wsproto.send(Request(host="sim.test", target=path)))
        self.wait(0.01)
        found = [message for message in self.messages if message.get("notice") == "Welcome"]
        self.nonce = base64.b64decode(found[0]["nonce"]) if found else b""
        self.messages = [message for message in self.messages if message not in found]

    @property
    def is_open(self) -> bool:
        return any(isinstance(event, AcceptConnection) for event in self.events) and not self.connection.wants_close

    @property
    def status(self) -> int | None:
        """The HTTP status of a refused handshake."""
        return next((event.status_code for event in self.events if isinstance(event, RejectConnection)), None)

    @property
    def pongs(self) -> int:
        return sum(isinstance(event, Pong) for event in self.events)

    def send(self, data: bytes) -> None:
        self.connection.receive_data(data, self.server.now)
        self.read()

    def frame(self, event: Event) -> None:
        self.send(self._wsproto.send(event))

    def read(self) -> None:
        self._wsproto.receive_data(self.connection.data_to_send())
        for event in self._wsproto.events():
            self.events.append(event)
            if isinstance(event, TextMessage):
                self.messages.append(json.loads(event.data))
            assert not isinstance(event, BytesMessage), "the venue sends text only"

    def wait(self, seconds: float) -> None:
        """Time passes."""
        self.server.advance(self.server.now + seconds)
        self.read()

    def take(self) -> list[Json]:
        """What has come since last time."""
        taken, self.messages = self.messages, []
        return taken

    def notices(self) -> list[Json]:
        """Notices that have come since last time."""
        return [message for message in self.take() if "notice" in message]

    def post(self, method: str, **members: object) -> int:
        """Send a command; its tag."""
        self._tag += 1
        self.frame(TextMessage(data=json.dumps({"tag": self._tag, "method": method, **members})))
        return self._tag

    def request(self, method: str, **members: object) -> Json:
        """Send a command and give its reply, without its tag."""
        tag = self.post(method, **members)
        self.wait(0.01)
        (reply,) = [message for message in self.messages if message.get("tag") == tag]
        self.messages.remove(reply)
        return {name: value for name, value in reply.items() if name != "tag"}

    def sign_in(self, passphrase: str | None = None, **members: object) -> Json:
        server, nonce = self.server, b"client nonce 16b"
        signed = signature(server.user_id, server.passphrase if passphrase is None else passphrase, self.nonce, nonce)
        request: Json = {
            "user_id": server.user_id,
            "cookie": server.cookie,
            "nonce": base64.b64encode(nonce).decode(),
            "signature": signed,
        }
        return self.request("Authenticate", **{**request, **members})


def signed_in(**options: Any) -> tuple[CoinflexServer, Peer]:
    """A quoted market and a client that has signed in."""
    server = quiet_server(**options)
    server.quote("XBT/USDT", bid="9600", ask="9610", size="2")
    peer = Peer(server)
    assert peer.sign_in() == {"error_code": 0}
    peer.take()
    return server, peer


def lively(seed: int = 0) -> CoinflexServer:
    return CoinflexServer(now=START, seed=seed, crowd=CrowdSettings(rate=20))
