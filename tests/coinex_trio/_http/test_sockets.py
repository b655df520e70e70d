from __future__ import annotations

import socket
import ssl
from collections.abc import Callable
from typing import Any

import httpx2
import pytest
import trustme

from coinex_driver.http.wire import UNTIL, PoolSettings, place_of
from coinex_proto import Config
from coinex_trio._http.sockets import SocketTransport
from coinex_trio._http.streams import Patience
from coinex_trio.network import SYSTEM, SystemNetwork
from tests.coinex_trio.http_peer import Script, http_peer, nothing, raw, reply


class Watch:
    """A clock that a test sets."""

    def __init__(self) -> None:
        self.now = 100.0

    def __call__(self) -> float:
        return self.now


def asked(url: str, watch: Callable[[], float], until: float | None, **options: object) -> httpx2.Response:
    place = place_of("http://127.0.0.1/", has_credentials=False, allow_plaintext=True)
    settings = PoolSettings(**{"place": place, "config": Config(), **options})  # type: ignore[arg-type]
    network = SystemNetwork()
    network.now = watch  # type: ignore[method-assign]
    with httpx2.Client(transport=SocketTransport(settings, network, Patience(network)), trust_env=False) as client:
        request = client.build_request("GET", url)
        if until is not None:
            request.extensions[UNTIL] = until
        return client.send(request)


def dripping(watch: Watch, first: bytes, drop: bytes) -> Script:
    """An answer of which a bit comes every second, without end."""

    def drip(connection: socket.socket) -> bool:
        connection.sendall(first)
        for _ in range(1000):
            watch.now += 1.0
            connection.sendall(drop)
        return True

    return drip


@pytest.mark.parametrize(
    ("first", "drop"),
    [
        (b"HTTP/1.1 200 OK\r\n", b"X-More: 1\r\n"),
        (b"", b"HTTP/1.1 100 Continue\r\n\r\n"),
        (b"HTTP/1.1 200 OK\r\nContent-Length: 100000\r\n\r\n", b"x"),
    ],
    ids=["headers", "interim answers", "body"],
)
def test_an_answer_that_drips_ends_when_the_request_said(first: bytes, drop: bytes) -> None:
    watch = Watch()
    with http_peer(dripping(watch, first, drop)) as peer, pytest.raises(httpx2.TimeoutException):
        asked(peer.url, watch, until=120.0)


def test_silence_ends_at_the_earlier_of_both_limits() -> None:
    with http_peer(nothing) as peer, pytest.raises(httpx2.TimeoutException):
        asked(peer.url, SYSTEM.now, until=SYSTEM.now() + 0.05)


def test_after_its_end_nothing_is_even_connected() -> None:
    with http_peer(reply({})) as peer, pytest.raises(httpx2.ConnectTimeout):
        asked(peer.url, Watch(), until=99.0)
    assert peer.requests == []


def test_a_request_without_an_end_has_the_pool_s_limits_only() -> None:
    with http_peer(raw(b"all")) as peer:
        assert asked(peer.url, Watch(), until=None).content == b"all"


def test_a_broken_answer_is_an_error_of_httpx2() -> None:
    def broken(connection: socket.socket) -> bool:
        connection.sendall(b"HTTP/1.1 200 OK\r\nContent-Length: 10\r\n\r\nhalf")
        return False

    with http_peer(broken) as peer, pytest.raises(httpx2.RemoteProtocolError):
        asked(peer.url, Watch(), until=120.0)


def test_tls_is_verified_and_bounded_too() -> None:
    # X7
    authority = trustme.CA()
    server = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    authority.issue_cert("localhost").configure_cert(server)
    trusting = ssl.create_default_context()
    authority.configure_trust(trusting)
    with http_peer(raw(b"safe"), tls=server) as peer:
        url = f"https://localhost:{peer.port}/"
        assert asked(url, Watch(), until=120.0, ssl_context=trusting).content == b"safe"
        with pytest.raises(httpx2.ConnectError):
            asked(url, Watch(), until=120.0)


def test_a_proxy_gets_its_password() -> None:
    place = place_of("https://api.coinex.com/v2", has_credentials=False, allow_plaintext=False)
    with http_peer(raw(b"", status="407 Proxy Authentication Required")) as peer, pytest.raises(httpx2.ProxyError):
        asked(
            "https://api.coinex.com/v2/time",
            Watch(),
            until=120.0,
            place=place,
            proxy=f"http://user:word@127.0.0.1:{peer.port}",
        )
    assert peer.requests[0].line == "CONNECT api.coinex.com:443 HTTP/1.1"
    assert peer.requests[0].headers["proxy-authorization"] == "Basic dXNlcjp3b3Jk"


def pool_of(client: httpx2.Client) -> Any:
    transport: Any = client._transport
    return transport._pool


def client_of(network: Any) -> httpx2.Client:
    place = place_of("http://127.0.0.1/", has_credentials=False, allow_plaintext=True)
    transport = SocketTransport(PoolSettings(place=place, config=Config()), network, Patience(network))
    return httpx2.Client(transport=transport, trust_env=False)


def test_on_the_systems_network_a_connection_is_used_again_and_ends_with_the_client() -> None:
    with http_peer(raw(b"hi")) as peer:
        with client_of(SYSTEM) as client:
            for _ in range(3):
                assert client.get(peer.url).content == b"hi"
            assert (peer.connections, len(peer.requests)) == (1, 3)
            pool = pool_of(client)
            assert len(pool.connections) == 1
        assert pool.connections == []


def test_an_answer_that_was_not_read_to_its_end_gives_its_connection_back() -> None:
    with http_peer(raw(b"x" * 100_000)) as peer, client_of(SYSTEM) as client:
        response = client.send(client.build_request("GET", peer.url), stream=True)
        response.close()
        assert pool_of(client).connections == []


def test_on_another_network_each_request_dials_anew_and_speaks_as_its_address_says() -> None:
    dialled: list[tuple[str, int]] = []

    class Other:
        """The system's sockets, behind a face of its own."""

        def now(self) -> float:
            return SYSTEM.now()

        def dial(self, host: str, port: int, ssl_context: ssl.SSLContext | None) -> Any:
            assert ssl_context is None
            dialled.append((host, port))
            return SYSTEM.dial(host, port, None)

        def wait(self, watched: Any, until: float) -> Any:
            return SYSTEM.wait(watched, until)

    with http_peer(raw(b"hi")) as peer, client_of(Other()) as client:
        for _ in range(2):
            assert client.get(peer.url).content == b"hi"
        assert dialled == [("127.0.0.1", peer.port)] * 2
        assert pool_of(client).connections == []


def test_on_the_systems_network_a_proxy_of_the_network_is_left_to_the_pool() -> None:
    class Proxied(SystemNetwork):
        def dial(self, host: str, port: int, ssl_context: ssl.SSLContext | None) -> Any:
            raise AssertionError("this would go through the proxy of the sockets")

    with http_peer(raw(b"hi")) as peer, client_of(Proxied()) as client:
        assert client.get(peer.url).content == b"hi"
