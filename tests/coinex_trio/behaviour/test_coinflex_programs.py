"""The short program with CoinFLEX, run as it stands apart from where it connects to."""

from __future__ import annotations

import ast
from pathlib import Path

import pytest

from coinex_trio import local_exchange
from tests.processes import python

PROGRAM = Path(__file__).parents[2] / "data" / "programs" / "coinflex_request.txt"


@pytest.mark.parametrize("optimized", [(), ("-O",)])
def test_one_request_as_a_program(optimized: tuple[str, ...]) -> None:
    with local_exchange("coinflex") as exchange:
        text = PROGRAM.read_text()
        assert '"correct horse battery"))' in text
        text = text.replace('"correct horse battery"))', f'"correct horse battery"), url={exchange.url!r})')
        done = python(*optimized, "-W", "error", "-c", text, '{"method": "GetOrders"}')
    assert (done.returncode, done.stderr) == (0, "")
    assert ast.literal_eval(done.stdout) == {"error_code": 0, "orders": []}
