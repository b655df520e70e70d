"""Which error a user meets who leaves a block while its client fails."""

from __future__ import annotations

import pytest

from coinex_driver.block_errors import raise_together


class Cancelled(BaseException):
    """A driver's word for it."""


BODY, CLIENT, CUT = ValueError("body"), OSError("client"), Cancelled("cut")


@pytest.mark.parametrize(
    ("body", "client", "raised"),
    [
        (BODY, None, BODY),
        (None, CLIENT, CLIENT),
        (CUT, None, CUT),
        (CUT, CLIENT, CLIENT),
        (CLIENT, CLIENT, CLIENT),
        (KeyboardInterrupt("k"), None, None),
    ],
    ids=str,
)
def test_one_error_comes_out_as_itself(
    body: BaseException | None, client: BaseException | None, raised: BaseException | None
) -> None:
    with pytest.raises(BaseException) as caught:
        raise_together(body, client, Cancelled)
    assert caught.value is (raised or body)


def test_two_errors_come_out_together_the_blocks_first() -> None:
    with pytest.raises(BaseExceptionGroup) as caught:
        raise_together(BODY, CLIENT, Cancelled)
    assert caught.value.exceptions == (BODY, CLIENT)


def test_without_an_error_nothing_comes_out() -> None:
    raise_together(None, None, Cancelled)
