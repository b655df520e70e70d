"""A seeded day at a CoinEx socket: what the server would send, as JSON, as gzip members and as WebSocket frames.

The proportions are those of a client that follows the books of some markets: most messages are differences of 200 to 2,000 bytes,
some are whole books, trades, tickers and best quotes, few are private, and now and then all markets' tickers come in one message.
Books are real: each depth push carries the checksum of the book after it. Same seed, same bytes. It uses nothing of the SDK.
"""

import json
import random
import struct
import zlib
from collections.abc import Callable
from typing import TypeAlias

from attrs import Factory, define, field, frozen

Json: TypeAlias = "dict[str, Json] | list[Json] | str | int | bool | None"

MIX: tuple[tuple[str, float], ...] = (
    ("depth difference", 70.0),
    ("depth full", 3.0),
    ("deals", 11.0),
    ("best quote", 9.0),
    ("ticker", 5.0),
    ("private", 1.9),
    ("all tickers", 0.1),
)
"""Kind of message and how many of a hundred."""

LEVELS = 50
"""Levels a side: the largest book that CoinEx sends."""
FIRST_MS = 1_760_000_000_000


@frozen(kw_only=True)
class Message:
    """One push, in each form it takes on its way."""

    kind: str
    payload: bytes = field(repr=False)
    """JSON, as the server writes it."""
    member: bytes = field(repr=False)
    """The payload as one gzip member."""
    frame: bytes = field(repr=False)
    """The member in one unmasked binary WebSocket frame."""


def gzip_member(payload: bytes) -> bytes:
    """One gzip member at the usual level 6, with a zero time stamp."""
    compressor = zlib.compressobj(6, zlib.DEFLATED, 31)
    return compressor.compress(payload) + compressor.flush()


def server_frame(body: bytes, opcode: int = 2) -> bytes:
    """A whole, unmasked frame (RFC 6455 5.2)."""
    size = len(body)
    if size < 126:
        return bytes((0x80 | opcode, size)) + body
    if size < 65536:
        return struct.pack("!BBH", 0x80 | opcode, 126, size) + body
    return struct.pack("!BBQ", 0x80 | opcode, 127, size) + body


def number(value: int, digits: int) -> str:
    """`value` tenths, hundredths, …: 12345 with two digits is 123.45."""
    text = str(value).rjust(digits + 1, "0")
    return f"{text[:-digits]}.{text[-digits:]}"


@define
class Market:
    """One market's book: sizes by price, both counted in their smallest step."""

    name: str
    mid: int
    bids: dict[int, int] = Factory(dict)
    asks: dict[int, int] = Factory(dict)
    deal_id: int = 3_514_376_000

    def refill(self, rng: random.Random) -> None:
        """Puts levels next to the worst ones until both sides are full."""
        while len(self.bids) < LEVELS:
            self.bids[min(self.bids, default=self.mid) - rng.randint(1, 9)] = size(rng)
        while len(self.asks) < LEVELS:
            self.asks[max(self.asks, default=self.mid) + rng.randint(1, 9)] = size(rng)

    def checksum(self) -> int:
        """CRC-32 over price:size texts, bids from the best down, then asks from the best up."""
        bids = sorted(self.bids.items(), reverse=True)
        texts = [f"{number(price, 2)}:{number(amount, 8)}" for price, amount in (*bids, *sorted(self.asks.items()))]
        return zlib.crc32(":".join(texts).encode())


def size(rng: random.Random) -> int:
    """A size in 1e-8, small ones more often."""
    return max(1, int(rng.lognormvariate(17.0, 2.0)))


def levels(side: dict[int, int], *, best_first: bool) -> Json:
    """The wire's form of a side."""
    return [[number(price, 2), number(side[price], 8)] for price in sorted(side, reverse=best_first)]


def depth(market: Market, is_full: bool, bids: Json, asks: Json, now_ms: int) -> Json:
    """A depth push with the checksum of the market's book as it is now."""
    body: Json = {
        "asks": asks,
        "bids": bids,
        "last": number(market.mid, 2),
        "updated_at": now_ms,
        "checksum": market.checksum(),
    }
    return {"market": market.name, "is_full": is_full, "depth": body}


def changed_side(rng: random.Random, side: dict[int, int], steps: int, *, outwards: int) -> Json:
    """Changes so many levels of one side (sizes, one level out, one in) and gives the difference."""
    touched: dict[int, int] = {}
    prices = sorted(side, reverse=outwards < 0)
    for price in rng.sample(prices, min(steps, len(prices))):
        touched[price] = side[price] = size(rng)
    if rng.random() < 0.5:
        gone = rng.choice(prices)
        del side[gone]
        touched[gone] = 0
        new = prices[-1] + outwards * rng.randint(1, 9)
        touched[new] = side[new] = size(rng)
    return [[number(price, 2), number(touched[price], 8) if touched[price] else "0"] for price in sorted(touched)]


@define
class Day:
    """The state from which messages are made; each method makes the data of one push."""

    rng: random.Random
    markets: tuple[Market, ...]
    now_ms: int = FIRST_MS
    next_id: int = 98_388_650_000

    def difference(self) -> tuple[str, Json]:
        """A book's changes: mostly few levels, at times half the book."""
        market = self.rng.choice(self.markets)
        steps = min(64, max(1, int(self.rng.lognormvariate(2.2, 0.9))))
        near = self.rng.randint(0, steps)
        bids = changed_side(self.rng, market.bids, near, outwards=-1)
        asks = changed_side(self.rng, market.asks, steps - near, outwards=1)
        return "depth.update", depth(market, False, bids, asks, self.now_ms)

    def full(self, market: Market | None = None) -> tuple[str, Json]:
        """A whole book."""
        market = market or self.rng.choice(self.markets)
        bids, asks = levels(market.bids, best_first=True), levels(market.asks, best_first=False)
        return "depth.update", depth(market, True, bids, asks, self.now_ms)

    def deals(self) -> tuple[str, Json]:
        """One to eight trades, newest first."""
        market = self.rng.choice(self.markets)
        found: list[Json] = []
        for _ in range(self.rng.randint(1, 8)):
            market.deal_id += 1
            found.insert(
                0,
                {
                    "deal_id": market.deal_id,
                    "created_at": self.now_ms,
                    "side": self.rng.choice(("buy", "sell")),
                    "price": number(market.mid + self.rng.randint(-9, 9), 2),
                    "amount": number(size(self.rng), 8),
                },
            )
        return "deals.update", {"market": market.name, "deal_list": found}

    def best_quote(self) -> tuple[str, Json]:
        """The best prices of one market."""
        market = self.rng.choice(self.markets)
        bid, ask = max(market.bids), min(market.asks)
        return "bbo.update", {
            "market": market.name,
            "updated_at": self.now_ms,
            "best_bid_price": number(bid, 2),
            "best_bid_size": number(market.bids[bid], 8),
            "best_ask_price": number(ask, 2),
            "best_ask_size": number(market.asks[ask], 8),
        }

    def state(self, name: str) -> Json:
        """One market's entry of a ticker push."""
        rng = self.rng
        last = rng.randint(10_000, 9_000_000)
        return {
            "market": name,
            "last": number(last, 2),
            "open": number(last - rng.randint(0, 999), 2),
            "close": number(last, 2),
            "high": number(last + rng.randint(0, 999), 2),
            "low": number(last - rng.randint(0, 1999), 2),
            "volume": number(rng.randint(10**9, 10**13), 8),
            "volume_sell": number(size(rng), 8),
            "volume_buy": number(size(rng), 8),
            "value": number(rng.randint(10**9, 10**14), 8),
            "period": 86400,
        }

    def ticker(self) -> tuple[str, Json]:
        """The ticker of one to three markets."""
        names = self.rng.sample(
            [market.name for market in self.markets], min(len(self.markets), self.rng.randint(1, 3))
        )
        return "state.update", {"state_list": [self.state(name) for name in names]}

    def all_tickers(self) -> tuple[str, Json]:
        """200 to 500 markets in one push."""
        count = self.rng.randint(200, 500)
        return "state.update", {"state_list": [self.state(f"COIN{n}USDT") for n in range(count)]}

    def private(self) -> tuple[str, Json]:
        """An own order's change, an own trade or a balance."""
        return self.rng.choice((self.order, self.user_deal, self.balance))()

    def order(self) -> tuple[str, Json]:
        """A partly filled order."""
        market, rng = self.rng.choice(self.markets), self.rng
        self.next_id += 1
        amount = size(rng) + 10
        filled = rng.randint(1, amount - 1)
        order: Json = {
            "order_id": self.next_id,
            "market": market.name,
            "margin_market": "",
            "type": "limit",
            "side": rng.choice(("buy", "sell")),
            "price": number(market.mid, 2),
            "amount": number(amount, 8),
            "unfilled_amount": number(amount - filled, 8),
            "filled_amount": number(filled, 8),
            "filled_value": number(filled, 8),
            "taker_fee_rate": "0.002",
            "maker_fee_rate": "0.002",
            "base_ccy_fee": "0",
            "quote_ccy_fee": number(filled, 8),
            "discount_ccy_fee": "0",
            "last_filled_amount": number(filled, 8),
            "last_filled_price": number(market.mid, 2),
            "client_id": f"bot-{self.next_id}",
            "created_at": self.now_ms - 1000,
            "updated_at": self.now_ms,
        }
        return "order.update", {"event": "update", "order": order}

    def user_deal(self) -> tuple[str, Json]:
        """One own fill."""
        market = self.rng.choice(self.markets)
        self.next_id += 1
        return "user_deals.update", {
            "deal_id": self.next_id,
            "created_at": self.now_ms,
            "market": market.name,
            "side": "buy",
            "order_id": self.next_id - 1,
            "client_id": "",
            "margin_market": "",
            "price": number(market.mid, 2),
            "amount": number(size(self.rng), 8),
            "role": "maker",
            "fee": number(size(self.rng), 8),
            "fee_ccy": "USDT",
        }

    def balance(self) -> tuple[str, Json]:
        """One currency's balance."""
        entry: Json = {
            "margin_market": "",
            "ccy": "USDT",
            "available": number(size(self.rng) * 1000, 8),
            "frozen": number(size(self.rng), 8),
            "updated_at": self.now_ms,
        }
        return "balance.update", {"balance_list": [entry]}


def message(kind: str, method: str, data: Json) -> Message:
    """The push in all its forms."""
    payload = json.dumps({"method": method, "data": data, "id": None}, separators=(",", ":")).encode()
    member = gzip_member(payload)
    return Message(kind=kind, payload=payload, member=member, frame=server_frame(member))


def day(seed: int, markets: int) -> Day:
    """A day of so many markets: M0USDT, M1USDT and so on."""
    rng = random.Random(seed)
    found = tuple(Market(name=f"M{n}USDT", mid=rng.randint(100_000, 9_000_000)) for n in range(markets))
    for market in found:
        market.refill(rng)
    return Day(rng=rng, markets=found)


def stream(seed: int = 1, count: int = 5_000, markets: int = 20) -> tuple[Message, ...]:
    """`count` messages in the proportions of `MIX`, after one whole book of each market."""
    today = day(seed, markets)
    makers: dict[str, Callable[[], tuple[str, Json]]] = {
        "depth difference": today.difference,
        "depth full": today.full,
        "deals": today.deals,
        "best quote": today.best_quote,
        "ticker": today.ticker,
        "private": today.private,
        "all tickers": today.all_tickers,
    }
    found = [message("depth full", *today.full(market)) for market in today.markets]
    kinds = today.rng.choices([kind for kind, _ in MIX], [share for _, share in MIX], k=max(0, count - len(found)))
    for kind in kinds:
        today.now_ms += 5
        found.append(message(kind, *makers[kind]()))
    return tuple(found)
