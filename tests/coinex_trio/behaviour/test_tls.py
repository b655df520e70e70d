"""TLS over real loopback sockets, for both clients: who is let in, and that nothing leaves before (X7)."""

from __future__ import annotations

import datetime
import ssl
from collections.abc import Callable
from typing import TypeAlias

import pytest
import trio
import trustme

from coinex_proto import ConnectFailed, coinex
from coinex_trio import BlockingClient, open_client
from tests.coinex_trio.loopback import Loopback, loopback
from tests.processes import HANGS_AFTER

KEYS = coinex.Credentials("a" * 32, "s" * 40)


def server_context(certificate: trustme.LeafCert) -> ssl.SSLContext:
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    certificate.configure_cert(context)
    return context


def client_context(authority: trustme.CA) -> ssl.SSLContext:
    context = ssl.create_default_context()
    authority.configure_trust(context)
    return context


def blocking(server: Loopback, context: ssl.SSLContext | None) -> int:
    dialect = coinex.spot(url=server.url("localhost"), credentials=KEYS)
    with BlockingClient(dialect, ssl_context=context) as client:
        return client.request(coinex.ServerTime())


def under_trio(server: Loopback, context: ssl.SSLContext | None) -> int:
    async def main() -> int:
        dialect = coinex.spot(url=server.url("localhost"), credentials=KEYS)
        async with open_client(dialect, ssl_context=context) as client:
            return await client.request(coinex.ServerTime())

    return trio.run(main)


Ask: TypeAlias = Callable[[Loopback, ssl.SSLContext | None], int]

both = pytest.mark.parametrize("ask", [blocking, under_trio])


@both
def test_x9_a_certificate_that_is_trusted_lets_the_session_run_and_end_without_close_notify(ask: Ask) -> None:
    authority = trustme.CA()
    with loopback(server_context(authority.issue_cert("localhost"))) as server:
        assert ask(server, client_context(authority)) == 1_700_000_000_123
        assert server.was_told_the_end.wait(HANGS_AFTER)
        assert server.venues[0].closed_with == b"\x03\xe8"


@both
def test_x7_a_certificate_of_an_unknown_authority_is_refused_before_a_byte(ask: Ask) -> None:
    with loopback(server_context(trustme.CA().issue_cert("localhost"))) as server:
        with pytest.raises(ConnectFailed, match=r"localhost:\d+: TLS: unable to get local issuer certificate"):
            ask(server, None)
        assert server.plaintext == b""


@both
def test_x7_a_certificate_for_another_host_is_refused_before_a_byte(ask: Ask) -> None:
    authority = trustme.CA()
    with loopback(server_context(authority.issue_cert("example.com"))) as server:
        with pytest.raises(ConnectFailed, match="TLS: Hostname mismatch"):
            ask(server, client_context(authority))
        assert server.plaintext == b""


@both
def test_x7_an_expired_certificate_is_refused_before_a_byte(ask: Ask) -> None:
    authority = trustme.CA()
    past = datetime.datetime.now(datetime.UTC) - datetime.timedelta(days=1)
    with loopback(server_context(authority.issue_cert("localhost", not_after=past))) as server:
        with pytest.raises(ConnectFailed, match="TLS: certificate has expired"):
            ask(server, client_context(authority))
        assert server.plaintext == b""


@both
def test_x7_an_old_version_of_tls_is_refused_before_a_byte(ask: Ask) -> None:
    context = server_context(trustme.CA().issue_cert("localhost"))
    context.set_ciphers("ALL:@SECLEVEL=0")
    with pytest.warns(DeprecationWarning, match="TLSv1_1"):
        context.maximum_version = ssl.TLSVersion.TLSv1_1
    with loopback(context) as server:
        with pytest.raises(ConnectFailed, match="TLS: "):
            ask(server, None)
        assert server.plaintext == b""
