"""Orders and stop orders over HTTP.  What is done here shows up on the sockets, and the reverse.

Source: CoinEx HTTP API v2, order and deal pages of spot and futures.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Iterable, Mapping
from functools import partial
from typing import Any, Final, TypeVar

from attrs import evolve

from coinex_proto.simulator.coinex.error_codes import ApiError, Problem, bad_argument, bad_parameter
from coinex_proto.simulator.coinex.http_request import ApiRequest, Endpoint, Page, Table, batch
from coinex_proto.simulator.coinex.wire import amount as amount_text
from coinex_proto.simulator.coinex.wire import rate, units, user_deal
from coinex_proto.simulator.market.amounts import UNIT_PLACES
from coinex_proto.simulator.market.market import Market
from coinex_proto.simulator.market.matching import Order
from coinex_proto.simulator.market.stops import StopOrder

Kept = TypeVar("Kept", Order, StopOrder)

KINDS: Final = ("limit", "market", "maker_only", "ioc", "fok")
PRICE_TYPES: Final = ("latest_price", "mark_price", "index_price")
MARKET_TYPES: Final = {"spot": ("SPOT",), "futures": ("FUTURES",)}

LISTED_TYPES: Final[dict[str, tuple[str, ...]]] = {"spot": ("SPOT", "MARGIN"), "futures": ("FUTURES",)}
"""There are no margin accounts here, so that lists of margin orders are empty."""

_CLIENT_ID: Final = re.compile(r"[A-Za-z0-9_-]{1,32}", re.ASCII)


def order_fields(market: Market, order: Order, *, with_status: bool = False) -> dict[str, Any]:
    """An order as HTTP writes it."""
    spec = market.spec
    fields: dict[str, Any] = {
        "order_id": order.order_id,
        "market": spec.name,
        "market_type": spec.wallet.upper(),
        "side": order.side,
        "type": order.kind,
        "amount": amount_text(market, order, order.amount),
        "price": market.price_text(order.price),
        "unfilled_amount": amount_text(market, order, order.left),
        "filled_amount": market.amount_text(order.filled),
        "filled_value": units(order.filled_value),
        "client_id": order.client_id,
        "maker_fee_rate": rate(order.maker_rate),
        "taker_fee_rate": rate(order.taker_rate),
        "last_filled_amount": market.amount_text(order.last_lots),
        "last_filled_price": market.price_text(order.last_price) if order.last_price else "0",
        "created_at": order.created_ms,
        "updated_at": order.updated_ms,
    }
    if spec.wallet == "spot":
        fields["ccy"] = spec.quote if order.spends_quote else spec.base
        fields |= {"base_fee": units(order.base_fee), "quote_fee": units(order.quote_fee), "discount_fee": "0"}
    else:
        fields |= {"fee": units(order.quote_fee), "fee_ccy": spec.settle, "realized_pnl": units(order.realized)}
    if with_status:
        fields["status"] = _status(order)
    return fields


def _status(order: Order) -> str:
    if not order.finish:
        return "part_filled" if order.filled else "open"
    return "filled" if order.finish == "filled" else "part_canceled"


def stop_fields(market: Market, stop: StopOrder, *, with_status: bool = False) -> dict[str, Any]:
    """A stop order as HTTP writes it."""
    spec = market.spec
    fields: dict[str, Any] = {
        "stop_id": stop.stop_id,
        "market": spec.name,
        "market_type": spec.wallet.upper(),
        "side": stop.side,
        "type": stop.kind,
        "amount": units(stop.amount) if stop.spends_quote else market.amount_text(stop.amount),
        "price": market.price_text(stop.price) if stop.price else "0",
        "client_id": stop.client_id,
        "created_at": stop.created_ms,
        "updated_at": stop.updated_ms,
        "trigger_price": market.price_text(stop.trigger_price),
        "trigger_direction": stop.direction,
        "trigger_price_type": stop.price_type,
    }
    if spec.wallet == "spot":
        fields["ccy"] = spec.quote if stop.spends_quote else spec.base
    if with_status:
        fields["status"] = stop.status
    return fields


def order_terms(request: ApiRequest, market: Market) -> dict[str, Any]:
    """The parameters that orders and stop orders share, checked."""
    kind = request.one_of("type", KINDS)
    spends_quote = _spends_quote(request, market, kind)
    client_id = request.text("client_id", "")
    if client_id and not _CLIENT_ID.fullmatch(client_id):
        raise bad_argument()
    return {
        "side": request.one_of("side", ("buy", "sell")),
        "kind": kind,
        "amount": request.scaled("amount", UNIT_PLACES if spends_quote else market.spec.amount_places),
        "price": 0 if kind == "market" else request.scaled("price", market.spec.price_places),
        "spends_quote": spends_quote,
        "client_id": client_id,
        "stp": request.one_of("stp_mode", ("", "ct", "cm", "both"), ""),
        "is_hidden": request.params.get("is_hide") is True,
    }


def _spends_quote(request: ApiRequest, market: Market, kind: str) -> bool:
    """A market order counts its amount in what `ccy` names, without it a buy in quote and a sell in base; futures in base."""
    if kind != "market" or market.spec.wallet != "spot":
        return False
    default = market.spec.quote if request.text("side") == "buy" else market.spec.base
    currency = request.one_of("ccy", ("", market.spec.base, market.spec.quote), "")
    return (currency or default) == market.spec.quote


def _place(request: ApiRequest) -> object:
    request.word("market_type", MARKET_TYPES[request.module])
    market = request.market()
    order = request.exchange.place(request.owner, market.spec.key, **order_terms(request, market))
    return order_fields(market, order)


def _place_stop(request: ApiRequest) -> object:
    request.word("market_type", MARKET_TYPES[request.module])
    market = request.market()
    stop = request.exchange.stops.place(
        request.owner,
        market.spec.key,
        trigger_price=request.scaled("trigger_price", market.spec.price_places),
        price_type=request.one_of("trigger_price_type", PRICE_TYPES, "latest_price"),
        **order_terms(request, market),
    )
    return {"stop_id": stop.stop_id}


def _modify(request: ApiRequest) -> object:
    order, market = _own_order(request)
    request.exchange.modify(
        order,
        price=request.scaled_or_none("price", market.spec.price_places),
        amount=request.scaled_or_none("amount", market.spec.amount_places),
    )
    return order_fields(market, order)


def _modify_stop(request: ApiRequest) -> object:
    stop, market = _own_stop(request)
    request.exchange.stops.modify(
        stop,
        price=request.scaled_or_none("price", market.spec.price_places),
        amount=request.scaled_or_none("amount", UNIT_PLACES if stop.spends_quote else market.spec.amount_places),
        trigger_price=request.scaled_or_none("trigger_price", market.spec.price_places),
    )
    return {"stop_id": stop.stop_id}


def _cancel(request: ApiRequest) -> object:
    order, market = _own_order(request)
    return _take_back(request, market, order)


def _take_back(request: ApiRequest, market: Market, order: Order) -> dict[str, Any]:
    request.exchange.cancel(order)
    return order_fields(market, order)


def _cancel_stop(request: ApiRequest) -> object:
    stop, market = _own_stop(request)
    request.exchange.stops.cancel(stop)
    return stop_fields(market, stop)


def _cancel_all(request: ApiRequest) -> object:
    market = request.market()
    side = request.one_of("side", ("", "buy", "sell"), "")
    for order in _open_orders(request):
        if order.market == market.spec.key and side in ("", order.side):
            request.exchange.cancel(order)
    return {}


def _cancel_by_client_id(request: ApiRequest) -> object:
    name, client_id = request.text("market", ""), request.text("client_id")
    markets = request.exchange.markets
    chosen = [order for order in _open_orders(request, name) if order.client_id == client_id]
    return batch(chosen, lambda order: _take_back(request, markets[order.market], order))


def _cancel_stops_by_client_id(request: ApiRequest) -> object:
    name, client_id = request.text("market", ""), request.text("client_id")
    chosen = [stop for stop in _own_stops(request, name) if stop.status == "put" and stop.client_id == client_id]

    def cancel(stop: StopOrder) -> object:
        request.exchange.stops.cancel(stop)
        return stop_fields(request.exchange.markets[stop.market], stop)

    return batch(chosen, cancel)


def _each(name: str, one: Callable[[ApiRequest], object]) -> Callable[[ApiRequest], object]:
    """The batch form of a request: `name` lists the parameters of each."""

    def run(request: ApiRequest) -> object:
        items = request.params.get(name)
        if not isinstance(items, list) or not items:
            raise bad_parameter(name)

        def single(item: object) -> object:
            if not isinstance(item, Mapping):
                raise bad_parameter(name)
            return one(evolve(request, params=item))

        return batch(items, single)

    return run


def _bare(elements: object) -> object:
    """Spot orders of a batch as the live venue was seen to answer them: the fields of the order stand in the element itself.

    The wrapped form of the page is in it as well, so that readers of either find what they look for.
    """
    assert isinstance(elements, list)
    return [{**element["data"], **element} if element["data"] is not None else element for element in elements]


def _place_each(module: str) -> Callable[[ApiRequest], object]:
    """The batch form of placing an order: bare on spot, wrapped on futures."""
    run = _each("orders", _place)
    return (lambda request: _bare(run(request))) if module == "spot" else run


def _each_id(name: str, single_name: str, one: Callable[[ApiRequest], object]) -> Callable[[ApiRequest], object]:
    """The batch form of a request that takes a list of ids."""

    def run(request: ApiRequest) -> object:
        ids = request.params.get(name)
        if isinstance(ids, str):
            ids = ids.split(",")
        if not isinstance(ids, list) or not ids:
            raise bad_parameter(name)
        return batch(ids, lambda one_id: one(evolve(request, params={**request.params, single_name: one_id})))

    return run


def _order_status(request: ApiRequest) -> object:
    order, market = _own_order(request)
    return order_fields(market, order, with_status=True)


def _pending(request: ApiRequest) -> Page:
    client_id = request.text("client_id", "")
    orders = [
        order for order in _open_orders(request, request.text("market", "")) if client_id in ("", order.client_id)
    ]
    return _order_page(request, orders)


def _finished(request: ApiRequest) -> Page:
    name = request.text("market", "")
    orders = [order for order in _own_orders(request, name) if order.finish]
    return _order_page(request, orders, left_out=("last_filled_amount", "last_filled_price"))


def _order_page(request: ApiRequest, orders: list[Order], left_out: tuple[str, ...] = ()) -> Page:
    market_type = request.word("market_type", LISTED_TYPES[request.module])
    side = request.one_of("side", ("", "buy", "sell"), "")
    markets = request.exchange.markets
    chosen = (order for order in reversed(orders) if side in ("", order.side) and market_type != "MARGIN")
    rows = [order_fields(markets[order.market], order) for order in chosen]
    return request.page([{name: value for name, value in row.items() if name not in left_out} for row in rows])


def _stop_page(request: ApiRequest, *, is_waiting: bool) -> Page:
    market_type = request.word("market_type", LISTED_TYPES[request.module])
    side, client_id = request.one_of("side", ("", "buy", "sell"), ""), request.text("client_id", "")
    markets = request.exchange.markets
    chosen = [
        stop_fields(markets[stop.market], stop, with_status=not is_waiting)
        for stop in reversed(_own_stops(request, request.text("market", "")))
        if (stop.status == "put") is is_waiting
        and market_type != "MARGIN"
        and side in ("", stop.side)
        and client_id in ("", stop.client_id)
    ]
    return request.page(chosen)


def _user_deals(request: ApiRequest) -> Page:
    market, side = request.market(), request.one_of("side", ("", "buy", "sell"), "")
    start, end = request.number("start_time", 0), request.number("end_time", 1 << 62)
    fills = request.exchange.fills[request.owner]
    return request.page(
        [
            user_deal(fill)
            for fill in reversed(fills)
            if fill.market is market and side in ("", fill.order.side) and start <= fill.deal.created_ms <= end
        ]
    )


def _order_deals(request: ApiRequest) -> Page:
    order_id = request.number("order_id")
    fills = request.exchange.fills[request.owner]
    return request.page([user_deal(fill) for fill in reversed(fills) if fill.order.order_id == order_id])


def _own(request: ApiRequest, kept: Iterable[Kept], name: str) -> list[Kept]:
    """The caller's of this module, oldest first."""
    found = []
    for one in kept:
        spec = request.exchange.markets[one.market].spec
        if one.owner == request.owner and spec.wallet == request.module and name in ("", spec.name):
            found.append(one)
    return found


def _own_orders(request: ApiRequest, name: str = "") -> list[Order]:
    return _own(request, request.exchange.orders.values(), name)


def _open_orders(request: ApiRequest, name: str = "") -> list[Order]:
    return [order for order in _own_orders(request, name) if not order.finish]


def _own_stops(request: ApiRequest, name: str) -> list[StopOrder]:
    return _own(request, request.exchange.stops.stops.values(), name)


def _own_order(request: ApiRequest) -> tuple[Order, Market]:
    return _named(request, request.exchange.orders, "order_id")


def _own_stop(request: ApiRequest) -> tuple[StopOrder, Market]:
    return _named(request, request.exchange.stops.stops, "stop_id")


def _named(request: ApiRequest, kept: Mapping[int, Kept], id_name: str) -> tuple[Kept, Market]:
    found = kept.get(request.number(id_name))
    market = request.market()
    if found is None or found.owner != request.owner or found.market != market.spec.key:
        raise ApiError(Problem.NOT_FOUND)
    return found, market


def _table(module: str) -> Table:
    def row(group: str, handler: Callable[[ApiRequest], object], items: str = "") -> Endpoint:
        return Endpoint(handler, f"{module}_{group}", items)

    return {
        ("POST", f"/{module}/order"): row("order", _place),
        ("POST", f"/{module}/stop-order"): row("order", _place_stop),
        ("POST", f"/{module}/batch-order"): row("order", _place_each(module), "orders"),
        ("POST", f"/{module}/batch-stop-order"): row("order", _each("orders", _place_stop), "orders"),
        ("POST", f"/{module}/modify-order"): row("order", _modify),
        ("POST", f"/{module}/modify-stop-order"): row("order", _modify_stop),
        ("POST", f"/{module}/batch-modify-order"): row("order", _each("orders", _modify), "orders"),
        ("POST", f"/{module}/cancel-order"): row("cancel", _cancel),
        ("POST", f"/{module}/cancel-stop-order"): row("cancel", _cancel_stop),
        ("POST", f"/{module}/cancel-batch-order"): row(
            "cancel", _each_id("order_ids", "order_id", _cancel), "order_ids"
        ),
        ("POST", f"/{module}/cancel-batch-stop-order"): row(
            "cancel", _each_id("stop_ids", "stop_id", _cancel_stop), "stop_ids"
        ),
        ("POST", f"/{module}/cancel-all-order"): row("batch_cancel", _cancel_all),
        ("POST", f"/{module}/cancel-order-by-client-id"): row("batch_cancel", _cancel_by_client_id),
        ("POST", f"/{module}/cancel-stop-order-by-client-id"): row("batch_cancel", _cancel_stops_by_client_id),
        ("GET", f"/{module}/order-status"): row("query", _order_status),
        ("GET", f"/{module}/batch-order-status"): row("query", _each_id("order_ids", "order_id", _order_status)),
        ("GET", f"/{module}/pending-order"): row("query", _pending),
        ("GET", f"/{module}/finished-order"): row("history", _finished),
        ("GET", f"/{module}/pending-stop-order"): row("query", partial(_stop_page, is_waiting=True)),
        ("GET", f"/{module}/finished-stop-order"): row("history", partial(_stop_page, is_waiting=False)),
        ("GET", f"/{module}/user-deals"): row("history", _user_deals),
        ("GET", f"/{module}/order-deals"): row("history", _order_deals),
    }


TABLE: Final[Table] = {**_table("spot"), **_table("futures")}
