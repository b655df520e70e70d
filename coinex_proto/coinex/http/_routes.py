"""Every path of CoinEx HTTP v2: its method, rate group, whether it is signed, and what it costs.

The one table that both the typed commands and `call` use. It must not know any parameter or result.
Source: CoinEx API v2, the table of rate limits; pages of the single endpoints. 132 paths, each with one method or two.
"""

from __future__ import annotations

from collections.abc import Mapping
from types import MappingProxyType
from typing import Final

from attrs import frozen

from coinex_proto.config import Rate
from coinex_proto.errors import UsageError, quoted

_POSITION_CHANGES: Final = (
    "POST /futures/close-position",
    "POST /futures/adjust-position-margin",
    "POST /futures/adjust-position-leverage",
    "POST /futures/set-position-stop-loss",
    "POST /futures/modify-position-stop-loss",
    "POST /futures/cancel-position-stop-loss",
    "POST /futures/set-position-take-profit",
    "POST /futures/modify-position-take-profit",
    "POST /futures/cancel-position-take-profit",
)


def _orders_on(
    half: str, *, more_history: tuple[str, ...] = (), more_orders: tuple[str, ...] = ()
) -> dict[str, tuple[str, ...]]:
    """The paths of orders, stop orders and own trades, which spot and futures have in groups of their own."""

    def below(method: str, *names: str) -> tuple[str, ...]:
        return tuple(f"{method} /{half}/{name}" for name in names)

    placing = ("order", "batch-order", "modify-order", "batch-modify-order", "stop-order", "batch-stop-order")
    history = below("GET", "user-deals", "order-deals", "finished-order", "finished-stop-order")
    cancels = ("cancel-order", "cancel-stop-order", "cancel-batch-order", "cancel-batch-stop-order")
    cancels_of_many = ("cancel-order-by-client-id", "cancel-stop-order-by-client-id", "cancel-all-order")
    return {
        f"{half}_history": history + more_history,
        f"{half}_order": below("POST", *placing, "modify-stop-order") + more_orders,
        f"{half}_query": below("GET", "order-status", "batch-order-status", "pending-order", "pending-stop-order"),
        f"{half}_cancel": below("POST", *cancels),
        f"{half}_batch_cancel": below("POST", *cancels_of_many),
    }


_GROUPS: Final[dict[str, tuple[str, ...]]] = {
    "ip_only": (
        "GET /ping",
        "GET /time",
        "GET /maintain/info",
        "GET /assets/all-deposit-withdraw-config",
        "GET /assets/info",
        "GET /spot/market",
        "GET /spot/ticker",
        "GET /spot/depth",
        "GET /spot/deals",
        "GET /spot/kline",
        "GET /spot/index",
        "GET /futures/market",
        "GET /futures/ticker",
        "GET /futures/depth",
        "GET /futures/deals",
        "GET /futures/kline",
        "GET /futures/index",
        "GET /futures/funding-rate",
        "GET /futures/funding-rate-history",
        "GET /futures/premium-index-history",
        "GET /futures/position-level",
        "GET /futures/liquidation-history",
        "GET /futures/basis-history",
    ),
    "unlisted": (
        "GET /account/info",
        "GET /account/futures-market-settings",
        "POST /account/futures-market-settings",
        "GET /account/subs/balance",
        "GET /assets/credit/balance",
        "GET /assets/spot/transcation-history",
        "GET /assets/amm/liquidity-pool",
        "GET /refer/referee",
        "GET /refer/referee-rebate/record",
        "GET /refer/referee-rebate/detail",
        "GET /refer/agent-referee",
        "GET /refer/agent-rebate/record",
        "GET /refer/agent-rebate/detail",
    ),
    "spot_account_write": (
        "POST /account/settings",
        "POST /account/subs",
        "POST /account/subs/frozen",
        "POST /account/subs/unfrozen",
        "POST /account/subs/api",
        "POST /account/subs/edit-api",
        "POST /account/subs/delete-api",
        "POST /account/subs/transfer",
        "POST /assets/margin/borrow",
        "POST /assets/margin/repay",
        "POST /assets/renewal-deposit-address",
        "POST /assets/withdraw",
        "POST /assets/cancel-withdraw",
        "POST /assets/transfer",
        "POST /assets/amm/add-liquidity",
        "POST /assets/amm/remove-liquidity",
    ),
    "spot_account_query": (
        "GET /account/trade-fee-rate",
        "GET /account/subs",
        "GET /account/subs/api",
        "GET /account/subs/api-detail",
        "GET /account/subs/info",
        "GET /account/subs/spot-balance",
        "GET /assets/spot/balance",
        "GET /assets/margin/balance",
        "GET /assets/financial/balance",
        "GET /assets/amm/liquidity",
        "GET /assets/credit/info",
        "GET /assets/deposit-address",
        "GET /assets/deposit-withdraw-config",
        "GET /assets/amm/income-history",
    ),
    "spot_account_history": (
        "GET /account/subs/transfer-history",
        "GET /assets/margin/borrow-history",
        "GET /assets/margin/interest-limit",
        "GET /assets/deposit-history",
        "GET /assets/withdraw",
        "GET /assets/transfer-history",
    ),
    "futures_account_query": (
        "GET /assets/futures/balance",
        "GET /futures/pending-position",
        "GET /futures/position-margin-history",
        "GET /futures/position-funding-history",
        "GET /futures/position-adl-history",
        "GET /futures/position-settle-history",
    ),
    **_orders_on("spot"),
    **_orders_on("futures", more_history=("GET /futures/finished-position",), more_orders=_POSITION_CHANGES),
}
"""Paths by rate group."""

_UNSIGNED: Final = frozenset({"GET /assets/deposit-withdraw-config", "GET /assets/amm/liquidity-pool"})
"""Public endpoints that lie outside the group of public endpoints."""

_COST_PER_ITEM: Final[dict[str, str]] = {
    f"POST /{half}/{name}": items
    for half in ("spot", "futures")
    for name, items in {
        "batch-order": "orders",
        "batch-stop-order": "orders",
        "batch-modify-order": "orders",
        "cancel-batch-order": "order_ids",
        "cancel-batch-stop-order": "stop_ids",
    }.items()
}
"""A batch costs one unit for each element of this parameter; every other request costs one."""


_PER_SECOND: Final[dict[str, float]] = {
    "ip_only": 400.0,
    "unlisted": 10.0,
    "spot_order": 30.0,
    "spot_cancel": 60.0,
    "spot_batch_cancel": 40.0,
    "spot_query": 50.0,
    "spot_history": 10.0,
    "spot_account_write": 10.0,
    "spot_account_query": 10.0,
    "spot_account_history": 10.0,
    "futures_order": 20.0,
    "futures_cancel": 40.0,
    "futures_batch_cancel": 20.0,
    "futures_query": 50.0,
    "futures_history": 10.0,
    "futures_account_query": 10.0,
}
"""Units that a group regains each second. "unlisted" is not published: 10 is what comparable groups have."""

IP_GROUP: Final = "ip_only"
"""The limit of one address over all requests, 400 a second."""

LIMITS: Final[Mapping[str, Rate]] = MappingProxyType(
    {group: Rate(per_second=rate, burst=rate) for group, rate in _PER_SECOND.items()}
)
"""The bucket of each group. Depth is not published: one second's worth is assumed."""

IMMEDIATE_GROUPS: Final = frozenset({"spot_order", "futures_order"})
"""Requests that place or change orders and positions: sent now or not at all, since a late order is a wrong order."""


@frozen(kw_only=True)
class Route:
    """One endpoint of the venue: method and path below the base URL."""

    method: str
    path: str
    group: str
    is_signed: bool
    cost_per_item: str | None = None
    """The list parameter whose length is the cost; None: the cost is 1."""

    @property
    def changes_something(self) -> bool:
        """Whether sending it twice is not the same as sending it once; such a request is never retried."""
        return self.method != "GET"

    @property
    def module(self) -> str:
        """The first part of the path, for example "spot"."""
        return self.path.split("/")[1]

    @property
    def may_wait(self) -> bool:
        """False: when the rate limit does not allow it now, it is refused rather than delayed."""
        return self.group not in IMMEDIATE_GROUPS

    def __str__(self) -> str:
        return f"{self.method} {self.path}"


def _route(group: str, name: str) -> Route:
    method, _, path = name.partition(" ")
    return Route(
        method=method,
        path=path,
        group=group,
        is_signed=group != IP_GROUP and name not in _UNSIGNED,
        cost_per_item=_COST_PER_ITEM.get(name),
    )


ROUTES: Final[Mapping[str, Route]] = MappingProxyType(
    {name: _route(group, name) for group, names in _GROUPS.items() for name in names}
)
"""All documented endpoints by "METHOD /path"."""


def get(path: str) -> Route:
    """The documented GET of this path."""
    return ROUTES[f"GET {path}"]


def post(path: str) -> Route:
    """The documented POST of this path."""
    return ROUTES[f"POST {path}"]


_OTHER_METHOD: Final = {"GET": "POST", "POST": "GET"}


def route_of(method: str, path: str) -> Route:
    """The route of any command; a path that is not documented counts as signed, in the group of unlisted endpoints.

    Raises `UsageError` for a method other than GET and POST, a path that does not begin with a slash or holds more than
    a path, and a documented path with the wrong method.
    """
    if method not in _OTHER_METHOD:
        raise UsageError(f"method must be GET or POST, not {quoted(method)}")
    known = ROUTES.get(f"{method} {path}")
    if known is not None:
        return known
    if f"{_OTHER_METHOD[method]} {path}" in ROUTES:
        raise UsageError(f"{path} is a {_OTHER_METHOD[method]}, not a {method}")
    if not _is_plain(path):
        raise UsageError(f"path must look like /spot/order (no host, no /v2, no query), not {quoted(path)}")
    return Route(method=method, path=path, group="unlisted", is_signed=True)


def _is_plain(path: object) -> bool:
    if not isinstance(path, str):
        return False
    allowed = path.replace("-", "").replace("_", "").replace("/", "")
    return path.startswith("/") and not path.startswith(("//", "/v2/")) and allowed.isascii() and allowed.isalnum()
