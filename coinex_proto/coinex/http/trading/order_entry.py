"""Own orders that leave over HTTP, on the tracker of a socket's session: place, change, cancel, resolve.

Without I/O: each method is a generator that yields HTTP commands and is sent their results, `HttpCaller.run` runs it. What
the answers say goes to the session at once, so that an answer, a push or a query may confirm an order, whichever comes
first. Which orders are to be asked about, and how often, the session decides.
Source: CoinEx API v2, spot/order and futures/order; what "not found" proves is in its section on cancelled orders.
"""

from __future__ import annotations

from collections.abc import Mapping
from decimal import Decimal
from types import ModuleType
from typing import Any, Final, TypeAlias, TypeVar, final

from attrs import evolve

import coinex_proto.coinex.http.futures as futures
import coinex_proto.coinex.http.spot as spot
from coinex_proto._http.errors import HttpOutcomeUnknown
from coinex_proto.coinex.http._parameters import MarketType, OrderType, Side, StpMode
from coinex_proto.coinex.http.command import HttpCommand
from coinex_proto.coinex.http.errors import HttpRefused, is_from_gateway
from coinex_proto.coinex.http.paging import next_page
from coinex_proto.coinex.http.trading.order_facts import facts_of
from coinex_proto.coinex.http.trading.order_search import resolve
from coinex_proto.coinex.http.trading.session_step import HttpCommands, Module, Step
from coinex_proto.errors import RequestRefused, SdkError, UsageError
from coinex_proto.orders.fact import OrderFact
from coinex_proto.orders.view import OrderView

R = TypeVar("R")

Number: TypeAlias = str | int | Decimal
"""Of an amount or a price; a float is refused."""

NOT_FOUND: Final = 3600
"""Code for an order that the venue does not know (any more)."""

REFUSED_AFTER: Final = 20.0
"""Seconds after which a placing call that was lost cannot take effect any more: the venue refuses what was signed more
than 5 s ago, our clock may be off by a second, and its lists may lag."""

LISTED_AFTER: Final = 2.0
"""Seconds that the venue may need until its queries know what its answers and pushes have said."""

ROWS: Final = 100
"""Of one page of orders, the most that the venue names."""

_ORDERS: Final[Mapping[Module, ModuleType]] = {"spot": spot, "futures": futures}
_MARKET_TYPES: Final[Mapping[Module, MarketType]] = {"spot": "SPOT", "futures": "FUTURES"}

_GONE: Final = "the venue does not know it any more, so it was cancelled without a fill"
_NEVER: Final = "the venue does not know it: it never arrived, or was cancelled without a fill"


@final
class OrderEntry:
    """The orders of one client, `OrderEntry(client.step, "spot")`; spot or futures, not margin.

    Its views are live. Hold the topic `Orders` of a market while you trade there: without its pushes an order is as old
    as the last answer.
    """

    def __init__(self, step: Step, module: Module, *, refused_after: float = REFUSED_AFTER) -> None:
        """`refused_after`: more than the default where `window_ms` lets signed calls live for longer than 5 s."""
        if module not in _ORDERS:
            raise UsageError(f"OrderEntry({module!r}): the halves of the venue are 'spot' and 'futures'")
        self._step = step
        self._module: Module = module
        self._requests = _ORDERS[module]
        self._refused_after = refused_after

    # Placing ----------------------------------------------------------------------------------------------------------

    def order(
        self,
        market: str,
        side: Side,
        type: OrderType,  # noqa: A002  (the wire's word)
        amount: Number,
        price: Number | None = None,
        *,
        client_id: str,
        ccy: str | None = None,
        is_hide: bool | None = None,
        stp_mode: StpMode | None = None,
    ) -> spot.PutOrder | futures.PutOrder:
        """The command that places an order. Raises `UsageError` for what cannot be sent."""
        if self._module == "spot":
            return spot.PutOrder(
                market=market,
                side=side,
                type=type,
                ccy=ccy,
                amount=amount,
                price=price,
                client_id=client_id,
                is_hide=is_hide,
                stp_mode=stp_mode,
            )
        if ccy is not None:
            raise UsageError("ccy is for spot: the amount of a futures order counts one thing only")
        return futures.PutOrder(
            market=market,
            side=side,
            type=type,
            amount=amount,
            price=price,
            client_id=client_id,
            is_hide=is_hide,
            stp_mode=stp_mode,
        )

    def place(self, command: spot.PutOrder | futures.PutOrder) -> HttpCommands[OrderView]:
        """Places an order, once; it is `sending` from before the call leaves.

        Returns its view: live, filled, or with `state` "unknown" where the answer was lost or says nothing certain; then
        a push or `resolve` tells. Raises `HttpRefused` for a no, and whatever else has certainly kept the call from
        leaving; the order is `refused` then.
        """
        if command.client_id is None:
            raise UsageError("an order needs a client_id here: without one nobody can find out what became of it")
        request_id, view = self._step(lambda session, now: session.sending(command.order(), now))
        doubts = self._doubts()
        try:
            row = yield command
        except HttpOutcomeUnknown as lost:
            why = str(lost)
            self._step(lambda session, now: session.outcome_unknown(request_id, why, now))
            return view
        except SdkError as refusal:
            why = str(refusal)
            self._step(lambda session, now: session.refused(request_id, why, now))
            raise
        except BaseException:
            self._step(lambda session, now: session.outcome_unknown(request_id, "interrupted while it was sent", now))
            raise
        facts = self._proved(facts_of(command, row), doubts)
        self._step(lambda session, now: session.apply_facts(*facts, now=now, request_id=request_id))
        return view

    # Changing ---------------------------------------------------------------------------------------------------------

    def cancel(self, order: OrderView) -> HttpCommands[OrderView]:
        """Cancels an order; one that was not found, or that has ended meanwhile, is looked up, and its view tells.

        Raises `HttpRefused`, and `HttpOutcomeUnknown` when the answer was lost: cancelling again does no harm.
        """
        live = self._live(order)
        if live.is_final:
            return live
        try:
            yield from self._apply_answer(self._cancelling(live))
        except RequestRefused as refusal:
            if refusal.code != NOT_FOUND:
                raise
        if not self._has_ended(live):
            yield from self.resolve(live)
        return live

    def modify(
        self, order: OrderView, *, amount: Number | None = None, price: Number | None = None
    ) -> HttpCommands[OrderView]:
        """Changes amount (the filled part included) or price; the order may go on under a new id, the view follows.

        Raises `HttpRefused`, which leaves the order as it was, and `HttpOutcomeUnknown`: then `resolve` or a push tells.
        """
        live = self._live(order)
        if live.order_id is None or live.market is None:
            raise UsageError(f"the venue has not told this order's id yet, so that it cannot be changed: {live!r}")
        edit = self._requests.EditOrder(market=live.market, order_id=live.order_id, amount=amount, price=price)
        yield from self._apply_answer(edit)
        return live

    def _cancelling(self, order: OrderView) -> HttpCommand[Any]:
        if order.order_id is not None and order.market is not None:
            cancelling: HttpCommand[Any] = self._requests.CancelOrder(market=order.market, order_id=order.order_id)
        elif order.client_order_id:
            cancelling = self._requests.CancelOrderByClientId(market=order.market, client_id=order.client_order_id)
        else:
            raise UsageError(f"the venue has not told this order's id, and it has no client id: {order!r}")
        return cancelling

    # Resolving --------------------------------------------------------------------------------------------------------

    def resolve(self, order: OrderView) -> HttpCommands[OrderView]:
        """Asks the venue about an order; the view tells what it knows.

        An order that the venue knew and does not know any more was cancelled without a fill. One that was never confirmed
        and is not found stays `unknown` until the lost call cannot arrive any more, then it is `refused`.
        """
        live = self._live(order)
        if live.is_final:
            return live
        self._step(lambda session, now: session.order_queried(live, now))
        if live.order_id is not None and live.market is not None:
            yield from self._look_up(live, live.market)
        if live.state == "unknown" and live.client_order_id:
            yield from self._search(live, live.client_order_id)
        return live

    def resolve_unknown(self) -> HttpCommands[int]:
        """Asks about the orders of unknown state, as after a lost connection; how many stay unknown.

        Those that were asked about a moment ago are left for later.
        """
        due = self._step(lambda session, now: session.begin_order_queries(now))
        try:
            for market in dict.fromkeys(view.market for view in due if view.market is not None):
                yield from self._list_open(market)
            for view in due:
                if view.state == "unknown":
                    yield from self.resolve(view)
        except BaseException as error:
            is_passing = (
                not isinstance(error, SdkError) or bool(getattr(error, "retryable", False)) or is_from_gateway(error)
            )
            self._step(lambda session, now: session.order_queries_failed(now, is_passing=is_passing))
            raise
        self._step(lambda session, now: session.orders_queried(now))
        return sum(view.state == "unknown" for view in self._open())

    def compare_open(self) -> HttpCommands[int]:
        """Compares the venue's list of open orders with the orders known here; how many were not as the venue says.

        What the list lacks is asked for one by one. Each difference is an `OrderChanged`, and counted in the statistics.
        """
        before = [view.snapshot() for view in self._open() if view.state == "live"]
        known = {view.order_id: view for view in before}
        listed = yield from self._list_open(None)
        missing = [view for view in before if view.order_id not in listed]
        for view in missing:
            yield from self.resolve(view)
        after = [self._live(view).snapshot() for view in before] + [
            view.snapshot() for view in self._open() if view.order_id in listed and view.order_id not in known
        ]
        differing = sum(view not in before for view in after)
        self._step(lambda session, now: session.orders_differ(differing, now))
        return differing

    def open_orders(self, market: str | None = None) -> HttpCommands[tuple[OrderView, ...]]:
        """Every own order that is open, those of other programs too; what the list lacks is asked for one by one.

        Ask with the pushes of `Orders` flowing: then nothing falls in between.
        """
        before = [view for view in self._open() if view.state != "sending" and market in (None, view.market)]
        listed = yield from self._list_open(market)
        for view in before:
            if not view.is_final and view.order_id not in listed:
                yield from self.resolve(view)
        return tuple(view for view in self._open() if market in (None, view.market))

    def _look_up(self, order: OrderView, market: str) -> HttpCommands[None]:
        try:
            yield from self._apply_answer(self._requests.GetOrderStatus(market=market, order_id=order.order_id))
        except HttpRefused as refusal:
            if refusal.code != NOT_FOUND:
                raise
            known_id = order.order_id
            listed = yield from self._list_open(market)
            if known_id not in listed and self._has_vanished(order, known_id):
                self._apply(OrderFact(order_id=known_id, market=market, state="cancelled", why=_GONE))

    def _has_vanished(self, order: OrderView, known_id: object) -> bool:
        """Whether an order that no query finds can only have been cancelled: what was filled at all is kept."""
        if order.is_final or order.order_id != known_id or order.filled:
            return False
        if order.state != "unknown":
            return self._now() >= order.updated_at + LISTED_AFTER
        client_id = order.client_order_id
        sent = self._step(lambda session, _: session.orders.sent.get(client_id)) if client_id else None
        return sent is None or self._now() >= sent.at + LISTED_AFTER

    def _search(self, order: OrderView, client_id: str) -> HttpCommands[None]:
        doubts = self._doubts()
        verdict = yield from resolve(client_id, order.market, (_MARKET_TYPES[self._module],))
        mine = [fact for fact in self._proved(verdict.facts, doubts) if order.order_id in (None, fact.order_id)]
        self._apply(*mine)
        sent = self._step(lambda session, _: session.orders.sent.get(client_id))
        if mine or order.order_id is not None or sent is None or order.state != "unknown":
            return
        if self._now() >= sent.at + self._refused_after:
            self._apply(OrderFact(client_order_id=client_id, market=order.market, state="refused", why=_NEVER))

    def _list_open(self, market: str | None) -> HttpCommands[frozenset[object]]:
        """The ids of the open orders; the tracker gets them."""
        listed: set[object] = set()
        request = self._requests.ListPendingOrder(market=market, limit=ROWS)
        while request is not None:
            page = yield from self.ask(request)
            listed.update(row.order_id for row in page.rows)
            request = next_page(request, page)
        return frozenset(listed)

    # The session ------------------------------------------------------------------------------------------------------

    def ask(self, command: HttpCommand[R]) -> HttpCommands[R]:
        """The answer to any command about own orders; the session gets what it says of them."""
        doubts = self._doubts()
        result: R = yield command
        self._apply(*self._proved(facts_of(command, result), doubts))
        return result

    def _apply_answer(self, command: HttpCommand[Any]) -> HttpCommands[None]:
        result = yield from self.ask(command)
        for item in result if isinstance(result, tuple) else ():
            if not item.is_ok:
                raise RequestRefused(item.code, item.message, command=command)

    def _doubts(self) -> int:
        return self._step(lambda session, _: session.order_doubts)

    def _proved(self, facts: tuple[OrderFact, ...], doubts: int) -> tuple[OrderFact, ...]:
        """The facts of an answer without what it cannot know: of a push that was missed since it was asked for."""
        if self._doubts() == doubts:
            return facts
        return tuple(
            evolve(fact, state=None) if fact.state == "live" and self._is_unknown(fact) else fact for fact in facts
        )

    def _is_unknown(self, fact: OrderFact) -> bool:
        view = self._step(lambda session, _: session.orders.find(fact.order_id, fact.client_order_id))
        return view is not None and view.state == "unknown"

    def _apply(self, *facts: OrderFact) -> None:
        if facts:
            self._step(lambda session, now: session.apply_facts(*facts, now=now))

    def _live(self, order: OrderView) -> OrderView:
        return self._step(lambda session, _: session.orders.live(order))

    def _has_ended(self, order: OrderView) -> bool:
        return order.is_final

    def _open(self) -> tuple[OrderView, ...]:
        return self._step(lambda session, _: session.orders.open())

    def _now(self) -> float:
        return self._step(lambda _, now: now)
