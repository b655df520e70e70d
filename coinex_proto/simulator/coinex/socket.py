"""One CoinEx v2 WebSocket as the server sees it: requests in, acknowledgements out, subscriptions in between.

Validation is as loose as the real one: unknown markets and depth limits are acknowledged and then stay silent.
Source: CoinEx API v2, WebSocket (spot and futures); error codes 2xxxx on spot, 3xxxx on futures.
"""

from __future__ import annotations

from collections.abc import Callable
from functools import partial
from typing import Any, Final, Protocol

import msgspec

from coinex_proto.simulator.coinex.accounts import Accounts
from coinex_proto.simulator.coinex.feeds import Feeds, Subscription
from coinex_proto.simulator.coinex.wire import Push, json_of, packed
from coinex_proto.simulator.hosting.connection import ServerConnection
from coinex_proto.simulator.market.amounts import BadNumber, to_scaled

BAD_PARAMETER: Final = 1
UNKNOWN_METHOD: Final = 2
SIGN_IN_REQUIRED: Final = 1001
SIGN_IN_FAILED: Final = 1002
MODULE_BASE: Final = {"spot": 20_000, "futures": 30_000}
TEXTS: Final = {
    BAD_PARAMETER: "invalid parameters",
    UNKNOWN_METHOD: "unknown method",
    SIGN_IN_REQUIRED: "require auth",
    SIGN_IN_FAILED: "",
}

PUBLIC: Final[dict[str, frozenset[str]]] = {
    "spot": frozenset(("state", "deals", "index", "bbo")),
    "futures": frozenset(("state", "deals", "index", "bbo", "premium")),
}
PRIVATE: Final[dict[str, frozenset[str]]] = {
    "spot": frozenset(("order", "stop", "user_deals", "balance", "notice")),
    "futures": frozenset(("order", "stop", "user_deals", "position", "balance", "notice")),
}
LIST_KEYS: Final = {"balance": "ccy_list", "notice": "channels"}


class Refused(Exception):
    """The request gets this code (without the 20000 or 30000) for an answer."""

    def __init__(self, code: int) -> None:
        super().__init__(code)
        self.code = code


Effect = Callable[[], None]
Answer = tuple[object, Effect | None]
"""Data of the answer, and what is done after it has gone out (a first push must not overtake it)."""


class SocketBackend(Protocol):
    """What a socket needs of the server."""

    feeds: dict[str, Feeds]
    accounts: Accounts

    @property
    def clock_ms(self) -> int: ...

    def signed_in(self, connection: ServerConnection, owner: int) -> None: ...

    def requested(self, socket: CoinexSocket, method: str, identity: int, params: object) -> None: ...

    def deliver(self, connection: ServerConnection, push: Push) -> None: ...


class CoinexSocket:
    """The requests and subscriptions of one connection."""

    def __init__(self, server: SocketBackend, connection: ServerConnection, module: str, client: str = "") -> None:
        """`client`: what it calls itself."""
        self.module = module
        self.client = client
        self.connection = connection
        self.owner: int | None = None
        """Whose account it has signed in to."""
        self._server = server
        self.deliver: Callable[[Push], None] = partial(server.deliver, connection)
        """Send a push."""
        self._feeds = server.feeds[module]
        self._private: dict[str, Subscription] = {}
        self._methods: dict[str, Callable[[dict[str, Any]], Answer]] = {
            "server.ping": lambda _: ({"result": "pong"}, None),
            "server.time": lambda _: ({"timestamp": server.clock_ms}, None),
            "server.sign": self._sign,
            "depth.subscribe": self._subscribe_depth,
            "depth.unsubscribe": self._unsubscribe_depth,
        }

    def message(self, message: str | bytes) -> None:
        """One request."""
        try:
            request = msgspec.json.decode(message)
        except (msgspec.DecodeError, UnicodeDecodeError, RecursionError):
            self._refuse(None, BAD_PARAMETER)
            return
        identity = request.get("id") if isinstance(request, dict) else None
        if type(identity) is not int or not isinstance(request.get("method"), str):
            self._refuse(identity if type(identity) is int else None, BAD_PARAMETER)
            return
        self._server.requested(self, request["method"], identity, request.get("params"))

    def closed(self) -> None:
        """The connection is over."""
        self._feeds.forget(self)
        self._private.clear()

    def subscriptions(self) -> list[str]:
        """All that it has subscribed to, a line for each channel."""
        private = [f"{topic} {wanted}" for topic, wanted in self._private.items()]
        return self._feeds.followed_by(self) + private

    def wants(self, topic: str, name: str) -> bool:
        """Whether this private topic is subscribed for this market, currency or channel."""
        subscription = self._private.get(topic)
        return subscription is not None and name in subscription

    def perform(self, method: str, identity: int, params: object, *, is_answered: bool = True) -> None:
        """Carry out a request, and answer it unless the answer is to be lost."""
        if method == "server.ping" and params == []:
            params = {}
        try:
            handler = self._methods.get(method) or self._topic_handler(method)
            if not isinstance(params, dict):
                raise Refused(BAD_PARAMETER)
            data, effect = handler(params)
        except Refused as refusal:
            self._refuse(identity, refusal.code)
            return
        if is_answered:
            self.answer(identity, 0, "OK", data)
        if effect is not None:
            effect()

    def answer(self, identity: int | None, code: int, message: str, data: object = None) -> None:
        """Send the answer to one request; `code` as it stands on the wire."""
        body: dict[str, object] = {"id": identity, "code": code}
        if data is not None:
            body["data"] = data
        self.connection.send_binary(packed(json_of({**body, "message": message})))

    def _refuse(self, identity: int | None, code: int) -> None:
        self.answer(identity, MODULE_BASE[self.module] + code, TEXTS[code])

    def _topic_handler(self, method: str) -> Callable[[dict[str, Any]], Answer]:
        topic, _, action = method.rpartition(".")
        handlers = {
            ("public", "subscribe"): self._follow,
            ("public", "unsubscribe"): self._leave,
            ("private", "subscribe"): self._follow_private,
            ("private", "unsubscribe"): self._leave_private,
        }
        sort = "public" if topic in PUBLIC[self.module] else "private" if topic in PRIVATE[self.module] else ""
        handler = handlers.get((sort, action))
        if handler is None:
            raise Refused(UNKNOWN_METHOD)
        return lambda params: handler(topic, _names(topic, params))

    def _follow(self, topic: str, names: list[str]) -> Answer:
        return None, lambda: self._feeds.follow(topic, self, names, is_all=not names)

    def _leave(self, topic: str, names: list[str]) -> Answer:
        return None, lambda: self._feeds.leave(topic, self, names, is_all=not names)

    def _follow_private(self, topic: str, names: list[str]) -> Answer:
        if self.owner is None:
            raise Refused(SIGN_IN_REQUIRED)
        subscription = self._private.setdefault(topic, Subscription())
        subscription.names.update(names)
        subscription.is_all = subscription.is_all or not names
        return None, None

    def _leave_private(self, topic: str, names: list[str]) -> Answer:
        if self.owner is None:
            raise Refused(SIGN_IN_REQUIRED)
        subscription = self._private.get(topic)
        if subscription is not None:
            subscription.names.difference_update(names)
            if not names or not (subscription.names or subscription.is_all):
                del self._private[topic]
        return None, None

    def _subscribe_depth(self, params: dict[str, Any]) -> Answer:
        entries = params.get("market_list")
        if not isinstance(entries, list):
            raise Refused(BAD_PARAMETER)
        tuples = [_depth_tuple(entry) for entry in entries]

        def follow() -> None:
            for name, limit, interval, is_full in tuples:
                self._feeds.follow_depth(self, name, limit, interval, is_full=is_full)

        return None, follow

    def _unsubscribe_depth(self, params: dict[str, Any]) -> Answer:
        """Names only; tuples are acknowledged and do nothing, as on the real service."""
        entries = params.get("market_list")
        if not isinstance(entries, list):
            raise Refused(BAD_PARAMETER)
        names = [name for name in entries if isinstance(name, str)] if entries else None
        return None, lambda: self._feeds.leave_depth(self, names)

    def _sign(self, params: dict[str, Any]) -> Answer:
        access_id, signature, timestamp = (params.get(key) for key in ("access_id", "signed_str", "timestamp"))
        if not isinstance(access_id, str) or not isinstance(signature, str) or type(timestamp) is not int:
            raise Refused(BAD_PARAMETER)
        owner = self._server.accounts.check_socket(access_id, signature, timestamp, self._server.clock_ms)
        if owner is None:
            raise Refused(SIGN_IN_FAILED)
        self.owner = owner
        self._server.signed_in(self.connection, owner)
        return None, None


def _names(topic: str, params: dict[str, Any]) -> list[str]:
    names = params.get(LIST_KEYS.get(topic, "market_list"))
    kind = int if topic == "notice" else str
    if not isinstance(names, list) or not all(type(name) is kind for name in names):
        raise Refused(BAD_PARAMETER)
    return [str(name) for name in names]


def _depth_tuple(entry: object) -> tuple[str, int, str, bool]:
    match entry:
        case [str(name), int(limit), str(interval), bool(is_full)] if type(limit) is int:
            return name, limit, _interval(interval), is_full
        case _:
            raise Refused(BAD_PARAMETER)


def _interval(text: str) -> str:
    try:
        step = to_scaled(text, 20)
    except BadNumber as error:
        raise Refused(BAD_PARAMETER) from error
    if step < 0:
        raise Refused(BAD_PARAMETER)
    return text
