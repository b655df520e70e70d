"""For each call that changes something: which query tells afterwards whether it did.

The venue has no idempotency key, so a call whose answer was lost is never repeated; this is what its error proposes
instead. Source: CoinEx API v2, the queries of each group.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Final

from coinex_proto.coinex.http._parameters import Json

_BY_ORDER: Final = ("market", "order_id")
_BY_MARKET: Final = ("market",)
_BY_CLIENT: Final = ("market", "client_id")


def _of(module: str) -> dict[str, tuple[str, tuple[str, ...]]]:
    """The orders of one half of the venue."""
    status, pending = f"/{module}/order-status", f"/{module}/pending-order"
    finished, stops = f"/{module}/finished-order", f"/{module}/pending-stop-order"
    return {
        f"/{module}/order": (pending, _BY_CLIENT),
        f"/{module}/batch-order": (pending, _BY_MARKET),
        f"/{module}/modify-order": (status, _BY_ORDER),
        f"/{module}/batch-modify-order": (pending, _BY_MARKET),
        f"/{module}/cancel-order": (status, _BY_ORDER),
        f"/{module}/cancel-batch-order": (pending, _BY_MARKET),
        f"/{module}/cancel-order-by-client-id": (pending, _BY_CLIENT),
        f"/{module}/cancel-all-order": (pending, _BY_MARKET),
        f"/{module}/stop-order": (stops, _BY_CLIENT),
        f"/{module}/batch-stop-order": (stops, _BY_MARKET),
        f"/{module}/modify-stop-order": (stops, _BY_MARKET),
        f"/{module}/cancel-stop-order": (stops, _BY_MARKET),
        f"/{module}/cancel-batch-stop-order": (stops, _BY_MARKET),
        f"/{module}/cancel-stop-order-by-client-id": (stops, _BY_CLIENT),
        f"/{module}/close-position": (finished, _BY_MARKET),
    }


_POSITION: Final = ("/futures/pending-position", _BY_MARKET)

QUERIES: Final[Mapping[str, tuple[str, tuple[str, ...]]]] = {
    **_of("spot"),
    **_of("futures"),
    "/futures/adjust-position-margin": _POSITION,
    "/futures/adjust-position-leverage": _POSITION,
    "/futures/set-position-stop-loss": _POSITION,
    "/futures/modify-position-stop-loss": _POSITION,
    "/futures/cancel-position-stop-loss": _POSITION,
    "/futures/set-position-take-profit": _POSITION,
    "/futures/modify-position-take-profit": _POSITION,
    "/futures/cancel-position-take-profit": _POSITION,
    "/assets/transfer": ("/assets/transfer-history", ("ccy",)),
    "/assets/withdraw": ("/assets/withdraw", ("ccy",)),
    "/assets/cancel-withdraw": ("/assets/withdraw", ("withdraw_id",)),
    "/assets/margin/borrow": ("/assets/margin/borrow-history", _BY_MARKET),
    "/assets/margin/repay": ("/assets/margin/borrow-history", _BY_MARKET),
    "/assets/amm/add-liquidity": ("/assets/amm/liquidity", ()),
    "/assets/amm/remove-liquidity": ("/assets/amm/liquidity", ()),
    "/account/subs/transfer": ("/account/subs/transfer-history", ("ccy",)),
}
"""The path of the query, and the parameters of the call that narrow it."""


def question_about(path: str, parameters: Mapping[str, Json]) -> str:
    """The query that tells what became of a call: "GET /spot/order-status market=BTCUSDT order_id=7"; may be empty."""
    if path not in QUERIES:
        return ""
    query, names = QUERIES[path]
    return " ".join([f"GET {query}", *(f"{name}={parameters[name]}" for name in names if name in parameters)])
