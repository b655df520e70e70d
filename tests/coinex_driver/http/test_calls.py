"""A call from its steps to the bytes and back: what is sent, how long it may take, what is proved when it fails."""

from __future__ import annotations

import asyncio
from collections.abc import Callable, Coroutine, Generator
from typing import Any

import httpx2
import pytest

from coinex_driver.http.calls import AsyncCalls
from coinex_driver.http.wire import TOO_LARGE, TOO_SLOW
from coinex_proto import Config, UsageError
from coinex_proto.coinex.http import HttpRequest, NoReply, Pause, Reply, Send
from tests.coinex_driver.http.transport import ORIGIN, Body, Waiting, now, pool_of, run

GET = HttpRequest(method="GET", target="/v2/time?x=1", headers=(("A", "b"),))


class Calls(Waiting, AsyncCalls):
    """The smallest client."""


def sent(request: HttpRequest = GET) -> Generator[Any, Any, Any]:
    """The steps of one exchange; their result is what came of it."""

    return (yield Send(request))


def outcome(
    answer: Callable[[httpx2.Request], Coroutine[None, None, httpx2.Response]],
    steps: Generator[Any, Any, Any] | None = None,
    **options: Any,
) -> tuple[Any, float]:
    """What the steps give, and the seconds that it took."""

    async def main() -> tuple[Any, float]:
        async with pool_of(answer) as pool:
            calls = Calls(pool, ORIGIN, Config(**options), now)
            began = now()
            return await calls._run(sent() if steps is None else steps), now() - began

    return run(main)


def giving(
    body: httpx2.AsyncByteStream | bytes, status: int = 200
) -> Callable[[httpx2.Request], Coroutine[None, None, Any]]:
    async def answer(_: httpx2.Request) -> httpx2.Response:
        if isinstance(body, bytes):
            return httpx2.Response(status, content=body, headers={"X-Left": "7"})
        return httpx2.Response(status, stream=body, headers={"X-Left": "7"})

    return answer


def test_the_request_goes_out_as_it_was_made_and_the_answer_comes_back_whole() -> None:
    seen: list[httpx2.Request] = []

    async def answer(request: httpx2.Request) -> httpx2.Response:
        seen.append(request)
        return httpx2.Response(418, content=b'{"a":1}', headers={"X-Left": "7"})

    (reply, took) = outcome(answer)
    assert isinstance(reply, Reply)
    assert (reply.status, reply.body, took) == (418, b'{"a":1}', 0.0)
    assert ("x-left", "7") in reply.headers
    assert (seen[0].method, seen[0].headers["a"], seen[0].extensions["target"]) == ("GET", "b", b"/v2/time?x=1")
    assert str(seen[0].url) == f"{ORIGIN}/v2/time?x=1"


def test_a_pause_takes_its_time_and_tells_what_time_it_is_then() -> None:
    def steps() -> Generator[Any, Any, Any]:
        woken = yield Pause(3.5)
        return woken.now

    async def main() -> None:
        async with pool_of(giving(b"")) as pool:
            began = now()
            assert await Calls(pool, ORIGIN, Config(), now)._run(steps()) == now() == began + 3.5

    run(main)


def test_the_whole_of_an_answer_has_the_time_of_connecting_and_of_a_request() -> None:
    body = Body(*[b"x"] * 1000, pause=1.0)
    reply, took = outcome(giving(body), open_timeout=2.0, request_timeout=3.0)
    assert isinstance(reply, NoReply)
    assert (reply.why, reply.was_sent, reply.timed_out, took) == (TOO_SLOW, True, True, 5.0)
    assert body.is_closed


def test_an_answer_beyond_the_limit_is_not_read_on() -> None:
    exactly = Body(*[b"x" * 100] * 10)
    reply, _ = outcome(giving(exactly), max_message_bytes=1000)
    assert isinstance(reply, Reply)
    larger = Body(*[b"x" * 100] * 1000)
    reply, _ = outcome(giving(larger), max_message_bytes=1000)
    assert isinstance(reply, NoReply)
    assert (reply.why, reply.was_sent, reply.timed_out) == (TOO_LARGE, True, False)
    assert (larger.read, larger.is_closed) == (11, True)


def test_an_answer_with_too_many_values_is_none() -> None:
    reply, _ = outcome(giving(b"[" + b"1," * 2000 + b"1]"), max_message_values=1000)
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
    async def answer(_: httpx2.Request) -> httpx2.Response:
        raise error

    reply, _ = outcome(answer)
    assert isinstance(reply, NoReply)
    assert (reply.was_sent, reply.timed_out) == (was_sent, timed_out)


def test_an_answer_that_breaks_in_the_middle_is_none_and_is_closed() -> None:
    body = Body(b"{", error=httpx2.ReadError("gone"))
    reply, _ = outcome(giving(body))
    assert isinstance(reply, NoReply)
    assert (reply.was_sent, reply.timed_out) == (True, False)
    assert body.is_closed


def test_a_client_that_was_closed_sends_nothing() -> None:
    async def main() -> None:
        pool = pool_of(giving(b""))
        calls = Calls(pool, ORIGIN, Config(), now)
        await pool.aclose()
        with pytest.raises(UsageError, match="closed: nothing was sent"):
            await calls._run(sent())

    run(main)


def test_a_call_that_is_cancelled_ends_its_steps_and_its_answer() -> None:
    ended: list[str] = []
    body = Body(b"x", b"y", pause=100.0)

    def steps() -> Generator[Any, Any, Any]:
        try:
            return (yield from sent())
        finally:
            ended.append("ended")

    async def main() -> None:
        async with pool_of(giving(body)) as pool:
            task = asyncio.ensure_future(Calls(pool, ORIGIN, Config(request_timeout=1000.0), now)._run(steps()))
            await asyncio.sleep(1.0)
            task.cancel()
            with pytest.raises(asyncio.CancelledError):
                await task
            assert ended == ["ended"]
            assert body.is_closed

    run(main)
