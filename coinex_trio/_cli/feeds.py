"""What `coinex watch` can watch, venue by venue: which dialect, and which topics.

A venue is one row here; the rest of the command line knows none.
"""

from __future__ import annotations

import os
from collections.abc import Callable, Sequence
from typing import Final, TypeAlias
from urllib.parse import urlsplit

from attrs import frozen

from coinex_proto import Dialect, Event, Topic, UsageError, coinex, qfex
from coinex_trio import credentials_from_env

Topics: TypeAlias = tuple[Topic[Event], ...]

SERVICE: Final = (
    "CoinEx is reported to have stopped its service; `coinex sim` runs a local exchange, to be named by --url"
)
"""Told when the venue's own address does not answer."""


KEYS: Final = frozenset({"COINEX_ACCESS_ID", "COINEX_SECRET_KEY"})


def credentials_if_set() -> coinex.Credentials | None:
    """Those of the environment, or None when neither variable is set; one of two is a `UsageError`."""
    return credentials_from_env() if KEYS & os.environ.keys() else None


@frozen(kw_only=True)
class Feed:
    """A dialect and what is wanted on it."""

    dialect: Dialect
    topics: Topics
    hint: str = ""
    """What may be the reason when it cannot be reached."""


def coinex_dialect(url: str | None, credentials: coinex.Credentials | None, *, is_futures: bool) -> Dialect:
    """Spot or futures at this URL; a URL without a path gets the venue's own."""
    make, path = (coinex.futures, "/v2/futures") if is_futures else (coinex.spot, "/v2/spot")
    if url is None:
        return make(credentials=credentials)
    return make(credentials=credentials, url=url.rstrip("/") + path if not urlsplit(url).path.strip("/") else url)


def _account(*, is_futures: bool) -> Topics:
    common: Topics = (coinex.Balances(), coinex.Orders(), coinex.UserTrades())
    return (*common, coinex.Positions()) if is_futures else common


MARKET_TOPICS: Final[dict[str, Callable[[str], Topic[Event]]]] = {
    "ticker": coinex.Ticker,
    "book": coinex.Depth,
    "trades": coinex.Trades,
}
"""What is watched market by market."""


def coinex_feed(what: str, markets: Sequence[str], url: str | None, *, is_futures: bool) -> Feed:
    """What `coinex watch WHAT MARKET…` subscribes. Raises `UsageError`, for a missing key too."""
    is_private = what == "account"
    if not is_private and not markets:
        raise UsageError(f"watch {what}: name at least one market, for example BTCUSDT")
    dialect = coinex_dialect(url, credentials_from_env() if is_private else None, is_futures=is_futures)
    topics = _account(is_futures=is_futures) if is_private else tuple(map(MARKET_TOPICS[what], markets))
    return Feed(dialect=dialect, topics=topics, hint="" if url else SERVICE)


QFEX_TOPICS: Final[dict[str, Callable[[str], Topic[Event]]]] = {"book": qfex.Level2, "trades": qfex.Trades}


def qfex_feed(what: str, markets: Sequence[str], url: str | None, *, is_futures: bool) -> Feed:
    """QFEX market data; it needs no sign-in. Raises `UsageError`."""
    if is_futures:
        raise UsageError("--futures is for CoinEx; QFEX has one socket for all its markets")
    if what not in QFEX_TOPICS:
        raise UsageError(f"watch {what}: of QFEX there is {' and '.join(QFEX_TOPICS)}")
    if not markets:
        raise UsageError(f"watch {what}: name at least one market, for example AAPL-USD")
    dialect = qfex.mds() if url is None else qfex.mds(url=url)
    return Feed(dialect=dialect, topics=tuple(map(QFEX_TOPICS[what], markets)))


FEEDS: Final = {"coinex": coinex_feed, "qfex": qfex_feed}
"""By the name that `--venue` takes."""
