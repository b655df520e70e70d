"""An HTTP client of the local exchange for its tests: h11 in its client role, its own signatures."""

from __future__ import annotations

import hmac
import json
from hashlib import sha256
from typing import Any

import h11

from coinex_proto.simulator import CoinexServer
from tests.coinex_proto.simulator.peer import Json

ORDER = {"market": "BTCUSDT", "market_type": "SPOT", "side": "buy", "type": "limit", "amount": "0.5", "price": "50000"}
FUTURES = {**ORDER, "market_type": "FUTURES"}


def request(
    server: CoinexServer,
    method: str,
    target: str,
    body: object = None,
    *,
    signed: bool = True,
    headers: dict[str, str] | None = None,
    secret_key: str | None = None,
) -> tuple[int, dict[str, str], Json]:
    """One HTTP request on a connection of its own: status, headers, decoded body."""
    text = json.dumps(body) if body is not None else ""
    sent = {"Host": "sim.test", "Content-Length": str(len(text))}
    if signed:
        stamp = str(server.clock_ms)
        secret = (secret_key or server.secret_key).encode()
        sent["X-COINEX-KEY"] = server.access_id
        sent["X-COINEX-TIMESTAMP"] = stamp
        sent["X-COINEX-SIGN"] = hmac.new(secret, f"{method}{target}{text}{stamp}".encode(), sha256).hexdigest()
    sent |= headers or {}
    connection = server.accept(server.now)
    client = h11.Connection(h11.CLIENT)
    head = h11.Request(method=method, target=target, headers=list(sent.items()))
    for part in (head, h11.Data(data=text.encode()), h11.EndOfMessage()):
        connection.receive_data(client.send(part) or b"", server.now)
    client.receive_data(connection.data_to_send())
    response = client.next_event()
    if response is h11.NEED_DATA:
        client.receive_data(b"")
        response = client.next_event()
    assert isinstance(response, h11.Response)
    answer = b""
    while isinstance(event := client.next_event(), h11.Data):
        answer += event.data
    connection.receive_eof()
    found = {name.decode(): value.decode() for name, value in response.headers}
    return response.status_code, found, json.loads(answer) if answer.startswith((b"{", b"[")) else {}


def data(server: CoinexServer, method: str, target: str, body: object = None) -> Any:
    """The data of a signed request that must succeed."""
    status, _, answer = request(server, method, target, body)
    assert status == 200
    assert answer["code"] == 0, answer
    return answer["data"]


def code(answer: tuple[int, dict[str, str], Json]) -> int:
    """The code of an answer that came with status 200."""
    assert answer[0] == 200
    return int(answer[2]["code"])


def place(server: CoinexServer, **changes: object) -> Json:
    """Place a spot order over HTTP."""
    found: Json = data(server, "POST", "/v2/spot/order", {**ORDER, **changes})
    return found
