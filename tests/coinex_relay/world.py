"""A relay, a stream and consumers in virtual time, without NATS: what the real ones do, as far as a consumer can see."""

from collections.abc import Iterable
from functools import cache

from coinex_proto import Config, Event, Open, Session, Sources, Topic, Update, coinex
from coinex_proto.config import Endpoint
from coinex_relay.actions import FetchRoster, Follow, Leave, Prove, Replay
from coinex_relay.dialect import RelayDialect
from coinex_relay.feed import Feed, Memory
from coinex_relay.flows import MEMORY, Phase
from coinex_relay.messages import (
    BEAT_EVERY,
    LAST_SEQUENCE,
    SEQUENCE,
    TIME,
    Stored,
    read,
    read_beat,
    read_roster,
)
from coinex_relay.messages import block_of as block
from coinex_relay.publishing import Publisher
from coinex_relay.reading import take_usual
from coinex_relay.socket import FeedSocket
from coinex_relay.subjects import DATA, LIVE, WHOLE, Names
from coinex_trio import BlockingClient, memory_exchange

MARKET = "BTCUSDT"
DEPTH = coinex.Depth(MARKET)
TRADES = coinex.Trades(MARKET)
QUOTE = coinex.BestQuote(MARKET)
TICKER = coinex.Ticker(MARKET)
TOPICS: tuple[Topic[Event], ...] = (DEPTH, TRADES, QUOTE, TICKER)
START = 1000.0
DIALECT = coinex.spot()
NAMES = Names.of(DIALECT)


@cache
def recorded() -> tuple[Update, ...]:
    """Two minutes of a market with its book, trades, quotes and ticker."""
    updates: list[Update] = []
    exchange = memory_exchange(seed=3, rate=2.0)
    with BlockingClient(coinex.spot(url=exchange.url), network=exchange.network) as client:
        client.on(Update)(updates.append)
        client.subscribe(*TOPICS)
        client.run(130.0)
    return tuple(updates)


class Stream:
    """One stream of JetStream with its two ways out."""

    def __init__(self) -> None:
        self.messages: list[tuple[str, bytes, dict[str, str], float]] = []
        self.last: dict[str, tuple[bytes, float]] = {}
        self.ids: set[str] = set()
        self.live: list[tuple[str, bytes, dict[str, str]]] = []
        self.is_full = False

    def publish(self, subject: str, payload: bytes, headers: dict[str, str], now: float) -> None:
        root, _, tail = subject.partition(".")
        if self.is_full:
            return
        if root == WHOLE:
            self.last[tail] = payload, now
            return
        assert root == DATA
        message_id = headers["Nats-Msg-Id"]
        if message_id in self.ids:
            return
        self.ids.add(message_id)
        before = next((n for n in range(len(self.messages), 0, -1) if self.messages[n - 1][0] == tail), 0)
        self.messages.append((tail, payload, headers, now))
        numbers = {"Nats-Sequence": str(len(self.messages)), "Nats-Last-Sequence": str(before)}
        self.live.append((tail, payload, {**headers, **numbers}))

    def stored(self, tail: str, action: Replay) -> list[Stored]:
        numbered = [(n, one) for n, one in enumerate(self.messages, 1) if one[0] == tail]
        if action.after:
            found = [(n, one) for n, one in numbered if n >= action.after]
        elif action.from_whole:
            since = self.last[tail][1] - 2.0 if tail in self.last else 0.0
            found = [(n, one) for n, one in numbered if one[3] >= since]
        else:
            found = numbered[-1:]
        read_all = [read(one[1], {**one[2], "Nats-Sequence": str(n)}) for n, one in found]
        return [one for one in read_all if one is not None]


def block_of(headers: dict[str, str], tail: str) -> bytes:
    """Headers as the server goes on when it publishes what it has stored."""
    ours = [one for one in headers.items() if one[0] not in (SEQUENCE, LAST_SEQUENCE)]
    server = {
        "Nats-Stream": "MD",
        "Nats-Subject": f"{DATA}.{tail}",
        SEQUENCE: headers[SEQUENCE],
        TIME: "2026-01-01T00:00:00Z",
        LAST_SEQUENCE: headers[LAST_SEQUENCE],
    }
    return block({**dict(ours), **server}).encode()


class Consumer:
    """A session, its feed, and the part of NATS between."""

    def __init__(self, world: "World", *topics: Topic[Event], memory: Memory | None = None) -> None:
        self.world = world
        self.memory = memory or Memory()
        self.events: list[Event] = []
        self.followed: set[str] = set()
        dialect = RelayDialect(venue=DIALECT, where=Endpoint(host="relay", port=1, tls=False, target="/secret"))
        sources = Sources(
            wall_time_ns=lambda: int((world.now + world.wall_ahead) * 1e9), random_bytes=lambda size: bytes(size)
        )
        self.session = Session(dialect, sources, Config())
        self.is_deaf = False
        self.is_answered = True
        """The server's answers to probes come in time."""
        self.probes: list[int] = []
        if topics:
            self.session.subscribe(*topics, now=world.now)
        self.connect()

    def connect(self) -> None:
        assert isinstance(self.session.next_step(self.world.now), Open)
        self.feed = Feed(self.memory)
        self.socket = FeedSocket(self.feed, self.world.now, target="/secret")
        self.session.connected(self.world.now)
        self.pump()

    def cut(self, why: str) -> None:
        self.session.disconnected(self.world.now, why)
        self.pump()

    def pump(self) -> None:
        now = self.world.now
        while True:
            sent = self.session.data_to_send()
            if sent:
                self.socket.receive_data(sent, now)
            for action in self.feed.take_actions():
                self.act(action)
            data = self.socket.data_to_send()
            if data:
                self.session.receive_data(data, now)
            if not sent and not data:
                break
        while (event := self.session.next_event()) is not None:
            self.events.append(event)

    def act(self, action: object) -> None:
        now, feed = self.world.now, self.feed
        match action:
            case Follow(tail):
                self.followed.add(tail)
                feed.followed(tail, now)
            case Leave(tail):
                self.followed.discard(tail)
            case Replay(tail, number):
                feed.replayed(tail, number, self.world.stream.stored(tail, action), now)
            case FetchRoster(relay):
                payload = self.world.stream.last.get(NAMES.beats(relay), (b"", 0.0))[0]
                feed.roster(relay, read_roster(payload), now)
            case Prove(number):
                self.probes.append(-number)
                if self.is_answered:
                    feed.proved(number, now)

    def live(self, tail: str, payload: bytes, headers: dict[str, str]) -> None:
        if self.is_deaf:
            return
        message = read(payload, headers)
        assert message is not None
        if "._relay." in tail:
            beat = read_beat(payload)
            assert beat is not None
            self.feed.beat(beat, message.sequence, self.world.now)
        elif tail in self.followed:
            block, flow = block_of(headers, tail), self.feed.flows.get(tail)
            data = f"HMSG {LIVE}.{tail} 1 {len(block)} {len(block) + len(payload)}\r\n".encode()
            data += block + payload + b"\r\n"
            if (
                flow is None
                or self.feed.ahead
                or take_usual(data, 0, {1: flow}, self.feed.payloads, Phase.LIVE, MEMORY) < len(data)
            ):
                self.feed.receive(tail, message, self.world.now)

    def of(self, kind: type[Event]) -> list[Event]:
        return [event for event in self.events if isinstance(event, kind)]

    def raws(self, key: object) -> list[bytes]:
        return [one.raw for one in self.events if isinstance(one, Update) and one.topic_key == key]

    def trusted(self, *topics: Topic[Event]) -> bool:
        return self.session.trusted(*topics)


class Relay:
    """A relay on the recorded market."""

    def __init__(self, world: "World", name: str, updates: Iterable[Update], topics: Iterable[Topic[Event]]) -> None:
        self.world = world
        self.publisher = Publisher(name, DIALECT, topics)
        self.updates = list(updates)
        self.begins = self.updates[0].received_at
        self.at = 0
        self.state = "runs"
        """Or "stopped": it keeps what comes; or "killed"."""
        self.next_beat = world.now

    def turn(self) -> None:
        now = self.world.now
        while self.at < len(self.updates) and self.updates[self.at].received_at - self.world.first <= now - START:
            self.publisher.take(self.updates[self.at])
            self.at += 1
        while self.next_beat <= now:
            self.publisher.beat()
            self.next_beat += BEAT_EVERY
        for message in self.publisher.take_messages():
            self.world.stream.publish(message.subject, message.payload, message.headers, now)


class World:
    """All of it, moved by hand."""

    def __init__(self) -> None:
        self.now = START
        self.wall_ahead = 0.0
        """Seconds by which the consumers' wall clocks are wrong."""
        self.first = recorded()[0].received_at
        self.stream = Stream()
        self.relays: list[Relay] = []
        self.consumers: list[Consumer] = []

    def relay(
        self, name: str = "a", updates: Iterable[Update] | None = None, topics: Iterable[Topic[Event]] = TOPICS
    ) -> Relay:
        relay = Relay(self, name, recorded() if updates is None else updates, topics)
        self.relays.append(relay)
        return relay

    def consumer(self, *topics: Topic[Event], memory: Memory | None = None) -> Consumer:
        consumer = Consumer(self, *(topics or TOPICS), memory=memory)
        self.consumers.append(consumer)
        return consumer

    def run(self, seconds: float, step: float = 0.05) -> None:
        for _ in range(round(seconds / step)):
            self.now += step
            for relay in self.relays:
                if relay.state == "runs":
                    relay.turn()
            live, self.stream.live = self.stream.live, []
            for consumer in self.consumers:
                for one in live:
                    consumer.live(*one)
                consumer.feed.handle_timeout(self.now)
                due = consumer.session.next_deadline()
                if due is not None and due <= self.now:
                    consumer.session.handle_timeout(self.now)
                consumer.pump()
