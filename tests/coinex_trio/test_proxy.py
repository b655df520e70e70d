"""Both clients through an HTTP proxy on loopback: what works, what is refused and in which words, and what is never shown (N29)."""

from __future__ import annotations

import asyncio
import copy
import logging
import pickle
import socket
import ssl
import time
import traceback
from collections.abc import Callable
from pathlib import Path
from typing import TypeAlias
from urllib.parse import urlsplit

import pytest
import trio
import trustme

import coinex_asyncio
from coinex_driver.proxy_tunnel import Proxy, Tunnel
from coinex_proto import (
    Backoff,
    Config,
    ConnectFailed,
    HandshakeRefused,
    ProxyError,
    Ready,
    Retrying,
    coinex,
)
from coinex_proto.coinex.http import HttpUnreachable
from coinex_trio import (
    BlockingClient,
    BlockingHttp,
    CoinexClient,
    Exchange,
    ProxyNetwork,
    local_exchange,
    open_client,
    open_http,
    run,
)
from coinex_trio._io.trio_streams import TcpStream, go_through
from tests.coinex_trio.behaviour.test_tls import client_context, server_context
from tests.coinex_trio.loopback import loopback
from tests.coinex_trio.proxy_peer import ESTABLISHED, Script, proxy_peer, relay, say, say_and_wait, say_without_end
from tests.coinex_trio.test_network import black_hole
from tests.ports import refusing_port
from tests.processes import HANGS_AFTER

LOGIN = "trader:pass-w0rd%40home@"
SHOWN = ("trader", "pass-w0rd", "dHJhZGVyOnBhc3MtdzByZEBob21l", "Basic")
"""What must never be seen: the login, also as it is on the wire."""

VENUE = "wss://stream.venue.example/v2/spot"
PLAIN = "ws://127.0.0.1:9/v2/spot"
QUICK = Config(open_timeout=0.3)
"""For what must end by this time, and can by nothing else."""
PATIENT = Config(open_timeout=HANGS_AFTER, backoff=Backoff(first=0.01, ceiling=0.02))


def blocking(network: ProxyNetwork, url: str, config: Config, context: ssl.SSLContext | None = None) -> int:
    dialect = coinex.spot(url=url)
    with BlockingClient(dialect, config=config, ssl_context=context, network=network) as client:
        return client.request(coinex.ServerTime())


def in_a_thread(network: ProxyNetwork, url: str, config: Config, context: ssl.SSLContext | None = None) -> int:
    dialect = coinex.spot(url=url)
    with BlockingClient(dialect, config=config, ssl_context=context, network=network, background=True) as client:
        return client.request(coinex.ServerTime())


def under_trio(network: ProxyNetwork, url: str, config: Config, context: ssl.SSLContext | None = None) -> int:
    async def main() -> int:
        dialect = coinex.spot(url=url)
        async with open_client(dialect, config=config, ssl_context=context, network=network) as client:
            return await client.request(coinex.ServerTime())

    return trio.run(main)


def under_asyncio(network: ProxyNetwork, url: str, config: Config, context: ssl.SSLContext | None = None) -> int:
    return asyncio.run(in_a_loop(network, url, config, context))


def on_uvloop(network: ProxyNetwork, url: str, config: Config, context: ssl.SSLContext | None = None) -> int:
    uvloop = pytest.importorskip("uvloop", reason="uvloop is not installed")
    found: int = uvloop.run(in_a_loop(network, url, config, context))
    return found


async def in_a_loop(network: ProxyNetwork, url: str, config: Config, context: ssl.SSLContext | None) -> int:
    dialect = coinex.spot(url=url)
    async with coinex_asyncio.open_client(dialect, config=config, ssl_context=context, network=network) as client:
        return await client.request(coinex.ServerTime())


def port_of(exchange: Exchange) -> int:
    return urlsplit(exchange.url).port or 0


Ask: TypeAlias = Callable[..., int]
both = pytest.mark.parametrize("ask", [blocking, under_trio, under_asyncio])
each = pytest.mark.parametrize("ask", [blocking, in_a_thread, under_trio, under_asyncio, on_uvloop])


def refused(ask: Ask, *scripts: Script, login: str = "", config: Config = PATIENT) -> ProxyError:
    """The error of a first connection, which names the proxy."""
    with proxy_peer(*scripts) as peer:
        with pytest.raises(ProxyError) as caught:
            ask(ProxyNetwork(peer.url(login)), VENUE, config)
        assert f" through the proxy 127.0.0.1:{peer.port}: " in str(caught.value)
        assert str(caught.value).startswith("cannot connect to stream.venue.example:443 ")
    return caught.value


# What works -----------------------------------------------------------------------------------------------------------


@each
def test_n29_a_plain_websocket_goes_through_the_proxy(ask: Ask) -> None:
    with loopback() as server, proxy_peer(venue_port=server.port) as peer:
        assert ask(ProxyNetwork(peer.url()), server.url(), Config()) == 1_700_000_000_123
    assert peer.heads == [f"CONNECT 127.0.0.1:{server.port} HTTP/1.1\r\nHost: 127.0.0.1:{server.port}\r\n\r\n"]


@each
def test_n29_tls_is_spoken_with_the_venue_whose_name_only_the_proxy_resolves(ask: Ask) -> None:
    authority = trustme.CA()
    context = server_context(authority.issue_cert("stream.venue.example"))
    with loopback(context) as server, proxy_peer(venue_port=server.port) as peer:
        assert ask(ProxyNetwork(peer.url()), VENUE, Config(), client_context(authority)) == 1_700_000_000_123
    assert peer.heads[0].startswith("CONNECT stream.venue.example:443 HTTP/1.1\r\n")
    assert b"CONNECT" not in server.plaintext


@both
def test_n29_user_and_password_go_to_the_proxy_and_nowhere_else(ask: Ask) -> None:
    with loopback() as server, proxy_peer(venue_port=server.port) as peer:
        ask(ProxyNetwork(peer.url(LOGIN)), server.url(), Config())
    assert peer.heads[0].splitlines()[2] == "Proxy-Authorization: Basic dHJhZGVyOnBhc3MtdzByZEBob21l"
    assert b"Authorization" not in server.plaintext


@both
def test_n29_an_ipv6_address_of_the_venue_stands_in_brackets(ask: Ask) -> None:
    with loopback() as server, proxy_peer(venue_port=server.port) as peer:
        ask(ProxyNetwork(peer.url()), f"ws://[::1]:{server.port}/", Config())
    assert peer.heads == [f"CONNECT [::1]:{server.port} HTTP/1.1\r\nHost: [::1]:{server.port}\r\n\r\n"]


@both
@pytest.mark.parametrize(
    "answer",
    [
        b"HTTP/1.0 200 OK\r\nProxy-agent: Apache\r\n\r\n",
        b"HTTP/1.1 200\r\nContent-Length: 5\r\nTransfer-Encoding: chunked\r\n\r\n",
        b"HTTP/1.1 100 Continue\r\n\r\nHTTP/1.1 201 Created\r\n\r\n",
    ],
)
def test_n29_every_2xx_opens_the_tunnel_whatever_its_head_says(ask: Ask, answer: bytes) -> None:
    with loopback() as server, proxy_peer(lambda a, b: relay(a, b, answer), venue_port=server.port) as peer:
        assert ask(ProxyNetwork(peer.url()), server.url(), Config()) == 1_700_000_000_123


def test_several_clients_in_one_thread_go_through_one_proxy() -> None:
    with local_exchange() as exchange, proxy_peer(venue_port=port_of(exchange)) as peer:
        network = ProxyNetwork(peer.url())
        with (
            CoinexClient(url=exchange.url, network=network) as one,
            CoinexClient(url=exchange.url, network=network) as two,
        ):
            run(one, two, seconds=0.2)
            assert one.request(coinex.ServerTime()) > 0
            assert two.request(coinex.ServerTime()) > 0
    assert len(peer.heads) == 2


@pytest.mark.parametrize("background", [False, True])
def test_n29_a_drop_is_mended_through_the_proxy_also_when_that_refuses_meanwhile(background: bool) -> None:
    refusal = say(b"HTTP/1.1 502 Bad Gateway\r\n\r\n")
    with local_exchange() as exchange, proxy_peer(relay, refusal, refusal, relay, venue_port=port_of(exchange)) as peer:
        network = ProxyNetwork(peer.url())
        attempts: list[int] = []
        with CoinexClient(url=exchange.url, network=network, config=PATIENT, background=background) as cx:

            @cx.on(Retrying)
            def count(event: Retrying) -> None:
                attempts.append(event.attempt)

            exchange.drop()
            until = time.monotonic() + HANGS_AFTER
            while not (attempts and len(peer.heads) == 4 and cx.stats.reconnects):
                assert time.monotonic() < until
                cx.run(seconds=0.05)
            cx.ready()
            assert cx.request(coinex.ServerTime()) > 0
    assert attempts == [1, 2, 3]


async def test_n29_under_trio_a_drop_is_mended_through_the_proxy() -> None:
    refusal = say(b"HTTP/1.1 502 Bad Gateway\r\n\r\n")
    async with local_exchange() as exchange:
        with proxy_peer(relay, refusal, relay, venue_port=port_of(exchange)) as peer:
            dialect = coinex.spot(url=exchange.url)
            async with open_client(dialect, config=PATIENT, network=ProxyNetwork(peer.url())) as client:
                with trio.fail_after(HANGS_AFTER):
                    async with client.events(Ready) as again:
                        exchange.drop()
                        await anext(again)
                    assert await client.request(coinex.ServerTime()) > 0
    assert len(peer.heads) == 3


@both
def test_n29_with_retry_first_a_refusal_is_retried(ask: Ask) -> None:
    patient = Config(retry_first=True, backoff=Backoff(first=0.01, ceiling=0.02))
    refusal = say(b"HTTP/1.1 503 Busy\r\n\r\n")
    with loopback() as server, proxy_peer(refusal, refusal, relay, venue_port=server.port) as peer:
        assert ask(ProxyNetwork(peer.url()), server.url(), patient) == 1_700_000_000_123
    assert len(peer.heads) == 3


# What is refused ------------------------------------------------------------------------------------------------------


@each
@pytest.mark.parametrize(
    ("answer", "status", "said"),
    [
        (b"403 Forbidden", 403, "it answered 403 Forbidden; it does not allow this address, port or user"),
        (b"407 Who", 407, "it answered 407 Proxy Authentication Required; user name and password are missing"),
        (b"502 Bad Gateway", 502, "it answered 502 Bad Gateway; it could not reach the venue"),
        (b"302 Found\r\nLocation: http://login.example/", 302, "it answered 302 Found"),
        (b"799", 799, "it answered 799"),
    ],
)
def test_n29_a_refusal_of_the_proxy_is_its_own_error_with_status(
    ask: Ask, answer: bytes, status: int, said: str
) -> None:
    error = refused(ask, say(b"HTTP/1.1 " + answer + b"\r\nContent-Length: 3\r\n\r\nno!"))
    assert error.status == status
    assert str(error).endswith(": " + said)
    assert not isinstance(error, HandshakeRefused)


@both
def test_n29_a_407_to_a_login_says_that_it_was_not_accepted(ask: Ask) -> None:
    error = refused(ask, say(b"HTTP/1.1 407 X\r\n\r\n"), login=LOGIN)
    assert str(error).endswith("; the login was not accepted")


@each
@pytest.mark.parametrize(
    ("script", "said"),
    [
        (say(b""), "it ended the connection before its answer"),
        (say(b"HTTP/1.1 200 OK\r\nVia: 1"), "it ended the connection within its answer"),
        (say_and_wait(b""), "no connection within 0.3 s"),
        (say_and_wait(b"HTTP/1.1 200 OK\r\n"), "no connection within 0.3 s"),
        (say_and_wait(b"\x15\x03\x01\x00\x02\x02\x46"), "it did not answer in HTTP"),
        (say_and_wait(b"SSH-2.0-OpenSSH_9.2\r\n"), "it did not answer in HTTP"),
        (say_and_wait(b"HTTP/1.1 two hundred\r\n\r\n"), "it did not answer in HTTP"),
        (say_without_end(b"X-More: of it\r\n"), "its answer has more than 32768 bytes"),
        (say_and_wait(b"HTTP/1.1 100 Go on\r\n\r\n" * 2000), "its answer has more than 32768 bytes"),
    ],
    ids=["closes", "closes-mid-head", "stalls", "stalls-mid-head", "tls", "ssh", "junk", "endless", "interim"],
)
def test_n29_a_proxy_that_does_not_answer_well_is_an_error_in_time(ask: Ask, script: Script, said: str) -> None:
    error = refused(ask, script, config=QUICK if said.startswith("no connection within") else PATIENT)
    assert error.status is None
    assert str(error).endswith(": " + said)


@each
def test_n29_a_proxy_that_is_not_there_is_named(ask: Ask) -> None:
    port = refusing_port()
    with pytest.raises(
        ProxyError, match=rf"^cannot connect to .* through the proxy 127\.0\.0\.1:{port}: Connection refused$"
    ):
        ask(ProxyNetwork(f"http://127.0.0.1:{port}"), VENUE, PATIENT)


@both
def test_n29_n11_a_proxy_that_takes_no_connection_ends_with_the_budget(ask: Ask) -> None:
    with (
        black_hole() as (host, port),
        pytest.raises(ProxyError, match=rf"proxy {host}:{port}: no connection within 0.3 s$"),
    ):
        ask(ProxyNetwork(f"http://{host}:{port}"), VENUE, QUICK)


@both
def test_n29_a_proxy_without_an_address_is_named(ask: Ask, monkeypatch: pytest.MonkeyPatch) -> None:
    network = ProxyNetwork("http://proxy.example:3128")

    def resolve(host: str, port: int) -> tuple[tuple[str, int], ...]:
        assert (host, port) == ("proxy.example", 3128)
        raise socket.gaierror(-2, "Name or service not known")

    monkeypatch.setattr(network, "resolve", resolve)
    with pytest.raises(ProxyError, match=r"the proxy proxy\.example:3128: name resolution: Name or service not known$"):
        ask(network, VENUE, PATIENT)


@both
def test_n29_one_budget_holds_for_a_proxy_that_drips(ask: Ask) -> None:
    def drip(connection: socket.socket, peer: object) -> None:
        for byte in ESTABLISHED * 100:
            connection.sendall(bytes([byte]))
            time.sleep(0.05)

    assert str(refused(ask, drip, config=QUICK)).endswith("no connection within 0.3 s")


@both
def test_n29_what_the_venue_does_within_the_tunnel_is_no_error_of_the_proxy(ask: Ask) -> None:
    context = server_context(trustme.CA().issue_cert("stream.venue.example"))
    with loopback(context) as server, proxy_peer(venue_port=server.port) as peer:
        network = ProxyNetwork(peer.url())
        with pytest.raises(ConnectFailed, match="TLS: ") as caught:
            ask(network, VENUE, Config())
    assert not isinstance(caught.value, ProxyError)


# Bytes behind the 200 -------------------------------------------------------------------------------------------------


@both
def test_n29_bytes_in_the_packet_of_the_200_reach_the_websocket(ask: Ask) -> None:
    early = b"HTTP/1.1 451 No\r\nContent-Length: 0\r\n\r\n"
    with proxy_peer(say_and_wait(ESTABLISHED + early)) as peer, pytest.raises(HandshakeRefused) as caught:
        ask(ProxyNetwork(peer.url()), PLAIN, PATIENT)
    assert caught.value.status == 451


@both
def test_n29_bytes_in_the_packet_of_the_200_reach_tls(ask: Ask) -> None:
    alert = b"\x15\x03\x03\x00\x02\x02\x28"
    with proxy_peer(say_and_wait(ESTABLISHED + alert)) as peer:
        network = ProxyNetwork(peer.url())
        with pytest.raises(ConnectFailed, match=r"TLS: .*alert handshake failure"):
            ask(network, VENUE, PATIENT)


def through_the_transport(network: ProxyNetwork, count: int) -> bytes:
    transport = network.dial("venue.example", 80, None)
    try:
        until = network.now() + HANGS_AFTER
        data = b""
        while len(data) < count:
            if transport.progress(network.now()) and (came := transport.receive(100)):
                data += came
            else:
                assert network.now() < until
                network.wait([(transport, False)], min(until, transport.wakes_at()))
        return data
    finally:
        transport.close()


def through_the_stream(network: ProxyNetwork, count: int) -> bytes:
    async def main() -> bytes:
        with trio.fail_after(HANGS_AFTER):
            async with await network.open_stream("venue.example", 80, None, trio.CapacityLimiter(1)) as stream:
                data = b""
                while len(data) < count:
                    data += await stream.receive_some(100)
                return data

    return trio.run(main)


@pytest.mark.parametrize("first_bytes_of", [through_the_transport, through_the_stream])
@pytest.mark.parametrize("cut", [1, 12, len(ESTABLISHED) - 1, len(ESTABLISHED), len(ESTABLISHED) + 2])
def test_n29_wherever_the_answer_is_cut_no_byte_behind_it_is_lost(
    first_bytes_of: Callable[[ProxyNetwork, int], bytes], cut: int
) -> None:
    def script(connection: socket.socket, peer: object) -> None:
        connection.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
        whole = ESTABLISHED + b"\x81\x02hi"
        connection.sendall(whole[:cut])
        time.sleep(0.02)
        connection.sendall(whole[cut:])
        connection.recv(1)

    with proxy_peer(script) as peer:
        assert first_bytes_of(ProxyNetwork(peer.url()), 4) == b"\x81\x02hi"


# Secrets and mistakes -------------------------------------------------------------------------------------------------


def assert_hides(text: str) -> None:
    assert [word for word in SHOWN if word in text] == []


def shown_locals(error: BaseException) -> str:
    """The local variables of every frame of ours that an error reporter prints; the test's own hold the login, of course."""
    frames = traceback.TracebackException.from_exception(error, capture_locals=True).stack
    ours = [frame.locals for frame in frames if "tests" not in Path(frame.filename).parts]
    assert ours
    return str(ours)


@each
@pytest.mark.parametrize(
    ("script", "config"),
    [
        (say(b""), PATIENT),
        (say(b"HTTP/1.1 407 X\r\n\r\n"), PATIENT),
        (say_and_wait(b""), QUICK),
        (say(b"HTTP/1.1 502 trader:pass-w0rd@home\r\nX: dHJhZGVyOnBhc3MtdzByZEBob21l\r\n\r\n"), PATIENT),
        (say(b"CONNECT x:1 HTTP/1.1\r\nProxy-Authorization: Basic dHJhZGVyOnBhc3MtdzByZEBob21l\r\n\r\n"), PATIENT),
    ],
    ids=["closes", "407", "stalls", "echoes-the-login", "echoes-all"],
)
def test_n29_the_login_shows_nowhere(
    ask: Ask, script: Script, config: Config, caplog: pytest.LogCaptureFixture
) -> None:
    caplog.set_level(logging.DEBUG)
    error = refused(ask, script, login=LOGIN, config=config)
    assert_hides(caplog.text)
    assert_hides(repr(error) + str(error) + repr(vars(error)) + repr(pickle.dumps(error)))
    assert_no_frame_shows_it(error)


def assert_no_frame_shows_it(error: BaseException) -> None:
    seen: BaseException | None = error
    while seen is not None:
        assert_hides(shown_locals(seen))
        seen = seen.__context__


async def test_n29_the_login_shows_not_even_where_sending_it_has_failed() -> None:
    ours, theirs = trio.socket.socketpair()
    theirs.close()
    stream = TcpStream(trio.SocketStream(ours))
    tunnel = Tunnel(Proxy(f"http://{LOGIN}proxy.example:3128"), "venue.example", 443)
    with pytest.raises(ProxyError, match="Broken pipe") as caught:
        await go_through(stream, tunnel)
    assert_no_frame_shows_it(caught.value)
    assert ours.fileno() == -1


def test_n29_a_network_shows_where_the_proxy_is_and_no_login() -> None:
    network = ProxyNetwork(f"http://{LOGIN}proxy.example:3128")
    assert repr(network) == "ProxyNetwork('proxy.example:3128')"
    assert_hides(repr(network) + str(vars(network)))
    for keep in (pickle.dumps, copy.deepcopy):
        with pytest.raises(TypeError, match="is not written to a pickle or copy"):
            keep(network)


# HTTP -----------------------------------------------------------------------------------------------------------------


def test_http_with_the_same_network_does_not_go_around_the_proxy() -> None:
    with proxy_peer(say(b"HTTP/1.1 407 X\r\n\r\n")) as peer:
        network = ProxyNetwork(peer.url(LOGIN))
        with BlockingHttp(network=network, retries=0) as http, pytest.raises(HttpUnreachable) as caught:
            http.call("GET", "/time")
    assert peer.heads[0].startswith("CONNECT api.coinex.com:443 HTTP/1.1\r\n")
    assert_hides(str(caught.value))


async def test_http_under_trio_does_not_go_around_the_proxy_either() -> None:
    with proxy_peer(say(b"HTTP/1.1 407 X\r\n\r\n")) as peer:
        async with open_http(network=ProxyNetwork(peer.url(LOGIN)), retries=0) as http:
            with pytest.raises(HttpUnreachable):
                await http.call("GET", "/time")
    assert "dHJhZGVyOnBhc3MtdzByZEBob21l" in peer.heads[0]
