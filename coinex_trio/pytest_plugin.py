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
    from coinex_trio.swarm import Swarm

MARKER = "local_exchange(seed=0, markets=('BTCUSDT',), rate=4.0, faults=''): how the local exchange of this test is started (coinex-sdk)"

SWARM = "coinex_swarm"
SWARM_MARKER = (
    "coinex_swarm(seeds=20, venue='coinex', markets=None, rate=4.0, seconds=90.0): "
    "under how many seeds this test runs, and against what (coinex-sdk)"
)
SEEDS = 20


def pytest_addoption(parser: pytest.Parser) -> None:
    """`--swarm-seeds`: other seeds than the first twenty."""
    parser.addoption(
        "--swarm-seeds", metavar="FROM-TO", help="seeds of tests with the fixture coinex_swarm (coinex-sdk)"
    )


def pytest_configure(config: pytest.Config) -> None:
    """Makes the markers known."""
    config.addinivalue_line("markers", MARKER)
    config.addinivalue_line("markers", SWARM_MARKER)


def pytest_generate_tests(metafunc: pytest.Metafunc) -> None:
    """A test with the fixture `coinex_swarm` runs once for each seed."""
    if SWARM not in metafunc.fixturenames:
        return
    count = _settings(metafunc.definition, SWARM).get("seeds", SEEDS)
    seeds = _seeds(metafunc.config.getoption("swarm_seeds") or f"0-{count - 1}")
    metafunc.parametrize(SWARM, seeds, indirect=True, ids=[f"seed{seed}" for seed in seeds])


def _seeds(text: str) -> range:
    first, _, last = text.partition("-")
    if not first.isdecimal() or not (last or first).isdecimal():
        raise pytest.UsageError(f"--swarm-seeds {text}: one number, or two with - between them, for example 0-99")
    return range(int(first), int(last or first) + 1)


def _settings(node: pytest.Item, name: str = "local_exchange") -> dict[str, Any]:
    marker = node.get_closest_marker(name)
    if marker is None:
        return {}
    if marker.args:
        raise pytest.UsageError(f"{name} takes its settings by name, for example rate=3")
    return dict(marker.kwargs)


@pytest.fixture
def coinex_swarm(request: pytest.FixtureRequest) -> Swarm:
    """Bad weather of one seed, and the exchange behind it: give `network=coinex_swarm.network` to the bot's client."""
    from coinex_trio.swarm import Swarm

    settings = _settings(request.node, SWARM)
    settings.pop("seeds", None)
    swarm = Swarm(request.param, **settings)
    print(f"{swarm!r}\nsee it again: pytest '{request.node.nodeid}' --swarm-seeds {swarm.seed}")  # noqa: T201  (pytest shows it with a failure)
    return swarm


@pytest.fixture
def coinex_exchange(request: pytest.FixtureRequest) -> Exchange:
    """A CoinEx in memory, on virtual time: give `network=coinex_exchange.network` to the bot's client."""
    from coinex_trio.exchange import memory_exchange

    return memory_exchange("coinex", **_settings(request.node))


@pytest.fixture
def coinex_server(request: pytest.FixtureRequest) -> Iterator[Exchange]:
    """A CoinEx on loopback, in real time: give `url=coinex_server.url` to the bot's client."""
    from coinex_trio.exchange import local_exchange

    with local_exchange("coinex", **_settings(request.node)) as exchange:
        yield exchange


@pytest.fixture
def coinflex_exchange(request: pytest.FixtureRequest) -> CoinflexExchange:
    """A CoinFLEX in memory, on virtual time: give `network=coinflex_exchange.network` to the bot's client."""
    from coinex_trio.exchange import memory_exchange

    return memory_exchange("coinflex", **_settings(request.node))


@pytest.fixture
def coinflex_server(request: pytest.FixtureRequest) -> Iterator[CoinflexExchange]:
    """A CoinFLEX on loopback, in real time: give `url=coinflex_server.url` to the bot's client."""
    from coinex_trio.exchange import local_exchange

    with local_exchange("coinflex", **_settings(request.node)) as exchange:
        yield exchange


@pytest.fixture
def qfex_exchange(request: pytest.FixtureRequest) -> QfexExchange:
    """A QFEX in memory, on virtual time: give `network=qfex_exchange.network` to the bot's client."""
    from coinex_trio.exchange import memory_exchange

    return memory_exchange("qfex", **_settings(request.node))


@pytest.fixture
def qfex_server(request: pytest.FixtureRequest) -> Iterator[QfexExchange]:
    """A QFEX on loopback, in real time: give `mds_url` and `trade_url` of it to the bot's client."""
    from coinex_trio.exchange import local_exchange

    with local_exchange("qfex", **_settings(request.node)) as exchange:
        yield exchange
