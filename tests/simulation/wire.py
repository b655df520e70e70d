"""What clients have said on the wire, read from the trace of a swarm: the rules that a stranger could check."""

from __future__ import annotations

import json
from collections import Counter, defaultdict
from collections.abc import Iterator
from typing import Any

from attrs import field, frozen

from coinex_trio.swarm import Swarm

SUBSCRIBES = {"subscribe", "unsubscribe"}
MOST_UPGRADES = 20
"""Attempts of one socket within a minute; of each more on the same address half as many, since luck evens out."""
SENDING = {
    "qfex": {"place": ("type", "add_order"), "modify": ("type", "modify_order"), "cancel": ("type", "cancel_order")},
    "coinflex": {
        "place": ("method", "PlaceOrder"),
        "modify": ("method", "ModifyOrder"),
        "cancel": ("method", "CancelOrder"),
    },
}
OVER_HTTP = {"place": b"/order HTTP", "modify": b"/modify-order HTTP", "cancel": b"/cancel-order HTTP"}
"""How an order is placed, changed and cancelled."""
ASKED_AGAIN_AFTER = 5.0
"""Seconds: a subscription whose answer did not come may be asked for again, not earlier. Requests that waited for room on the
way arrive together, so that it is their number that counts, by the age of their connection."""


@frozen
class Said:
    """One message of a client."""

    at: float
    connection: int
    text: bytes = field(repr=False)
    """An HTTP request, or the payload of a frame."""
    is_http: bool = False

    @property
    def json(self) -> dict[str, Any]:
        found = json.loads(self.text)
        assert isinstance(found, dict)
        return found


def said(swarm: Swarm) -> tuple[list[Said], list[tuple[float, int, str]]]:
    """Every message in order, and the upgrades with their connection and target."""
    messages: list[Said] = []
    upgrades: list[tuple[float, int, str]] = []
    unread: dict[int, bytearray] = defaultdict(bytearray)
    sockets: set[int] = set()
    for at, number, what, data in swarm._wire.trace:
        if what != "sent":
            continue
        unread[number] += data
        if number not in sockets and unread[number].startswith(b"GET ") and b"\r\n\r\n" in unread[number]:
            head, _, rest = bytes(unread[number]).partition(b"\r\n\r\n")
            if b"upgrade: websocket" in head.lower():
                sockets.add(number)
                upgrades.append((at, number, head.split()[1].decode()))
                unread[number] = bytearray(rest)
        if number in sockets:
            for first, payload in _frames(unread[number]):
                if first & 0x0F in (0x1, 0x2):
                    messages.append(Said(at, number, payload))
    messages += [Said(0.0, number, bytes(data), True) for number, data in unread.items() if number not in sockets]
    return messages, upgrades


def _frames(data: bytearray) -> Iterator[tuple[int, bytes]]:
    """Whole masked frames, taken out."""
    while len(data) >= 2:
        assert data[1] & 0x80, "a client masks every frame"
        size, at = data[1] & 0x7F, 2
        if size >= 126:
            width = 2 if size == 126 else 8
            size, at = int.from_bytes(data[2 : 2 + width]), 2 + width
        if len(data) < at + 4 + size:
            return
        mask, masked = data[at : at + 4], data[at + 4 : at + 4 + size]
        keys = (mask * (size // 4 + 1))[:size]
        yield data[0], (int.from_bytes(masked) ^ int.from_bytes(keys)).to_bytes(size)
        del data[: at + 4 + size]


def sent_of(swarm: Swarm, venue: str) -> dict[str, int]:
    """How many messages have placed, changed and cancelled orders. Nothing is sent again but cancellations on the way out."""
    messages, _ = said(swarm)
    if venue in SENDING:
        found = [message.json for message in messages if not message.is_http]
        return {kind: sum(m.get(word) == verb for m in found) for kind, (word, verb) in SENDING[venue].items()}
    return {
        kind: sum(m.text.count(path) for m in messages if m.is_http and m.text.startswith(b"POST"))
        for kind, path in OVER_HTTP.items()
    }


def faults_of(swarm: Swarm, venue: str, sockets: int) -> Iterator[str]:
    """What a client has done that none may do; `sockets`: so many of one address may it have at once."""
    messages, upgrades = said(swarm)
    yield from _secrets(swarm, messages, venue)
    yield from _attempts(upgrades, sockets)
    on_sockets = [message for message in messages if not message.is_http]
    match venue:
        case "qfex":
            yield from _twice(
                m.json.get("params", {}).get("client_order_id") for m in on_sockets if m.json.get("type") == "add_order"
            )
            yield from _signs_first(
                on_sockets, "/trade", "auth", {"add_order", "cancel_order", "get_user_orders"}, "type"
            )
        case "coinflex":
            yield from _twice(m.json.get("tonce") for m in on_sockets if m.json.get("method") == "PlaceOrder")
            yield from _signs_first(
                on_sockets, "", "Authenticate", {"PlaceOrder", "CancelOrder", "GetOrders"}, "method"
            )
        case _:
            bodies = [m.text.partition(b"\r\n\r\n")[2] for m in messages if m.is_http and b"/order HTTP" in m.text]
            whole = [json.loads(body) for body in bodies if body.endswith(b"}")]
            yield from _twice(body.get("client_id") for body in whole)
            private = {"order.subscribe", "balance.subscribe", "user_deals.subscribe", "position.subscribe"}
            yield from _signs_first(on_sockets, "", "server.sign", private, "method")
            yield from _subscribed_once(on_sockets, {number: at for at, number, _ in upgrades})


def _secrets(swarm: Swarm, messages: list[Said], venue: str) -> Iterator[str]:
    exchange = swarm.exchange
    secret = exchange.passphrase if venue == "coinflex" else exchange.secret_key
    if any(secret.encode() in message.text for message in messages):
        yield "the secret key was on the wire"


def _attempts(upgrades: list[tuple[float, int, str]], sockets: int) -> Iterator[str]:
    by_target: dict[str, list[float]] = defaultdict(list)
    for at, _, target in upgrades:
        by_target[target].append(at)
    for target, times in by_target.items():
        most = max(sum(at <= other < at + 60 for other in times) for at in times)
        if most > MOST_UPGRADES * (1 + sockets) / 2:
            yield f"{most} attempts on {target} within a minute"


def _twice(ids: Any) -> Iterator[str]:
    for client_id, count in Counter(ids).items():
        if client_id is not None and count > 1:
            yield f"the order {client_id} was sent {count} times"


def _signs_first(messages: list[Said], target: str, sign: str, private: set[str], word: str) -> Iterator[str]:
    signed: set[int] = set()
    for message in messages:
        kind = message.json.get(word)
        if kind == sign:
            signed.add(message.connection)
        elif kind in private and message.connection not in signed:
            yield f"{kind} before the sign-in on connection {message.connection}"


def _subscribed_once(messages: list[Said], began: dict[int, float]) -> Iterator[str]:
    asked: Counter[tuple[int, str, str]] = Counter()
    for message in messages:
        found = message.json
        name, _, verb = str(found.get("method")).partition(".")
        if verb not in SUBSCRIBES:
            continue
        key = (message.connection, name, json.dumps(found.get("params"), sort_keys=True))
        if verb == "unsubscribe":
            asked = Counter({other: count for other, count in asked.items() if other[:2] != key[:2]})
            continue
        asked[key] += 1
        if asked[key] > 1 + (message.at - began[message.connection]) / ASKED_AGAIN_AFTER:
            yield f"{name} was asked for {asked[key]} times on connection {message.connection}: {key[2]}"
