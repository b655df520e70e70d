"""What every path of the local QFEX over HTTP is answered with: one request, and the problems it may meet.

Source: OpenAPI files of the venue.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from datetime import datetime
from typing import Any, Final, NamedTuple, Protocol, TypeAlias

from coinex_proto.simulator.market.exchange import Exchange
from coinex_proto.simulator.market.market import Market
from coinex_proto.simulator.qfex.accounts import KeyRing
from coinex_proto.simulator.qfex.feeds import QfexFeeds
from coinex_proto.simulator.qfex.order_entry import OrderEntry
from coinex_proto.simulator.qfex.orders import QfexOrders
from coinex_proto.simulator.qfex.twaps import Twaps

MAX_LIMIT: Final = 1000


class Problem(Exception):
    """An answer of this status, with a JSON problem."""

    def __init__(self, status: int, detail: str) -> None:
        super().__init__(detail)
        self.status = status
        self.detail = detail


TITLES: Final = {
    400: "Bad Request",
    401: "Unauthorized",
    403: "Forbidden",
    404: "Not Found",
    422: "Unprocessable Entity",
}


class HttpBackend(Protocol):
    """What the paths need of the server."""

    exchange: Exchange
    feeds: QfexFeeds
    keys: KeyRing
    own: QfexOrders
    order_entry: OrderEntry
    twaps: Twaps
    owner: int
    accounts: dict[str, int]
    """Owners by account id, the first one's among them."""

    @property
    def clock(self) -> float: ...

    def take_refusal(self, method: str) -> str | None: ...


class Call(NamedTuple):
    """One request."""

    server: HttpBackend
    params: Mapping[str, str]
    body: Mapping[str, Any]
    owner: int

    @property
    def market(self) -> Market:
        """The market that it names. Raises Problem."""
        return self.market_of(self.params.get("symbol"))

    def market_of(self, name: object) -> Market:
        found = self.server.feeds.markets.get(str(name))
        if found is None:
            raise Problem(404, f"no symbol {name}")
        return found

    @property
    def markets(self) -> list[Market]:
        """Those that it names: one, or all."""
        return [self.market] if "symbol" in self.params else list(self.server.feeds.markets.values())

    def span(self, start: str = "fromISO", end: str = "toISO") -> tuple[float, float]:
        """From when to when, in ms. Raises Problem."""
        return self._time(start, 0.0), self._time(end, float("inf"))

    def _time(self, name: str, default: float) -> float:
        text = self.params.get(name)
        if text is None:
            return default
        try:
            at = datetime.fromisoformat(text)
            return at.timestamp() * 1000 if at.tzinfo is not None else _unreadable(name)
        except ValueError:
            return _unreadable(name)

    def whole(self, name: str, default: int, least: int, most: int) -> int:
        """A whole number within bounds. Raises Problem."""
        text = self.params.get(name, str(default))
        if not text.isascii() or not text.isdigit() or not least <= int(text) <= most:
            raise Problem(422, f"{name} must be a whole number from {least} to {most}")
        return int(text)

    def page(self, rows: list[Any]) -> list[Any]:
        """The rows that limit and offset choose."""
        offset, limit = self.whole("offset", 0, 0, 10**9), self.whole("limit", 100, 1, MAX_LIMIT)
        return rows[offset : offset + limit]


def _unreadable(name: str) -> float:
    raise Problem(422, f"{name} is no RFC 3339 time")


def counted(rows: list[Any], **more: Any) -> dict[str, Any]:
    """Rows with their number."""
    return {"count": len(rows), "data": rows, **more}


def csv_of(rows: list[dict[str, Any]], names: tuple[str, ...]) -> str:
    """These columns of the rows, below their names."""
    lines = [",".join(names), *(",".join(_cell(row[name]) for name in names) for row in rows)]
    return "\n".join(lines) + "\n"


def _cell(value: Any) -> str:
    return "" if value is None else value if isinstance(value, str) else bytes(value).decode()


Paths: TypeAlias = Mapping[tuple[str, str], tuple[bool, Callable[[Call], Any]]]
"""Method and path; whether it must be signed, and what answers it."""
SYMBOL: Final = "(?P<symbol>[^/]+)"
