"""What we want from a venue, across connections: topics, trust, books, orders, clock and back-off, without I/O.

A driver opens transports as `next_step` says and feeds bytes and times; everything else is here. Above `Connection`,
which lives once; this module must not know any venue.
"""

from __future__ import annotations

import math
from collections import deque
from collections.abc import Callable, Hashable
from typing import Any, Final, TypeVar

from attrs import evolve

from coinex_proto._connection.agenda import Agenda, Item
from coinex_proto._connection.late_timers import LateTimers, earliest
from coinex_proto._connection.requests import PartAnswered, RequestIds
from coinex_proto._connection.timeline import JUMP, Timeline
from coinex_proto._connection.venue_clock import Clock
from coinex_proto._session.beside import Beside
from coinex_proto._session.connecting import Connecting
from coinex_proto._session.delivered import Delivered
from coinex_proto._session.interest import Interest
from coinex_proto._session.own_orders import OwnOrders
from coinex_proto._session.private_check import PrivateCheck
from coinex_proto._session.reconnect import NextStep, Wait
from coinex_proto._session.subscriber import Subscriber
from coinex_proto._session.subscriptions import Subscription, Subscriptions, TopicStatus
from coinex_proto._session.trust import Trust
from coinex_proto._wire.inflate import inflate
from coinex_proto.books.book import MakesWholeUpdates
from coinex_proto.books.view import BookChanged, BookView
from coinex_proto.checks import check_command, check_topics
from coinex_proto.commands import Command, describe
from coinex_proto.config import Config, Sources
from coinex_proto.connection import Connection
from coinex_proto.dialect import Dialect, Interrupted
from coinex_proto.errors import (
    ConnectFailed,
    NotReady,
    UsageError,
    quoted,
)
from coinex_proto.events import Closed, Failed, LoginFailed, Ready, Replied, Unrecognised
from coinex_proto.ids import ANYTHING, RequestId, TopicKey
from coinex_proto.orders.fact import OrderFact, OrdersMissed
from coinex_proto.orders.tracker import Orders
from coinex_proto.orders.view import OrderView
from coinex_proto.phases import Phase
from coinex_proto.statistics import Statistics
from coinex_proto.topics import Topic
from coinex_proto.updates import Event, Update, recovered

R = TypeVar("R")

_CALLER: Final = "subscribe()"
"""The one holder that `subscribe` and `unsubscribe` stand for; each stream and callback of a driver is another."""


class Session:
    """The subscriptions, books and orders of one program on one socket of a venue.

    A driver's whole duty: after any call, send `data_to_send()`, hand out `next_event()`, look at `next_deadline()`
    again. All times are seconds on one clock that never goes back.
    """

    def __init__(
        self,
        dialect: Dialect,
        sources: Sources,
        config: Config = Config(),  # noqa: B008  (frozen)
        *,
        beside: Beside | None = None,
    ) -> None:
        """`beside`: what it shares with the other lines of its client (`lines.py`); None: it is the only one."""
        self.dialect = dialect
        self.config = config
        self.stats: Statistics = Statistics()
        self.clock: Clock = Clock()
        self.orders: Orders = Orders() if beside is None else beside.orders
        self.inflate: Callable[[bytes, int], bytes] = inflate
        """For its connections; a recording notes what comes out."""
        self._sources = sources
        self._timeline = Timeline(sources.wall_time_ns)
        self._jumps = self._steps = 0
        """Those of the timeline that were dealt with."""
        self._proved_for = config.ping_interval + config.ping_timeout
        self._doubted_after = self._proved_for + JUMP
        """Seconds without proof: a peer that is gone has been found out before, by whoever serves the timers."""
        self._events: deque[Event] = deque()
        self._agenda = Agenda()
        self._subscriptions = Subscriptions()
        self._trust = Trust(
            self._subscriptions,
            config,
            self.stats,
            self._events,
            self._agenda,
            self._timeline,
            self.orders,
            self._is_line_proved,
            beside,
        )
        self._subscriber = Subscriber(dialect, config, self._subscriptions, self._trust, self._events, self._agenda)
        self._interest = Interest(dialect, self._subscriptions, self._trust, self._agenda)
        self._private_check = PrivateCheck(dialect, config, self._subscriptions, self.stats, self._agenda)
        self._own_orders = OwnOrders(dialect, self.orders, self._events, self._agenda, self._timeline, self.stats)
        self._connecting = Connecting(dialect, config, sources)
        self._late_timers = LateTimers()
        self._beside = beside
        self._ids = RequestIds() if beside is None else beside.ids
        self._connection: Connection | None = None
        self._is_cut = False
        """Something has come out of `receive_data`, so that this connection's state proves nothing any more."""
        self._now = 0.0
        self._probed_at = -math.inf
        self.read_clock: Callable[[], float] | None = None
        """The caller's clock, for live views of books, which are read between two steps; None: the wall clock has to do."""

    # What is wanted ---------------------------------------------------------------------------------------------------

    def subscribe(self, *topics: Topic[Any], now: float) -> None:
        """Want these topics, from now on and across reconnects; allowed at any time, and twice is once.

        Raises `UsageError`, with nothing changed, for a topic that this venue or socket does not have, a private one
        without credentials, or one whose key is wanted with other parameters.
        """
        self.hold(*topics, holder=_CALLER, now=now)

    def unsubscribe(self, *topics: Topic[Any], now: float) -> None:
        """Want them no more; what is not wanted is left alone."""
        self._let_go(self._interest.subscriptions_for(topics), _CALLER, now)

    def hold(self, *topics: Topic[Any], holder: Hashable, now: float) -> None:
        """As `subscribe`, for one more holder: a topic is wanted while anybody holds it."""
        self._interest.hold(topics, holder)
        self._process(self._begin(now))

    def let_go(self, *topics: Topic[Any], holder: Hashable, now: float) -> None:
        """This holder wants these topics no more."""
        self._let_go(self._interest.subscriptions_for(topics), holder, now)

    def check_wanted(self, *topics: Topic[Any]) -> None:
        """Raises `UsageError` for what `hold` would refuse."""
        self._interest.check(topics)

    def release(self, holder: Hashable, now: float) -> None:
        """This holder wants nothing any more."""
        self._let_go(self._subscriptions.wanted(), holder, now)

    def _let_go(self, subscriptions: list[Subscription], holder: Hashable, now: float) -> None:
        self._interest.let_go(subscriptions, holder)
        self._process(self._begin(now))

    # What is known ----------------------------------------------------------------------------------------------------

    def book(self, topic: Topic[BookChanged]) -> BookView:
        """The live view of a wanted topic's book; it stays valid across reconnects."""
        check_topics((topic,))
        subscription = self._subscriptions.get(topic.key)
        if subscription is None or not subscription.holders or subscription.verification.view is None:
            raise UsageError(f"{topic} has no book here: subscribe to it first")
        return subscription.verification.view

    def whole_update(self, topic: Topic[Any]) -> Update | None:
        """The state of a topic's book as an update from which differences go on; None where the venue's form has none."""
        subscription = self._subscriptions.get(topic.key)
        book: object = None if subscription is None else subscription.verification.book
        return book.whole_update(str(topic.key[1])) if isinstance(book, MakesWholeUpdates) else None

    def mute(self, topic: Topic[Any], *, is_muted: bool) -> None:
        """Whether the updates that a topic's book is made of are handed out by another session."""
        subscription = self._subscriptions.get(topic.key)
        if subscription is not None:
            self._trust.mute(subscription, is_muted=is_muted)

    def has_whole_updates(self, topic: Topic[Any]) -> bool:
        """Whether `whole_update` can give anything for this topic."""
        subscription = self._subscriptions.get(topic.key)
        return subscription is not None and isinstance(subscription.verification.book, MakesWholeUpdates)

    def trusted_at(self, now: float, *topics: Topic[Any]) -> bool:
        """Whether these are live, and the connection was proved lately enough for that to mean something now."""
        return self.trusted(*topics) and self.is_proved(now)

    def trusted(self, *topics: Topic[Any]) -> bool:
        """Whether all of these are live now; none named: all that are wanted (False when nothing is).

        False too when the wall clock says that the machine has slept since the connection was last proved.
        """
        if topics:
            check_topics(topics)
            found = [self._subscriptions.get(topic.key) for topic in topics]
        else:
            found = list(self._subscriptions.wanted())
        if not found or self._is_cut or not all(one is not None and one.verification.is_live for one in found):
            return False
        return self._is_proved_by_wall()

    def is_proved(self, now: float) -> bool:
        """Whether the connection was proved within `ping_interval + ping_timeout`, sleep of the machine included.

        `trusted` says what is known; a driver that did not come to read and to serve timers for longer knows nothing.
        """
        time = self._timeline.peek(now)
        return self._is_proved_at(time) and time - now - self._timeline.slept < JUMP

    def probe(self, now: float) -> None:
        """Ask the peer for a sign after which all has come that it has sent until now; `is_probed` then."""
        now = self._begin(now)
        if self._connection is not None:
            self._probed_at = now
            self._connection.probe(now)
            self._process(now)

    @property
    def is_probed(self) -> bool:
        """Whether nothing that was sent before the last `probe` can come any more."""
        connection = self._connection
        return (
            connection is None
            or connection.phase is not Phase.READY
            or connection.heartbeat.fresh_at >= self._probed_at
        )

    def proved_at(self, now: float) -> float:
        """When the connection was last proved, by the wall clock as `wall_time` gives it; `now` while there is none."""
        connection = self._connection
        return self._timeline.stamp(
            self._timeline.peek(now) if connection is None else connection.heartbeat.last_proof_at
        )

    @property
    def is_doubted(self) -> bool:
        """After a sleep of the machine, until the connection is proved anew: nothing but a ping leaves."""
        return self._connection is not None and self._connection.is_doubted

    def _is_line_proved(self) -> bool:
        return self._is_proved_by_wall() if self.read_clock is None else self.is_proved(self.read_clock())

    def _is_proved_by_wall(self) -> bool:
        return self._is_proved_at(max(self._now, self._timeline.by_wall()))

    def _is_proved_at(self, time: float) -> bool:
        connection = self._connection
        if connection is None or connection.is_doubted:
            return False
        return time - connection.heartbeat.last_proof_at <= self._proved_for

    def age(self, update: Update) -> float | None:
        """Seconds from the venue's time stamp of an update until it was received, by the venue's clock.

        None when the update has no time stamp, or nothing is known of that clock: not asked yet, or our wall clock was set
        since. Where `now` is Unix time, as under our drivers; right to within `clock.error_ns`.
        """
        if not isinstance(update, Update):
            raise UsageError(f"an update was expected, as callbacks and streams give it, not {quoted(update)}")
        if update.venue_time is None or not self.clock.is_known:
            return None
        return update.received_at + self.clock.offset_ns / 1e9 - update.venue_time

    def wall_time(self, now: float) -> float:
        """`now` by the wall clock as it is set, as `received_at` and the times of `Lost` and `Restored` are."""
        return self._timeline.stamp(self._timeline.peek(now))

    def topics(self) -> tuple[TopicStatus, ...]:
        """How each wanted topic stands."""
        stamp = self._timeline.stamp
        return tuple(subscription.status(stamp) for subscription in self._subscriptions.wanted())

    @property
    def phase(self) -> Phase:
        """Where the connection stands; `NEW` while there is none."""
        return self._connection.phase if self._connection is not None else Phase.NEW

    @property
    def pending(self) -> int:
        """Requests of this connection that have not ended, the session's own among them."""
        return 0 if self._connection is None else self._connection.pending

    @property
    def is_stopped(self) -> bool:
        """No further connection will be made."""
        return self._connecting.is_stopped

    # Commands ---------------------------------------------------------------------------------------------------------

    def send(self, command: Command[R], now: float) -> RequestId:
        """Send a command now or not at all; its id comes back in exactly one `Replied` or `Failed`.

        Raises `NotReady` without a ready connection, after a sleep of the machine until the connection is proved anew, and
        when a command that trades is over the venue's rate limit; `UsageError` when the venue cannot be asked so; nothing has changed then. What left is never sent again.
        """
        check_command(command)
        connection = self._connection
        if connection is None:
            if command.is_private and not self.dialect.has_credentials:
                raise UsageError(f"Authentication required: {describe(command)} needs credentials")
            raise NotReady(f"{describe(command)} was not sent: there is no connection to {self.dialect.name} now")
        now = self._begin(now)
        fact = command.order()
        request_id = connection.send(command, now)
        if fact is not None:
            self.orders.sending(fact, request_id, self._timeline.for_caller(now))
        self._process(now)
        return request_id

    # What goes and comes another way, for example over HTTP -------------------------------------------------------------

    def sending(self, fact: OrderFact, now: float) -> tuple[RequestId, OrderView]:
        """An order is about to leave another way: the id to report its outcome with, and its live view.

        Report exactly one of `apply_facts(…, request_id=…)`, `refused` and `outcome_unknown`.
        """
        now = self._at(now)
        self._ids.last += 1
        request_id = RequestId(self._ids.last)
        return request_id, self.orders.sending(fact, request_id, self._timeline.for_caller(now))

    def apply_facts(self, *facts: OrderFact, now: float, request_id: RequestId | None = None) -> None:
        """Facts about own orders that came another way. `request_id`: in the answer to what `sending` announced."""
        self._own_orders.apply_facts(facts, self._at(now), request_id)

    def refused(self, request_id: RequestId, why: str, now: float) -> None:
        """What `sending` announced was refused, or has certainly not left."""
        self._own_orders.refused(request_id, why, self._at(now))

    def outcome_unknown(self, request_id: RequestId, why: str, now: float) -> None:
        """What became of the order that `sending` announced is not known."""
        self._own_orders.unknown(request_id, why, self._at(now))

    def orders_to_query(self, now: float) -> tuple[OrderView, ...]:
        """Live views of the orders of unknown state that the venue may be asked about now, another way."""
        return self._own_orders.resolver.due_orders(self._at(now))

    def next_order_query(self, order: OrderView) -> float:
        """When the venue may be asked about this order again; -inf: it was not asked about lately."""
        return self._timeline.for_caller(self._own_orders.resolver.next_query(order))

    def order_queried(self, order: OrderView, now: float) -> None:
        """The venue is being asked about this order, another way."""
        self._own_orders.resolver.queried(order, self._at(now))

    def begin_order_queries(self, now: float) -> tuple[OrderView, ...]:
        """Live views of the orders of unknown state that are asked about now, another way.

        Report the end with `orders_queried`, or `order_queries_failed`.
        """
        return self._own_orders.resolver.begin_elsewhere(self._at(now))

    def orders_queried(self, now: float) -> None:
        """What `begin_order_queries` gave has been asked about, and the answers were applied."""
        now = self._at(now)
        self._own_orders.resolver.end_elsewhere(now)
        self._process(now)

    def order_queries_failed(self, now: float, *, is_passing: bool) -> None:
        """What `begin_order_queries` gave could not be asked about, for now, or (not `is_passing`) for good."""
        now = self._at(now)
        self._own_orders.resolver.failed_elsewhere(now, is_passing=is_passing)
        self._process(now)

    def ask_about_orders(self, now: float) -> None:
        """Orders may have become unknown by what happened on another line: the venue is asked about them."""
        now = self._at(now)
        self._own_orders.resolver.schedule(now)
        self._process(now)

    def query_orders_elsewhere(self, now: float) -> None:
        """From now on somebody asks about orders another way, whenever an `OrdersQueried` comes."""
        now = self._at(now)
        resolver = self._own_orders.resolver
        resolver.is_elsewhere = True
        resolver.schedule(now)
        self._process(now)

    def compare_orders_every(self, seconds: float | None, now: float) -> None:
        """While connected, have the venue's list of open orders compared with the orders known here so often; None: never.

        What differs is told as `OrderChanged`, and counted in `stats.order_differences`. Where the socket has no such list,
        `OrdersQueried` asks for it.
        """
        now = self._at(now)
        self._own_orders.compare_every(seconds, now)
        self._process(now)

    def orders_differ(self, count: int, now: float) -> None:
        """So many orders were not as the venue listed them."""
        self._at(now)
        self.stats.order_differences += count

    @property
    def order_doubts(self) -> int:
        """Counts what was missed of own orders: what is asked for before, and answered after it grew, does not prove an order live."""
        return self._own_orders.doubts

    @property
    def delivered(self) -> Delivered:
        """What was handed out, by the venue's ids."""
        return self._trust.delivered

    def recover(self, *updates: Update, now: float) -> tuple[Update, ...]:
        """Hand out updates that a query brought after a gap, each marked `is_recovered`; gives those it handed out.

        What was delivered before is taken out, and what nobody wants is dropped. It proves nothing: books and trust do not
        see it.
        """
        now = self._at(now)
        handed_out: list[Update] = []
        for update in updates:
            if update.tells_order:
                self._own_orders.take_update(update, now)
            fresh = self._trust.take_recovered(update)
            if fresh is not None:
                recovered(fresh, self._timeline.stamp(now))
                handed_out.append(fresh)
        self._events.extend(handed_out)
        return tuple(handed_out)

    def note(self, event: Event, now: float) -> None:
        """Hand out an event of a program's own making, in its place among the others."""
        self._at(now)
        self._events.append(event)

    def skip_unwanted(self, is_wanted: Callable[[type[Event], TopicKey], bool]) -> None:
        """From now on an update that a book was made of (such as CoinEx's `DepthUpdate`) is an event only where
        `is_wanted(class, topic_key)` says, when it is read, that somebody wants it. Books and trust see it either way.
        """
        self._trust.is_wanted = is_wanted

    # The connection ---------------------------------------------------------------------------------------------------

    def next_step(self, now: float) -> NextStep:
        """What the driver must do while there is no connection.

        Raises `UsageError` when there is one: feed it, and report its end with `disconnected`.
        """
        now = self._at(now)
        if self._connection is not None:
            raise UsageError("there is a connection already; next_step() comes after disconnected()")
        step = self._connecting.next_step(now)
        return Wait(self._timeline.for_caller(step.until)) if isinstance(step, Wait) else step

    def connected(self, now: float) -> None:
        """The transport that `Open` asked for is there."""
        if self._connection is not None:
            raise UsageError("connected() answers the Open of next_step()")
        endpoint = self._connecting.connected()
        now = self._at(now)
        self._connection = Connection(
            self.dialect,
            self._sources,
            self.config,
            endpoint=endpoint,
            request_ids=self._ids,
            clock=self.clock,
            stats=self.stats,
            agenda=self._agenda,
            timeline=self._timeline,
            inflate=self.inflate,
        )
        if self._timeline.steps != self._steps:
            self._jumps, self._steps = self._timeline.jumps, self._timeline.steps
            self.clock.forget()
        self._connection.start(now, since=self._connecting.opening_since)
        if self._connecting.is_stopped:
            self._connection.close(now)
        self._process(now)

    def reconnect(self, now: float) -> None:
        """Close what is open; a new connection comes after it as after any other end."""
        now = self._at(now)
        if self._connection is not None:
            self._connection.close(now)
            self._process(now)

    def disconnected(self, now: float, why: str | ConnectFailed = "") -> None:
        """The transport is gone: could not connect, end of data, reset, or closed after `wants_close`.

        `why` is for people; an error instead of a text is what a connection that never was ends with.
        """
        self._connecting.check_begun()
        now = self._at(now)
        connection = self._connection
        if connection is not None:
            connection.receive_eof(now, str(why))
            self._process(now)
        self._connection = None
        self._is_cut = False
        retrying = self._connecting.disconnected(why, now, was_connected=connection is not None)
        if retrying is not None:
            self._events.append(evolve(retrying, at=self._timeline.for_caller(retrying.at)))

    def stop(self, now: float) -> None:
        """Close what is open and connect no more; `next_step` gives `Stop(None)` from then on."""
        now = self._at(now)
        self._connecting.stop()
        if self._connection is not None:
            self._connection.close(now)
            self._process(now)

    @property
    def wants_close(self) -> bool:
        """True: flush `data_to_send()`, close the transport, call `disconnected`."""
        return self._connection is not None and self._connection.wants_close

    @property
    def is_deaf(self) -> bool:
        """True beside `wants_close`: there is no goodbye to wait for, after a time-out or before the upgrade."""
        return self._connection is not None and self._connection.is_deaf

    # Bytes, events, time ----------------------------------------------------------------------------------------------

    def receive_data(self, data: bytes | bytearray | memoryview, now: float) -> None:
        """Bytes of the peer, cut anywhere.

        What is cut off by a Ctrl-C, or for want of memory, comes out; nothing is trusted then, and this connection is of no
        more use: `disconnected` ends it.
        """
        if self._connection is None:
            raise UsageError("connected() comes before receive_data()")
        now = self._begin(now)
        try:
            for _ in self._connection.receive_each(data, now):
                self._process(now)
            self._process(now)
            self._trust.read_ended(now)
        except BaseException as error:
            # There may be no stack left for a single call, and no memory for a text.
            self._is_cut = True
            for subscription in self._subscriptions.by_key.values():
                view = subscription.verification.view
                if view is not None:
                    view.is_proved = False
            why = f"taking in a message was cut off by {type(error).__name__}"
            for subscription in self._subscriptions.by_key.values():
                view = subscription.verification.view
                if view is not None:
                    view.distrust(why)
            raise

    def data_to_send(self) -> bytes:
        """What must go to the transport now; b"" when there is nothing."""
        return self._connection.data_to_send() if self._connection is not None else b""

    @property
    def queued_events(self) -> deque[Event]:
        """The events that `next_event` would give, to be taken out by whoever counts them itself."""
        return self._events

    def next_event(self) -> Event | None:
        """The next event, in order, or None."""
        if not self._events:
            return None
        self.stats.events += 1
        return self._events.popleft()

    def next_deadline(self) -> float | None:
        """When `handle_timeout` must be called next, or None. The time of a `Wait` is not among them."""
        connection = self._connection
        if connection is None:
            return None
        due = connection.next_deadline()
        if self._agenda.next_at is not None:
            due = earliest(due, self._late_timers.shifted(self._due()))
        return due if due is None or not self._timeline.slept else self._timeline.for_caller(due)

    def handle_timeout(self, now: float) -> None:
        """Time has passed; a call before `next_deadline()` changes nothing."""
        connection = self._connection
        if connection is None:
            return
        now = max(self._now, self._timeline.at(now))
        due = self._late_timers.shifted(self._due())
        deadline = earliest(connection.next_deadline(), due)
        if deadline is None or now < deadline:
            if self._timeline.steps != self._steps:
                self._process(self._check_line(now))
            return
        self._check_line(now)
        connection.handle_timeout(now)
        self._process(now)
        if due is not None and due <= now and self.phase is Phase.READY and not self._late_timers.puts_off(due, now):
            self._subscriber.renew(self._trust.handle_timeout(now))
            self._subscriber.handle_timeout(now)
            self._private_check.handle_timeout(connection, now)
            self._process(now)

    def _due(self) -> float | None:
        connection = self._connection
        if connection is None or connection.phase is not Phase.READY or connection.is_doubted:
            return None
        return self._agenda.next_at

    def _at(self, now: float) -> float:
        time = self._timeline.at(now)
        if time > self._now:
            self._now = time
        return self._now

    def _begin(self, now: float) -> float:
        """As `_at`, for what uses the connection: whether it may still be taken for what it was is judged before."""
        time = self._timeline.at(now)
        if time <= self._now:
            time = self._now
        connection = self._connection
        if connection is not None and (
            time - connection.heartbeat.last_proof_at > self._doubted_after or self._timeline.steps != self._steps
        ):
            return self._check_line(time)
        self._now = time
        return time

    def _check_line(self, time: float) -> float:
        """Doubt the connection when more time has passed than its peer may have outlived."""
        self._now = max(self._now, time)
        connection, timeline = self._connection, self._timeline
        assert connection is not None
        has_jumped, was_set = timeline.jumps != self._jumps, timeline.steps != self._steps
        self._jumps, self._steps = timeline.jumps, timeline.steps
        if was_set:
            self.clock.forget()
            connection.clock_was_set()
        quiet, limit = time - connection.heartbeat.last_proof_at, self._doubted_after
        if connection.phase is not Phase.READY:
            limit += self.config.open_timeout + self.config.login_timeout
        if has_jumped or (quiet > limit and not connection.is_doubted):
            what = "the wall clock jumped ahead" if has_jumped else f"nothing was read for {quiet:.0f} s"
            self._trust.doubt(
                connection.heartbeat.last_proof_at, f"{what}: the machine slept, or the program was busy for long"
            )
            connection.doubt(time, clock_was_set=was_set)
        return self._now

    # From the connection's events to the user's ------------------------------------------------------------------------

    def _process(self, now: float) -> None:
        """Take in what the connection has to say and tell it what has changed, until neither has anything more."""
        connection = self._connection
        if connection is None:
            return
        while True:
            for event in connection.take_events():
                if isinstance(event, Update):
                    if event.tells_order:
                        self._own_orders.take_update(event, now)
                        if self.delivered.is_told_again(event):
                            continue
                    self._trust.take(event, now)
                else:
                    self._trust.prove_changed(now)
                    self._take(event, connection, now)
            if connection.phase is not Phase.READY or self._trust.is_doubted:
                if not self._goes_on(connection, now):
                    return
                continue
            if self._agenda.next_at is not None and self._agenda.next_at <= now:
                self._own_orders.send_queries(connection, now)
            if not self._agenda.at_once or not self._serve(connection, now):
                return  # nearly always

    def _serve(self, connection: Connection, now: float) -> bool:
        """Whether something was due at once; it is done."""
        self._trust.prove_changed(now)
        if self._agenda.take(Item.ORDERS_ASKED):
            self._trust.orders_asked(now)
        elif self._agenda.take(Item.STARTED):
            self._subscriber.data_came(connection, now)
        elif Item.SUBSCRIPTION in self._agenda.at_once:
            self._subscriber.reconcile(connection, now)
        else:
            return False
        return True

    def _goes_on(self, connection: Connection, now: float) -> bool:
        """Whether there is more to do on a connection that is not ready, or was in doubt."""
        if connection.phase is Phase.READY and not connection.is_doubted:
            self._trust.line_proved(now)
            return True
        return connection.has_events  # an answer has ended it

    def _take(self, event: Event, connection: Connection, now: float) -> None:
        match event:
            case Replied() | Failed():
                if not (
                    self._own_orders.answers(event, now)
                    or self._subscriber.answered(event, connection, now)
                    or self._private_check.answered(event, connection, now)
                ):
                    self._events.append(self._own_orders.outcome(event, now))
            case PartAnswered():
                self._subscriber.part_answered(event, connection, now)
            case Ready():
                self.stats.connects += 1
                self.stats.reconnects += self._connecting.ready(now)
                self._events.append(event)
                self._subscriber.connection_ready()
                self._own_orders.connection_ready(now)
                self._private_check.connection_ready(now)
            case Closed():
                self._connection_lost(event, connection, now)
            case LoginFailed():
                self._connecting.login_failed(event.error)
                self._events.append(event)
            case Unrecognised():
                self._events.append(event)
                self._trust.unread()
                self._missed(event, now)
            case Interrupted():
                self._trust.interrupted(event.concerns, now, event.why)
            case _:
                self._events.append(event)

    def _missed(self, event: Unrecognised, now: float) -> None:
        """Something of these topics was missed, and perhaps what became of own orders: those are asked about first."""
        why = "a push could not be read"
        orders = OrdersMissed(topic=ANYTHING) if event.concerns == ANYTHING else event.orders
        topics = [event.concerns, None if orders is None else orders.topic]
        holed = self._trust.missed([key for key in topics if key is not None], now, why)
        are_asked = orders is not None and self._own_orders.missed(orders, now, why)
        self._trust.resume(holed, now, are_orders_asked=are_asked)

    def _connection_lost(self, event: Closed, connection: Connection, now: float) -> None:
        self._connecting.closed(event)
        signed_in_at = self._private_check.last_proof_at()
        self._private_check.connection_lost()
        self._trust.connection_lost(connection.heartbeat.last_proof_at, str(event.reason), private_since=signed_in_at)
        self._subscriber.connection_lost()
        is_covered = self._beside is not None and self._beside.knows_orders()
        self._own_orders.connection_lost(str(event.reason), now, is_covered=is_covered)
        self._events.append(event)
