"""A venue that does not exist, with everything awkward that real ones do.

Text frames; the server speaks first with a nonce; an opening of two commands; replies without ids; a reply that is a
snapshot; a frame that is reply and update at once; a reply that may not come. If it runs through `Connection` and
`Session` unchanged, the seam holds.
"""

from __future__ import annotations

import hmac
import json
from collections.abc import Mapping, Sequence
from decimal import Decimal
from typing import Any, ClassVar, final

from attrs import converters, evolve, field, frozen

from coinex_proto import (
    OLDEST,
    Answer,
    Challenge,
    Command,
    Endpoint,
    Event,
    Inbound,
    Levels,
    Opening,
    OrderFact,
    OrderView,
    Outgoing,
    PayloadError,
    Rate,
    Refusal,
    RequestId,
    Topic,
    Unrecognised,
    Update,
)
from coinex_proto.ids import ANYTHING
from coinex_proto.updates import stamp


def wire(value: object) -> bytes:
    return json.dumps(value, separators=(",", ":")).encode()


@final
class Signer:
    """Signs with a password and does not keep it."""

    def __init__(self, password: str) -> None:
        self._keyed = hmac.new(password.encode(), digestmod="sha256")

    def sign(self, text: str) -> str:
        keyed = self._keyed.copy()
        keyed.update(text.encode())
        return keyed.hexdigest()


@frozen(kw_only=True)
class PriceUpdate(Update):
    market: str
    price: str

    @property
    def topic_key(self) -> tuple[str, str]:
        return ("price", self.market)


@frozen(kw_only=True)
class TradeUpdate(Update):
    has_trade_ids: ClassVar[bool] = True
    market: str
    ids: tuple[int, ...]
    is_history: bool = False

    @property
    def topic_key(self) -> tuple[str, str]:
        return ("trade", self.market)

    @property
    def trade_ids(self) -> tuple[int, ...]:
        return self.ids

    def without_trades(self, seen: frozenset[int], *, is_history: bool) -> TradeUpdate:
        fresh = evolve(self, ids=tuple(i for i in self.ids if i not in seen), is_history=is_history)
        stamp(fresh, self.raw, self.received_at)
        return fresh


@frozen(kw_only=True)
class LadderUpdate(Update):
    """`whole`: replaces; else `price` gets `size`; `total` proves the result."""

    market: str
    whole: bool
    levels: tuple[tuple[str, str], ...]
    total: str

    @property
    def topic_key(self) -> tuple[str, str]:
        return ("ladder", self.market)


@frozen(kw_only=True)
class OrderUpdate(Update):
    tells_order: ClassVar[bool] = True
    name: str
    state: str

    @property
    def topic_key(self) -> tuple[str, None]:
        return ("own", None)


@frozen
class Price(Topic[PriceUpdate]):
    event: ClassVar[type[Event]] = PriceUpdate
    is_whole_state: ClassVar[bool] = True
    market: str | None = None

    @property
    def key(self) -> tuple[str, str | None]:
        return ("price", self.market)


@frozen
class Trade(Topic[TradeUpdate]):
    event: ClassVar[type[Event]] = TradeUpdate
    market: str | None = None

    @property
    def key(self) -> tuple[str, str | None]:
        return ("trade", self.market)


@frozen
class Ladder(Topic[Any]):
    event: ClassVar[type[Event]] = Event
    market: str
    step: int = 1

    @property
    def key(self) -> tuple[str, str]:
        return ("ladder", self.market)


@frozen
class Own(Topic[OrderUpdate]):
    event: ClassVar[type[Event]] = OrderUpdate
    is_private: ClassVar[bool] = True

    @property
    def key(self) -> tuple[str, None]:
        return ("own", None)


@frozen(kw_only=True)
class Do(Command[Any]):
    """Any request; `verb` is its reply key."""

    verb: str
    rest: tuple[tuple[str, Any], ...] = ()
    reply: str = ""
    is_optional: bool = False

    def parse(self, body: bytes) -> Any:
        value = json.loads(body) if body else None
        if value == "unreadable":
            raise PayloadError("unreadable")
        return value


@frozen(kw_only=True)
class Login(Command[None]):
    signature: str = field(repr=False)

    def parse(self, body: bytes) -> None:
        return None


@frozen(kw_only=True)
class Whole(Command[LadderUpdate]):
    market: str

    def parse(self, body: bytes) -> LadderUpdate:
        try:
            return ladder(json.loads(body))
        except (ArithmeticError, KeyError, TypeError, ValueError) as error:
            raise PayloadError(f"no ladder: {error}") from error


@frozen(kw_only=True)
class Place(Command[OrderView]):
    name: str
    is_private: ClassVar[bool] = True

    def parse(self, body: bytes) -> OrderUpdate:
        value = json.loads(body)
        if not isinstance(value, dict):
            raise PayloadError("no order")
        return OrderUpdate(name=value["name"], state=value["state"])

    def order(self) -> OrderFact:
        return OrderFact(client_order_id=self.name, state="sending", amount=Decimal(1))


@frozen(kw_only=True)
class Find(Command[OrderUpdate]):
    name: str
    is_private: ClassVar[bool] = True

    def parse(self, body: bytes) -> OrderUpdate:
        value = json.loads(body)
        return OrderUpdate(name=value["name"], state=value["state"])


@frozen(kw_only=True)
class Time(Command[int]):
    def parse(self, body: bytes) -> int:
        value = json.loads(body)
        if type(value) is not int:
            raise PayloadError(f"no time: {value!r}")
        return value


def ladder(value: Mapping[str, Any]) -> LadderUpdate:
    levels = tuple((str(price), str(size)) for price, size in value["levels"])
    total = str(value["total"])
    for text in (total, *(text for level in levels for text in level)):
        if not text.isdecimal():
            raise ValueError(f"not a number: {text!r}")
    return LadderUpdate(market=str(value["market"]), whole=bool(value["whole"]), levels=levels, total=total)


class LadderBook:
    """Bids only; proved by the sum of the sizes."""

    due: float | None = None

    def __init__(self) -> None:
        self.checks_passed = self.checks_failed = 0
        self.sizes: dict[str, str] = {}
        self.is_whole = False

    def apply(self, update: Update) -> str | None:
        assert isinstance(update, LadderUpdate)
        if update.whole:
            self.sizes, self.is_whole = {}, True
        if not self.is_whole:
            return "waiting for the whole ladder"
        self.sizes.update(update.levels)
        if sum(map(Decimal, self.sizes.values())) == Decimal(update.total):
            self.checks_passed += 1
            return None
        self.checks_failed += 1
        self.is_whole = False
        return "the total does not agree"

    def reset(self) -> None:
        self.sizes, self.is_whole = {}, False

    def levels(self) -> Levels:
        bids = sorted(((Decimal(p), Decimal(s)) for p, s in self.sizes.items()), reverse=True)
        return Levels(bids=bids, asks=(), updated_at_ms=None)


HERE = Endpoint(host="tiny.test", port=443)


@frozen(kw_only=True)
class Tiny:
    """The dialect; with a password it has the opening of two commands."""

    name: str = "tiny"
    endpoint: Endpoint = HERE
    password: Signer | None = field(default=None, repr=False, converter=converters.optional(Signer))
    ping: Command[Any] | None = Do(verb="ping")
    clock: Command[int] | None = None
    is_greeting_optional: bool = False
    limits: Mapping[str, Rate] = field(factory=lambda: {"query": Rate(5.0, 2.0), "trade": Rate(5.0, 2.0)})

    @property
    def has_credentials(self) -> bool:
        return self.password is not None

    def opening(self, start: Opening) -> Sequence[Command[Any]] | None:
        if self.password is None:
            return ()
        if start.challenge is None:
            return None
        stamp = start.wall_time_ns // 10**9
        signature = self.password.sign(f"{start.challenge.decode()}/{stamp}")
        return (Login(signature=signature), Do(verb="greet", is_optional=self.is_greeting_optional))

    def encode(self, command: Command[Any], request_id: RequestId) -> Outgoing:
        match command:
            case Login():
                return Outgoing(text=wire({"do": "login", "sig": command.signature}), keys=("login",))
            case Whole():
                return Outgoing(
                    text=wire({"do": "ladder", "market": command.market}), keys=(("ladder", command.market),)
                )
            case Place():
                text = wire({"do": "place", "name": command.name})
                return Outgoing(text=text, keys=(("order", command.name),), bucket="trade", may_wait=False)
            case Find():
                return Outgoing(text=wire({"do": "find", "name": command.name}), keys=(("find", command.name),))
            case Time():
                return Outgoing(text=wire({"do": "time"}), keys=("time",))
            case Do():
                text = wire({"do": command.verb, **dict(command.rest)})
                keys = (command.reply or command.verb,)
                bucket = "query" if command.verb.startswith("get") else None
                return Outgoing(text=text, keys=keys, bucket=bucket, is_reply_optional=command.is_optional)
        raise AssertionError(command)

    def decode(self, payload: bytes) -> Sequence[Inbound]:
        try:
            return self._decode(json.loads(payload))
        except (ValueError, KeyError, TypeError, AttributeError, RecursionError) as error:
            return (Unrecognised(raw=payload, why=type(error).__name__, concerns=ANYTHING),)

    def _decode(self, value: dict[str, Any]) -> Sequence[Inbound]:
        match value:
            case {"hello": nonce}:
                return (Challenge(value=str(nonce).encode()),)
            case {"many": list(values)}:
                return tuple(item for each in values for item in self._decode(each))
            case {"found": {"name": str(name), "state": "live" | "filled" | "cancelled" | "refused"} as body}:
                return (Answer(keys=(("find", name),), body=wire(body)),)
            case {"ok": str(verb), **rest}:
                return (Answer(keys=(verb,), body=wire(rest.get("result"))),)
            case {"error": str(code), **rest}:
                keys = (str(rest["of"]),) if "of" in rest else (OLDEST,)
                refusal = Refusal(
                    code=code,
                    message=str(rest.get("message", "")),
                    is_clock=code == "clock",
                    retryable=code == "busy",
                    is_unknown=code == "internal",
                    ends_login=code == "who",
                    pause=3.0 if code == "limit" else 0.0,
                )
                return (Answer(keys=keys, refusal=refusal),)
            case {"placed": str(name), **rest}:
                return (Answer(keys=(("order", name),), body=wire(rest.get("result"))),)
            case {"ladder": dict(body)}:
                return (Answer(keys=(("ladder", str(body["market"])),), body=wire(body)),)
            case {"push": dict(body)}:
                return (ladder(body),)
            case {"price": str(price), "market": str(market)}:
                return (PriceUpdate(market=market, price=price),)
            case {"trades": list(ids), "market": str(market)}:
                return (TradeUpdate(market=market, ids=tuple(int(i) for i in ids)),)
            case {"order": {"name": str(name), "state": "live" | "filled" | "cancelled" | "refused" as state} as body}:
                no = Refusal(code=state, message="no") if state == "refused" else None
                update = OrderUpdate(name=name, state=state)
                return (update, Answer(keys=(("order", name),), body=wire(body), refusal=no))
        return (Unrecognised(raw=wire(value), why="unknown"),)

    def subscribe(self, topics: Sequence[Topic[Any]]) -> Sequence[tuple[Command[Any], Sequence[Topic[Any]]]]:
        return self._requests("watch", topics)

    def unsubscribe(self, topics: Sequence[Topic[Any]]) -> Sequence[tuple[Command[Any], Sequence[Topic[Any]]]]:
        return self._requests("leave", topics)

    def _requests(self, verb: str, topics: Sequence[Topic[Any]]) -> Sequence[tuple[Command[Any], Sequence[Topic[Any]]]]:
        found: list[tuple[Command[Any], Sequence[Topic[Any]]]] = []
        prices = [topic for topic in topics if isinstance(topic, Price)]
        if prices:
            markets = [topic.market for topic in prices if topic.market is not None]
            found.append((Do(verb=verb, rest=(("markets", markets),), is_optional=True), prices))
        for topic in topics:
            if isinstance(topic, Ladder):
                whole: Command[Any] = Whole(market=topic.market)
                end = Do(verb=f"leave ladder {topic.market}")
                found.append((whole if verb == "watch" else end, (topic,)))
            elif isinstance(topic, Trade):
                found.append((Do(verb=f"{verb} trades {topic.market or 'all'}"), (topic,)))
        return found  # Own needs no request

    def book(self, topic: Topic[Any]) -> LadderBook | None:
        return LadderBook() if isinstance(topic, Ladder) else None

    def private_check(self, topics: Sequence[Topic[Any]]) -> Sequence[Command[Any]]:
        return (Do(verb="who"),)

    def find_out(self, orders: Sequence[OrderView]) -> Sequence[Command[Any]]:
        return [Find(name=order.client_order_id) for order in orders if order.client_order_id]

    def order(self, update: Update) -> Sequence[OrderFact]:
        if not isinstance(update, OrderUpdate):
            return ()
        return (OrderFact(client_order_id=update.name, state=update.state),)  # type: ignore[arg-type]


def login(nonce: str, seconds: int = 1_700_000_000, password: str = "pw") -> dict[str, str]:
    """The login that the venue expects."""
    return {"do": "login", "sig": Signer(password).sign(f"{nonce}/{seconds}")}
