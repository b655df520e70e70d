"""Recordings of the local exchanges in memory: an hour of market takes no time, and the same seed gives the same bytes."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

from coinex_proto import Config, Event, coinex, coinflex, qfex, to_json
from coinex_recorder import RecordingFiles
from coinex_trio import BlockingClient, CoinexClient, memory_exchange

FAULTS = "every 7s drop mid-frame\n3% of messages corrupt\nat 17s stall 4\n3% of messages lose"


PAIR = coinflex.ASSETS_2020.pair("XBT/USDT")


def coinex_client(exchange: Any, config: Config) -> BlockingClient:
    client = CoinexClient(network=exchange.network, credentials=exchange.credentials, config=config)
    client.subscribe(
        coinex.Depth("BTCUSDT"), coinex.Trades("BTCUSDT"), coinex.Ticker(), coinex.Orders(), coinex.Balances()
    )
    return client


def qfex_mds(exchange: Any, config: Config) -> BlockingClient:
    client = BlockingClient(qfex.mds(), network=exchange.network, config=config)
    client.subscribe(qfex.Level2("AAPL-USD"), qfex.Trades("AAPL-USD"), qfex.Bbo("AAPL-USD"))
    return client


def qfex_trade(exchange: Any, config: Config) -> BlockingClient:
    client = BlockingClient(qfex.trade(credentials=exchange.credentials), network=exchange.network, config=config)
    client.subscribe(qfex.Fills(), qfex.Orders(), qfex.Balances())
    return client


def coinflex_client(exchange: Any, config: Config) -> BlockingClient:
    client = BlockingClient(
        coinflex.live(credentials=exchange.credentials, url=exchange.url), network=exchange.network, config=config
    )
    client.subscribe(coinflex.OrderBook(*PAIR), coinflex.Ticker(*PAIR), coinflex.OwnOrders())
    return client


CLIENTS: dict[str, tuple[str, Callable[[Any, Config], BlockingClient]]] = {
    "coinex": ("coinex", coinex_client),
    "qfex mds": ("qfex", qfex_mds),
    "qfex trade": ("qfex", qfex_trade),
    "coinflex": ("coinflex", coinflex_client),
}


@contextmanager
def recorded(
    name: str,
    directory: Path,
    *,
    seconds: float = 40.0,
    seed: int = 3,
    faults: str = FAULTS,
    files_wanted: int = 1,
    **options: Any,
) -> Iterator[tuple[list[str], Any, RecordingFiles]]:
    """The events of a live client as JSON, the exchange, and the files, which are complete."""
    venue, make = CLIENTS[name]
    exchange: Any = memory_exchange(venue, seed=seed, faults=faults)  # type: ignore[call-overload]
    live: list[str] = []
    with RecordingFiles(directory, **options) as files:
        client = make(exchange, Config(recorder=files, retry_first=True))
        client.on(Event)(lambda event: live.append(to_json(event)))
        client.on_error(lambda event, error: None)
        with client:
            for number in range(1, files_wanted):
                client.run(seconds=seconds / files_wanted)
                files.rotate()
                while len(files.paths) <= number:  # the writing thread has time of its own
                    client.run(seconds=0.1)
            client.run(seconds=seconds / files_wanted)
    yield live, exchange, files
