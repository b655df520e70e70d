"""Keys that sign and cannot be shown, and tokens."""

from __future__ import annotations

import copy
import hmac
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


def test_a_signature_is_the_hmac_of_nonce_and_whole_seconds_and_each_is_of_its_own() -> None:
    keys = qfex.HmacCredentials("pub", SECRET)
    for nonce, at in (("n", 1_700_000_000), ("n", 1_700_000_001), ("m", 1_700_000_000)):
        expected = hmac.new(SECRET.encode(), f"{nonce}:{at}".encode(), "sha256").hexdigest()
        assert keys.sign(nonce, at) == qfex.sign_auth(SECRET, nonce, at) == expected


def test_of_a_public_key_the_beginning_is_shown() -> None:
    assert repr(qfex.HmacCredentials("qfex_pub_abcdef", SECRET)) == "HmacCredentials(public_key='qfex_pub_…')"


def test_a_function_gives_the_token_of_each_connection_and_is_checked_then() -> None:
    tokens = iter(["first", "second", "a b"])
    credentials = qfex.JwtCredentials(lambda: next(tokens))
    assert [credentials.current(), credentials.current()] == ["first", "second"]
    with pytest.raises(UsageError, match="characters that no key has"):
        credentials.current()
    assert qfex.JwtCredentials("fixed").current() == "fixed"


def test_only_of_a_token_it_is_said_that_a_function_may_return_it() -> None:
    async def later() -> str:
        return "token"

    waiting = later()
    with pytest.raises(UsageError, match="'coroutine'; a plain function that returns it at once is fine"):
        qfex.JwtCredentials(lambda: waiting).current()  # type: ignore[arg-type, return-value]
    waiting.close()
    for keys in ((7, "secret"), ("pub", 7)):
        with pytest.raises(UsageError, match=r"must be a str, not 'int'$"):
            qfex.HmacCredentials(*keys)


@pytest.mark.parametrize(
    ("key", "why"), [("", "is empty"), (" x", "blanks or line ends"), ("\ud800", "cannot be written")]
)
def test_what_is_wrong_with_a_key_is_said_in_words(key: str, why: str) -> None:
    with pytest.raises(UsageError, match=f"secret_key .*{why}"):
        qfex.HmacCredentials("pub", key)


def test_a_secret_key_may_hold_any_characters_that_can_be_written() -> None:
    assert len(qfex.HmacCredentials("pub", "ü ~\t!").sign("n", 1)) == 64


def test_a_recording_is_replayed_with_credentials_of_nobody() -> None:
    assert qfex.HmacCredentials.stand_in().public_key == "replay"
    assert qfex.JwtCredentials.stand_in().current() == "replay"


def test_credentials_of_one_key_are_one_account() -> None:
    one, same, other = (qfex.HmacCredentials(name, SECRET) for name in ("a", "a", "b"))
    assert (one == same, hash(one) == hash(same), one == other) == (True, True, False)
