"""The way through a proxy without sockets: which URLs name one, what it is asked, and what its answer means (N29)."""

from __future__ import annotations

import pickle
import re
import traceback
from itertools import pairwise
from pathlib import Path
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from coinex_driver.proxy_tunnel import MAX_ANSWER_BYTES, Proxy, Tunnel
from coinex_proto import ProxyError, UsageError
from coinex_trio import ProxyNetwork

SECRETS = ("trader", "pass-w0rd")
PROXY = Proxy("http://10.0.0.1:3128")


def tunnel(proxy: Proxy = PROXY, host: str = "venue.example", port: int = 443) -> Tunnel:
    return Tunnel(proxy, host, port)


def fed(way: Tunnel, *reads: bytes) -> bytes:
    """What is left for the venue; each read shows again what was not taken, as sockets do."""
    waiting = b""
    for read in reads:
        waiting += read
        if waiting and not way.is_open:
            waiting = waiting[way.receive(waiting) :]
    return waiting


# The proxy ------------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("url", "shown", "login"),
    [
        ("http://proxy.example:3128", "proxy.example:3128", ""),
        ("http://PROXY:80/", "proxy:80", ""),
        ("http://[::1]:3128", "[::1]:3128", ""),
        ("http://user:word@proxy:1", "proxy:1", "Basic dXNlcjp3b3Jk"),
        ("http://user@proxy:1", "proxy:1", "Basic dXNlcjo="),
        ("http://:word@proxy:1", "proxy:1", "Basic OndvcmQ="),
        ("http://us%40er:w%3Ao%2Fr%23d@proxy:1", "proxy:1", "Basic dXNAZXI6dzpvL3IjZA=="),
        ("http://%C3%BC:%E2%82%AC@proxy:1", "proxy:1", "Basic w7w64oKs"),
    ],
)
def test_a_url_names_host_port_and_login(url: str, shown: str, login: str) -> None:
    proxy = Proxy(url)
    assert str(proxy) == shown
    assert proxy.authorization == login


def test_n29_a_proxy_hides_its_login() -> None:
    proxy = Proxy("http://trader:pass-w0rd@proxy:3128")
    assert repr(proxy) == "Proxy('proxy:3128')"
    assert not hasattr(proxy, "__dict__")
    for protocol in range(pickle.HIGHEST_PROTOCOL + 1):
        with pytest.raises(TypeError, match="is not written to a pickle"):
            pickle.dumps(proxy, protocol)


@pytest.mark.parametrize(
    "url",
    [
        "",
        "proxy:3128",
        "trader:pass-w0rd@proxy:3128",
        "http://trader:pass-w0rd@proxy",
        "http://trader:pass-w0rd@proxy:0",
        "http://trader:pass-w0rd@proxy:99999",
        "http://trader:pass-w0rd@:3128",
        "http://trader:pass-w0rd/x@proxy:3128",
        "http://trader:pass-w0rd#@proxy:3128",
        "http://trader:pass-w0rd?@proxy:3128",
        "http://trader:pass-w0rd@proxy:3128/path",
        "http://trader:pass-w0rd@proxy:3128?x",
        "http://trader:pass-w0rd@pro xy:3128",
        "http://trader:pass-w0rd@proxy:3128\r\nX: y",
        "http://trader:pass-w0rd@prox%79:3128",
        "http://trader:pass-w0rd@-proxy:3128",
        "http://trader:pass-w0rd@" + "a" * 64 + ":3128",
        "http://trader:pass-w0rd@[::g]:3128",
        "http://trader:pass-w0rd@[::1:3128",
        "http://trader:p\u00e4ss-w0rd@proxy:3128",
        "ftp://trader:pass-w0rd@proxy:3128",
        "https://trader:pass-w0rd@proxy:3128",
        "socks5://trader:pass-w0rd@proxy:1080",
        "http://tra%3Ader:pass-w0rd@proxy:3128",
        "http://trader:pass-w0rd%0A@proxy:3128",
        "http://trader:pass-w0rd%7F@proxy:3128",
        "http://trader:pass-w0rd%1F@proxy:3128",
        b"http://trader:pass-w0rd@proxy:3128",
        None,
    ],
)
def test_n29_what_is_no_proxy_is_refused_at_once_and_not_shown(url: Any) -> None:
    urls = [url]
    del url
    with pytest.raises(UsageError, match="proxy") as caught:
        ProxyNetwork(urls.pop())
    frames = traceback.TracebackException.from_exception(caught.value, capture_locals=True).stack
    ours = str([frame.locals for frame in frames if "tests" not in Path(frame.filename).parts])
    assert "_tunnel" in str([frame.filename for frame in frames])
    assert [word for word in SECRETS if word in str(caught.value) + ours] == []
    assert caught.value.__context__ is None


def test_a_proxy_of_another_kind_is_refused_in_words_that_say_so() -> None:
    with pytest.raises(UsageError, match="neither TLS to the proxy nor SOCKS"):
        ProxyNetwork("https://proxy:443")


# The tunnel -----------------------------------------------------------------------------------------------------------


def test_n29_the_request_names_the_venue_and_carries_the_login() -> None:
    way = tunnel(Proxy("http://user:word@proxy:1"))
    assert way.unsent == (
        b"CONNECT venue.example:443 HTTP/1.1\r\n"
        b"Host: venue.example:443\r\nProxy-Authorization: Basic dXNlcjp3b3Jk\r\n\r\n"
    )
    assert not way.is_open


def test_n29_an_ipv6_venue_has_brackets() -> None:
    assert tunnel(host="2001:db8::1").unsent.startswith(
        b"CONNECT [2001:db8::1]:443 HTTP/1.1\r\nHost: [2001:db8::1]:443\r\n"
    )


@given(st.lists(st.integers(0, 120), max_size=6), st.binary(max_size=40))
def test_n29_however_the_answer_is_cut_exactly_the_bytes_behind_it_are_left(cuts: list[int], behind: bytes) -> None:
    whole = b"HTTP/1.1 102 Wait\r\n\r\nHTTP/1.1 200 OK\r\nContent-Length: 4\r\nVia: x\r\n\r\n" + behind
    places = sorted({0, len(whole), *(cut for cut in cuts if cut < len(whole))})
    way = tunnel()
    assert fed(way, *(whole[a:b] for a, b in pairwise(places))) == behind
    assert way.is_open


@given(st.binary(min_size=1, max_size=200))
def test_n29_whatever_a_proxy_says_is_waited_for_opens_or_is_its_error(data: bytes) -> None:
    for text in (data, b"HTTP/1.1 " + data, b"HTTP/1.1 200 OK\r\n" + data):
        way = tunnel()
        try:
            taken = way.receive(text)
        except ProxyError:
            assert not way.is_open
        else:
            assert 0 < taken <= len(text)
            assert way.is_open or taken == len(text)


@pytest.mark.parametrize("first", [b"h", b"HTTQ", b"\x05\x00", b"SSH-2.0", b"<html>"])
def test_n29_what_cannot_become_http_is_known_at_once(first: bytes) -> None:
    with pytest.raises(ProxyError, match="it did not answer in HTTP"):
        tunnel().receive(first)


@pytest.mark.parametrize("line", [b"X: y\r\n", b"X" * 1000])
def test_n29_a_head_without_end_is_bounded(line: bytes) -> None:
    way = tunnel()
    taken = way.receive(b"HTTP/1.1 200 OK\r\n")
    with pytest.raises(ProxyError, match=rf"has more than {MAX_ANSWER_BYTES} bytes"):
        while True:
            taken += way.receive(line)
            assert taken <= MAX_ANSWER_BYTES


@pytest.mark.parametrize(
    ("status", "login", "said"),
    [
        (400, "", "it answered 400 Bad Request; it may not allow this address or port"),
        (401, "", "it answered 401 Unauthorized"),
        (403, "", "it answered 403 Forbidden; it does not allow this address, port or user"),
        (405, "", "it answered 405 Method Not Allowed; it is no proxy, or does not tunnel"),
        (501, "", "it answered 501 Not Implemented; it is no proxy, or does not tunnel"),
        (502, "", "it answered 502 Bad Gateway; it could not reach the venue"),
        (503, "", "it answered 503 Service Unavailable; it could not reach the venue, or is overloaded"),
        (404, "", "it answered 404 Not Found; it is no proxy, or does not tunnel"),
        (407, "", "it answered 407 Proxy Authentication Required; user name and password are missing"),
        (407, "a:b@", "it answered 407 Proxy Authentication Required; the login was not accepted"),
        (504, "", "it answered 504 Gateway Timeout; it could not reach the venue in time"),
        (599, "", "it answered 599"),
    ],
)
def test_n29_a_refusal_says_the_status_and_what_to_do_and_none_of_the_proxy_s_words(
    status: int, login: str, said: str
) -> None:
    way = tunnel(Proxy(f"http://{login}proxy:1"))
    with pytest.raises(ProxyError, match=rf": {re.escape(said)}$") as caught:
        way.receive(b"HTTP/1.1 %d its own words\r\nContent-Length: 100\r\n\r\n" % status)
    assert caught.value.status == status
