"""The benchmark compares like with like: each contestant sees every message, and the figures are what they are called."""

import json
from pathlib import Path

import pytest

from benchmarks import __main__ as program
from benchmarks.contestants import contestants, markets_of
from benchmarks.server import acknowledgements, client_texts, upgrade_response
from benchmarks.stream import stream

MESSAGES = stream(count=120, markets=3)


@pytest.mark.parametrize("name", sorted(contestants()))
@pytest.mark.parametrize("size", [1_000, 16 * 1024])
def test_each_contestant_sees_every_message(name: str, size: int) -> None:
    count = contestants()[name](MESSAGES, program.cut(MESSAGES, size))()
    lists = [message.payload for message in MESSAGES if b"state_list" in message.payload]
    more = sum(payload.count(b'"period"') - 1 for payload in lists)  # one update a market
    if name.startswith("connection"):
        assert count == len(MESSAGES) + more
    elif name.startswith(("session with books", "one line", "two lines")):
        assert (
            count >= len(MESSAGES) + more
        )  # private pushes, which nobody wants here, are in no message of this stream
        assert all(message.kind != "private" for message in MESSAGES)
    else:
        assert count == len(MESSAGES)


def test_the_pieces_are_the_stream() -> None:
    assert b"".join(program.cut(MESSAGES)) == b"".join(message.frame for message in MESSAGES)


def test_all_markets_whose_books_are_in_the_stream_are_wanted() -> None:
    assert markets_of(MESSAGES) == ("M0USDT", "M1USDT", "M2USDT")


def test_the_upgrade_of_the_rfc_gets_the_answer_of_the_rfc() -> None:
    # RFC 6455 1.3
    response = upgrade_response(b"GET / HTTP/1.1\r\nSec-WebSocket-Key: dGhlIHNhbXBsZSBub25jZQ==\r\n\r\n")
    assert b"Sec-WebSocket-Accept: s3pPLMBiTxaQ9kYGzzhZRbK+xOo=\r\n" in response


def test_masked_texts_of_a_client_are_read_and_acknowledged() -> None:
    text = b'{"id": 3}'
    frame = bytes((0x81, 0x80 | len(text))) + b"\1\2\3\4" + bytes(b ^ (1, 2, 3, 4)[n % 4] for n, b in enumerate(text))
    assert list(client_texts(frame * 2)) == [text, text]
    assert acknowledgements(frame).startswith(b"\x82")


@pytest.mark.long
def test_the_report_and_the_json_hold_every_contestant(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    written = tmp_path / "figures.json"
    program.main(["--messages", "150", "--rounds", "1", "--json", str(written)])
    printed = capsys.readouterr().out
    found = json.loads(written.read_text())
    for name in contestants():
        assert name in printed
        assert found["microseconds_per_message"][name] > 0
    assert found["ratios"]["limit"]["limit"] == 1.0
