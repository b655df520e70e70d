"""Fixtures for the tests of bots: a local exchange in memory, and one on loopback.

pytest loads this by itself where coinex-sdk is installed. Nothing of the SDK is imported before a test uses a fixture.

    @pytest.mark.local_exchange(seed=3, markets=("BTCUSDT", "ETHUSDT"))
    def test_my_bot(coinex_exchange): ...
"""

from __future__ import annotations

from collections.abc import Iterator
from typing import TYPE_CHECKING, Any

import pytest

if TYPE_CHECKING:
    from coinex_trio._local.coinflex import CoinflexExchange
    from coinex_trio._local.qfex import QfexExchange
    from coinex_trio.exchange import Exchange

MARKER = "local_exchange(seed=0, markets=('BTCUSDT',), rate=4.0, faults=''): how the local exchange of this test is started (coinex-sdk)"


def pytest_configure(config: pytest.Config) -> None:
    """Makes the marker known."""
    config.addinivalue_line("markers", MARKER)


def _settings(request: pytest.FixtureRequest) -> dict[str, Any]:
    marker = request.node.get_closest_marker("local_exchange")
    if marker is None:
        return {}
    if marker.args:
        raise pytest.UsageError("local_exchange takes its settings by name, for example seed=3")
    return dict(marker.kwargs)


@pytest.fixture
def coinex_exchange(request: pytest.FixtureRequest) -> Exchange:
    """A CoinEx in memory, on virtual time: give `network=coinex_exchange.network` to the bot's client."""
    from coinex_trio.exchange import memory_exchange

    return memory_exchange("coinex", **_settings(request))


@pytest.fixture
def coinex_server(request: pytest.FixtureRequest) -> Iterator[Exchange]:
    """A CoinEx on loopback, in real time: give `url=coinex_server.url` to the bot's client."""
    from coinex_trio.exchange import local_exchange

    with local_exchange("coinex", **_settings(request)) as exchange:
        yield exchange


@pytest.fixture
def coinflex_exchange(request: pytest.FixtureRequest) -> CoinflexExchange:
    """A CoinFLEX in memory, on virtual time: give `network=coinflex_exchange.network` to the bot's client."""
    from coinex_trio.exchange import memory_exchange

    return memory_exchange("coinflex", **_settings(request))


@pytest.fixture
def coinflex_server(request: pytest.FixtureRequest) -> Iterator[CoinflexExchange]:
    """A CoinFLEX on loopback, in real time: give `url=coinflex_server.url` to the bot's client."""
    from coinex_trio.exchange import local_exchange

    with local_exchange("coinflex", **_settings(request)) as exchange:
        yield exchange


@pytest.fixture
def qfex_exchange(request: pytest.FixtureRequest) -> QfexExchange:
    """A QFEX in memory, on virtual time: give `network=qfex_exchange.network` to the bot's client."""
    from coinex_trio.exchange import memory_exchange

    return memory_exchange("qfex", **_settings(request))


@pytest.fixture
def qfex_server(request: pytest.FixtureRequest) -> Iterator[QfexExchange]:
    """A QFEX on loopback, in real time: give `mds_url` and `trade_url` of it to the bot's client."""
    from coinex_trio.exchange import local_exchange

    with local_exchange("qfex", **_settings(request)) as exchange:
        yield exchange
