"""A call in the calling thread, from its steps to the bytes and back, on virtual time."""

from __future__ import annotations

import math
from collections.abc import Callable, Generator, Iterator
from typing import Any

import httpx2
import pytest

from coinex_driver.http.wire import TOO_LARGE, TOO_SLOW, UNTIL, PoolSettings, place_of
from coinex_proto import Config, NotReady, OutcomeUnknown, UsageError
from coinex_proto.coinex.http import HttpRequest, NoReply, Pause, Reply, Send
from coinex_trio._http.loops import BlockingCalls
from tests.coinex_trio.venue import VirtualNetwork

GET = HttpRequest(method="GET", target="/v2/time?x=1", headers=(("A", "b"),))
POST = HttpRequest(method="POST", target="/v2/order", headers=(), body=b"{}")
Answer = Callable[[httpx2.Request], httpx2.Response]


class Calls(BlockingCalls):
    """The smallest client, on a network whose time is a number."""

    def __init__(self, answer: Answer, **options: Any) -> None:
        self.network = VirtualNetwork()
        place = place_of("https://exchange.example/v2", has_credentials=False, allow_plaintext=False)
        settings = PoolSettings(place=place, config=Config(**options))
        super().__init__(settings, self.network, httpx2.MockTransport(answer))


def sent(request: HttpRequest = GET) -> Generator[Any, Any, Any]:
    return (yield Send(request))


def pauses(*seconds: float) -> Generator[Any, Any, Any]:
    for each in seconds:
        yield Pause(each)


class Body(httpx2.SyncByteStream):
    """Parts, each behind a pause; says whether it was closed."""

    def __init__(self, pause: Callable[[], object], *parts: bytes, error: Exception | None = None) -> None:
        self.parts, self.pause, self.error = parts, pause, error
        self.read, self.is_closed = 0, False

    def __iter__(self) -> Iterator[bytes]:
        for part in self.parts:
            self.pause()
            self.read += 1
            yield part
        if self.error is not None:
            raise self.error

    def close(self) -> None:
        self.is_closed = True


def fine(_: httpx2.Request) -> httpx2.Response:
    return httpx2.Response(200, content=b"[]")


def test_the_request_goes_out_as_it_was_made_with_its_end_and_the_answer_comes_back_whole() -> None:
    seen: list[httpx2.Request] = []

    def answer(request: httpx2.Request) -> httpx2.Response:
        seen.append(request)
        return httpx2.Response(418, content=b"{}", headers={"X-Left": "7"})

    with Calls(answer, open_timeout=2.0, request_timeout=3.0) as calls:
        began = calls.network.now()
        reply = calls._run(sent())
    assert isinstance(reply, Reply)
    assert (reply.status, reply.body, reply.now) == (418, b"{}", began)
    assert ("x-left", "7") in reply.headers
    assert seen[0].extensions["target"] == b"/v2/time?x=1"
    assert seen[0].extensions[UNTIL] == began + 5.0


def test_a_call_that_must_end_earlier_says_so_below() -> None:
    seen: list[float] = []

    def answer(request: httpx2.Request) -> httpx2.Response:
        seen.append(request.extensions[UNTIL])
        return httpx2.Response(200)

    with Calls(answer) as calls:
        until = calls.network.now() + 0.5
        calls._run(sent(), until)
    assert seen == [until]


def test_a_pause_takes_its_time_and_tells_what_time_it_is_then() -> None:
    def steps() -> Generator[Any, Any, Any]:
        woken = yield Pause(3.5)
        return woken.now

    with Calls(fine) as calls:
        began = calls.network.now()
        assert calls._run(steps()) == calls.network.now() == began + 3.5


def test_a_pause_beyond_the_end_of_a_call_ends_with_it() -> None:
    with Calls(fine) as calls:
        until = calls.network.now() + 2.0
        with pytest.raises(TimeoutError, match="no answer over HTTP in time"):
            calls._run(pauses(1.0, 100.0, 1.0), until)
        assert calls.network.now() == until


def test_an_answer_that_drips_ends_in_its_time() -> None:
    calls = Calls(lambda _: httpx2.Response(200, stream=body), open_timeout=2.0, request_timeout=3.0)
    body = Body(lambda: calls.network.sleep(1.0), *[b"x"] * 1000)
    reply = calls._run(sent())
    assert isinstance(reply, NoReply)
    assert (reply.why, reply.was_sent, reply.timed_out) == (TOO_SLOW, True, True)
    assert (body.read, body.is_closed) == (6, True)


def test_an_answer_beyond_the_limit_is_not_read_on() -> None:
    body = Body(lambda: None, *[b"x" * 100] * 10)
    calls = Calls(lambda _: httpx2.Response(200, stream=body), max_message_bytes=1000)
    assert isinstance(calls._run(sent()), Reply)
    body = Body(lambda: None, *[b"x" * 100] * 1000)
    reply = calls._run(sent())
    assert isinstance(reply, NoReply)
    assert (reply.why, reply.was_sent, reply.timed_out) == (TOO_LARGE, True, False)
    assert (body.read, body.is_closed) == (11, True)


def test_an_answer_with_too_many_values_is_none() -> None:
    text = b"[" + b"1," * 2000 + b"1]"
    reply = Calls(lambda _: httpx2.Response(200, content=text), max_message_values=1000)._run(sent())
    assert isinstance(reply, NoReply)
    assert reply.why.startswith("the answer has ")
    assert (reply.was_sent, reply.timed_out) == (True, False)


@pytest.mark.parametrize(
    ("error", "was_sent", "timed_out"),
    [
        (httpx2.ConnectError("x"), False, False),
        (httpx2.ConnectTimeout("x"), False, True),
        (httpx2.ReadError("x"), True, False),
        (httpx2.ReadTimeout("x"), True, True),
    ],
)
def test_a_failure_proves_whether_anything_was_sent(error: Exception, was_sent: bool, timed_out: bool) -> None:
    def answer(_: httpx2.Request) -> httpx2.Response:
        raise error

    reply = Calls(answer)._run(sent())
    assert isinstance(reply, NoReply)
    assert (reply.was_sent, reply.timed_out) == (was_sent, timed_out)


def test_an_answer_that_breaks_in_the_middle_is_none_and_is_closed() -> None:
    body = Body(lambda: None, b"{", error=httpx2.ReadError("gone"))
    reply = Calls(lambda _: httpx2.Response(200, stream=body))._run(sent())
    assert isinstance(reply, NoReply)
    assert (reply.was_sent, body.is_closed) == (True, True)


@pytest.mark.parametrize(("request_", "error"), [(GET, NotReady), (POST, OutcomeUnknown)])
def test_a_call_under_way_at_a_stop_is_of_unknown_outcome_only_where_it_changes_something(
    request_: HttpRequest, error: type[Exception]
) -> None:
    stops_by = math.inf

    def answer(_: httpx2.Request) -> httpx2.Response:
        nonlocal stops_by
        stops_by = 5.0
        return httpx2.Response(200)

    calls = Calls(answer)
    calls.end_with(lambda: stops_by)
    ended: list[str] = []

    def steps() -> Generator[Any, Any, Any]:
        try:
            yield Send(request_)
            yield Send(request_)
        finally:
            ended.append("ended")

    with pytest.raises(error, match="stopped before HTTP had answered"):
        calls._run(steps())
    assert ended == ["ended"]


def test_a_pause_ends_at_a_stop() -> None:
    calls = Calls(fine)
    began = calls.network.now()
    calls.end_with(lambda: math.inf if calls.network.now() < began + 10.0 else 0.0)
    with pytest.raises(NotReady):
        calls._run(pauses(3600.0, 1.0))
    assert calls.network.now() - began < 20.0


def test_a_call_that_is_made_after_the_stop_has_its_own_time() -> None:
    calls = Calls(fine)
    calls.end_with(lambda: 5.0)
    assert isinstance(calls._run(sent(POST)), Reply)


def test_a_client_that_was_closed_sends_nothing_and_closing_twice_is_once() -> None:
    calls = Calls(fine)
    with calls as entered:
        assert entered is calls
    calls.close()
    with pytest.raises(UsageError, match="closed: nothing was sent"):
        calls._run(sent())


def test_whatever_ends_a_call_ends_its_steps_at_once() -> None:
    ended: list[str] = []

    def steps() -> Generator[Any, Any, Any]:
        try:
            yield Send(GET)
        finally:
            ended.append("ended")

    def interrupted(_: httpx2.Request) -> httpx2.Response:
        raise KeyboardInterrupt

    kept = steps()
    with pytest.raises(KeyboardInterrupt):
        Calls(interrupted)._run(kept)
    assert ended == ["ended"]
