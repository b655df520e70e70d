import pytest

from coinex_proto.coinflex._refusals import refusal


@pytest.mark.parametrize("code", range(1, 10))
def test_each_documented_code_says_what_to_do(code: int) -> None:
    found = refusal(code, "words")
    assert (found.code, found.message) == (code, "words")
    assert found.hint
    assert found.retryable is (code == 6)
    assert found.ends_login is (code == 7)
    assert (found.pause > 0) is (code == 6)


@pytest.mark.parametrize("code", [10, 999, -1, 2**70])
def test_another_code_is_carried_through(code: int) -> None:
    found = refusal(code, "")
    assert (found.code, found.retryable, found.ends_login) == (code, False, False)
    assert "not documented" in found.hint
