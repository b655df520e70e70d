from __future__ import annotations

import ssl

import httpx2
import pytest

from coinex_driver.http.wire import PoolSettings, place_of, what_is_proved, wire
from coinex_proto import Config, UsageError
from coinex_proto.coinex.http import HttpRequest


@pytest.mark.parametrize(
    ("url", "origin", "base_path", "is_loopback"),
    [
        ("https://api.coinex.com/v2", "https://api.coinex.com", "/v2", False),
        ("https://api.coinex.com", "https://api.coinex.com", "/v2", False),
        ("https://api.coinex.com/", "https://api.coinex.com", "/v2", False),
        ("http://127.0.0.1:8080/v2/", "http://127.0.0.1:8080", "/v2", True),
        ("http://localhost:80/x/v2", "http://localhost", "/x/v2", True),
        ("http://[::1]:81/v2", "http://[::1]:81", "/v2", True),
        ("http://127.9.9.9", "http://127.9.9.9", "/v2", True),
    ],
)
def test_a_base_url_has_an_origin_and_a_path(url: str, origin: str, base_path: str, is_loopback: bool) -> None:
    place = place_of(url, has_credentials=True, allow_plaintext=False)
    assert (place.origin, place.base_path, place.is_loopback) == (origin, base_path, is_loopback)


@pytest.mark.parametrize(
    ("url", "why"),
    [
        ("ftp://api.coinex.com/v2", "must begin with"),
        ("api.coinex.com/v2", "must begin with"),
        ("https://", "must begin with"),
        ("https://user:word@api.coinex.com/v2", "user name"),
        ("https://api.coinex.com/v2?x=1", "query"),
        ("https://api.coinex.com/v2#x", "fragment"),
        ("https://[::1/v2", "url is not one"),
    ],
)
def test_a_url_that_cannot_be_a_base_is_refused(url: str, why: str) -> None:
    with pytest.raises(UsageError, match=why) as caught:
        place_of(url, has_credentials=False, allow_plaintext=False)
    assert "word@" not in str(caught.value)


def test_signed_calls_do_not_leave_this_machine_without_tls() -> None:
    # X6
    with pytest.raises(UsageError, match="without TLS; allow_plaintext=True permits it"):
        place_of("http://exchange.example/v2", has_credentials=True, allow_plaintext=False)
    assert not place_of("http://exchange.example/v2", has_credentials=True, allow_plaintext=True).is_loopback
    assert (
        place_of("http://exchange.example/v2", has_credentials=False, allow_plaintext=False).host == "exchange.example"
    )


def test_a_proxy_s_password_does_not_show() -> None:
    place = place_of("https://api.coinex.com/v2", has_credentials=False, allow_plaintext=False)
    settings = PoolSettings(place=place, config=Config(), proxy="http://user:word@proxy:8080")
    assert "word" not in repr(settings)
    assert settings.arguments()["trust_env"] is False
    assert settings.arguments()["follow_redirects"] is False


@pytest.mark.parametrize("proxy", ["user:word@proxy", "socks5://user:word@proxy:1", "http://", "http://[::1/word", ""])
def test_x16_what_is_no_proxy_is_refused_without_showing_it(proxy: str) -> None:
    place = place_of("https://api.coinex.com/v2", has_credentials=False, allow_plaintext=False)
    with pytest.raises(UsageError, match="proxy must look like") as caught:
        PoolSettings(place=place, config=Config(), proxy=proxy)
    assert "word@" not in str(caught.value)


def test_x8_credentials_do_not_go_where_the_certificate_is_not_verified() -> None:
    careless = ssl.create_default_context()
    careless.check_hostname = False
    careless.verify_mode = ssl.CERT_NONE
    place = place_of("https://api.coinex.com/v2", has_credentials=True, allow_plaintext=False)
    with pytest.raises(UsageError, match="checks no certificate"):
        PoolSettings(place=place, config=Config(), has_credentials=True, ssl_context=careless)
    PoolSettings(place=place, config=Config(), has_credentials=False, ssl_context=careless)
    nameless = ssl.create_default_context()
    nameless.check_hostname = False
    with pytest.raises(UsageError, match="set check_hostname to True"):
        PoolSettings(place=place, config=Config(), has_credentials=True, ssl_context=nameless)
    PoolSettings(place=place, config=Config(), has_credentials=True, ssl_context=ssl.create_default_context())


@pytest.mark.parametrize(
    ("error", "was_sent", "timed_out"),
    [
        (httpx2.ConnectError("x"), False, False),
        (httpx2.ConnectTimeout("x"), False, True),
        (httpx2.PoolTimeout("x"), False, True),
        (httpx2.ProxyError("x"), False, False),
        (httpx2.WriteError("x"), True, False),
        (httpx2.WriteTimeout("x"), True, True),
        (httpx2.ReadError("x"), True, False),
        (httpx2.ReadTimeout("x"), True, True),
        (httpx2.RemoteProtocolError("x"), True, False),
        (httpx2.CloseError("x"), True, False),
        (httpx2.DecodingError("x"), True, False),
    ],
    ids=lambda each: type(each).__name__ if isinstance(each, Exception) else "",
)
def test_a_failure_proves_that_nothing_left_only_before_the_first_byte(
    error: Exception, was_sent: bool, timed_out: bool
) -> None:
    why, sent, late = what_is_proved(error)
    assert (sent, late) == (was_sent, timed_out)
    assert why


def test_target_and_body_are_handed_over_byte_for_byte() -> None:
    request = HttpRequest(method="POST", target="/v2/x?a=%2C,~", headers=(("A", "b"),), body=b"{}")
    sent = wire("http://127.0.0.1:1", request)
    assert sent.extensions["target"] == b"/v2/x?a=%2C,~"
    assert sent.read() == b"{}"
    assert sent.headers["a"] == "b"
    assert wire("http://h", HttpRequest(method="GET", target="/", headers=())).read() == b""
