"""Keys that sign and cannot be shown, and tokens."""

from __future__ import annotations

import copy
import pickle
from typing import Any

import attrs
import pytest

from coinex_proto import UsageError, qfex

SECRET = "qfex_secret_yyyyyy"


def test_the_secret_key_is_nowhere_to_be_found() -> None:
    keys = qfex.HmacCredentials("qfex_pub_xxxxx", SECRET)
    for shown in (repr(keys), str(attrs.asdict(keys)), repr(qfex.trade(keys))):
        assert SECRET not in shown
        assert "qfex_pub_xxxxx" not in repr(keys)
    for dump in (pickle.dumps, copy.deepcopy):
        with pytest.raises(TypeError):
            dump(keys)


def test_a_token_shows_in_no_repr() -> None:
    assert "eyJhb" not in repr(qfex.JwtCredentials("eyJhb.c.d"))


@pytest.mark.parametrize("bad", ["", " ", "x ", "\nx", None, 7, b"x", "\ud800"])
def test_a_secret_key_that_cannot_be_is_refused_without_being_shown(bad: Any) -> None:
    with pytest.raises(UsageError, match="secret_key"):
        qfex.HmacCredentials("pub", bad)


@pytest.mark.parametrize("bad", ["", "a b", "ü", "x\n", None, 7])
def test_a_public_key_or_token_that_no_address_can_carry_is_refused(bad: Any) -> None:
    with pytest.raises(UsageError):
        qfex.HmacCredentials(bad, "secret")
    with pytest.raises(UsageError):
        qfex.JwtCredentials(bad)


def test_the_time_that_is_signed_is_whole_seconds() -> None:
    with pytest.raises(UsageError, match="whole seconds"):
        qfex.sign_auth("s", "n", 1.5)  # type: ignore[arg-type]


@pytest.mark.parametrize(
    "make",
    [
        lambda keys: qfex.trade("key"),  # type: ignore[arg-type]
        lambda keys: qfex.trade(keys, " "),
        lambda keys: qfex.trade(keys, cancel_on_disconnect=1),  # type: ignore[arg-type]
        lambda keys: qfex.trade(keys, url="ws://trade.qfex.com"),
        lambda keys: qfex.trade(keys, url="wss://me:pw@trade.qfex.com"),
    ],
)
def test_a_dialect_that_cannot_be_is_refused_at_once(make: Any) -> None:
    with pytest.raises(UsageError):
        make(qfex.HmacCredentials("pub", "secret"))
