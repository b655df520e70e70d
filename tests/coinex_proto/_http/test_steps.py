"""The steps of a call over HTTP: what is not shown of them, and how long a server asks to be left alone."""

from __future__ import annotations

from coinex_proto._http.steps import LONGEST_PAUSE, HttpRequest, NoReply, Reply, asked_pause
from coinex_proto.errors import SdkError

NOW = 1_700_000_000.0


def asked(reply: Reply | NoReply) -> tuple[float, list[str]]:
    error = SdkError("busy")
    return asked_pause(reply, error, NOW), getattr(error, "__notes__", [])


def busy(seconds: float) -> Reply:
    return Reply(now=0.0, status=503, headers=(("Retry-After", f"{seconds:.0f}"),))


def test_a_pause_is_as_long_as_the_server_asks_and_one_too_long_to_wait_is_told() -> None:
    assert asked(busy(7)) == (7.0, [])
    assert asked(busy(LONGEST_PAUSE)) == (30.0, [])
    assert asked(busy(31)) == (31.0, ["the server asks to be left alone for 31 s (Retry-After)"])


def test_who_did_not_ask_is_not_waited_for() -> None:
    assert asked(Reply(now=0.0, status=503)) == (0.0, [])
    gone = NoReply(now=0.0, why="reset", was_sent=True)
    assert asked(gone) == (0.0, [])
    assert not gone.timed_out


def test_neither_key_nor_body_of_a_request_is_shown() -> None:
    request = HttpRequest(method="POST", target="/order", headers=(("X-KEY", "SECRET"),), body=b"SECRET")
    assert "SECRET" not in repr(request)
    assert "SECRET" not in repr(Reply(now=0.0, status=200, body=b"SECRET"))
    assert "POST" in repr(request)
