"""`coinex http` and its relatives: how answers are shown."""

import json
from io import StringIO

import pytest
from rich.console import Console

from coinex_proto import PayloadError
from coinex_trio._cli.http import run_markets, run_ticker
from tests.coinex_trio._cli.program import coinex, environment
from tests.coinex_trio.http_peer import http_peer, raw, reply


def test_any_json_of_an_answer_is_shown_digit_for_digit_and_in_ascii() -> None:
    body = (
        '{"code": 0, "data": {"a": 1.50, "b": 1e-7, "c": ["[red]", "\u20ac \U0001f600"], "d": 12345678901234567890123}}'
    )
    env = environment(None, COINEX_ACCESS_ID="ID", COINEX_SECRET_KEY="EXAMPLESECRET")
    with http_peer(raw(body.encode())) as peer:
        compact = coinex("http", "GET", "/new/call", "--url", peer.url, "--json", env=env)
        indented = coinex("http", "GET", "/new/call", "--url", peer.url, env=env)
    assert compact.stderr == indented.stderr == ""
    assert compact.stdout == (
        '{"a":1.50,"b":1E-7,"c":["[red]","\\u20ac \\ud83d\\ude00"],"d":12345678901234567890123}\n'
    )
    assert '  "a": 1.50,\n' in indented.stdout
    assert json.loads(indented.stdout) == json.loads(compact.stdout)


@pytest.mark.parametrize("data", [{"a": 1}, [1], None, [{"last": "1"}], "text"])
def test_an_answer_that_is_no_table_is_an_error_of_ours(data: object) -> None:
    out = Console(file=StringIO())
    with http_peer(reply(data)) as peer:
        with pytest.raises(PayloadError):
            run_ticker(["BTCUSDT"], peer.url, is_futures=False, as_json=False, out=out)
        if not (isinstance(data, list) and isinstance(data[0], dict)):
            with pytest.raises(PayloadError, match="not a list of objects"):
                run_markets(peer.url, is_futures=True, as_json=False, out=out)
