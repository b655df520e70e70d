import pytest

from coinex_proto.coinflex._refusals import refusal


@pytest.mark.parametrize("code", range(1, 10))
def test_each_documented_code_says_what_to_do(code: int) -> None:
    told = refusal(code, "words")
    assert (told.code, told.message) == (code, "words")
    assert told.hint
    assert told.retryable is (code == 6)
    assert told.ends_login is (code == 7)
    assert (told.pause > 0) is (code == 6)


@pytest.mark.parametrize("code", [10, 999, -1, 2**70])
def test_another_code_is_carried_through(code: int) -> None:
    told = refusal(code, "")
    assert (told.code, told.retryable, told.ends_login) == (code, False, False)
    assert "not documented" in told.hint
