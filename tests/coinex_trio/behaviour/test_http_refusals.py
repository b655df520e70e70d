"""401, 403, 407, 429 and 5xx over HTTP, on every venue and in both drivers: what is repeated, when, and what is said."""

from __future__ import annotations

from typing import Any

import pytest
import trio

from coinex_proto import RequestRefused, SdkError, qfex
from coinex_proto.coinex import Credentials
from coinex_proto.coinex.http import HttpOutcomeUnknown, assets, spot
from coinex_proto.qfex import http as qfex_http
from coinex_trio._http.coinflex import CoinflexHttp
from coinex_trio.http import BlockingHttp, open_http
from coinex_trio.qfex_http import QfexHttp, open_qfex_http
from tests.coinex_trio.http_peer import Peer, Script, http_peer, raw, reply
from tests.coinex_trio.test_http import Patient

SECRET = "a-secret-that-nobody-may-see-0123456789"
COINEX = Credentials("ACCESS-ID", SECRET)
QFEX = qfex.HmacCredentials("qfex_pub_x", SECRET)
ORDER = spot.PutOrder(market="BTCUSDT", side="buy", type="limit", amount="1", price="2", client_id="mine")
LEVERAGE = qfex_http.SetLeverage(symbol="AAPL-USD", leverage=2)
BALANCES = reply([{"ccy": "USDT", "available": "1.50", "frozen": "0"}])
STATUSES = ["401 Unauthorized", "403 Forbidden", "407 Proxy Login", "429 Too Many", "500 Oh", "503 Busy"]
PASSING = ("429", "500", "503")


def page(status: str, *headers: str) -> Script:
    return raw(b"<html>no</html>", status=status, headers=headers)


def called(peer: Peer, venue: str, driver: str, command: Any, *, retries: int) -> SdkError:
    """What the call ends in."""
    is_coinex = venue == "coinex"
    options: dict[str, Any] = {"url": peer.url if is_coinex else peer.url.removesuffix("/v2"), "retries": retries}

    async def under_trio() -> None:
        opening = open_http(COINEX, **options) if is_coinex else open_qfex_http(QFEX, **options)
        async with opening as client:
            await client.request(command)

    with pytest.raises(SdkError) as caught:
        if driver == "trio":
            trio.run(under_trio)
        elif is_coinex:
            with BlockingHttp(COINEX, network=Patient(), **options) as client:
                client.request(command)
        else:
            with QfexHttp(QFEX, network=Patient(), **options) as other:
                other.request(command)
    return caught.value


BOTH = pytest.mark.parametrize("driver", ["blocking", "trio"])
VENUES = pytest.mark.parametrize(
    ("venue", "query", "order"),
    [("coinex", assets.GetSpotBalance(), ORDER), ("qfex", qfex_http.GetPositions(), LEVERAGE)],
    ids=["coinex", "qfex"],
)


@BOTH
@VENUES
@pytest.mark.parametrize("status", STATUSES)
def test_what_changes_something_is_sent_once_whatever_is_answered(
    status: str, venue: str, query: Any, order: Any, driver: str
) -> None:
    del query
    with http_peer(page(status, "Retry-After: 0")) as peer:
        error = called(peer, venue, driver, order, retries=3)
    assert len(peer.requests) == 1
    assert isinstance(error, HttpOutcomeUnknown) == (status[0] == "5"), "a gateway's error proves nothing"
    assert status[:3] in str(error)


@BOTH
@VENUES
@pytest.mark.parametrize("status", STATUSES)
def test_a_query_is_repeated_where_that_may_help_and_its_error_names_the_status(
    status: str, venue: str, query: Any, order: Any, driver: str
) -> None:
    del order
    with http_peer(page(status)) as peer:
        error = called(peer, venue, driver, query, retries=1)
    assert len(peer.requests) == (2 if status[:3] in PASSING else 1)
    assert isinstance(error, RequestRefused)
    assert error.retryable == (status[:3] in PASSING)
    assert status[:3] in str(error)


@BOTH
@VENUES
def test_no_secret_shows_in_an_error(venue: str, query: Any, order: Any, driver: str) -> None:
    with http_peer(page("403 Forbidden")) as peer:
        errors = [called(peer, venue, driver, command, retries=0) for command in (query, order)]
    shown = "".join(f"{error!r}{error}{getattr(error, '__notes__', '')}{vars(error)}" for error in errors)
    assert SECRET not in shown
    assert all("-sign" not in str(vars(error)).lower() for error in errors)


@VENUES
def test_the_pause_that_a_server_asks_for_is_kept(venue: str, query: Any, order: Any) -> None:
    del order
    network = Patient()
    with http_peer(page("429 Too Many", "Retry-After: 17")) as peer:
        url = peer.url if venue == "coinex" else peer.url.removesuffix("/v2")
        client: Any = BlockingHttp(COINEX, url=url, network=network, retries=2) if venue == "coinex" else None
        client = client or QfexHttp(QFEX, url=url, network=network, retries=2)
        with client, pytest.raises(RequestRefused):
            client.request(query)
    assert len(peer.requests) == 3
    assert 33.9 < network.waited < 60


@BOTH
@VENUES
def test_a_pause_that_is_too_long_is_told_and_not_waited(venue: str, query: Any, order: Any, driver: str) -> None:
    del order
    with http_peer(page("503 Busy", "Retry-After: 86400")) as peer:
        error = called(peer, venue, driver, query, retries=3)
    assert len(peer.requests) == 1
    assert any("86400 s" in note for note in error.__notes__)


@pytest.mark.parametrize(
    "value", ["", "soon", "-5", "1e9", "Thu, 99 Foo 2026 00:00:00 GMT", "Mon, 01 Jan 1990 00:00:00 GMT"]
)
def test_a_pause_in_nonsense_or_in_the_past_is_none(value: str) -> None:
    with (
        http_peer(page("503 Busy", f"Retry-After: {value}"), BALANCES) as peer,
        BlockingHttp(COINEX, url=peer.url, network=Patient()) as client,
    ):
        assert len(client.request(assets.GetSpotBalance())) == 1
    assert len(peer.requests) == 2


@pytest.mark.parametrize("status", STATUSES)
def test_coinflex_says_what_was_answered_and_asks_once(status: str) -> None:
    with http_peer(page(status)) as peer, CoinflexHttp(url=peer.url.removesuffix("/v2")) as client:
        with pytest.raises(RequestRefused, match=status[:3]) as caught:
            client.assets()
        assert len(peer.requests) == 1
        assert caught.value.retryable == (status[:3] in PASSING)
