"""Addresses: taken apart and refused when the dialect is made, so that nothing surfaces later."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from coinex_proto._wire.endpoint import endpoint_of
from coinex_proto.config import Endpoint
from coinex_proto.errors import UsageError


@pytest.mark.parametrize(
    ("url", "expected"),
    [
        ("wss://socket.coinex.com/v2/spot", Endpoint(host="socket.coinex.com", port=443, target="/v2/spot")),
        ("wss://socket.coinex.com/v2/spot/", Endpoint(host="socket.coinex.com", port=443, target="/v2/spot/")),
        ("WSS://Socket.Coinex.Com", Endpoint(host="socket.coinex.com", port=443, target="/")),
        ("wss://x.example:8443/a?key=1", Endpoint(host="x.example", port=8443, target="/a?key=1")),
        ("ws://127.0.0.1:8080/v2/spot", Endpoint(host="127.0.0.1", port=8080, tls=False, target="/v2/spot")),
        ("ws://localhost/", Endpoint(host="localhost", port=80, tls=False, target="/")),
        ("ws://[::1]:9/", Endpoint(host="::1", port=9, tls=False, target="/")),
        ("wss://[2001:db8::1]/", Endpoint(host="2001:db8::1", port=443, target="/")),
        ("wss://xn--bcher-kva.example/", Endpoint(host="xn--bcher-kva.example", port=443, target="/")),
        ("wss://x.example./", Endpoint(host="x.example.", port=443, target="/")),
        (f"wss://{'a.' * 125}aaa/", Endpoint(host="a." * 125 + "aaa", port=443, target="/")),
    ],
)
def test_an_address_is_taken_apart(url: str, expected: Endpoint) -> None:
    assert endpoint_of(url) == expected


@pytest.mark.parametrize(
    ("url", "hint"),
    [
        ("https://socket.coinex.com/", "wss://"),
        ("socket.coinex.com", "wss://"),
        ("", "wss://"),
        ("wss://", "host"),
        ("wss:///v2", "host"),
        ("wss://user:S3CRET@x.example/", "password"),
        ("wss://@x.example/", "user"),
        ("wss://x.example/#top", "fragment"),
        ("wss://x.example/#", "fragment"),
        ("wss://x.example:0/", "port"),
        ("wss://x.example:99999/", "cannot be read"),
        ("wss://x.example:abc/", "cannot be read"),
        ("wss://x .example/", "blanks"),
        ("wss://x.example/a\r\nHost: y", "blanks"),
        ("wss://x.example/\t", "blanks"),
        ("wss://bücher.example/", "xn--"),
        ("wss://x.example/ü", "ASCII"),
        (f"wss://{'a' * 64}.example/", "host"),
        (f"wss://{'a.' * 130}example/", "host"),
        (f"wss://{'a.' * 125}aaaa/", "host"),
        ("wss://x..example/", "host"),
        ("wss://-x.example/", "host"),
        ("wss://x_%41.example/", "host"),
        ("wss://[::1/", "cannot be read"),
        ("wss://[fe80::1%25eth0]/", "host"),
        ("wss://[zz::1]/", "cannot be read|host"),
    ],
)
def test_h19_an_address_that_cannot_work_is_refused_at_once(url: str, hint: str) -> None:
    with pytest.raises(UsageError, match=hint) as caught:
        endpoint_of(url)
    assert "S3CRET" not in str(caught.value)


def test_h19_an_address_must_be_a_text() -> None:
    with pytest.raises(UsageError, match="str"):
        endpoint_of(b"wss://x.example/")  # type: ignore[arg-type]


@pytest.mark.parametrize("host", ["socket.coinex.com", "10.0.0.1", "127.example", "localhost.example", "[2001:db8::1]"])
def test_x6_plain_text_to_another_machine_needs_a_word_of_its_own(host: str) -> None:
    with pytest.raises(UsageError, match="allow_plaintext"):
        endpoint_of(f"ws://{host}/")
    assert not endpoint_of(f"ws://{host}/", allow_plaintext=True).tls


def test_the_target_and_headers_do_not_print() -> None:
    endpoint = endpoint_of("wss://x.example/?api_key=S3CRET", headers=(("X-Key", "S3CRET"),))
    assert endpoint.headers == (("X-Key", "S3CRET"),)
    assert "S3CRET" not in repr(endpoint)


@given(text=st.text(max_size=60))
def test_h19_any_text_is_an_address_or_a_usage_error(text: str) -> None:
    for url in (text, f"wss://{text}", f"wss://x.example/{text}"):
        try:
            endpoint = endpoint_of(url)
        except UsageError:
            continue
        assert 1 <= endpoint.port <= 65535
        assert endpoint.host.isascii()
        assert endpoint.target.startswith("/")
        assert endpoint.target.isprintable()
