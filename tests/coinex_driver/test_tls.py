"""Which TLS every client speaks."""

from __future__ import annotations

import ssl
from contextlib import suppress

import pytest
import trustme

from coinex_driver.tls import check_ssl_context, default_ssl_context
from coinex_proto import UsageError


def test_certificate_and_name_are_checked_and_old_versions_refused() -> None:
    context = default_ssl_context()
    assert context.verify_mode is ssl.CERT_REQUIRED
    assert context.check_hostname
    assert context.minimum_version is ssl.TLSVersion.TLSv1_2


def test_credentials_are_not_shown_to_anybody_who_answers() -> None:
    careless = ssl.create_default_context()
    careless.check_hostname = False
    careless.verify_mode = ssl.CERT_NONE
    with pytest.raises(UsageError, match="checks no certificate, and there are credentials"):
        check_ssl_context(careless, has_credentials=True)
    check_ssl_context(careless, has_credentials=False)
    check_ssl_context(default_ssl_context(), has_credentials=True)
    check_ssl_context(None, has_credentials=True)


def test_a_certificate_of_any_host_is_none_where_there_are_credentials() -> None:
    careless = ssl.create_default_context()
    careless.check_hostname = False
    with pytest.raises(UsageError, match="set check_hostname to True"):
        check_ssl_context(careless, has_credentials=True)
    check_ssl_context(careless, has_credentials=False)


def test_tls_1_2_is_the_least_whatever_the_system_is_set_to(monkeypatch: pytest.MonkeyPatch) -> None:
    lenient = ssl.create_default_context()
    lenient.minimum_version = ssl.TLSVersion.MINIMUM_SUPPORTED
    monkeypatch.setattr("coinex_driver.tls.create_default_context", lambda: lenient)
    assert default_ssl_context().minimum_version is ssl.TLSVersion.TLSv1_2


def test_a_server_that_has_newer_http_is_asked_for_1_1() -> None:
    authority = trustme.CA()
    context, server_context = default_ssl_context(), ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    authority.configure_trust(context)
    authority.issue_cert("exchange.example").configure_cert(server_context)
    server_context.set_alpn_protocols(["h2", "http/1.1"])
    there, back = ssl.MemoryBIO(), ssl.MemoryBIO()
    client = context.wrap_bio(back, there, server_hostname="exchange.example")
    server = server_context.wrap_bio(there, back, server_side=True)
    for side in (client, server, client, server):
        with suppress(ssl.SSLWantReadError):
            side.do_handshake()
    assert (client.selected_alpn_protocol(), server.selected_alpn_protocol()) == ("http/1.1", "http/1.1")
