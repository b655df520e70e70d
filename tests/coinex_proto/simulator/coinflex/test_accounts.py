"""The exchange's own curve against another package's, and who may sign in."""

import json
from hashlib import sha224
from pathlib import Path
from typing import Any

import pytest

from coinex_proto.simulator.coinflex.accounts import G, N, P, add, decoded, is_signed, public_key, times
from tests.coinex_proto.simulator.coinflex_peer import CURVE

VECTORS = [
    example
    for example in map(
        json.loads, (Path(__file__).parents[3] / "data" / "coinflex-examples.jsonl").read_text().splitlines()
    )
    if example["kind"] == "vector"
]


@pytest.mark.parametrize("vector", [pytest.param(vector, id=vector["name"]) for vector in VECTORS])
def test_the_worked_signatures_are_right_and_nothing_near_them_is(vector: Any) -> None:
    values = vector["values"]
    key = public_key(values["user_id"], values["passphrase"])
    assert key == (int(values["public_key_x_hex"], 16), int(values["public_key_y_hex"], 16))
    message, r, s = bytes.fromhex(values["message_hex"]), int(values["r_hex"], 16), int(values["s_hex"], 16)
    assert is_signed(message, r, s, key)
    assert is_signed(message, r, N - s, key)
    assert not is_signed(message[::-1], r, s, key)
    assert not is_signed(message, r + 1, s, key)
    assert not is_signed(message, r, s, public_key(values["user_id"], "other"))


@pytest.mark.parametrize(("r", "s"), [(0, 1), (1, 0), (N, 1), (1, N), (-1, 1), (2**224, 2**224)])
def test_numbers_out_of_range_sign_nothing(r: int, s: int) -> None:
    assert not is_signed(b"m", r, s, G)


def test_multiples_agree_with_another_package() -> None:
    for factor in (1, 2, 3, 2**200 + 1, int.from_bytes(sha224(b"x").digest(), "big")):
        theirs = CURVE.generator * factor
        assert times(factor, G) == (int(theirs.x()), int(theirs.y()))


def test_the_point_at_infinity_is_neutral() -> None:
    assert times(N, G) is None
    assert add(None, G) == add(G, None) == G
    assert G is not None
    assert add(G, (G[0], P - G[1])) is None


@pytest.mark.parametrize("text", [None, 5, "", "AAAA", "!" * 24, "AAAAAAAAAAAAAAAAAAAAAAA="])
def test_what_is_not_base64_of_the_right_length_is_none(text: object) -> None:
    assert decoded(text, 16) is None
