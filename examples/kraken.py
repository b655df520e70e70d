"""Kraken spot market data, on the public names of the SDK alone: docs/add-a-venue.md. Source: Kraken's WebSocket v2 guides."""

import json
import re
import sys
from collections.abc import Sequence
from datetime import datetime
from decimal import Decimal
from operator import attrgetter
from typing import Annotated, Any, ClassVar, Self, TypeAlias, TypeVar
from zlib import crc32

from attrs import evolve, field, frozen
from msgspec import Meta, Raw, Struct
from msgspec.json import Decoder

import coinex_proto as proto
from coinex_proto import BookChange, Command, Topic, Unrecognised, Update, UsageError, grouped, plain_text
from coinex_trio import BlockingClient

E = TypeVar("E", bound=proto.Event, covariant=True)
KIND = attrgetter("channel", "depth")
DEPTHS = (10, 25, 100, 500, 1000)
Time: TypeAlias = Annotated[datetime, Meta(tz=True)]
Topics: TypeAlias = Sequence[Topic[proto.Event]]


@frozen(kw_only=True)
class KrakenUpdate(Update):
    # One entry of a push's `data`, under the wire's own names.
    channel: ClassVar[str]
    symbol: str

    @property
    def topic_key(self) -> proto.TopicKey:
        return (self.channel, self.symbol)


@frozen(kw_only=True)
class TickerUpdate(KrakenUpdate):
    channel: ClassVar[str] = "ticker"
    bid: Decimal
    ask: Decimal
    last: Decimal
    volume: Decimal


@frozen(kw_only=True)
class TradeUpdate(KrakenUpdate):
    channel: ClassVar[str] = "trade"
    has_trade_ids: ClassVar[bool] = True  # the last ones come again with each subscription, and are delivered once
    side: str
    price: Decimal
    qty: Decimal
    trade_id: int
    timestamp: Time

    trade_ids = property(lambda self: (self.trade_id,))

    def without_trades(self, seen: frozenset[int], *, is_history: bool) -> Self | None:
        return None if self.trade_id in seen else self


@frozen
class Level:
    price: Decimal
    qty: Decimal


@frozen(kw_only=True)
class BookUpdate(KrakenUpdate):
    channel: ClassVar[str] = "book"
    bids: tuple[Level, ...]
    asks: tuple[Level, ...]
    checksum: int
    timestamp: Time
    is_snapshot: bool = False


@frozen
class KrakenTopic(Topic[E]):
    channel: ClassVar[str]
    symbol: str
    depth: int | None = field(default=None, init=False, repr=False)

    def __attrs_post_init__(self) -> None:
        if not re.fullmatch(r"[A-Za-z0-9.]{1,30}/[A-Za-z0-9.]{1,30}", str(self.symbol)):
            raise UsageError(f"Kraken writes symbols like 'BTC/USD', not {self.symbol!r}")
        if self.depth is not None and (type(self.depth) is not int or self.depth not in DEPTHS):
            raise UsageError(f"Kraken offers books of {', '.join(map(str, DEPTHS))} levels, not {self.depth!r}")

    @property
    def key(self) -> proto.TopicKey:
        return (self.channel, self.symbol)


class Ticker(KrakenTopic[TickerUpdate]):
    channel, event, is_whole_state = "ticker", TickerUpdate, True


class Trades(KrakenTopic[TradeUpdate]):
    channel, event = "trade", TradeUpdate


@frozen
class Book(KrakenTopic[proto.BookChanged]):
    # The checksum covers ten levels a side: of a deeper book, a fault further down stays unseen.
    channel, event = "book", proto.BookChanged
    depth: int = 10


def change_of(update: Update) -> BookChange | None:
    """What a push says of its book, with its numbers as Kraken wrote them: `str` would make 1.0E-7 of 0.00000010."""
    if not isinstance(update, BookUpdate):
        return None
    bids, asks = ([(plain_text(one.price), plain_text(one.qty)) for one in side] for side in (update.bids, update.asks))
    at = int(update.timestamp.timestamp() * 1000)
    return BookChange(bids=bids, asks=asks, checksum=update.checksum, is_whole=update.is_snapshot, updated_at_ms=at)


def checksum_of(bids: proto.Ladder, asks: proto.Ladder) -> int:
    """Of the ten best asks, then bids: prices and sizes without the point and without leading zeros."""
    numbers = ":".join(asks.best(10) + bids.best(10)).replace(".", "").split(":")
    return crc32("".join(number.lstrip("0") for number in numbers).encode())


class Message(Struct):
    channel: str = ""
    type: str = ""
    data: tuple[Raw, ...] = ()
    method: str = ""  # of an answer; a push has a channel
    req_id: int | None = None
    success: bool = True
    error: str = ""
    symbol: str | None = None
    result: "Message | None" = None


READ = Decoder(Message).decode
PUSHES = {kind.channel: proto.plain_decoder(kind) for kind in (TickerUpdate, TradeUpdate, BookUpdate)}


@frozen(kw_only=True)
class Request(Command[None]):
    method: str
    topics: tuple[KrakenTopic[Any], ...] = ()

    def parse(self, body: bytes) -> None:
        return None


@frozen(kw_only=True)
class Kraken(proto.Dialect):
    name: str = "kraken"
    endpoint: proto.Endpoint = field(factory=lambda: proto.endpoint_of("wss://ws.kraken.com/v2"))
    ping: Command[Any] = Request(method="ping")

    def encode(self, command: Command[Any], request_id: proto.RequestId) -> proto.Outgoing:
        if not isinstance(command, Request):
            raise UsageError(f"{type(command).__name__} is no request of Kraken")
        message: dict[str, object] = {"method": command.method, "req_id": request_id}
        for topic in command.topics[:1]:
            symbols = [each.symbol for each in command.topics]
            depth = {"depth": topic.depth} if topic.depth else {}
            message["params"] = {"channel": topic.channel, "symbol": symbols, **depth}
        parts = {topic.symbol: topic.key for topic in command.topics}  # each symbol is answered by itself
        return proto.Outgoing(text=json.dumps(message).encode(), keys=(request_id,), parts=parts)

    def decode(self, payload: bytes) -> Sequence[proto.Inbound]:
        channel = None
        try:
            message = READ(payload)
            if message.method:
                symbol = message.symbol or (message.result.symbol if message.result else None)
                refusal = None if message.success else proto.Refusal(code=message.error, message=message.error)
                return (proto.Answer(keys=(message.req_id,), body=payload, refusal=refusal, part=symbol),)
            channel = message.channel
            if channel in ("heartbeat", "status"):
                return ()
            updates = [PUSHES[channel](bytes(entry)) for entry in message.data]
        except (KeyError, *proto.UNREADABLE) as problem:
            return (Unrecognised(raw=payload, why=f"{channel}: {proto.quoted(problem)}", concerns=(channel, None)),)
        is_snapshot = message.type == "snapshot"
        return [evolve(one, is_snapshot=is_snapshot) if isinstance(one, BookUpdate) else one for one in updates]

    def subscribe(self, topics: Topics) -> Sequence[tuple[Request, Topics]]:
        return [(Request(method="subscribe", topics=group), group) for group in grouped(topics, KrakenTopic, by=KIND)]

    def unsubscribe(self, topics: Topics) -> Sequence[tuple[Request, Topics]]:
        return [(Request(method="unsubscribe", topics=group), group) for group in grouped(topics, KrakenTopic, by=KIND)]

    def book(self, topic: Topic[proto.Event]) -> proto.CheckedBook | None:
        return proto.CheckedBook(change_of, checksum_of, depth=topic.depth) if isinstance(topic, Book) else None


if __name__ == "__main__":
    with BlockingClient(Kraken()) as client:
        client.subscribe(Book(sys.argv[1], int(sys.argv[2])))
        for event in client.events(proto.BookChanged, seconds=30):
            print(proto.to_json(event))
