"""Addresses that can be connected to, and messages as exact JSON."""

from decimal import Decimal as D
from typing import Any

import pytest

from coinex_proto import UsageError
from coinex_proto.qfex._messages import LARGEST_EXPONENT, checked_endpoint, text_of


@pytest.mark.parametrize(
    ("value", "text"),
    [
        (D("0.10"), "0.10"),
        (D("1E+3"), "1000"),
        (D("-0.5"), "-0.5"),
        (D(f"1E{LARGEST_EXPONENT}"), "1" + "0" * LARGEST_EXPONENT),
        ([1, "a", None, True], '[1,"a",null,true]'),
        ((D(1), {"b": D("2.0")}), '[1,{"b":2.0}]'),
    ],
)
def test_values_are_written_exactly(value: object, text: str) -> None:
    assert text_of({"x": value}) == f'{{"x":{text}}}'.encode()


DEEP: list[Any] = []
DEEP.append(DEEP)


@pytest.mark.parametrize(
    ("value", "complaint"),
    [
        (0.1, "a float is not exact"),
        ([{"y": 0.1}], "a float is not exact"),
        (D("NaN"), "cannot be written out"),
        (D(f"1E{LARGEST_EXPONENT + 1}"), "cannot be written out"),
        (object(), "get_order: cannot be written as JSON"),
        ({1: {(): 2}}, "get_order: cannot be written as JSON"),
        (DEEP, "get_order: cannot be written as JSON"),
    ],
)
def test_what_json_cannot_say_exactly_is_refused(value: object, complaint: str) -> None:
    with pytest.raises(UsageError, match=complaint):
        text_of({"type": "get_order", "x": value})


def test_an_address_is_checked_with_its_headers() -> None:
    endpoint = checked_endpoint("wss://mds.qfex.com/x", [("x-client", "me")], allow_plaintext=False)
    assert (endpoint.host, endpoint.target, endpoint.headers) == ("mds.qfex.com", "/x", (("x-client", "me"),))
    for url, headers in (("http://x", ()), ("ws://mds.qfex.com", ()), ("wss://x", [("Host", "y")])):
        with pytest.raises(UsageError):
            checked_endpoint(url, headers, allow_plaintext=False)
    assert not checked_endpoint("ws://mds.qfex.com", (), allow_plaintext=True).tls
