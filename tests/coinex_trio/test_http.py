from __future__ import annotations

import hashlib
import hmac
import json
import logging
import socket
import string
import sys
from collections.abc import Generator, Sequence
from decimal import Decimal
from importlib import reload
from typing import Any, assert_type

import httpx2
import pytest
import trio
import trustme
from hypothesis import given, settings
from hypothesis import strategies as st

from coinex_proto import Config, ConnectFailed, RequestTimedOut, UsageError
from coinex_proto.coinex import Credentials
from coinex_proto.coinex.http import (
    HttpOutcomeUnknown,
    HttpRefused,
    HttpUnreachable,
    Json,
    Page,
    RateLimited,
    assets,
    call,
    futures,
    spot,
    system,
)
from coinex_trio.http import BlockingHttp, open_http
from coinex_trio.network import SystemNetwork, Transport
from tests.coinex_trio.http_peer import Script, half_an_answer, hang_up, http_peer, nothing, raw, reply, reset
from tests.processes import HANGS_AFTER

SECRET = "2a6f1f9d8c7b4e3fb5a4d3c2b1a09f8e7d6c5b4a39281706"
CREDENTIALS = Credentials("EXAMPLEACCESSID", SECRET)
ORDER = spot.PutOrder(market="BTCUSDT", side="buy", type="limit", amount="0.1", price="2", client_id="user1")
ROW = {
    "order_id": "13400",
    "market": "BTCUSDT",
    "market_type": "SPOT",
    "side": "buy",
    "type": "limit",
    "amount": "0.1",
    "unfilled_amount": "0.1",
    "filled_amount": "0",
    "client_id": "user1",
}
BALANCES = [{"ccy": "USDT", "available": "1.50", "frozen": "0"}]


class Patient(SystemNetwork):
    """Real sockets, but waiting takes no time."""

    def __init__(self) -> None:
        super().__init__()
        self.waited = 0.0
        self.stands_at: float | None = None

    def now(self) -> float:
        return super().now() + self.waited if self.stands_at is None else self.stands_at

    def wait(self, watched: Sequence[tuple[Transport, bool]], until: float) -> Sequence[Transport]:
        assert not watched
        self.waited += max(0.0, until - self.now())
        return ()


def nothing_until_it_is_late(network: Patient) -> Script:
    """No answer; once the request is here, more time has gone by than any may take."""

    def script(connection: socket.socket) -> bool:
        network.waited += 3600.0
        return nothing(connection)

    return script


def blocking(url: str, **options: Any) -> BlockingHttp:
    return BlockingHttp(CREDENTIALS, url=url, **{"network": Patient(), **options})


def signature_of(request: Any) -> str:
    """Computed over what came, byte for byte."""
    method, target, _ = request.head.split(b"\r\n", 1)[0].split(b" ")
    timestamp = request.headers["x-coinex-timestamp"].encode()
    return hmac.new(SECRET.encode(), method + target + request.body + timestamp, hashlib.sha256).hexdigest()


# Blocking -------------------------------------------------------------------------------------------------------------


def test_a_query_and_an_order_travel_signed_over_one_connection() -> None:
    with http_peer(reply(BALANCES), reply(ROW)) as peer, blocking(peer.url) as http:
        (balance,) = http.request(assets.GetSpotBalance())
        order = http.request(ORDER)
    assert balance.available == Decimal("1.50")
    assert order.order_id == 13400
    assert peer.connections == 1
    assert [request.line for request in peer.requests] == [
        "GET /v2/assets/spot/balance HTTP/1.1",
        "POST /v2/spot/order HTTP/1.1",
    ]
    for request in peer.requests:
        assert request.headers["x-coinex-sign"] == signature_of(request)
        assert request.headers["user-agent"].startswith("coinex-sdk")
    assert peer.requests[1].headers["content-length"] == str(len(peer.requests[1].body))


def test_any_call_gives_plain_json() -> None:
    with http_peer(reply([{"last": "1.10"}])) as peer, BlockingHttp(url=peer.url) as http:
        assert http.call("GET", "/futures/ticker", market="BTCUSDT") == [{"last": "1.10"}]
    assert peer.requests[0].line == "GET /v2/futures/ticker?market=BTCUSDT HTTP/1.1"
    assert "x-coinex-key" not in peer.requests[0].headers


def test_a_base_url_without_a_path_gets_the_version() -> None:
    with http_peer(reply({"timestamp": 1})) as peer, BlockingHttp(url=f"http://127.0.0.1:{peer.port}") as http:
        http.request(system.Time())
    assert peer.requests[0].line == "GET /v2/time HTTP/1.1"


PARAMETERS = st.dictionaries(
    st.text(string.ascii_lowercase, min_size=1, max_size=8).map("p_{}".format),
    st.text(min_size=1, max_size=10) | st.integers() | st.booleans(),
    max_size=4,
)


@settings(max_examples=25)
@given(st.lists(st.tuples(st.sampled_from(["GET", "POST"]), PARAMETERS), min_size=1, max_size=5))
def test_the_signature_computed_from_the_bytes_on_the_wire_equals_the_header(
    calls: list[tuple[str, dict[str, Any]]],
) -> None:
    with http_peer(reply({})) as peer, blocking(peer.url) as http:
        for method, parameters in calls:
            http.request(call(method, "/assets/withdraw", **parameters))
    assert len(peer.requests) == len(calls)
    for request in peer.requests:
        assert request.headers["x-coinex-sign"] == signature_of(request)


@pytest.mark.parametrize("script", [hang_up, reset, half_an_answer], ids=lambda script: script.__name__)
def test_an_order_whose_answer_is_lost_is_of_unknown_outcome_and_sent_once(script: Any) -> None:
    # S25
    with http_peer(script, reply([ROW]), reply([])) as peer, blocking(peer.url) as http:
        with pytest.raises(HttpOutcomeUnknown, match=r"resolve_order\('user1'\)") as caught:
            http.request(ORDER)
        verdict = http.resolve_order("user1")
    assert SECRET not in str(caught.value)
    assert verdict.state == "live"
    assert [request.line.split("?")[0] for request in peer.requests] == [
        "POST /v2/spot/order HTTP/1.1",
        "GET /v2/spot/pending-order",
        "GET /v2/spot/finished-order",
    ]


@pytest.mark.parametrize("script", [hang_up, reset, half_an_answer], ids=lambda script: script.__name__)
def test_a_query_whose_answer_is_lost_is_repeated(script: Any) -> None:
    with http_peer(script, script, reply(BALANCES)) as peer, blocking(peer.url) as http:
        assert len(http.request(assets.GetSpotBalance())) == 1
    assert len(peer.requests) == 3


def test_an_order_without_an_answer_in_time_is_of_unknown_outcome() -> None:
    network = Patient()
    with (
        http_peer(nothing_until_it_is_late(network)) as peer,
        blocking(peer.url, network=network, config=Config(request_timeout=HANGS_AFTER)) as http,
        pytest.raises(HttpOutcomeUnknown, match="no complete answer within request_timeout"),
    ):
        http.request(ORDER)
    assert len(peer.requests) == 1


def test_a_query_without_an_answer_in_time_has_timed_out() -> None:
    network = Patient()
    with (
        http_peer(nothing_until_it_is_late(network)) as peer,
        blocking(peer.url, network=network, config=Config(request_timeout=HANGS_AFTER), retries=1) as http,
        pytest.raises(RequestTimedOut, match="GET /assets/spot/balance"),
    ):
        http.request(assets.GetSpotBalance())
    assert len(peer.requests) == 2


def test_an_order_that_finds_nobody_was_not_sent() -> None:
    with http_peer(hang_up) as peer:
        url = peer.url
    with (
        blocking(url) as http,
        pytest.raises(ConnectFailed, match=r"POST /spot/order: no answer from 127\.0\.0\.1: Connection refused"),
    ):
        http.request(ORDER)


def test_a_body_that_drips_is_cut_off_in_time() -> None:
    network = Patient()

    def drip(connection: Any) -> bool:
        connection.sendall(b"HTTP/1.1 200 OK\r\nContent-Length: 100\r\n\r\n")
        for _ in range(100):
            network.waited += 1.0
            connection.sendall(b" ")
        return True

    with (
        http_peer(drip) as peer,
        blocking(peer.url, network=network, retries=0) as http,
        pytest.raises(RequestTimedOut, match="no complete answer within request_timeout"),
    ):
        http.request(assets.GetSpotBalance())


def test_headers_that_drip_do_not_hold_an_order_for_ever() -> None:
    network = Patient()

    def drip(connection: Any) -> bool:
        connection.sendall(b"HTTP/1.1 200 OK\r\n")
        for _ in range(100):
            network.waited += 1.0
            connection.sendall(b"X-More: 1\r\n")
        return True

    with (
        http_peer(drip) as peer,
        blocking(peer.url, network=network) as http,
        pytest.raises(HttpOutcomeUnknown, match="no complete answer within request_timeout"),
    ):
        http.request(ORDER)
    assert len(peer.requests) == 1


def test_an_answer_beyond_the_limit_is_not_read_on() -> None:
    with (
        http_peer(raw(b" " * 100_000)) as peer,
        blocking(peer.url, config=Config(max_message_bytes=1000)) as http,
        pytest.raises(HttpOutcomeUnknown, match="larger than max_message_bytes"),
    ):
        http.request(ORDER)


def test_d1_an_answer_with_too_many_values_is_not_read() -> None:
    with (
        http_peer(raw(b'{"code":0,"data":[' + b"{}," * 1000 + b"{}]}")) as peer,
        blocking(peer.url, config=Config(max_message_values=4000)) as http,
        pytest.raises(HttpOutcomeUnknown, match=r"the answer has 4008 values in one message; the limit is 4000"),
    ):
        http.request(ORDER)


def test_a_gateway_page_is_an_error_with_status_and_body() -> None:
    page = raw(b"<html>no</html>", status="403 Forbidden")
    with http_peer(page) as peer, blocking(peer.url) as http, pytest.raises(HttpRefused) as caught:
        http.request(assets.GetSpotBalance())
    assert (caught.value.status, caught.value.body) == (403, b"<html>no</html>")


def test_x11_a_redirect_is_not_followed() -> None:
    elsewhere = raw(b"", status="302 Found", headers=("Location: http://127.0.0.1:9/",))
    with http_peer(elsewhere) as peer, blocking(peer.url) as http, pytest.raises(HttpRefused, match="HTTP 302"):
        http.request(assets.GetSpotBalance())
    assert len(peer.requests) == 1


def test_s16_a_time_that_another_host_may_have_told_does_not_move_what_is_signed() -> None:
    network = Patient()
    ahead_ms = network.sources.wall_time_ns() // 10**6 + 200_000
    body = json.dumps({"code": 0, "message": "OK", "data": {"timestamp": ahead_ms}}).encode()
    headers = ("Location: http://127.0.0.1:9/", "Date: Fri, 31 Dec 2049 23:59:59 GMT")
    elsewhere = raw(body, status="302 Found", headers=headers)
    with http_peer(elsewhere) as peer, blocking(peer.url, network=network) as http:
        with pytest.raises(HttpRefused, match="HTTP 302"):
            http.sync_clock()
        assert not http.caller._clock.is_known
    assert [request.head.split(b" ")[1] for request in peer.requests] == [b"/v2/time"]


def test_a_full_rate_limit_waits_for_a_query_and_refuses_an_order() -> None:
    network = Patient()
    with (
        http_peer(
            reply(BALANCES, headers=("X-RateLimit-Remaining: 0",)), reply({}, code=4213), reply(BALANCES)
        ) as peer,
        blocking(peer.url, network=network) as http,
    ):
        http.request(assets.GetSpotBalance())
        http.request(assets.GetSpotBalance())
        assert 0.1 <= network.waited < 5
        network.stands_at = network.now()
        http.caller.rate_limits.empty(ORDER, network.now())
        with pytest.raises(RateLimited):
            http.request(ORDER)
    assert len(peer.requests) == 3


def test_the_clock_is_measured_and_used() -> None:
    network = Patient()
    ahead = network.sources.wall_time_ns() // 10**6 + 60_000
    with http_peer(reply({"timestamp": ahead}), reply(BALANCES)) as peer, blocking(peer.url, network=network) as http:
        assert http.sync_clock() == pytest.approx(60, abs=2)
        http.request(assets.GetSpotBalance())
    assert int(peer.requests[1].headers["x-coinex-timestamp"]) == pytest.approx(ahead, abs=2000)


def test_the_certificate_of_the_exchange_is_verified() -> None:
    # X7
    authority = trustme.CA()
    server = _server_context(authority)
    with http_peer(reply({"timestamp": 1}), tls=server) as peer:
        url = f"https://localhost:{peer.port}/v2"
        with BlockingHttp(url=url, retries=0) as http, pytest.raises(HttpUnreachable, match="TLS"):
            http.request(system.Time())
        with BlockingHttp(url=url, ssl_context=_trusting(authority)) as http:
            assert http.request(system.Time()).timestamp == 1


def _server_context(authority: trustme.CA) -> Any:
    import ssl

    context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    authority.issue_cert("localhost").configure_cert(context)
    return context


def _trusting(authority: trustme.CA) -> Any:
    import ssl

    context = ssl.create_default_context()
    authority.configure_trust(context)
    return context


def test_the_environment_s_proxy_is_not_used_and_ours_not_for_loopback(monkeypatch: pytest.MonkeyPatch) -> None:
    with http_peer(hang_up) as proxy, http_peer(reply({"timestamp": 1})) as peer:
        for name in ("HTTP_PROXY", "http_proxy", "ALL_PROXY", "all_proxy"):
            monkeypatch.setenv(name, f"http://127.0.0.1:{proxy.port}")
        with BlockingHttp(url=peer.url) as http:
            http.request(system.Time())
        with BlockingHttp(url=peer.url, proxy=f"http://127.0.0.1:{proxy.port}") as http:
            http.request(system.Time())
    assert proxy.connections == 0
    assert len(peer.requests) == 2


def test_a_given_proxy_is_asked_for_the_exchange() -> None:
    with http_peer(raw(b"", status="407 Proxy Authentication Required")) as proxy:
        address = f"http://user:proxy-password@127.0.0.1:{proxy.port}"
        with BlockingHttp(proxy=address, retries=0) as http, pytest.raises(HttpUnreachable) as caught:
            http.request(system.Time())
    assert proxy.requests[0].line == "CONNECT api.coinex.com:443 HTTP/1.1"
    assert "proxy-password" not in str(caught.value)


def test_x4_no_key_and_no_signature_is_logged(caplog: pytest.LogCaptureFixture) -> None:
    # Law 8
    caplog.set_level(logging.DEBUG)
    with http_peer(reply(BALANCES)) as peer, blocking(peer.url) as http:
        http.request(assets.GetSpotBalance())
    assert peer.requests[0].headers["x-coinex-sign"] not in caplog.text
    assert SECRET not in caplog.text


def test_without_credentials_a_signed_call_opens_no_connection() -> None:
    with (
        http_peer(reply({})) as peer,
        BlockingHttp(url=peer.url) as http,
        pytest.raises(UsageError, match="Authentication required"),
    ):
        http.request(assets.GetSpotBalance())
    assert peer.connections == 0


def test_queries_that_are_bounded_end_in_time_however_often_they_may_be_repeated() -> None:
    def queries() -> Generator[Any, Any, Any]:
        return (yield assets.GetSpotBalance())

    with http_peer(hang_up) as peer, blocking(peer.url) as http:
        with pytest.raises(TimeoutError):
            http.run(queries(), timeout=0.1)
        assert len(peer.requests) < 4
    with http_peer(reply(BALANCES)) as peer, blocking(peer.url) as http:
        assert http.run(queries(), timeout=HANGS_AFTER)[0].ccy == "USDT"


def test_a_closed_client_sends_nothing_and_says_so() -> None:
    with http_peer(reply(ROW)) as peer:
        with blocking(peer.url) as http:
            pass
        with pytest.raises(UsageError, match="closed: nothing was sent"):
            http.request(ORDER)
    assert peer.requests == []


async def test_a_client_whose_block_was_left_sends_nothing_and_says_so() -> None:
    async with open_http(CREDENTIALS) as http:
        pass
    with pytest.raises(UsageError, match="closed: nothing was sent"):
        await http.request(ORDER)


def test_closing_twice_is_harmless() -> None:
    http = BlockingHttp()
    http.close()
    http.close()


# trio -----------------------------------------------------------------------------------------------------------------


class Scripted(httpx2.AsyncBaseTransport):
    """A network that answers from a list: an error to raise, seconds to stall, or the data of an answer."""

    def __init__(self, *answers: Any) -> None:
        self.answers = list(answers)
        self.requests: list[httpx2.Request] = []

    async def handle_async_request(self, request: httpx2.Request) -> httpx2.Response:
        self.requests.append(request)
        answer = self.answers.pop(0)
        if isinstance(answer, Exception):
            raise answer
        if isinstance(answer, float):
            await trio.sleep(answer)
            answer = {}
        return httpx2.Response(200, json={"code": 0, "data": answer, "message": "OK"})


async def test_the_same_calls_work_under_trio() -> None:
    scripts = [reply(BALANCES), reply(ROW), reply([{"last": "1.10"}]), reply({"timestamp": 1_700_490_703_564})]
    with http_peer(*scripts) as peer:
        async with open_http(CREDENTIALS, url=peer.url) as http:
            (balance,) = await http.request(assets.GetSpotBalance())
            order = await http.request(ORDER)
            plain = await http.call("GET", "/futures/ticker", market="BTCUSDT")
            offset = await http.sync_clock()
            assert http.caller.clock_offset_ms == pytest.approx(offset * 1000)
    assert (balance.ccy, order.order_id, plain) == ("USDT", 13400, [{"last": "1.10"}])
    for request in peer.requests[:2]:
        assert request.headers["x-coinex-sign"] == signature_of(request)
    assert json.loads(peer.requests[1].body)["amount"] == "0.1"


async def test_an_order_lost_under_trio_is_of_unknown_outcome_and_can_be_resolved() -> None:
    with http_peer(hang_up, reply([]), reply([{**ROW, "unfilled_amount": "0", "filled_amount": "0.1"}])) as peer:
        async with open_http(CREDENTIALS, url=peer.url) as http:
            with pytest.raises(HttpOutcomeUnknown):
                await http.request(ORDER)
            verdict = await http.resolve_order("user1")
    assert verdict.state == "filled"
    assert sum("POST" in request.line for request in peer.requests) == 1


async def test_nobody_there_under_trio_is_a_failed_connection() -> None:
    with http_peer(hang_up) as peer:
        url = peer.url
    async with open_http(CREDENTIALS, url=url) as http:
        with pytest.raises(HttpUnreachable, match=r"POST /spot/order: no answer from 127\.0\.0\.1"):
            await http.request(ORDER)


async def test_a_query_is_repeated_with_pauses(autojump_clock: trio.testing.MockClock) -> None:
    network = Scripted(httpx2.ReadError("reset"), httpx2.ConnectError("no"), BALANCES)
    async with open_http(CREDENTIALS, transport=network) as http:
        await http.request(assets.GetSpotBalance())
    assert len(network.requests) == 3
    assert trio.current_time() > 0


async def test_a_silent_exchange_is_given_up(autojump_clock: trio.testing.MockClock) -> None:
    network = Scripted(3600.0, 3600.0)
    async with open_http(CREDENTIALS, transport=network, retries=0) as http:
        with pytest.raises(RequestTimedOut, match="no complete answer within request_timeout"):
            await http.request(assets.GetSpotBalance())
        with pytest.raises(HttpOutcomeUnknown, match="no complete answer"):
            await http.request(ORDER)
    assert trio.current_time() == pytest.approx(40)


async def test_an_answer_beyond_the_limit_is_not_read_on_under_trio() -> None:
    network = Scripted(["x" * 2000])
    async with open_http(CREDENTIALS, transport=network, config=Config(max_message_bytes=1000), retries=0) as http:
        with pytest.raises(HttpUnreachable, match="larger than max_message_bytes"):
            await http.request(assets.GetSpotBalance())


async def test_d1_an_answer_with_too_many_values_is_not_read_under_trio() -> None:
    network = Scripted([{}] * 1000)
    async with open_http(CREDENTIALS, transport=network, config=Config(max_message_values=500), retries=0) as http:
        with pytest.raises(HttpUnreachable, match="values in one message; the limit is 500"):
            await http.request(assets.GetSpotBalance())


async def test_a_cancelled_order_can_still_be_resolved(autojump_clock: trio.testing.MockClock) -> None:
    network = Scripted(3600.0, [], [ROW])
    async with open_http(CREDENTIALS, transport=network) as http:
        with trio.move_on_after(1):
            await http.request(ORDER)
        await http.resolve_order("user1")
    assert [request.url.params.get("market") for request in network.requests[1:]] == ["BTCUSDT", "BTCUSDT"]


async def test_many_tasks_share_the_rate_limit(autojump_clock: trio.testing.MockClock) -> None:
    network = Scripted(*[BALANCES] * 25)
    async with open_http(CREDENTIALS, transport=network) as http, trio.open_nursery() as nursery:
        for _ in range(25):
            nursery.start_soon(http.request, assets.GetSpotBalance())
    assert trio.current_time() == pytest.approx(1.5, abs=0.01)


async def test_errors_of_the_block_leave_it_as_themselves() -> None:
    with pytest.raises(ZeroDivisionError):
        async with open_http():
            _ = 1 / 0


# The extra ------------------------------------------------------------------------------------------------------------


def test_without_httpx2_the_import_names_the_extra(monkeypatch: pytest.MonkeyPatch) -> None:
    import coinex_driver.http.wire as module

    with monkeypatch.context() as patch:
        patch.setitem(sys.modules, "httpx2", None)
        with pytest.raises(ImportError, match=r"coinex-sdk\[http\]") as caught:
            reload(module)
    assert isinstance(caught.value, UsageError)


async def test_the_type_of_a_result_follows_from_the_command() -> None:
    # Checked by mypy; at run time `assert_type` gives its first argument.
    with http_peer(reply(BALANCES), reply([{"code": 0, "data": ROW}]), reply([]), reply({"a": 1})) as peer:
        with BlockingHttp(CREDENTIALS, url=peer.url) as http:
            balances = http.request(assets.GetSpotBalance())
            assert len(assert_type(balances, tuple[assets.SpotBalance, ...])) == 1
            placed = http.request(spot.PutMultiOrder(orders=(ORDER,)))
            assert assert_type(placed[0].data, spot.SpotOrder | None) is not None
        async with open_http(CREDENTIALS, url=peer.url) as client:
            page = await client.request(futures.ListPendingPosition())
            assert assert_type(page, Page[futures.Position]).rows == ()
            assert assert_type(await client.call("GET", "/account/info"), Json) == {"a": 1}


def test_the_result_of_a_futures_query_is_typed() -> None:
    row = dict.fromkeys(("last", "open", "close", "high", "low", "volume", "value", "index_price", "mark_price"), "1")
    with http_peer(reply([{"market": "BTCUSDT", **row}])) as peer, BlockingHttp(url=peer.url) as http:
        (ticker,) = http.request(futures.ListMarketTicker(market="BTCUSDT"))
    mark: Decimal | None = ticker.mark_price
    assert mark == 1
