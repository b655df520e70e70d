"""Which TLS every client speaks."""

from __future__ import annotations

import ssl

import pytest

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
