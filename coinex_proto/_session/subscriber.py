"""From what is wanted to requests: what the venue must be asked so that it sends that, and what its answers mean.

Compares each subscription's state with who holds it, joins topics into few requests, splits requests that are too large
or refused, and asks again what may be asked again. Knows no venue.
"""

from __future__ import annotations

from collections import deque
from collections.abc import Callable, Sequence
from enum import Enum
from typing import Any, Final, cast

from coinex_proto._connection.agenda import Agenda, Item
from coinex_proto._connection.requests import PartAnswered
from coinex_proto._session.subscription_states import ACKNOWLEDGED, Cause, State
from coinex_proto._session.subscriptions import AnyTopic, Subscription, Subscriptions, requested_topics_of, topics_of
from coinex_proto._session.trust import Trust
from coinex_proto.commands import Command
from coinex_proto.config import Config
from coinex_proto.connection import Connection
from coinex_proto.dialect import Dialect
from coinex_proto.errors import PayloadError, RequestRefused, RequestTimedOut
from coinex_proto.events import Failed, Replied, Subscribed, SubscribeFailed, Unsubscribed
from coinex_proto.ids import RequestId
from coinex_proto.phases import Phase
from coinex_proto.updates import Event, Update

FIRST_RETRY: Final = 1.0
"""Seconds: the least pause before a refused topic is asked for again (CoinEx 23002: at least 1 s)."""
MAX_SIGN_IN_REFUSALS: Final = 1
"""So often a topic is asked for again on a new connection after "not signed in"; else it would cost one after the other."""


class Verb(Enum):
    """What a topic request asks for."""

    START = "start"
    END = "end"


class Subscriber:
    """The topic requests of one session."""

    def __init__(
        self,
        dialect: Dialect,
        config: Config,
        subscriptions: Subscriptions,
        trust: Trust,
        events: deque[Event],
        agenda: Agenda,
    ) -> None:
        self._dialect = dialect
        self._config = config
        self._subscriptions = subscriptions
        self._trust = trust
        self._events = events
        self._agenda = agenda
        self._requested: dict[RequestId, tuple[Verb, tuple[Subscription, ...]]] = {}
        self._late: dict[RequestId, tuple[Subscription, ...]] = {}
        """Those of requests that timed out: their acknowledgement may still come."""

    def reconcile(self, connection: Connection, now: float) -> None:
        """Ask for what is wanted and not on, end what is on and not wanted."""
        start: list[Subscription] = []
        end: list[Subscription] = []
        for subject in self._agenda.take_subjects(Item.SUBSCRIPTION):
            subscription = cast("Subscription", subject)
            match subscription.state:
                case State.ON if not subscription.holders:
                    end.append(subscription)
                case State.EXPIRED:
                    end.append(subscription)
                case State.UNCERTAIN if not _waits(subscription, now):
                    end.append(subscription)
                case State.OFF | State.WAITING | State.REFUSED:
                    self._reconcile_off(subscription, start, now)
                case _:
                    pass  # a request is under way, and its answer comes here
        self._request(Verb.END, end, connection, now)
        self._request(Verb.START, start, connection, now)

    def _reconcile_off(self, subscription: Subscription, start: list[Subscription], now: float) -> None:
        """One that is off: drop it, leave it, or let it start."""
        if not subscription.holders:
            if self._subscriptions.get(subscription.key) is subscription:
                self._subscriptions.remove(subscription)
            return
        if subscription.state is State.REFUSED or _waits(subscription, now):
            return
        subscription.retried()
        over = self._subscriptions.cover(subscription)
        if over is None:
            start.append(subscription)
        elif over.verification.is_expected and not subscription.verification.is_expected:
            self._trust.expect(subscription)
            if over.state in ACKNOWLEDGED:
                self._started((subscription,), now)

    def _request(self, verb: Verb, subscriptions: Sequence[Subscription], connection: Connection, now: float) -> None:
        if not subscriptions:
            return
        left = {subscription.key: subscription for subscription in subscriptions}
        topics_asked = topics_of(subscriptions) if verb is Verb.START else requested_topics_of(subscriptions)
        for command, topics in self._requests(verb, topics_asked):
            group = tuple(left.pop(topic.key) for topic in topics)
            self._mark_requested(verb, group, now)
            request_id = connection.submit(command, now, is_topic_request=True)
            self._requested[request_id] = (verb, group)
        if left:  # the venue need not be asked
            group = tuple(left.values())
            self._mark_requested(verb, group, now)
            self._acknowledged(verb, group, now)

    def _requests(self, verb: Verb, topics: Sequence[AnyTopic]) -> list[tuple[Command[Any], Sequence[AnyTopic]]]:
        """The dialect's requests for these topics, split in halves until each fits into a frame."""
        make: Callable[[Sequence[AnyTopic]], Sequence[tuple[Command[Any], Sequence[AnyTopic]]]]
        make = self._dialect.subscribe if verb is Verb.START else self._dialect.unsubscribe
        found: list[tuple[Command[Any], Sequence[AnyTopic]]] = []
        for command, part in make(topics):
            size = len(self._dialect.encode(command, RequestId(0)).text)
            if size <= self._config.max_request_bytes or len(part) == 1:
                found.append((command, part))
            else:
                half = len(part) // 2
                found += self._requests(verb, part[:half]) + self._requests(verb, part[half:])
        return found

    def _mark_requested(self, verb: Verb, subscriptions: Sequence[Subscription], now: float) -> None:
        if verb is Verb.END:
            self._mark_ending(subscriptions, now)
            return
        for subscription in subscriptions:
            subscription.requested()
            self._trust.expect(subscription, is_asked=True)
            for single in self._subscriptions.covered(subscription):
                if not single.verification.is_expected:
                    self._trust.expect(single)

    def _mark_ending(self, subscriptions: Sequence[Subscription], now: float) -> None:
        """The venue ends the single markets together with the all-markets topic: from now on nothing vouches for them."""
        ending = [each for one in subscriptions for each in (one, *self._subscriptions.covered(one))]
        self._trust.withdraw(ending, now, "asked for again")
        for subscription in subscriptions:
            subscription.end_requested()

    # Answers ----------------------------------------------------------------------------------------------------------

    def answered(self, event: Replied[Any] | Failed, connection: Connection, now: float) -> bool:
        """Whether this was the answer to a topic request; then it is dealt with."""
        requested = self._requested.pop(event.request_id, None)
        if requested is None:
            return self._answered_late(event, now)
        verb, subscriptions = requested
        if verb is Verb.START and isinstance(event, Failed) and isinstance(event.error, RequestTimedOut):
            self._late[event.request_id] = subscriptions
        self._settle(verb, subscriptions, event, connection, now)
        return True

    def part_answered(self, answered: PartAnswered, connection: Connection, now: float) -> None:
        """One of several answers to a topic request: that of one topic."""
        event, key = answered.outcome, answered.key
        verb, subscriptions = self._requested.get(event.request_id, (Verb.START, ()))
        concerned = tuple(one for one in subscriptions if one.key == key)
        if concerned:
            self._requested[event.request_id] = (verb, tuple(one for one in subscriptions if one.key != key))
            self._settle(verb, concerned, event, connection, now)
        elif event.request_id in self._late:
            late = self._late[event.request_id]
            self._late[event.request_id] = tuple(one for one in late if one.key != key)
            self._settle_late(tuple(one for one in late if one.key == key), event, now)

    def _settle(
        self,
        verb: Verb,
        subscriptions: Sequence[Subscription],
        event: Replied[Any] | Failed,
        connection: Connection,
        now: float,
    ) -> None:
        """What the venue has said of these, in time."""
        if isinstance(event, Replied):
            unconfirmed = [subscription for subscription in subscriptions if subscription.must_confirm]
            self._acknowledged(verb, subscriptions, now)
            for subscription in unconfirmed if isinstance(event.result, Update) else ():
                self._trust.confirm(subscription, event.result, now)
            if verb is Verb.START and not event.was_answered:
                self._trust.unanswered(subscriptions, now)
        elif verb is Verb.END:
            self._ended(subscriptions)
        else:
            self._not_started(subscriptions, event, connection, now)

    def _answered_late(self, event: Replied[Any] | Failed, now: float) -> bool:
        """Whether this acknowledges a request that had timed out: what waits to be asked for again need not be."""
        late = self._late.pop(event.request_id, None)
        if late is None:
            return False
        self._settle_late(late, event, now)
        return True

    def _settle_late(self, late: Sequence[Subscription], event: Replied[Any] | Failed, now: float) -> None:
        """An answer to these that came after their request had timed out."""
        begun = [subscription for subscription in late if _awaits_answer(subscription)]
        unexpected = [subscription for subscription in begun if subscription.state is not State.ASKED]
        for subscription in unexpected:
            self._trust.expect(subscription, is_asked=True)
        for request_id, (verb, subscriptions) in self._requested.items():
            self._requested[request_id] = (verb, tuple(one for one in subscriptions if one not in begun))
        self._acknowledged(Verb.START, begun, now)
        if isinstance(event, Replied) and isinstance(event.result, Update):
            # The answer is the first state, and came while none was expected.
            for subscription in unexpected:
                self._trust.confirm(subscription, event.result, now)

    def data_came(self, connection: Connection, now: float) -> None:
        """What has begun is no longer waited for where that need not be acknowledged: a refusal is of another topic."""
        for request_id, (verb, subscriptions) in tuple(self._requested.items()):
            if verb is Verb.START and all(one.verification.is_live and not one.is_private for one in subscriptions):
                connection.confirm_started(request_id, now)

    def _acknowledged(self, verb: Verb, subscriptions: Sequence[Subscription], now: float) -> None:
        if verb is Verb.END:
            self._ended(subscriptions)
            return
        for subscription in subscriptions:
            subscription.acknowledged()
            if not subscription.must_confirm:
                self._trust.parameters_confirmed(subscription)
            if not subscription.holders or subscription.state is State.EXPIRED:
                self._agenda.add(Item.SUBSCRIPTION, subscription)
        started = [
            one for one in (*subscriptions, *self._covered_only(subscriptions)) if one.state is not State.EXPIRED
        ]
        self._started(started, now)

    def _covered_only(self, subscriptions: Sequence[Subscription]) -> list[Subscription]:
        """The single markets that these bring and that the venue was not asked for by themselves."""
        covered = (each for one in subscriptions for each in self._subscriptions.covered(one))
        return [each for each in covered if each.state in (State.OFF, State.WAITING, State.UNCERTAIN, State.REFUSED)]

    def _started(self, subscriptions: Sequence[Subscription], now: float) -> None:
        held = [subscription for subscription in subscriptions if subscription.holders]
        self._events.extend(Subscribed(topic=subscription.topic) for subscription in held)
        self._trust.mark_live([one.verification for one in held if one.is_private], now)

    def _ended(self, subscriptions: Sequence[Subscription]) -> None:
        for subscription in subscriptions:
            if subscription.state is not State.RENEWING:
                self._events.append(Unsubscribed(topic=subscription.requested_topic or subscription.topic))
            subscription.move(Cause.ENDED)
            singles = self._subscriptions.covered(subscription)
            for single in singles:
                single.move(Cause.COVER_ENDED)
            self._agenda.add(Item.SUBSCRIPTION, subscription, *singles)

    def _not_started(
        self, subscriptions: Sequence[Subscription], event: Failed, connection: Connection, now: float
    ) -> None:
        error = event.error
        is_unclear = isinstance(error, (RequestTimedOut, PayloadError))
        is_in_doubt = event.command.is_once and (is_unclear or _is_on_already(event))
        may_retry = is_unclear or is_in_doubt or (isinstance(error, RequestRefused) and error.retryable)
        self._trust.withdraw((*subscriptions, *self._covered_only(subscriptions)), now, str(error))
        if connection.phase is not Phase.READY and all(
            subscription.sign_in_refusals < MAX_SIGN_IN_REFUSALS for subscription in subscriptions
        ):
            # The refusal was of the sign-in and has ended the connection: they are asked for on the next one.
            for subscription in subscriptions:
                subscription.set_back_by_sign_in()
            return
        if not may_retry and len(subscriptions) > 1 and connection.phase is Phase.READY:
            self._request_halves(subscriptions, connection, now)
            return
        for subscription in subscriptions:
            if may_retry:
                retry_at = now + max(FIRST_RETRY, self._config.backoff.step(subscription.failures + 1))
                subscription.delayed(Cause.DOUBTED if is_in_doubt else Cause.DELAYED, retry_at)
                self._agenda.add_at(Item.RETRY, retry_at)
            else:
                subscription.refused(error)
                self._agenda.add(Item.SUBSCRIPTION, *self._subscriptions.covered(subscription))
            if subscription.holders:
                self._events.append(SubscribeFailed(topic=subscription.topic, error=error))
            else:
                self._agenda.add(Item.SUBSCRIPTION, subscription)

    def _request_halves(self, subscriptions: Sequence[Subscription], connection: Connection, now: float) -> None:
        """One bad market spoils the whole list: halves, until it stands alone."""
        half = len(subscriptions) // 2
        for subscription in subscriptions:
            subscription.move(Cause.SET_BACK)
        for part in (subscriptions[:half], subscriptions[half:]):
            self._request(Verb.START, [one for one in part if one.holders], connection, now)
            self._agenda.add(Item.SUBSCRIPTION, *(one for one in part if not one.holders))

    # The connection ---------------------------------------------------------------------------------------------------

    def connection_ready(self) -> None:
        """A new connection: everything that is wanted must be asked for."""
        self._agenda.take(Item.SUBSCRIPTION)
        self._agenda.add(Item.SUBSCRIPTION, *self._subscriptions)

    def connection_lost(self) -> None:
        """The venue has forgotten everything."""
        self._requested.clear()
        self._late.clear()
        self._agenda.cancel(Item.RETRY)
        for subscription in list(self._subscriptions):
            subscription.disconnected()
            if not subscription.holders:
                self._subscriptions.remove(subscription)
        self._agenda.take(Item.SUBSCRIPTION)

    # Time -------------------------------------------------------------------------------------------------------------

    def handle_timeout(self, now: float) -> None:
        """Ask again what may be asked again."""
        if not self._agenda.take_due(Item.RETRY, now):
            return
        waiting = [(one, one.retry_at) for one in self._subscriptions if one.retry_at is not None]
        self._agenda.add(Item.SUBSCRIPTION, *(one for one, retry_at in waiting if retry_at <= now))
        for _, retry_at in waiting:
            if retry_at > now:
                self._agenda.add_at(Item.RETRY, retry_at)

    def renew(self, subscriptions: Sequence[Subscription]) -> None:
        """Their state is in doubt: end them and ask again."""
        for subscription in subscriptions:
            over = self._subscriptions.cover(subscription)
            target = subscription if over is None or subscription.state in ACKNOWLEDGED else over
            target.move(Cause.RENEWED)
            self._agenda.add(Item.SUBSCRIPTION, target)


def _waits(subscription: Subscription, now: float) -> bool:
    """Whether it is too early to ask again for what is still wanted."""
    return bool(subscription.holders) and subscription.retry_at is not None and now < subscription.retry_at


def _is_on_already(event: Failed) -> bool:
    return isinstance(event.error, RequestRefused) and event.error.code in event.command.already_on


def _awaits_answer(subscription: Subscription) -> bool:
    """Whether an acknowledgement of an earlier request of the same parameters settles it."""
    if not subscription.holders or subscription.must_confirm:
        return False
    return subscription.state in (State.ASKED, State.WAITING, State.UNCERTAIN)
