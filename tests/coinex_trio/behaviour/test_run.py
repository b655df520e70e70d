"""`run`: how long it goes on, what it leaves untouched, and what comes out of it."""

import pytest

from coinex_proto import LoginRefused, coinex
from coinex_trio import BlockingClient, memory_exchange, run
from coinex_trio.exchange import Exchange

WRONG = coinex.Credentials("nobody", "wrong")


@pytest.fixture
def exchange() -> Exchange:
    return memory_exchange()


def client(exchange: Exchange, credentials: coinex.Credentials | None = None) -> BlockingClient:
    return BlockingClient(coinex.spot(url=exchange.url, credentials=credentials), network=exchange.network)


@pytest.mark.parametrize("others", [0, 1])
def test_a_slow_callback_does_not_make_it_last_longer_than_itself(exchange: Exchange, others: int) -> None:
    called: list[object] = []

    def slow(event: object) -> None:
        called.append(event)
        exchange.advance(20)

    clients = [client(exchange) for _ in range(1 + others)]
    clients[0].subscribe(coinex.Ticker(), callback=slow)
    began = exchange.network.now()
    run(*clients, seconds=5)
    assert len(called) == 1
    assert 20 <= exchange.network.now() - began < 26
    for each in clients:
        each.close()


@pytest.mark.parametrize("seconds", [0, -1])
def test_no_time_at_all_opens_nothing(exchange: Exchange, seconds: float) -> None:
    refused, one = client(exchange, WRONG), client(exchange)
    refused.run(seconds)
    run(refused, one, seconds=seconds)
    with pytest.raises(LoginRefused), refused:
        pass
    assert one.request(coinex.ServerTime()) > 0
    one.close()


@pytest.mark.parametrize("seconds", [0, 5])
def test_what_has_ended_a_client_comes_out_each_time(exchange: Exchange, seconds: float) -> None:
    refused, other = client(exchange, WRONG), client(exchange)
    for _ in range(2):
        with pytest.raises(LoginRefused):
            run(refused, other, seconds=5)
    with pytest.raises(LoginRefused):
        run(refused, other, seconds=seconds)
    with pytest.raises(LoginRefused):
        refused.run(seconds)
    other.close()
