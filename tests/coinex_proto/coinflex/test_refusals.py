import pytest

from coinex_proto.coinflex._refusals import RATE_LIMIT, RATE_LIMIT_PAUSE, refusal

WORDS = {
    1: "no such user, order",
    2: "being watched already",
    3: "take a higher one",
    4: "balance is too small",
    5: "cancel some",
    6: "ask less often",
    7: "not signed in",
    8: "a parameter is wrong",
    9: "post-only",
}


@pytest.mark.parametrize("code", list(WORDS))
def test_each_documented_code_says_what_to_do(code: int) -> None:
    found = refusal(code, "words")
    assert (found.code, found.message) == (code, "words")
    assert WORDS[code] in found.hint
    assert found.retryable is (code == 6)
    assert found.ends_login is (code == 7)
    assert found.pause == (RATE_LIMIT_PAUSE if code == RATE_LIMIT else 0.0)
    assert not found.is_undocumented


@pytest.mark.parametrize("code", [10, 999, -1, 2**70])
def test_another_code_is_carried_through(code: int) -> None:
    found = refusal(code, "")
    assert (found.code, found.retryable, found.ends_login) == (code, False, False)
    assert "not documented" in found.hint
    assert found.is_undocumented
