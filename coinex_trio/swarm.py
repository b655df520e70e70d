"""A bot in bad weather: one seed makes a network and an exchange that fail, and the record says what really happened.

    def test_my_bot(coinex_swarm):              # once for each seed
        with CoinexClient(network=coinex_swarm.network, credentials=coinex_swarm.credentials) as cx:
            my_bot = Bot(cx)
            cx.run(seconds=coinex_swarm.seconds)    # the weather
            coinex_swarm.calm()
            cx.run(seconds=60)                      # and the time to recover
            coinex_swarm.check(cx)

Each seed switches on a random part of the faults, so that rare combinations are met: bytes late, cut, slow or lost from
some byte on, connections refused, ended, reset, half-open or standing still, room for few bytes, and faults of the exchange
itself (`faults=` of `memory_exchange`). The same seed and calls give the same again, at the same virtual times.
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from decimal import Decimal
from hashlib import sha256
from typing import Any, Final, Literal, Protocol, TypeAlias, cast, final

from coinex_proto import BookChanged, BookNotTrusted, BookView, Level, OrderView, Topic, TopicStatus
from coinex_proto.errors import UsageError
from coinex_proto.simulator.market.matching import Order
from coinex_trio._local.memory import START, MemoryNetwork
from coinex_trio._swarm.record import OwnOrder, Record
from coinex_trio._swarm.weather import Weather
from coinex_trio._swarm.wire import BusyLoop, Wire
from coinex_trio.exchange import exchange_of, settings_of
from coinex_trio.network import Network

__all__ = ["BusyLoop", "OwnOrder", "Swarm", "SwarmClient"]

Venue: TypeAlias = Literal["coinex", "qfex", "coinflex"]

SECONDS: Final = 90.0
"""So long the weather lasts by default."""


class SwarmClient(Protocol):
    """A client of any driver and venue, as far as `Swarm.check` asks it."""

    def orders(self) -> Sequence[OrderView]:
        """Own orders that are not final."""
        ...

    def topics(self) -> Sequence[TopicStatus]:
        """How each subscribed topic stands."""
        ...

    def trusted(self, *topics: Topic[Any]) -> bool:
        """Whether all of these are live."""
        ...

    def book(self, topic: Topic[BookChanged]) -> BookView:
        """A live view."""
        ...


@final
class Swarm:
    """The weather of one seed, and the exchange behind it. Give `network` to clients; any address leads there."""

    def __init__(
        self,
        seed: int,
        venue: Venue = "coinex",
        *,
        markets: Sequence[str] | int | None = None,
        rate: float = 4.0,
        seconds: float = SECONDS,
    ) -> None:
        """`markets` and `rate` as in `memory_exchange`. `seconds`: how long the test lets the weather last."""
        if seed < 0:
            raise UsageError(f"Swarm(seed={seed!r}): a whole number from 0 on")
        settings = settings_of(venue, seed, markets, rate, "", None, None)
        self.seed = seed
        self._has_steps = venue == "coinflex"
        """A book of this venue is kept notice by notice, and between two of a moment it is none that the exchange has had."""
        self.seconds = seconds
        self._weather = weather = Weather(venue, seed)

        def wired(now: float) -> Wire:
            return Wire(settings.server(now), weather, seed, now)

        self._network = MemoryNetwork(wired, seed)
        assert isinstance(self._network.server, Wire)
        self._wire = self._network.server
        self.exchange: Any = exchange_of(self._network, self._wire.server)
        """The local exchange: `Exchange`, `QfexExchange` or `CoinflexExchange`. Its verbs go past the network."""
        self._record = Record(self.exchange._server, self._name_of)
        self._wire.on_output = self._record.note_books
        self.exchange.inject("\n".join(weather.venue))

    @property
    def network(self) -> Network:
        """For every client of the test: `network=swarm.network`."""
        return self._network

    @property
    def credentials(self) -> Any:
        """Of the exchange's account."""
        return self.exchange.credentials

    @property
    def faults(self) -> tuple[str, ...]:
        """What is switched on under this seed, in words."""
        return (*(f"network: {name}" for name in self._weather.network), *self._weather.venue)

    def __repr__(self) -> str:
        return f"Swarm(seed={self.seed}), on: {', '.join(self.faults) or 'nothing'}"

    @property
    def attempts(self) -> tuple[float, ...]:
        """When clients connected, sockets and HTTP, Unix seconds."""
        return tuple(self._wire.attempts)

    @property
    def now(self) -> float:
        """Virtual Unix seconds."""
        return self._network.now()

    def calm(self) -> None:
        """No fault happens any more. What has broken stays so: a half-open connection has to be found out."""
        self._network.follow()
        self._wire.calm()
        self._network.call(self.exchange._server.end_faults)

    def placed(self) -> tuple[OwnOrder, ...]:
        """Every order that the account has ever had, oldest first: what the exchange knows, whatever clients know."""
        return tuple(self._record.orders())

    @property
    def fills(self) -> int:
        """How often an own order has traded; a trade with oneself counts twice."""
        return self._record.fills

    def trace(self) -> str:
        """A fingerprint of what was said, with its time: the exchange's bytes, and how many each client sent, whose WebSocket
        masks are random.
        """
        digest = sha256()
        for at, number, what, data in self._wire.trace:
            digest.update(f"{at - START:.6f} {number} {what} {len(data)} ".encode())
            if what != "sent":
                digest.update(data)
        return digest.hexdigest()

    def open_connections(self) -> int:
        """Connections that a client has not let go of, and whose end it has not seen."""
        self._network.follow()
        return self._wire.open_connections()

    def check(self, *clients: SwarmClient, orders: Iterable[OrderView] = ()) -> None:
        """Holds what clients say against the record; `orders`: views that the test has kept.

        Raises `AssertionError` that names the seed, the faults and each untruth: an order that is live, filled, cancelled or
        refused otherwise than the exchange's record says, one that stands and that a client with live pushes does not know,
        a trusted book that the exchange has not had. May be called while the weather lasts, too: what is on its way is
        allowed for.
        """
        found = [*self._untruths(clients, orders)]
        if found:
            faults = "".join(f"\n  on: {fault}" for fault in self.faults)
            raise AssertionError(f"seed {self.seed}: " + "; ".join(found) + faults)

    def _untruths(self, clients: Iterable[SwarmClient], orders: Iterable[OrderView]) -> Iterable[str]:
        record = {own.order_id: own for own in self.placed()}
        by_client_id = {own.client_order_id: own for own in record.values() if own.client_order_id}
        for view in (*orders, *(view for client in clients for view in client.orders())):
            own = record.get(view.order_id) if view.order_id is not None else None
            own = own or by_client_id.get(view.client_order_id or "")
            untruth = self._untruth(view, own)
            if untruth:
                yield untruth
        for client in clients:
            yield from self._untrue_books(client)

    def _untruth(self, view: OrderView, own: OwnOrder | None) -> str:
        """What is said of an order and is not so; what has just happened may still be on its way, but nothing final may."""
        match view.state:
            case "filled" | "cancelled" if own is None:
                return f"{view} never was at the exchange"
            case "filled" | "cancelled" as state if own is not None and own.state != state:
                return f"{view}, and the exchange has it {own.state}"
            case "refused" if own is not None:
                return f"{view}, and the exchange has it {own.state}"
            case "live" if own is None:
                return f"{view} never was at the exchange"
        if own is not None and view.filled > own.filled:
            return f"{view}, and the exchange has filled {own.filled} of it"
        return ""

    def _untrue_books(self, client: SwarmClient) -> Iterable[str]:
        if self._has_steps and not (self._weather.is_calm and self._wire.is_quiet()):
            return
        for status in client.topics():
            topic = status.topic
            if topic.event is not BookChanged or not client.trusted(topic):
                continue
            try:
                view = client.book(cast("Topic[BookChanged]", topic)).snapshot()
            except BookNotTrusted:  # a blocking client reads before it answers, and so loses it now and then
                continue
            bids, asks = tuple(map(_pair, view.bids)), tuple(map(_pair, view.asks))
            if not self._record.has_had_book(view.market, bids, asks, self.now):
                yield f"the book of {topic} is trusted, and the exchange has not had it: {bids[:2]} {asks[:2]}"

    def _name_of(self, order: Order) -> tuple[int | str, str]:
        placed = self.exchange._placed(order)
        return placed.order_id, placed.client_order_id


def _pair(level: Level) -> tuple[Decimal, Decimal]:
    return level[0], level[1]
