"""One HTTP request of the local CoinEx after its checks: its parameters, and what it needs of the server.

Endpoints are rows of tables that the files of handlers bring. Source: CoinEx HTTP API v2 (pagination).
"""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from typing import Any, Final, Protocol

from attrs import frozen

from coinex_proto.simulator.coinex.accounts import Accounts
from coinex_proto.simulator.coinex.error_codes import REFUSALS, ApiError, bad_argument, bad_parameter, no_market
from coinex_proto.simulator.coinex.feeds import Feeds
from coinex_proto.simulator.coinex.prices import Prices
from coinex_proto.simulator.coinex.private import PrivateFeeds
from coinex_proto.simulator.coinex.records import Records
from coinex_proto.simulator.market.amounts import BadNumber, to_scaled
from coinex_proto.simulator.market.exchange import Exchange
from coinex_proto.simulator.market.market import Market
from coinex_proto.simulator.market.refusals import OrderRefused
from coinex_proto.simulator.market.traders import Crowds

LARGEST_PAGE: Final = 100


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
    records: Records

    @property
    def clock_ms(self) -> int: ...

    def take_refusal(self, method: str) -> int | None: ...

    def wake_soon(self, key: str) -> None: ...


@frozen(kw_only=True)
class Page:
    """Rows of one page of a list."""

    rows: Sequence[object]
    has_next: bool
    total: int
    key: str = "pagination"
    """How the envelope spells it."""


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

    def count(self, name: str, default: int) -> int:
        """A whole number from 1 on.  Raises ApiError."""
        value = self.number(name, default)
        if value < 1:
            raise bad_parameter(name)
        return value

    def flag(self, name: str, default: bool | None = None) -> bool:
        """A truth value: true or false in a query, a JSON boolean in a body."""
        value = {"true": True, "false": False}.get(str(self.params.get(name, default)).lower())
        if value is None:
            raise bad_parameter(name)
        return value

    def word(self, name: str, allowed: Sequence[str], default: str | None = None) -> str:
        """A text out of a few in capitals, which may come in small letters."""
        value = self.text(name, default).upper()
        if value not in allowed:
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
            raise no_market(self.text("market"))
        self.server.crowds.wake(found.spec.key, self.server.now)
        return found

    def markets(self) -> list[Market]:
        """The markets that a comma-separated list names, without unknown ones if it names others; all without a list."""
        listed = self.server.feeds[self.module].markets
        names = [name for name in self.text("market", "").split(",") if name]
        if len(names) > 10:
            raise bad_parameter("market")
        if names and not any(name in listed for name in names):
            raise no_market(names[0])
        return [listed[name] for name in names if name in listed] if names else list(listed.values())

    def scaled(self, name: str, places: int) -> int:
        """A decimal text above zero, in steps of 10**-places."""
        try:
            scaled = to_scaled(self.text(name), places)
        except BadNumber as error:
            raise bad_argument() from error
        if scaled <= 0:
            raise bad_argument()
        return scaled

    def scaled_or_none(self, name: str, places: int) -> int | None:
        """The same, None when the parameter is missing."""
        return self.scaled(name, places) if self.params.get(name) not in (None, "") else None

    def page(self, rows: Sequence[object]) -> Page:
        """The page of these rows that the request names."""
        page, limit = self.count("page", 1), min(LARGEST_PAGE, self.count("limit", 10))
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
    if isinstance(error, ApiError):
        return error.code, error.message
    return REFUSALS[error.reason].code, REFUSALS[error.reason].words


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
