"""Any request, and its whole answer as plain values."""

from decimal import Decimal as D
from typing import Any

import pytest

from coinex_proto import PayloadError, UsageError
from coinex_proto.qfex import Raw


def test_an_answer_is_plain_and_exact() -> None:
    assert Raw("x").parse(b'{"a":0.10,"b":[1]}') == {"a": D("0.10"), "b": [1]}
    assert Raw("x").parse(b"") is None
    with pytest.raises(PayloadError, match="cannot be read"):
        Raw("x").parse(b"{")


@pytest.mark.parametrize("kind", ["", 7, None])
def test_a_request_has_a_name(kind: Any) -> None:
    with pytest.raises(UsageError, match="must be a non-empty str"):
        Raw(kind)
