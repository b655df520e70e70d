"""What a client promises, whatever drives it."""

from __future__ import annotations

import threading
from decimal import Decimal
from functools import partial
from typing import Any

import pytest

from coinex_proto import (
    BookNotTrusted,
    Callbacks,
    Closed,
    Config,
    ConnectFailed,
    ConsumerTooSlow,
    Event,
    Failed,
    LoginRefused,
    Lost,
    NotReady,
    OutcomeUnknown,
    Ready,
    Replied,
    RequestRefused,
    RequestTimedOut,
    Restored,
    Retrying,
    Update,
    UsageError,
    coinex,
)
from coinex_proto.config import Backoff
from tests.coinex_trio.venue import Venue
from tests.conformance.driver import Driver, Handle
from tests.conformance.peer import Peer, free_port, refusing, scripted

BTC = coinex.Ticker("BTCUSDT")
ETH = coinex.Ticker("ETHUSDT")
KEYS = coinex.Credentials("a" * 32, "s" * 40)
NORMAL = b"\x03\xe8"
QUICK = Config(backoff=Backoff(first=0.01, ceiling=0.01))


def spot(peer: Peer, credentials: coinex.Credentials | None = None) -> coinex.CoinexDialect:
    return coinex.spot(credentials=credentials, url=peer.url)


def begin(handle: Handle, peer: Peer, *topics: coinex.Ticker) -> None:
    """These topics are live, with a first price."""
    handle.call(lambda client: client.subscribe(*topics))
    handle.until(lambda: "state.subscribe" in peer.venues[-1].methods())
    for topic in topics:
        peer.do(partial(Venue.ticker, market=str(topic.market)))
    handle.until(lambda: handle.client.trusted(*topics))


def last_of(event: Any) -> Decimal | None:
    found: Decimal | None = event.last
    return found


# Entering and leaving -------------------------------------------------------------------------------------------------


def test_the_block_begins_ready_and_ends_with_a_close_frame(driver: Driver, peer: Peer) -> None:
    with driver.open(spot(peer)) as handle:
        assert handle.call(lambda client: client.request(coinex.ServerTime())) == 1_700_000_000_123
    peer.until(lambda: peer.venues[0].gone)
    assert peer.venues[0].closed_with == NORMAL
    assert len(peer.venues) == 1


def test_n6_a_first_connection_that_fails_comes_out_bare_and_names_host_and_port(driver: Driver) -> None:
    with refusing() as port:
        refused = pytest.raises(ConnectFailed, match=rf"127\.0\.0\.1:{port}.*Connection refused")
        with refused, driver.open(coinex.spot(url=f"ws://127.0.0.1:{port}/")):
            pytest.fail("the block must not begin")


def test_n27_retry_first_goes_on_until_the_venue_is_there(driver: Driver) -> None:
    port = free_port()
    retries: list[int] = []
    venues: list[Any] = []
    callbacks = Callbacks()

    def retried(event: Retrying) -> None:
        retries.append(event.attempt)
        if event.attempt == 2:
            venues.append(scripted(port))
            venues[0].__enter__()

    callbacks.add(Retrying, retried)
    config = Config(retry_first=True, backoff=Backoff(first=0.01, ceiling=0.01))
    try:
        with driver.open(coinex.spot(url=f"ws://127.0.0.1:{port}/"), callbacks=callbacks, config=config):
            assert retries[:2] == [1, 2]
    finally:
        venues[0].__exit__(None, None, None)


def test_s1_refused_credentials_come_out_bare_and_are_not_tried_again(driver: Driver, peer: Peer) -> None:
    peer.prepare = lambda venue: venue.refusals.update({"server.sign": (21001, "bad signature")})
    with pytest.raises(LoginRefused, match="21001"), driver.open(spot(peer, KEYS), config=QUICK):
        pytest.fail("the block must not begin")
    assert len(peer.venues) == 1


def test_an_exception_of_the_block_comes_out_as_itself(driver: Driver, peer: Peer) -> None:
    error = KeyError("mine")
    with pytest.raises(KeyError) as caught, driver.open(spot(peer)):
        raise error
    assert caught.value is error
    peer.until(lambda: peer.venues[0].gone)
    assert peer.venues[0].closed_with is not None


def test_p9_a_group_of_the_block_is_left_as_it_is(driver: Driver, peer: Peer) -> None:
    group = ExceptionGroup("mine", [ValueError(1), TypeError(2)])
    with pytest.raises(ExceptionGroup) as caught, driver.open(spot(peer)):
        raise group
    assert caught.value is group


def test_callbacks_see_the_end_when_the_block_ends_in_good_order(driver: Driver, peer: Peer) -> None:
    seen: list[Closed] = []
    with driver.open(spot(peer)) as handle:
        handle.call(lambda client: client.on(Closed)(seen.append))
    assert len(seen) == 1


# Callbacks ------------------------------------------------------------------------------------------------------------


def test_c1_an_exception_of_a_callback_comes_out_as_itself_and_names_its_event(driver: Driver, peer: Peer) -> None:
    with pytest.raises(ZeroDivisionError) as caught, driver.open(spot(peer)) as handle:
        handle.call(lambda client: client.subscribe(BTC, callback=lambda _: 1 // 0))
        handle.until(lambda: "state.subscribe" in peer.venues[0].methods())
        peer.do(Venue.ticker)
        handle.until(lambda: False)
    assert "TickerUpdate" in caught.value.__notes__[0]
    peer.until(lambda: peer.venues[0].gone)
    assert peer.venues[0].closed_with is not None


def test_c1_with_on_error_the_client_goes_on(driver: Driver, peer: Peer) -> None:
    seen: list[object] = []
    with driver.open(spot(peer)) as handle:
        handle.call(lambda client: client.on_error(lambda event, error: seen.append((type(event), type(error)))))
        handle.call(lambda client: client.subscribe(BTC, callback=lambda _: 1 // 0))
        handle.until(lambda: "state.subscribe" in peer.venues[0].methods())
        peer.do(lambda venue: venue.tickers("1", "2"))
        handle.until(lambda: len(seen) == 2)
        assert handle.call(lambda client: client.request(coinex.Ping()))
    assert seen == [(coinex.TickerUpdate, ZeroDivisionError)] * 2


def test_c2_a_keyboard_interrupt_in_a_callback_comes_out_after_closing(driver: Driver, peer: Peer) -> None:
    def interrupt(_: Event) -> None:
        raise KeyboardInterrupt

    with pytest.raises(KeyboardInterrupt), driver.open(spot(peer)) as handle:
        handle.call(lambda client: client.subscribe(BTC, callback=interrupt))
        handle.until(lambda: "state.subscribe" in peer.venues[0].methods())
        peer.do(Venue.ticker)
        handle.until(lambda: False)
    peer.until(lambda: peer.venues[0].gone)
    assert peer.venues[0].closed_with is not None


def test_c4_a_callback_may_subscribe_unsubscribe_send_and_stop(driver: Driver, peer: Peer) -> None:
    times: list[int] = []
    with driver.open(spot(peer)) as handle:
        clients: list[Any] = []
        handle.call(clients.append)
        (client,) = clients

        def once(_: coinex.TickerUpdate) -> None:
            client.unsubscribe(BTC)
            client.subscribe(ETH)
            client.send(coinex.ServerTime(), lambda o: times.append(o.result) if isinstance(o, Replied) else None)

        handle.call(lambda client: client.subscribe(BTC, callback=once))
        handle.until(lambda: "state.subscribe" in peer.venues[0].methods())
        peer.do(lambda venue: venue.tickers("1", "2"))  # the second is not wanted any more: no second send
        handle.until(lambda: bool(times))
        assert handle.call(lambda client: [status.topic for status in client.topics()]) == [ETH]
        handle.call(lambda client: client.on(Update)(lambda _: client.stop()))
        stream = handle.call(lambda client: client.events(Update))
        peer.do(lambda venue: venue.ticker(market="ETHUSDT"))
        assert handle.take(stream) is not None
        assert handle.take(stream) is None
    assert times == [1_700_000_000_123]


def test_unsubscribe_takes_away_only_what_subscribe_gave(driver: Driver, peer: Peer) -> None:
    got: list[str] = []
    with driver.open(spot(peer)) as handle:
        handle.call(lambda client: client.subscribe(BTC, callback=lambda _: got.append("callback")))
        handle.call(lambda client: client.subscribe(BTC, callback=lambda _: got.append("another")))
        stream = handle.call(lambda client: client.events(BTC))
        handle.until(lambda: "state.subscribe" in peer.venues[0].methods())
        peer.do(lambda venue: venue.ticker("1"))
        handle.until(lambda: len(got) == 2)
        handle.call(lambda client: client.unsubscribe(BTC))
        peer.do(lambda venue: venue.ticker("2"))
        assert [last_of(handle.take(stream)), last_of(handle.take(stream))] == [1, 2]
    assert got == ["callback", "another"]


def test_p6_two_clients_may_share_callbacks_and_not_their_replies(driver: Driver, peer: Peer) -> None:
    shared = Callbacks()
    seen: list[Ready] = []
    shared.add(Ready, seen.append)
    replies: list[Any] = []
    with driver.open(spot(peer), callbacks=shared) as one, driver.open(spot(peer), callbacks=shared) as two:
        first = one.call(lambda client: client.send(coinex.ServerTime(), replies.append))
        assert first == two.call(lambda client: client.send(coinex.ServerTime(), lambda _: replies.append(2)))
        one.until(lambda: len(replies) >= 1)
        two.until(lambda: len(replies) == 2)
    assert len(seen) == 2


# Requests -------------------------------------------------------------------------------------------------------------


def test_a_refused_request_raises_what_the_venue_said(driver: Driver, peer: Peer) -> None:
    peer.prepare = lambda venue: venue.refusals.update({"server.time": (23001, "busy")})
    with driver.open(spot(peer)) as handle, pytest.raises(RequestRefused, match="23001"):
        handle.call(lambda client: client.request(coinex.ServerTime()))


def test_a_request_without_an_answer_times_out(driver: Driver, peer: Peer) -> None:
    with driver.open(spot(peer), config=Config(request_timeout=0.05)) as handle:
        peer.do(lambda venue: setattr(venue, "is_silent", True))
        with pytest.raises(RequestTimedOut):
            handle.call(lambda client: client.request(coinex.ServerTime()))


def test_s25_a_request_in_flight_when_the_connection_breaks_is_of_unknown_outcome_and_is_not_sent_again(
    driver: Driver, peer: Peer
) -> None:
    replies: list[Any] = []
    with driver.open(spot(peer), config=QUICK) as handle:
        peer.do(lambda venue: setattr(venue, "is_silent", True))
        handle.call(lambda client: client.send(coinex.ServerTime(), replies.append))
        peer.until(lambda: "server.time" in peer.venues[0].methods())
        peer.do(lambda venue: venue.reset(ConnectionResetError(104, "Connection reset by peer")))
        handle.until(lambda: bool(replies))
        handle.call(lambda client: client.ready())
        assert handle.call(lambda client: client.request(coinex.Ping()))
    assert isinstance(replies[0], Failed)
    assert isinstance(replies[0].error, OutcomeUnknown)
    assert peer.venues[-1].methods() == ["server.ping"]


def test_commands_are_refused_at_once_while_there_is_no_connection(driver: Driver, peer: Peer) -> None:
    ended: list[Closed] = []
    with driver.open(spot(peer), config=Config(backoff=Backoff(first=1000, ceiling=1000))) as handle:
        handle.call(lambda client: client.on(Closed)(ended.append))
        peer.do(Venue.end)
        handle.until(lambda: bool(ended))
        with pytest.raises(NotReady):
            handle.call(lambda client: client.request(coinex.ServerTime()))


# Topics and books -----------------------------------------------------------------------------------------------------


def test_ready_waits_until_the_topics_are_live_and_subscribes_them(driver: Driver, peer: Peer) -> None:
    with driver.open(spot(peer)) as handle:

        def push() -> None:
            peer.until(lambda: "state.subscribe" in peer.venues[0].methods())
            peer.do(Venue.ticker)

        pusher = threading.Thread(target=push)
        pusher.start()
        handle.call(lambda client: client.ready(BTC))
        pusher.join()
        assert handle.call(lambda client: client.trusted(BTC))


def test_ready_raises_what_the_venue_says_of_a_topic_it_refuses(driver: Driver, peer: Peer) -> None:
    peer.prepare = lambda venue: venue.refusals.update({"state.subscribe": (20001, "Invalid argument")})
    with driver.open(spot(peer)) as handle, pytest.raises(RequestRefused, match="20001"):
        handle.call(lambda client: client.ready(BTC))


def test_a_book_gives_no_number_before_it_is_proved(driver: Driver, peer: Peer) -> None:
    depth = coinex.Depth("BTCUSDT")
    with driver.open(spot(peer)) as handle:
        with pytest.raises(BookNotTrusted):
            handle.call(lambda client: handle.book(client, depth).best_bid)
        assert handle.call(lambda client: [status.topic for status in client.topics()]) == [depth]


def test_what_was_live_is_lost_with_the_connection_and_restored_by_new_data(driver: Driver, peer: Peer) -> None:
    seen: list[Event] = []
    with driver.open(spot(peer), config=QUICK) as handle:
        begin(handle, peer, BTC)
        handle.call(lambda client: (client.on(Lost)(seen.append), client.on(Restored)(seen.append)))
        peer.do(lambda venue: venue.reset(ConnectionResetError(104, "Connection reset by peer")))
        handle.until(lambda: bool(seen))
        assert not handle.call(lambda client: client.trusted(BTC))
        handle.until(lambda: len(peer.venues) == 2 and "state.subscribe" in peer.venues[1].methods())
        peer.do(Venue.ticker)
        handle.until(lambda: len(seen) == 2)
        assert handle.call(lambda client: client.trusted(BTC))
        assert [type(event) for event in seen] == [Lost, Restored]


# Streams --------------------------------------------------------------------------------------------------------------


def test_a_stream_loses_nothing_and_keeps_the_order(driver: Driver, peer: Peer) -> None:
    with driver.open(spot(peer)) as handle:
        stream = handle.call(lambda client: client.events(BTC))
        handle.until(lambda: "state.subscribe" in peer.venues[0].methods())
        peer.do(lambda venue: venue.tickers(*map(str, range(1, 200))))
        assert [last_of(handle.take(stream)) for _ in range(1, 200)] == list(range(1, 200))


def test_latest_keeps_the_newest_and_counts_what_it_skipped(driver: Driver, peer: Peer) -> None:
    seen: list[Event] = []
    with driver.open(spot(peer)) as handle:
        stream = handle.call(lambda client: client.latest(BTC))
        handle.call(lambda client: client.on(coinex.TickerUpdate)(seen.append))
        handle.until(lambda: "state.subscribe" in peer.venues[0].methods())
        peer.do(lambda venue: venue.tickers("1", "2", "3"))
        handle.until(lambda: len(seen) == 3)
        assert last_of(handle.take(stream)) == 3
        assert handle.call(lambda _: stream.skipped) == 2


def test_a_consumer_that_is_too_slow_is_told_so_and_the_client_goes_on(driver: Driver, peer: Peer) -> None:
    with driver.open(spot(peer), config=Config(queue_size=2)) as handle:
        stream = handle.call(lambda client: client.events(BTC))
        handle.until(lambda: "state.subscribe" in peer.venues[0].methods())
        peer.do(lambda venue: venue.tickers("1", "2", "3"))
        handle.until(lambda: handle.client.stats.messages >= 4)
        with pytest.raises(ConsumerTooSlow):
            handle.take(stream)
        assert handle.call(lambda client: client.request(coinex.Ping()))


def test_a_stream_that_is_closed_lets_go_of_its_topics(driver: Driver, peer: Peer) -> None:
    with driver.open(spot(peer)) as handle:
        stream = handle.call(lambda client: client.events(BTC))
        assert handle.call(lambda client: len(client.topics())) == 1
        handle.call(lambda _: stream.close())
        assert handle.call(lambda client: len(client.topics())) == 0
        assert handle.take(stream) is None


# Stopping, and using it in the wrong way ------------------------------------------------------------------------------


def test_s30_what_waits_ends_when_the_client_is_stopped(driver: Driver, peer: Peer) -> None:
    with driver.open(spot(peer)) as handle:
        stream = handle.call(lambda client: client.events(BTC))
        handle.call(lambda client: client.stop())
        assert handle.take(stream) is None
        with pytest.raises(NotReady, match="make a new one"):
            handle.call(lambda client: client.send(coinex.Ping()))


def test_p5_stop_may_be_called_in_any_thread(driver: Driver, peer: Peer) -> None:
    clients: list[Any] = []
    with driver.open(spot(peer)) as handle:
        handle.call(clients.append)
        stream = handle.call(lambda client: client.events(BTC))
        stopper = threading.Thread(target=clients[0].stop)
        stopper.start()
        stopper.join()
        assert handle.take(stream) is None
    peer.until(lambda: peer.venues[0].gone)
    assert peer.venues[0].closed_with == NORMAL


def test_p5_another_thread_is_refused_and_told_what_to_do(driver: Driver, peer: Peer) -> None:
    clients: list[Any] = []
    errors: list[BaseException] = []

    def use() -> None:
        for call in (clients[0].topics, lambda: clients[0].subscribe(BTC), lambda: clients[0].send(coinex.Ping())):
            try:
                call()
            except UsageError as error:
                errors.append(error)

    with driver.open(spot(peer)) as handle:
        handle.call(clients.append)
        handle.call(lambda client: client.topics())
        thread = threading.Thread(target=use)
        thread.start()
        thread.join()
        assert handle.call(lambda client: client.request(coinex.Ping()))
    assert len(errors) == 3
    assert all("thread" in str(error) for error in errors)


def test_after_the_end_a_client_says_that_it_does_nothing_any_more(driver: Driver, peer: Peer) -> None:
    clients: list[Any] = []
    with driver.open(spot(peer)) as handle:
        handle.call(clients.append)
        handle.call(lambda client: client.stop())
        handle.until(lambda: peer.venues[0].gone)
    (client,) = clients
    with pytest.raises(UsageError):
        client.subscribe(BTC)
    with pytest.raises(UsageError):
        client.on(Update)(print)
    with pytest.raises(UsageError):
        client.send(coinex.Ping())


@pytest.mark.parametrize("wrong", ["BTCUSDT", None, 5])
def test_what_is_no_topic_is_a_usage_error_and_changes_nothing(driver: Driver, peer: Peer, wrong: object) -> None:
    with driver.open(spot(peer)) as handle:
        with pytest.raises(UsageError):
            handle.call(lambda client: client.subscribe(wrong))
        assert handle.call(lambda client: client.topics()) == ()
