"""The two public HTTP queries: which assets there are, and which markets. What is sent, and how the answer is read.

Nothing here does I/O. Source: CoinFLEX API v1, REST `/assets/` and `/markets/`.
"""

from __future__ import annotations

from collections.abc import Mapping
from decimal import Decimal
from typing import Any, ClassVar, Final, Generic, TypeAlias, TypeVar, final

import msgspec
from attrs import frozen

from coinex_proto.coinflex.assets import Asset, Assets, Market
from coinex_proto.decoding import UNREADABLE
from coinex_proto.errors import PayloadError, RequestRefused, quoted
from coinex_proto.fitting import fitted
from coinex_proto.rows import Row, keep_extra

R_co = TypeVar("R_co", covariant=True)
T = TypeVar("T")

LIVE_HTTP_URL: Final = "https://webapi.coinflex.com"

OK: Final = 200
TOO_MANY_REQUESTS: Final = 429
SERVER_ERRORS: Final = range(500, 600)

Pair: TypeAlias = tuple[int, int]
"""Base and counter: two markets may share a base, so that it alone is no key."""

_ROWS: Final = msgspec.json.Decoder(list[dict[str, Any]], float_hook=Decimal)


@frozen(kw_only=True)
class HttpQuery(Generic[R_co]):
    """One GET without sign-in."""

    path: ClassVar[str]

    @property
    def target(self) -> str:
        """Path and query."""
        return self.path

    def read(self, body: bytes) -> R_co:
        """The answer. Raises `PayloadError`."""
        raise NotImplementedError(f"{type(self).__name__} does not say how its answer is read")

    def parse(self, status: int, body: bytes) -> R_co:
        """The answer of this status. Raises `RequestRefused` (its code is the status) and `PayloadError`."""
        if status != OK:
            is_passing = status == TOO_MANY_REQUESTS or status in SERVER_ERRORS
            said = body[:200].decode("utf-8", "replace")
            raise RequestRefused(status, said, retryable=is_passing, hint=f"GET {self.target}")
        return self.read(body)


@final
@frozen(kw_only=True)
class GetAssets(HttpQuery[Assets]):
    """The table of assets."""

    path: ClassVar[str] = "/assets/"

    active_only: bool = True
    """False: those too that are not traded any more."""

    @property
    def target(self) -> str:
        """Path and query."""
        return self.path if self.active_only else f"{self.path}?activeOnly=false"

    def read(self, body: bytes) -> Assets:
        """The table."""
        assets = _decoded(Asset, body, self.path)
        return Assets(assets)


@final
@frozen(kw_only=True)
class GetMarkets(HttpQuery[Mapping[Pair, Market]]):
    """All markets by their two codes."""

    path: ClassVar[str] = "/markets/"

    def read(self, body: bytes) -> Mapping[Pair, Market]:
        """By base and counter."""
        return {(market.base, market.counter): market for market in _decoded(Market, body, self.path)}


def _decoded(kind: type[T], body: bytes, path: str) -> tuple[T, ...]:
    """One row an entry, with what it does not know as `extra`."""
    try:
        return tuple([_row(kind, sent) for sent in _ROWS.decode(body)])
    except UNREADABLE as problem:
        raise PayloadError(f"the answer to GET {path} cannot be read: {quoted(problem)}") from problem


def _row(kind: type[T], sent: dict[str, Any]) -> T:
    row, left_out = fitted(kind, sent)
    if isinstance(row, Row):
        keep_extra(row, sent, frozenset(path.removeprefix("$.") for path in left_out))
    return row
