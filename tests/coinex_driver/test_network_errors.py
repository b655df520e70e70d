"""Words for what went wrong below the WebSocket."""

from __future__ import annotations

import socket
import ssl

import pytest
import trio

from coinex_driver.network_errors import CERTIFICATE_HINT, describe, reason_of
from coinex_proto import ProxyError


def chained(outer: Exception, cause: Exception) -> Exception:
    outer.__cause__ = cause
    return outer


REFUSED = ConnectionRefusedError(111, "whatever")


EXPIRED = ssl.SSLCertVerificationError(1, "x")
EXPIRED.verify_message = "certificate has expired"
UNNAMED = ssl.SSLCertVerificationError(1, "x")
UNNAMED.verify_message, UNNAMED.reason = "", "CERTIFICATE_VERIFY_FAILED"


@pytest.mark.parametrize(
    ("error", "words"),
    [
        (REFUSED, "Connection refused"),
        (OSError("no number"), "no number"),
        (OSError(), "OSError"),
        (TimeoutError(), "time-out"),
        (socket.gaierror(-2, "Name or service not known"), "name resolution: Name or service not known"),
        (ssl.SSLError(1, "[SSL: WRONG_VERSION_NUMBER] wrong version number (_ssl.c:1006)"), "TLS: "),
        (EXPIRED, f"TLS: certificate has expired; {CERTIFICATE_HINT}"),
        (UNNAMED, f"TLS: CERTIFICATE_VERIFY_FAILED; {CERTIFICATE_HINT}"),
        (trio.BrokenResourceError("gone"), "gone"),
        (trio.BrokenResourceError(), "BrokenResourceError"),
        (chained(trio.BrokenResourceError(), REFUSED), "Connection refused"),
        (chained(OSError("all failed"), ExceptionGroup("", [chained(OSError("one"), REFUSED)])), "Connection refused"),
    ],
)
def test_the_innermost_cause_is_named(error: BaseException, words: str) -> None:
    assert describe(error).startswith(words)
    assert "\n" not in describe(error)


def test_an_error_of_our_own_is_given_as_it_is_and_others_in_words() -> None:
    own = ProxyError("no", status=403)
    assert reason_of(own) is own
    assert reason_of(REFUSED) == "Connection refused"
