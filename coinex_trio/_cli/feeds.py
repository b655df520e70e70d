"""What `coinex watch` can watch, venue by venue: which dialect, and which topics.

A venue is one row here; the rest of the command line knows none.
"""

from __future__ import annotations

import os
from collections.abc import Callable, Mapping, Sequence
from typing import Final, TypeAlias
from urllib.parse import urlsplit

from attrs import frozen

from coinex_proto import Dialect, Event, SdkError, Topic, UsageError, coinex, qfex
from coinex_trio import BlockingClient, CoinexClient, credentials_from_env
from coinex_trio._cli.terminal import unknown_market

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
    """A client and what is wanted of it."""

    open_client: Callable[[], BlockingClient]
    topics: Topics
    views: Mapping[str, Topics] = {}
    """What another screen of the same markets needs, by its name."""
    markets: tuple[str, ...] = ()
    hint: str = ""
    """What may be the reason when it cannot be reached."""


def coinex_dialect(url: str | None, credentials: coinex.Credentials | None, *, is_futures: bool) -> Dialect:
    """Spot or futures at this URL; a URL without a path gets the venue's own."""
    make = coinex.futures if is_futures else coinex.spot
    if url is None:
        return make(credentials=credentials)
    return make(credentials=credentials, url=socket_url(url, is_futures=is_futures))


def socket_url(url: str, *, is_futures: bool) -> str:
    """The URL as it was given, with the venue's own path where it has none."""
    return url if urlsplit(url).path.strip("/") else url.rstrip("/") + ("/v2/futures" if is_futures else "/v2/spot")


def _account(*, is_futures: bool) -> Topics:
    common: Topics = (coinex.Balances(), coinex.Orders(), coinex.UserTrades())
    return (*common, coinex.Positions()) if is_futures else common


MARKET_TOPICS: Final[dict[str, Callable[[str], Topic[Event]]]] = {
    "ticker": coinex.Ticker,
    "book": coinex.Depth,
    "trades": coinex.Trades,
}
"""What is watched market by market."""


def _topic_of(make: Callable[[str], Topic[Event]], market: str) -> Topic[Event]:
    """The topic of a market. Raises `UsageError` for what is no name, and `SdkError` for a name that no market of the
    venue has.
    """
    try:
        return make(market)
    except UsageError as error:
        if not market.isalnum():
            raise
        raise SdkError(f"{unknown_market(market)} ({str(error).partition(': ')[2]})") from None


def coinex_feed(what: str, markets: Sequence[str], url: str | None, *, is_futures: bool) -> Feed:
    """What `coinex watch WHAT MARKET…` subscribes. Raises `UsageError`, for a missing key too."""
    is_private = what == "account"
    if not is_private and not markets:
        raise UsageError(f"watch {what}: name at least one market, for example BTCUSDT")
    if is_private and markets:
        raise UsageError("watch account: it has no markets to name; it is the whole account")
    topics = (
        _account(is_futures=is_futures)
        if is_private
        else tuple(_topic_of(MARKET_TOPICS[what], market) for market in markets)
    )
    module: Final = "futures" if is_futures else "spot"
    credentials = credentials_from_env() if is_private else None
    at = None if url is None else socket_url(url, is_futures=is_futures)
    return Feed(
        open_client=lambda: CoinexClient(module, credentials, url=at),
        topics=topics,
        views={} if is_private else _views(MARKET_TOPICS, markets),
        markets=tuple(markets),
        hint="" if url else SERVICE,
    )


def _views(topics: Mapping[str, Callable[[str], Topic[Event]]], markets: Sequence[str]) -> dict[str, Topics]:
    return {what: tuple(_topic_of(make, market) for market in markets) for what, make in topics.items()}


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
    return Feed(
        open_client=lambda: BlockingClient(dialect),
        topics=tuple(_topic_of(QFEX_TOPICS[what], market) for market in markets),
        views=_views(QFEX_TOPICS, markets),
        markets=tuple(markets),
    )


FEEDS: Final = {"coinex": coinex_feed, "qfex": qfex_feed}
"""By the name that `--venue` takes."""
