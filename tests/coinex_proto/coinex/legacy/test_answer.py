"""Answers of the v1 sockets and the meaning of their codes."""

import pytest

from coinex_proto.coinex import spot
from coinex_proto.coinex.legacy._answer import legacy_refusal
from coinex_proto.dialect import Answer
from coinex_proto.events import Unrecognised


@pytest.mark.parametrize("result", ['{"status":"success"}', '"pong"', "1520437025", "[]", '"success"'])
def test_an_old_answer_is_known_by_its_id(result: str) -> None:
    (found,) = spot().decode(f'{{"error":null,"result":{result},"id":16}}'.encode())
    assert found == Answer(keys=(("id", 16),), body=result.encode())


def test_an_old_refusal_keeps_its_code_and_text() -> None:
    (found,) = spot().decode(b'{"error":{"code":6,"message":"require auth"},"result":null,"id":16}')
    assert isinstance(found, Answer)
    assert found.refusal is not None
    assert (found.refusal.code, found.refusal.message, found.refusal.ends_login) == (6, "require auth", True)


@pytest.mark.parametrize("error", ["5", '"x"', "{}", '{"code":true}', '{"code":"1"}'])
def test_an_old_refusal_without_a_number_is_no_success(error: str) -> None:
    (found,) = spot().decode(f'{{"error":{error},"result":null,"id":16}}'.encode())
    assert isinstance(found, Unrecognised)


@pytest.mark.parametrize(
    ("code", "retryable"), [(1, False), (2, True), (3, True), (4, False), (5, True), (6, False), (7, False)]
)
def test_v1_codes_have_a_table_of_their_own(code: int, retryable: bool) -> None:
    found = legacy_refusal(code, "x")
    assert (found.code, found.retryable) == (code, retryable)
    assert found.is_unknown == (code == 5)
