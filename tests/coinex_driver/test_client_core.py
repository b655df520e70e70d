"""What every client does between the session and its user."""

from __future__ import annotations

import logging
import sys
from decimal import Decimal
from typing import Any

import pytest

from coinex_driver.client_core import ClientCore
from coinex_driver.stream_queue import StreamQueue, lossless
from coinex_proto import (
    Callbacks,
    Closed,
    Config,
    Event,
    Failed,
    NotReady,
    Open,
    OutcomeUnknown,
    Ready,
    Replied,
    RequestRefused,
    Sources,
    UsageError,
    coinex,
)
from tests.coinex_driver.direct import Direct

BTC = coinex.Ticker("BTCUSDT")


def connected(**options: Any) -> Direct:
    client = Direct(**options)
    client.connect()
    return client


def test_it_takes_what_it_is_made_of_and_nothing_else() -> None:
    sources = Sources(wall_time_ns=int, random_bytes=bytes)
    with pytest.raises(UsageError, match="dialect"):
        ClientCore(coinex.spot, None, Config(), sources, float)  # type: ignore[arg-type]


def test_the_clock_never_goes_back() -> None:
    client = Direct()
    assert client.core.now() == 100.0
    client.time = 99.0
    assert client.core.now() == 100.0
    client.core.set_clock(lambda: 101.0)
    assert client.core.now() == 101.0


def test_a_timer_is_due_even_where_the_clock_reads_a_rounding_less() -> None:
    client = connected()
    deadline = client.core.session.next_deadline()
    assert deadline is not None
    client.time = deadline - 1e-9
    client.core.serve_timers(deadline)
    assert client.core.now() == deadline
    assert client.core.session.next_deadline() != deadline


def test_ready_is_remembered_and_closed_is_not_yet_known_to_callbacks_before_it_is_handed_out() -> None:
    client = Direct()
    seen: list[tuple[str, bool, bool]] = []
    for kind in (Ready, Closed):
        client.core.on(kind, lambda event: seen.append((type(event).__name__, core.is_ready, core.was_ready)))
    core = client.core
    client.connect()
    client.disconnect()
    assert seen == [("Ready", True, True), ("Closed", False, True)]


def test_a_callback_that_uses_the_client_runs_in_no_other() -> None:
    client = connected()
    depth = 0
    depths: list[int] = []

    def seen(event: Event) -> None:
        nonlocal depth
        depth += 1
        depths.append(depth)
        client.subscribe(coinex.Ticker(f"M{len(depths)}USDT")) if len(depths) < 3 else None
        client.core.deliver()
        depth -= 1

    client.core.on(Event, seen)
    client.subscribe(BTC)
    assert len(depths) >= 3
    assert set(depths) == {1}


def test_what_a_callback_raises_comes_out_and_its_event_counts_as_delivered() -> None:
    client = connected()
    got: list[Decimal] = []

    def seen(update: coinex.TickerUpdate) -> None:
        got.append(update.last or Decimal(-1))
        if len(got) == 1:
            raise ValueError("mine")

    client.subscribe(BTC, callback=seen)
    client.venue.tickers("1", "2")
    with pytest.raises(ValueError, match="mine"):
        client.turn()
    client.turn()
    assert got == [1, 2]


def test_a_function_is_registered_once_for_a_topic_and_gone_with_the_subscription() -> None:
    client = connected()
    got: list[Event] = []
    client.subscribe(BTC, callback=got.append)
    client.subscribe(BTC, callback=got.append)
    client.venue.ticker()
    client.turn()
    assert len(got) == 1
    client.unsubscribe(BTC)
    client.venue.ticker()
    client.turn()
    assert len(got) == 1


def test_a_subscription_that_is_refused_leaves_no_function_behind() -> None:
    callbacks = Callbacks()
    client = connected(callbacks=callbacks)
    with pytest.raises(UsageError, match="Authentication required"):
        client.subscribe(coinex.Orders(), callback=print)
    assert not callbacks.wants(coinex.OrderUpdate, ("order", "BTCUSDT"))


def test_topics_stay_subscribed_while_somebody_holds_them() -> None:
    client = connected()
    ends: list[str] = []
    client.core.hold((BTC,), "holder", lambda: ends.append("end"))
    client.turn()
    assert [status.state for status in client.topics()] == ["acknowledged"]
    client.core.release("holder")
    assert client.topics() == ()
    assert ends == ["end"]


def test_topics_stay_subscribed_while_somebody_has_their_owner() -> None:
    client = connected()
    ends: list[str] = []
    owner = set[str]()
    client.core.hold((BTC,), "holder", lambda: ends.append("end"), owner)
    client.turn()
    del owner
    assert ends == []  # only noted: the garbage collector may have come at any moment, in any thread
    assert client.topics() == ()
    assert ends == ["end"]


def test_no_python_runs_when_a_stream_is_dropped_in_which_ctrl_c_would_be_lost() -> None:
    client = connected()
    stream = lossless(client.core, (BTC,))
    ran: list[str] = []
    sys.setprofile(lambda frame, kind, _: ran.append(frame.f_code.co_name) if kind == "call" else None)
    try:
        del stream
    finally:
        sys.setprofile(None)
    assert ran == []
    assert client.topics() == ()


def test_who_waits_for_topics_sees_them_live_or_gets_the_refusal() -> None:
    client = connected()
    is_live = client.core.when_live((BTC,))
    client.turn()
    assert not is_live()
    client.venue.ticker()
    client.turn()
    assert is_live()
    client.venue.refusals["bbo.subscribe"] = (3639, "no such market")
    is_live = client.core.when_live((coinex.BestQuote("NOUSDT"),))
    client.turn()
    with pytest.raises(RequestRefused, match="no such market"):
        is_live()


def test_a_topic_that_was_refused_is_requested_again_by_the_next_who_waits() -> None:
    client = connected()
    client.venue.refusals["state.subscribe"] = (3639, "no such market")
    client.core.when_live((BTC,))
    client.turn()
    client.venue.refusals.clear()
    is_live = client.core.when_live((BTC,))
    client.turn()
    client.venue.ticker()
    client.turn()
    assert is_live()


def test_a_request_ends_in_a_reply_or_an_error() -> None:
    client = connected()
    reply = client.core.expect_reply(client.core.send(coinex.ServerTime(), None))
    client.turn()
    assert isinstance(reply.event, Replied)
    assert reply.result() == 1_700_000_000_123
    client.venue.is_silent = True
    reply = client.core.expect_reply(client.core.send(coinex.ServerTime(), None))
    client.turn()
    client.disconnect()
    assert isinstance(reply.event, Failed)
    with pytest.raises(OutcomeUnknown):
        reply.result()


def test_a_client_that_is_stopped_sends_nothing_and_closes_within_one_budget() -> None:
    client = connected()
    assert client.core.closing_time() == 2.0
    client.stop()
    client.stop()
    client.time += 1.5
    assert client.core.closing_time() == 0.5
    client.time += 1.0
    assert client.core.closing_time() == 0.0
    with pytest.raises(NotReady, match="make a new one"):
        client.send(coinex.ServerTime())


def test_the_end_is_known_and_raised_by_whoever_waits_or_begins_something() -> None:
    client = connected()
    client.stop()
    assert client.venue.closed_with == b"\x03\xe8"
    client.disconnect()
    assert client.core.next_step() is None
    assert (client.core.is_over, client.core.error) == (True, None)
    assert isinstance(client.core.why_over("request()"), NotReady)
    with pytest.raises(UsageError, match="make a new one"):
        client.core.check_not_over()
    with pytest.raises(NotReady):
        client.core.when_live(())


def test_a_client_that_fails_says_why_and_calls_nobody_any_more() -> None:
    client = connected()
    got: list[Event] = []
    client.core.on(Event, got.append)
    error = ValueError("mine")
    client.core.fail(error)
    client.core.fail(ValueError("another"))
    client.turn()
    client.disconnect()
    client.core.next_step()
    assert got == []
    assert client.core.error is error
    with pytest.raises(ValueError, match="mine"):
        client.core.check_not_over()


def test_before_it_is_connected_it_says_what_to_do() -> None:
    step = Direct().core.next_step()
    assert isinstance(step, Open)
    assert (step.host, step.port, step.tls) == ("socket.coinex.com", 443, True)


def test_a_slow_callback_is_named_in_the_log(caplog: pytest.LogCaptureFixture, monkeypatch: pytest.MonkeyPatch) -> None:
    clock = iter(range(100))
    monkeypatch.setattr("coinex_driver.client_core.perf_counter", lambda: float(next(clock)))
    client = Direct()
    with caplog.at_level(logging.WARNING, logger="coinex_trio"):
        client.connect()
    assert "coinex spot: callbacks of Ready took 1.00 s" in caplog.text


def test_an_update_behind_a_book_is_wanted_where_a_callback_or_a_stream_wants_it() -> None:
    shared = Callbacks()
    core = Direct(callbacks=shared).core
    key = ("depth", "BTCUSDT")

    def is_wanted() -> bool:
        return core._is_wanted(coinex.DepthUpdate, key)

    assert not is_wanted()
    core.subscribe((coinex.Depth("BTCUSDT"),), print)
    assert not is_wanted(), "the book is not the update it was made of"
    for callbacks, kind in ((shared, coinex.DepthUpdate), (core.own, Event)):
        registration = callbacks.add(kind, print)
        assert is_wanted()
        registration.cancel()
        assert not is_wanted()
    stream: StreamQueue[Event] = lossless(core, ())
    assert is_wanted()
    stream.close()
    assert not is_wanted()


def ended() -> Direct:
    """A client that was stopped, and whose connection is closed."""
    client = connected()
    client.subscribe(BTC)
    client.stop()
    client.disconnect()
    assert client.core.next_step() is None
    return client


@pytest.mark.parametrize(
    "use",
    [
        lambda core: core.subscribe((BTC,), None),
        lambda core: core.subscribe((coinex.Ticker("ETHUSDT"),), print),
        lambda core: core.on(Ready, print),
        lambda core: core.on_error(print),
        lambda core: core.hold((BTC,), "holder", list),
        lambda core: core.ensure_subscribed((BTC,)),
        lambda core: core.renew(),
    ],
)
def test_a_client_that_has_ended_takes_nothing_any_more(use: Any) -> None:
    core = ended().core
    topics = core.topics()
    with pytest.raises(UsageError, match="make a new one"):
        use(core)
    assert core.topics() == topics
    assert not core.trusted()


def test_a_client_with_one_socket_has_one_row_of_counters_and_cannot_renew_it() -> None:
    client = connected()
    client.subscribe(BTC)
    (row,) = client.line_stats
    assert (row.line, row.topics, row.firsts, row.lead) == (0, 1, 0, 0.0)
    assert row.statistics is client.stats
    with pytest.raises(UsageError, match="renew_every"):
        client.renew()


def test_the_log_tells_the_life_of_a_client_in_names_and_numbers(caplog: pytest.LogCaptureFixture) -> None:
    caplog.set_level(logging.DEBUG, "coinex_trio")
    client = connected()
    client.subscribe(BTC)
    client.venue.ticker()
    client.turn()
    client.venue.refusals["server.time"] = (7, "no")
    client.send(coinex.ServerTime())
    client.turn()
    client.disconnect()
    client.core.next_step()
    client.core.deliver()
    client.time += 3.0
    client.connect()
    client.turn()
    client.venue.ticker()
    client.turn()
    client.venue.refusals["bbo.subscribe"] = (3639, "no such market")
    client.subscribe(coinex.BestQuote("NOUSDT"))
    client.turn()
    client.stop()
    client.disconnect()
    assert [f"{record.levelname} {record.getMessage()}" for record in caplog.records] == [
        "INFO coinex spot: ready",
        "DEBUG coinex spot: ServerTime is request 2",
        "DEBUG coinex spot: request 2 failed: RequestRefused",
        "INFO coinex spot: 1 topics lost: the connection was lost: gone (1006)",
        "INFO coinex spot: closed: the connection was lost: gone (1006)",
        "INFO coinex spot: attempt 1 in 0.0 s: the connection was lost: gone (1006)",
        "INFO coinex spot: ready",
        "INFO coinex spot: 1 topics restored",
        (
            "INFO coinex spot: BestQuote failed: Subscribe refused (code 3639): 'no such market'; this code is not documented; "
            "the same request is not repeated"
        ),
        "INFO coinex spot: 1 topics lost: closed by the peer (1000)",
        "INFO coinex spot: closed: closed by the peer (1000)",
    ]


def test_the_last_events_may_still_use_a_client_that_is_ending() -> None:
    client = connected()
    got: list[str] = []

    def closed(_: Closed) -> None:
        client.core.on(Ready, print)
        got.append("registered")

    client.core.on(Closed, closed)
    client.stop()
    client.disconnect()
    assert got == ["registered"]


def test_a_stop_from_a_signal_handler_takes_effect_between_two_steps_and_its_time_runs_from_then() -> None:
    client = connected()
    client.core.ask_to_stop()
    assert (client.core.is_stopping, client.core.is_stop_asked) == (True, True)
    assert not bool(client.venue.closed_with)
    client.time += 0.5
    client.core.stop_if_asked()
    client.turn()
    assert client.core.is_stop_asked is False
    assert bool(client.venue.closed_with)
    assert client.core.closing_time() == 1.5
    client.core.ask_to_stop()
    assert client.core.is_stop_asked is False, "it has stopped"


def test_a_callback_that_asks_to_stop_is_the_last_one_before_the_end_begins() -> None:
    client = connected()
    got: list[Event] = []

    def seen(event: coinex.TickerUpdate) -> None:
        got.append(event)
        client.core.ask_to_stop()

    client.subscribe(BTC, callback=seen)
    client.venue.tickers("1", "2")
    client.turn()
    assert client.venue.closed_with is not None
    assert client.core.is_stop_asked is False


def test_a_topic_that_is_refused_with_others_leaves_no_function_of_any_of_them() -> None:
    callbacks = Callbacks()
    client = connected(callbacks=callbacks)
    with pytest.raises(UsageError):
        client.subscribe(BTC, coinex.Orders(), callback=print)
    assert not callbacks.wants(coinex.TickerUpdate, BTC.key)
    client.subscribe(BTC, callback=print)
    assert callbacks.wants(coinex.TickerUpdate, BTC.key)


def test_replies_come_once_to_the_callback_and_who_waits_is_forgotten_then() -> None:
    client = connected()
    reply = client.core.expect_reply(client.core.send(coinex.ServerTime(), None))
    client.turn()
    assert reply.event is not None
    assert client.core._pending == {}
    got: list[object] = []
    with pytest.raises(UsageError):
        client.send(coinex.ServerTime(), "no function")  # type: ignore[arg-type]
    assert client.venue.methods() == ["server.time"], "nothing has left"
    client.send(coinex.ServerTime(), got.append)
    assert len(got) == 1


def test_a_refused_topic_is_known_until_it_is_subscribed_again_and_one_that_may_come_is_no_refusal() -> None:
    client = connected()
    client.venue.refusals["state.subscribe"] = (24002, "busy")
    is_live = client.core.when_live((BTC,))
    client.turn()
    assert not is_live(), "it is tried again by itself"


class Notes:
    """A tap that only listens."""

    def __init__(self) -> None:
        self.notes: list[tuple[str, str]] = []
        self.events: list[str] = []
        self.sources = Sources(wall_time_ns=lambda: 1_700_000_000_000_000_000, random_bytes=bytes)
        self.is_closed = False

    def tap(self, dialect: Any, sources: Sources) -> Any:
        return self

    def session_class(self, base: Any) -> Any:
        return base

    def attach(self, session: Any) -> None: ...

    def told(self, event: Any, now: float) -> None:
        self.events.append(type(event).__name__)

    def note(self, what: str, text: str, now: float) -> None:
        self.notes.append((what, text))

    def close(self, now: float) -> None:
        self.is_closed = True


def test_a_recording_hears_of_gaps_and_of_what_no_event_tells() -> None:
    tap: Any = Notes()
    client = connected(config=Config(recorder=tap))
    client.core.on(coinex.TickerUpdate, lambda _: 1 // 0)
    client.subscribe(BTC)
    client.venue.ticker()
    with pytest.raises(ZeroDivisionError):
        client.turn()
    client.core.on_error(lambda _, __: None)
    client.venue.ticker()
    client.turn()
    assert tap.notes == [("CallbackRaised", "a callback raised ZeroDivisionError")] * 2
    client.disconnect()
    assert tap.events == ["Lost"]
    client.stop()
    client.core.next_step()
    assert tap.is_closed


def test_a_stream_gets_an_event_before_a_callback_may_spoil_it() -> None:
    client = connected()
    stream = lossless(client.core, (BTC,))
    client.core.on(coinex.TickerUpdate, lambda _: 1 // 0)
    client.turn()
    client.venue.ticker()
    with pytest.raises(ZeroDivisionError):
        client.turn()
    assert [update.market for update in stream.queue.take_all()] == ["BTCUSDT"]
