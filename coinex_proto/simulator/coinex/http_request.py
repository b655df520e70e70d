"""One HTTP request of the local CoinEx after its checks: its parameters, its errors, and what it needs of the server.

Endpoints are rows of tables that the files of handlers bring. Source: CoinEx HTTP API v2 (errors, pagination).
"""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from typing import Any, Final, Protocol

from attrs import frozen

from coinex_proto.simulator.coinex.accounts import Accounts
from coinex_proto.simulator.coinex.feeds import Feeds
from coinex_proto.simulator.coinex.prices import Prices
from coinex_proto.simulator.coinex.private import PrivateFeeds
from coinex_proto.simulator.market.amounts import BadNumber, to_scaled
from coinex_proto.simulator.market.exchange import Exchange
from coinex_proto.simulator.market.market import Market
from coinex_proto.simulator.market.refusals import OrderRefused
from coinex_proto.simulator.market.traders import Crowds

LARGEST_PAGE: Final = 100

CODES: Final = {
    "balance": 3109,
    "amount": 3127,
    "price": 3639,
    "would_take": 3622,
    "cannot_fill": 3621,
    "thin": 3620,
    "halted": 4117,
    "gone": 3600,
}
"""Error codes of what the exchange refuses."""


class Backend(Protocol):
    """What HTTP needs of the server."""

    now: float
    seed: int | str
    exchange: Exchange
    crowds: Crowds
    prices: Prices
    feeds: dict[str, Feeds]
    private: PrivateFeeds
    notices: list[dict[str, Any]]
    accounts: Accounts

    @property
    def clock_ms(self) -> int: ...

    def take_refusal(self, method: str) -> int | None: ...


class ApiError(Exception):
    """The request is answered with this code."""

    def __init__(self, code: int, message: str) -> None:
        super().__init__(message)
        self.code, self.message = code, message


def bad_parameter(name: str) -> ApiError:
    """What a wrong or missing parameter is answered with."""
    return ApiError(3639, f"Invalid Parameter: {name}")


@frozen(kw_only=True)
class Page:
    """Rows of one page of a list."""

    rows: Sequence[object]
    has_next: bool
    total: int


@frozen(kw_only=True)
class ApiRequest:
    """One request that has passed: its parameters, and whose it is."""

    server: Backend
    module: str
    """spot or futures; spot for what belongs to neither."""
    params: Mapping[str, Any]
    owner: int
    """0 for public requests."""

    @property
    def exchange(self) -> Exchange:
        return self.server.exchange

    def text(self, name: str, default: str | None = None) -> str:
        """A text parameter.  Raises ApiError when it is missing and has no default, or is no text."""
        value = self.params.get(name, default)
        if not isinstance(value, str) or (value == "" and default is None):
            raise bad_parameter(name)
        return value

    def number(self, name: str, default: int | None = None) -> int:
        """A whole number, in digits or as a JSON number."""
        value = self.params.get(name, default)
        if isinstance(value, str) and value.isascii() and value.isdigit():
            return int(value[:18])
        if type(value) is not int:
            raise bad_parameter(name)
        return value

    def one_of(self, name: str, allowed: Sequence[str], default: str | None = None) -> str:
        """A text out of a few."""
        value = self.text(name, default)
        if value not in allowed:
            raise bad_parameter(name)
        return value

    def market(self) -> Market:
        """The market that the request names; its crowd wakes."""
        found = self.server.feeds[self.module].markets.get(self.text("market"))
        if found is None:
            raise ApiError(3639, f"Invalid Parameter: market {self.text('market')[:40]} not found")
        self.server.crowds.wake(found.spec.key, self.server.now)
        return found

    def markets(self) -> list[Market]:
        """The markets that a comma-separated list names; all without one."""
        listed = self.server.feeds[self.module].markets
        names = [name for name in self.text("market", "").split(",") if name]
        if len(names) > 10:
            raise bad_parameter("market")
        return [listed[name] for name in names if name in listed] if names else list(listed.values())

    def scaled(self, name: str, places: int) -> int:
        """A decimal text above zero, in steps of 10**-places."""
        try:
            scaled = to_scaled(self.text(name), places)
        except BadNumber as error:
            raise bad_parameter(name) from error
        if scaled <= 0:
            raise bad_parameter(name)
        return scaled

    def scaled_or_none(self, name: str, places: int) -> int | None:
        """The same, None when the parameter is missing."""
        return self.scaled(name, places) if self.params.get(name) not in (None, "") else None

    def page(self, rows: Sequence[object]) -> Page:
        """The page of these rows that the request names."""
        page, limit = max(1, self.number("page", 1)), max(1, min(LARGEST_PAGE, self.number("limit", 10)))
        start = (page - 1) * limit
        return Page(rows=rows[start : start + limit], has_next=start + limit < len(rows), total=len(rows))


Handler = Callable[[ApiRequest], object]


@frozen
class Endpoint:
    """One row of a table."""

    handler: Handler
    group: str = ""
    """Rate group; empty: public and unsigned."""
    items: str = ""
    """Name of the list parameter of which each element costs one unit."""


Table = Mapping[tuple[str, str], Endpoint]


def code_and_message(error: ApiError | OrderRefused) -> tuple[int, str]:
    """What an error is answered with."""
    return (error.code, error.message) if isinstance(error, ApiError) else (CODES[error.reason], str(error))


def batch(items: Sequence[Any], one: Callable[[Any], object]) -> list[dict[str, object]]:
    """Do one thing for each item; each answers for itself."""
    found: list[dict[str, object]] = []
    for item in items:
        try:
            found.append({"code": 0, "data": one(item), "message": "OK"})
        except (ApiError, OrderRefused) as error:
            code, message = code_and_message(error)
            found.append({"code": code, "data": None, "message": message})
    return found
