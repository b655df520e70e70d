"""Stories of clients with several lines, each made of its seed: `python -m tests.coinex_proto.harness.lines_campaign SEEDS`.

A story has one venue, one feature, and for minutes of virtual time slow and lossy lines, cuts at an age, random drops,
notices of maintenance, requests, answers that are late, and fills. What is judged at every event and at the end stands in `Story`. A story of each
kind in fifty lasts more than a day, at the ends of which the venue cuts.
"""

from __future__ import annotations

import json
import math
import sys
from argparse import ArgumentParser
from collections import Counter
from collections.abc import Callable, Sequence
from concurrent.futures import ProcessPoolExecutor, as_completed
from pathlib import Path
from random import Random
from typing import Any, Final

from attrs import evolve, frozen

from coinex_proto import (
    Backoff,
    BookChanged,
    Config,
    Dialect,
    Event,
    Failed,
    Lost,
    NotReady,
    Replied,
    Restored,
    coinex,
    coinflex,
    qfex,
)
from coinex_proto._lines.channel import SETTLED
from coinex_proto._lines.line import Line, Role
from coinex_proto.events import LineChanged, Renewed
from coinex_proto.simulator import CoinexServer, CoinflexServer, CrowdSettings, QfexServer
from coinex_proto.simulator.coinflex.catalogue import CODES
from coinex_proto.simulator.qfex.wire import uuid
from tests.coinex_proto.harness.many_lines import START, World

FEATURES: Final = ("renewal", "spread", "two")
DAY: Final = 86_400.0
SECONDS: Final = 150.0
"""Of a story that is not a long one."""
LATEST: Final = 2.0
"""Seconds that bytes are on their way at most, and a push waits for its turn at the exchange: what comes later has been lost,
and came again with the past that a venue tells after subscribing.
"""


@frozen
class Venue:
    """What a story needs of a venue."""

    name: str
    serve: Callable[[int, float], Any]
    dialect: Callable[[Any], Dialect]
    topics: Sequence[Any]
    """The first is a book."""
    doubled: Sequence[Any]
    """Those that can be told apart on two lines."""
    command: Callable[[], Any]
    method: str
    """Of that command, where the exchange is told to answer late."""
    fills: type[Any] | None = None
    trades: type[Any] | None = None


def _coinex(seed: int, rate: float) -> CoinexServer:
    crowd = CrowdSettings(rate=rate)
    return CoinexServer(now=START, seed=seed, markets=MARKETS, crowd=crowd, access_id="id", secret_key="secret")


MARKETS: Final = ("BTCUSDT", "ETHUSDT", "XRPUSDT")
SYMBOLS: Final = ("AAPL-USD", "TSLA-USD", "NVDA-USD")
PAIRS: Final = ("XBT/USDT", "ETH/USDT")
VENUES: Final = {
    "coinex": Venue(
        "coinex",
        _coinex,
        lambda server: coinex.spot(credentials=coinex.Credentials("id", "secret"), url="ws://127.0.0.1/v2/spot"),
        (
            *(coinex.Depth(market) for market in MARKETS),
            *(coinex.Trades(market) for market in MARKETS),
            *(coinex.BestQuote(market) for market in MARKETS),
            coinex.Orders(),
            coinex.UserTrades(),
            coinex.Notices(),
            coinex.Ticker("BTCUSDT"),
        ),
        (coinex.Depth, coinex.Trades, coinex.BestQuote),
        coinex.ServerTime,
        "server.time",
        coinex.UserTradeUpdate,
        coinex.TradesUpdate,
    ),
    "qfex": Venue(
        "qfex",
        lambda seed, rate: QfexServer(now=START, seed=seed, markets=SYMBOLS, crowd=CrowdSettings(rate=rate)),
        lambda server: qfex.mds(url="ws://127.0.0.1/"),
        (
            *(qfex.Level2(symbol) for symbol in SYMBOLS),
            *(qfex.Trades(symbol) for symbol in SYMBOLS),
            *(qfex.Bbo(symbol) for symbol in SYMBOLS),
        ),
        (qfex.Level2, qfex.Trades, qfex.Bbo),
        lambda: None,
        "",
        None,
        qfex.TradeUpdate,
    ),
    "coinflex": Venue(
        "coinflex",
        lambda seed, rate: CoinflexServer(now=START, seed=seed, markets=PAIRS, crowd=CrowdSettings(rate=rate)),
        lambda server: coinflex.live(
            credentials=coinflex.Credentials(server.user_id, server.cookie, server.passphrase), url="ws://127.0.0.1/v1"
        ),
        (
            *(coinflex.OrderBook(*(CODES[name] for name in pair.split("/"))) for pair in PAIRS),
            coinflex.OwnOrders(),
            coinflex.Balances(),
        ),
        (coinflex.OrderBook,),
        coinflex.GetBalances,
        "GetBalances",
    ),
}


class Untrue(AssertionError):
    """A story that went wrong."""


def is_long(seed: int) -> bool:
    """Whether its stories last more than a day."""
    return seed % 50 == 49


class Story:
    """One client in one world, made of a seed."""

    def __init__(self, venue: str, feature: str, seed: int) -> None:
        self.random = random = Random(f"{venue}:{feature}:{seed}")
        self.name = f"{venue} {feature} {seed}"
        self.venue = VENUES[venue]
        self.is_long = is_long(seed)
        life = DAY if self.is_long else random.uniform(35, 100)
        renew_every = life * random.uniform(0.5, 0.8)
        self.seconds = DAY * 1.3 if self.is_long else SECONDS
        self.patience = DAY / 2 if self.is_long else 90.0
        """Seconds within which all topics go live: those of trades at times only with the next trade, and these are few then."""
        rate = 0.002 if self.is_long else 2 ** random.uniform(-1, 2 if venue == "coinflex" else 4.3)
        topics = tuple(self.venue.topics)
        options: dict[str, Any] = {"backoff": Backoff(first=0.2, ceiling=2.0), "renew_every": renew_every}
        if feature == "spread":
            options["topics_per_connection"] = random.randint(2, 4)
        elif feature == "two":
            options |= {"lines": 2, "doubled": self.venue.doubled if random.random() < 0.5 else None}
            if options["doubled"] is None:
                topics = tuple(
                    topic for topic in topics if isinstance(topic, tuple(self.venue.doubled)) or topic.is_private
                )
            else:
                options["doubled"] = tuple(self.venue.doubled)
        self.topics = topics
        self.server = self.venue.serve(seed, rate)
        self.world = World(self.server, self.venue.dialect(self.server), Config(**options), seed)
        self.server.limit_lives(life)
        self.world.on_event = self._look
        for number in range(400):
            if random.random() < 0.6:
                self.world.delays[number] = _slow(random)
        self.was_live = False
        """All topics were, for the first time."""
        self.lost: set[Any] = set()
        self.ever_lost: set[Any] = set()
        self.gaps: dict[Any, list[tuple[float, float]]] = {}
        """Of each topic: from when to when the client said that it may have missed something."""
        self.made: dict[tuple[Any, Any], float] = {}
        """The trades of the exchange since all was live, and when."""
        self.seen_deals: dict[Any, int] = {}
        self.cuts = self.alone = 0
        self.asked: dict[int, Line] = {}
        """Requests, and the line that each has left on."""
        self.ended: Counter[int] = Counter()
        self.trades: dict[tuple[Any, Any], float] = {}
        """When each was told."""
        self.fills: dict[Any, float] = {}
        self.told: set[Any] = set()
        """What has come of own orders."""
        self.filled: dict[Any, float] = {}
        """Own orders that were filled, each at once, and when."""
        self.states: dict[Any, tuple[float, object, Line | None]] = {}
        """The newest of each state and book: the venue's time, what it is, and the line that brought it."""
        self.most_signed_in = 0

    # Judging ----------------------------------------------------------------------------------------------------------

    def _fail(self, what: str) -> None:
        raise Untrue(f"{self.name}: {what}")

    def _look(self, event: Event) -> None:
        if isinstance(event, Lost):
            for topic in event.topics:
                if topic.key in self.lost:
                    self._fail(f"{topic} lost twice")
                if good := self._good_lines(topic, event.since):
                    self._fail(f"{topic} lost while {good} proves it")
                self.lost.add(topic.key)
                self.ever_lost.add(topic.key)
                for key in [key for key in self.states if key[-1] == topic.key[1]]:
                    del self.states[key]
        elif isinstance(event, Restored):
            for topic in event.topics:
                if topic.key not in self.lost:
                    self._fail(f"{topic} restored that was not lost")
                self.lost.discard(topic.key)
                self.gaps.setdefault(topic.key, []).append((event.since, event.until))
        elif isinstance(event, Renewed):
            self._judge_trust()
        elif isinstance(event, Replied | Failed):
            self._judge_ending(event)
        else:
            self._count(event)

    def _judge_ending(self, event: Replied[Any] | Failed) -> None:
        """A request ends once, on the line that it has left on; without an answer where that line broke."""
        self.ended[event.request_id] += 1
        line = self.asked.get(event.request_id)
        if isinstance(event, Replied):
            if line is not None and self.world.speaking is not line:
                self._fail(f"{event} on {self.world.speaking}, and it was asked on {line}")
        elif line not in self.world.broken and not self.world.lines._main.has_one_sign_in:
            self._fail(f"{event}, though {line} did not break")

    def _count(self, event: Event) -> None:
        """Trades, fills and what becomes of own orders come once, and states never go back."""
        found: Any = event
        if isinstance(event, BookChanged):
            self._judge_order(event.topic_key, found.book.updated_at_ms, (found.book.bids, found.book.asks))
        elif self.venue.trades is not None and isinstance(event, self.venue.trades):
            ids = found.trade_ids if found.has_trade_ids else (found.trade_id,)
            for trade in ids:
                if (event.topic_key, trade) in self.trades:
                    self._fail(f"trade {trade} twice")
                self.trades[event.topic_key, trade] = self.world.now
        elif self.venue.fills is not None and isinstance(event, self.venue.fills):
            if found.occurrence_id in self.fills:
                self._fail(f"fill {found.occurrence_id} twice")
            self.fills[found.occurrence_id] = self.world.now
        elif isinstance(event, coinex.OrderUpdate):
            what = (event.order.order_id, event.event, event.order.updated_at)
            if what in self.told:
                self._fail(f"order update {what} twice")
            self.told.add(what)
        elif isinstance(event, coinex.BestQuoteUpdate | qfex.BboUpdate):
            state = evolve(found, sequence=0) if found.has_sequence else event  # it counts along a connection
            self._judge_order((type(event), *event.topic_key), event.venue_time, state)

    def _judge_order(self, key: Any, time: float | None, state: object) -> None:
        """A venue may repeat a state; no line repeats that of another, or brings what is older."""
        if time is None:
            return
        speaking = self.world.speaking
        before, last, line = self.states.get(key, (-math.inf, None, speaking))
        if time < before or (time == before and state == last and line is not speaking):
            self._fail(f"of {key}, after {last} of {before} on {line} came {state} of {time} on {speaking}")
        self.states[key] = (time, state, speaking)

    def _judge_now(self) -> None:
        trusted = [topic for topic in self.topics if self.world.lines.trusted(topic)]
        if not self.lost.isdisjoint(topic.key for topic in trusted):
            self._fail("a topic is trusted that was said to be lost")
        lines = self.world.lines
        for topic in self.topics:
            good = [line for line in lines.lines if line.role is Role.ACTIVE and line.session.trusted(topic)]
            if good and not lines.trusted(topic):
                self._fail(f"{topic} is not trusted while {good} proves it")
        self._judge_trust()
        self._note_trades()
        signed_in = len(self.server._signed_in)
        self.most_signed_in = max(self.most_signed_in, signed_in)
        active = sum(line.role is Role.ACTIVE for line in self.world.lines.lines)
        if len(self.world.pipes) > active + 1 + sum(line.role is Role.RETIRING for line in self.world.lines.lines):
            self._fail(f"{len(self.world.pipes)} connections for {active} lines")
        if len(self.world.lines.lines) > active + 2:
            self._fail(f"{self.world.lines.lines} at once")
        private = [line for line in self.world.pipes if lines._channel_of[line] is lines._main and not line.is_second]
        if signed_in > len(private):
            self._fail(f"{signed_in} sign-ins at once, of {len(private)} lines with private topics")

    def _good_lines(self, topic: Any, since: float) -> list[Line]:
        """Those that prove the topic, and did so when the line was proved last that has ended now, where each update counts."""
        lines = self.world.lines
        good = [line for line in lines.lines if line.role is Role.ACTIVE and line.session.trusted(topic)]
        if topic.is_whole_state or lines.dialect.book(topic) is not None:
            return good
        return [line for line in good if line.live_at[topic.key] <= since - SETTLED]

    def _judge_trust(self) -> None:
        """What was live once is either trusted or said to be lost."""
        lines = self.world.lines
        silent = [topic for topic in self.topics if topic.key not in self.lost and not lines.trusted(topic)]
        if silent and self.was_live:
            self._fail(f"not trusted, and no word of it: {silent}")

    def _judge_end(self) -> None:
        lines = self.world.lines
        if not lines.trusted_at(self.world.now, *self.topics):
            self._fail(f"not live at the end: {[t for t in self.topics if not lines.trusted(t)]}")
        for topic in self.topics:
            if isinstance(topic, coinex.Depth | qfex.Level2 | coinflex.OrderBook) and not lines.book(topic).trusted:
                self._fail(f"the book of {topic} is not trusted at the end")
        missing = [
            trade
            for trade, at in self.made.items()
            if self.trades.get(trade, math.inf) > at + LATEST and not self._is_excused(trade[0], at)
        ]
        if missing:
            self._fail(f"{len(missing)} of {len(self.made)} trades are missing or came late: {missing[:3]}")
        if self.venue.fills is not None:
            told = {order: at for (order, _), at in self.fills.items()}
            untold = [
                order
                for order, at in self.filled.items()
                if told.get(order, math.inf) > at + LATEST and not self._is_excused(coinex.UserTrades().key, at)
            ]
            if untold or not told.keys() <= self.filled.keys():
                self._fail(f"fills differ: {untold} were not told, of {len(self.filled)}")
        unended = [request for request in self.asked if self.ended[request] != 1]
        if unended:
            self._fail(f"requests that did not end once: {unended[:5]}")
        if sum(self.ended.values()) != len(self.asked):
            self._fail("a request ended that was never made")

    def _is_excused(self, key: Any, at: float) -> bool:
        """Whether what happened then, or was on its way, is in a time that the client said was not seen."""
        return any(since - LATEST <= at <= until for since, until in self.gaps.get(key, ()))

    def _note_trades(self) -> None:
        for topic in self.topics:
            if not isinstance(topic, coinex.Trades | qfex.Trades):
                continue
            market: Any = topic.key[1]
            deals = self.server._market(market).deals
            seen = self.seen_deals.get(market)
            if deals:
                self.seen_deals[market] = next(iter(deals)).deal_id
            for deal in deals if seen is not None else ():
                if deal.deal_id <= seen:
                    break
                trade = deal.deal_id if isinstance(topic, coinex.Trades) else uuid("deal", deal.deal_id)
                self.made[topic.key, trade] = deal.created_ms / 1000

    # Telling ----------------------------------------------------------------------------------------------------------

    def run(self) -> dict[str, float]:
        """Tells it; raises `Untrue`. Gives figures."""
        world, random = self.world, self.random
        world.lines.subscribe(*self.topics, now=world.now)
        world.run(self.patience, until=lambda: world.lines.trusted_at(world.now, *self.topics))
        if not world.lines.trusted_at(world.now, *self.topics):
            self._fail("not live in time")
        self.was_live = True
        self._note_trades()
        end = world.now + self.seconds
        while world.now < end:
            world.run(random.uniform(0.3, 4.0) * (max(1.0, self.seconds / SECONDS)))
            self._judge_now()
            self._act()
        world.run(self.patience, until=lambda: world.lines.trusted_at(world.now, *self.topics) and not self.lost)
        world.run(15.0)
        self._note_trades()
        world.run(2 * LATEST)
        self._judge_end()
        renewed = sum(isinstance(event, Renewed) for event in world.events)
        alone = sum(isinstance(event, LineChanged) and event.state == "alone" for event in world.events)
        connections, lost = world.opened, len(self.ever_lost)
        world.lines.stop(world.now)
        world.run(20.0)
        if world.pipes or world.lines.lines:
            self._fail("something is left after the end")
        return {
            "renewed": renewed,
            "alone": alone,
            "cuts": self.cuts,
            "lost topics": lost,
            "connections": connections,
            "most at once": world.most_pipes,
            "most signed in": self.most_signed_in,
            "trades": len(self.trades),
            "fills": len(self.fills),
            "requests": len(self.asked),
        }

    def _act(self) -> None:
        world, random = self.world, self.random
        match random.choice(("drop", "renew", "notice", "ask", "late", "fill", "fill", "nothing", "nothing")):
            case "drop" if world.pipes:
                self._drop(random.choice(list(world.pipes)))
            case "renew":
                world.lines.renew(world.now)
            case "notice":
                self.server.announce_maintenance(600, 1200)
            case "ask":
                self._ask()
            case "late" if self.venue.method:
                self.server.inject(f"on {self.venue.method} late {random.uniform(1, 6):.3f}")
                self._ask()
                world.lines.renew(world.now)
            case "fill" if self.venue.fills is not None and not self.lost:
                order = self.server.place("BTCUSDT", "buy", "100", "0.001")
                self.server.fill(order)
                self.filled[order.order_id] = world.now
            case _:
                pass

    def _ask(self) -> None:
        command = self.venue.command()
        if command is None:
            return
        line = self.world.lines.main_line
        try:
            self.asked[self.world.lines.send(command, self.world.now)] = line
        except NotReady:
            pass

    def _drop(self, line: Line) -> None:
        """What another line proves stays trusted."""
        lines = self.world.lines
        others = [other for other in lines.lines if other is not line and other.role is Role.ACTIVE]
        safe = [topic for topic in self.topics if any(other.session.trusted(topic) for other in others)]
        self.cuts += 1
        self.world.cut(line)
        untrue = [topic for topic in safe if not lines.trusted(topic)]
        if untrue:
            self._fail(f"not trusted though another line proves it: {untrue}")
        for topic in safe:
            if isinstance(topic, coinex.Depth | qfex.Level2 | coinflex.OrderBook) and not lines.book(topic).trusted:
                self._fail(f"the book of {topic} is not trusted though another line proves it")


def _slow(random: Random) -> Callable[[], float]:
    """A line far away, or one that loses packets: what was lost, and all behind it, comes later."""
    normal = random.choice((random.uniform(0.0, 0.05), random.uniform(0.1, 0.6)))
    late, share = random.uniform(0.1, 0.6), random.choice((0.0, random.uniform(0.005, 0.05)))
    return lambda: normal + (late if random.random() < share else 0.0)


def tell(story: tuple[str, str, int]) -> tuple[tuple[str, str, int], dict[str, float] | str]:
    """The figures of one story, or what went wrong in it; for a worker process."""
    try:
        return story, Story(*story).run()
    except Untrue as error:
        return story, str(error)


def main(seeds: int, first: int, workers: int, state: Path) -> int:
    """Tells all stories that are not in `state` yet, all kinds by turns; the number of those that went wrong."""
    state.parent.mkdir(parents=True, exist_ok=True)
    told: dict[tuple[str, str, int], Any] = {}
    if state.exists():
        for line in state.read_text().splitlines():
            *story, result = json.loads(line)
            if isinstance(result, dict):  # what went wrong is told again
                told[story[0], story[1], story[2]] = result
    kinds = [(venue, feature) for venue in VENUES for feature in FEATURES]
    asked = [(*kind, seed) for seed in range(first, first + seeds) for kind in kinds]
    asked.sort(key=lambda story: is_long(story[2]))  # each of them takes minutes
    with ProcessPoolExecutor(workers) as pool, state.open("a") as file:
        for future in as_completed([pool.submit(tell, story) for story in asked if story not in told]):
            story, result = future.result()
            told[story] = result
            file.write(json.dumps([*story, result]) + "\n")
            file.flush()
            if isinstance(result, str):
                print(f"WRONG {result}", flush=True)
    for kind in kinds:
        _sum_up(kind, [told[story] for story in asked if story[:2] == kind])
    return sum(isinstance(told[story], str) for story in asked)


def _sum_up(kind: tuple[str, str], results: Sequence[dict[str, float] | str]) -> None:
    true = [result for result in results if isinstance(result, dict)]
    total: dict[str, float] = {}
    for figures in true:
        for name, figure in figures.items():
            so_far = total.get(name, 0)
            total[name] = max(so_far, figure) if name.startswith("most") else so_far + figure
    figures_text = ", ".join(f"{count} {name}" for name, count in total.items())
    print(f"{' '.join(kind)}: {len(true)} of {len(results)} seeds true: {figures_text}", flush=True)


if __name__ == "__main__":
    parser = ArgumentParser(description="Stories of clients with several lines, each made of its seed.")
    parser.add_argument("seeds", type=int, help="how many of each venue and feature")
    parser.add_argument("--first", type=int, default=0)
    parser.add_argument("--workers", type=int, default=2)
    parser.add_argument(
        "--state", type=Path, default=Path("build/lines.txt"), help="what was told already stands there"
    )
    options = parser.parse_args()
    sys.exit(main(options.seeds, options.first, options.workers, options.state) > 0)
