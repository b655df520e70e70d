"""The signature of CoinFLEX: the worked vectors, an independent verifier, and secrets that cannot be seen."""

import base64
import builtins
import copy
import gc
import hashlib
import pickle
import traceback
from collections.abc import Callable
from typing import Any, Final

import attrs
import ecdsa
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from coinex_proto import LoginFailed, Outgoing, Ready, Session, UsageError
from coinex_proto.coinflex import Credentials, KeySigner, MissingExtra, live, private_key_of
from coinex_proto.coinflex.credentials import ORDER, message_of, nonce_of
from tests.coinex_proto.coinflex.venue import CONFIG, VECTORS, WELCOME, connected, ok
from tests.coinex_proto.harness.wire import sources

IDS: Final = [vector["name"] for vector in VECTORS]
NONCE: Final = bytes(range(16))
PASSPHRASE: Final = "hunter2-and-more"
COOKIE: Final = "Y29va2llLWNvb2tpZQ=="

CURVE: Final = ecdsa.curves.Curve(
    "secp224k1",
    ecdsa.ellipticcurve.CurveFp(0xFFFFFFFFFFFFFFFFFFFFFFFFFFFFFFFFFFFFFFFFFFFFFFFEFFFFE56D, 0, 5),
    ecdsa.ellipticcurve.Point(
        ecdsa.ellipticcurve.CurveFp(0xFFFFFFFFFFFFFFFFFFFFFFFFFFFFFFFFFFFFFFFFFFFFFFFEFFFFE56D, 0, 5),
        0xA1455B334DF099DF30FC28A169A467E9E47075A90F7E650EB6B7A45C,
        0x7E089FED7FBA344282CAFBD6F7E319F7C0B0BD59E2CA4BDB556D61A5,
        ORDER,
    ),
    (1, 3, 132, 0, 32),
)
"""Another package's arithmetic on the same curve."""


def fixed(value: bytes) -> Callable[[int], bytes]:
    def random_bytes(count: int) -> bytes:
        assert count == len(value)
        return value

    return random_bytes


@pytest.mark.parametrize("vector", VECTORS, ids=IDS)
def test_s14_a_worked_signature_is_reproduced_to_the_digit(vector: Any) -> None:
    values, expected = vector["values"], vector["message"]
    server, client = bytes.fromhex(values["server_nonce_hex"]), bytes.fromhex(values["client_nonce_hex"])
    key = private_key_of(values["user_id"], values["passphrase"])
    assert key.hex() == values["private_key_hex"]
    message = message_of(values["user_id"], server, client)
    assert message.hex() == values["message_hex"]
    assert hashlib.sha224(message).hexdigest() == values["digest_hex"]
    for credentials in (
        Credentials(values["user_id"], values["cookie"], values["passphrase"]),
        Credentials(values["user_id"], values["cookie"], private_key=key),
        Credentials(values["user_id"], values["cookie"], signer=KeySigner(key)),
    ):
        nonce, r, s = credentials.answer(server, fixed(client))
        assert (nonce, [r, s]) == (expected["nonce"], expected["signature"])
        assert base64.b64decode(r).hex() == values["r_hex"]
        assert len(base64.b64decode(s)) == 28


@settings(max_examples=20, deadline=None)
@given(st.binary(min_size=28, max_size=28), st.binary(min_size=40, max_size=40))
def test_any_signature_is_accepted_by_another_package(key: bytes, message: bytes) -> None:
    if not int.from_bytes(key, "big") > 0:
        return
    r, s = KeySigner(key).sign(message)
    private = ecdsa.SigningKey.from_secret_exponent(int.from_bytes(key, "big"), CURVE, hashlib.sha224)
    signature = ecdsa.util.sigencode_string(r, s, ORDER)
    assert private.get_verifying_key().verify(signature, message, hashlib.sha224)


def test_s14_no_two_messages_share_their_r() -> None:
    signer = KeySigner(b"\1" * 28)
    seen = {signer.sign(number.to_bytes(40, "big"))[0] for number in range(10_000)}
    assert len(seen) == 10_000


@pytest.mark.parametrize("nonce", [b"", b"x" * 15, b"x" * 17, b"x" * 40])
def test_s15_nothing_but_sixteen_bytes_of_the_server_is_signed(nonce: bytes) -> None:
    credentials = Credentials(7, COOKIE, signer=Broken())
    with pytest.raises(UsageError, match="16"):
        credentials.answer(nonce, fixed(NONCE))


class Broken:
    """A signer that must not be used."""

    def sign(self, message: bytes) -> tuple[int, int]:
        raise AssertionError("was used to sign")


class Large:
    """A signer whose first r has 225 bits."""

    def __init__(self) -> None:
        self.requests: list[bytes] = []

    def sign(self, message: bytes) -> tuple[int, int]:
        self.requests.append(message)
        return (2**224 if len(self.requests) == 1 else 5, 6)


def test_a_number_that_the_wire_cannot_hold_is_signed_again_with_another_nonce() -> None:
    signer = Large()
    nonces = iter((b"a" * 16, b"b" * 16))
    nonce, r, _s = Credentials(7, COOKIE, signer=signer).answer(NONCE, lambda _: next(nonces))
    assert base64.b64decode(nonce) == b"b" * 16
    assert [len(message) for message in signer.requests] == [40, 40]
    assert base64.b64decode(r) == b"\0" * 27 + b"\5"


class Fixed:
    """A signer that is no good."""

    def __init__(self, signature: Any) -> None:
        self.signature = signature

    def sign(self, message: bytes) -> Any:
        if isinstance(self.signature, Exception):
            raise self.signature
        return self.signature


@pytest.mark.parametrize(
    ("signature", "words"),
    [
        (OSError("the PIN 1234 is wrong"), "OSError"),
        (None, "TypeError"),
        ((1, 2, 3), "ValueError"),
        ((1.0, 2.0), "TypeError"),
        (("1", "2"), "TypeError"),
        ((0, 5), "above 0"),
        ((-1, 5), "above 0"),
        ((5, 0), "above 0"),
        ((2**224, 5), "28 bytes"),
    ],
)
def test_a_signer_that_is_no_good_is_refused_and_not_tried_for_ever(signature: Any, words: str) -> None:
    credentials = Credentials(7, COOKIE, signer=Fixed(signature))
    with pytest.raises(UsageError, match=words) as caught:
        credentials.answer(NONCE, fixed(NONCE))
    assert "1234" not in str(caught.value)


def test_a_signer_that_fails_ends_the_sign_in() -> None:  # law 3
    session = Session(live(credentials=Credentials(7, COOKIE, signer=Fixed(OSError()))), sources(), CONFIG)
    events = connected(session).say(0.0, WELCOME)
    (failed,) = [event for event in events if isinstance(event, LoginFailed)]
    assert "OSError" in str(failed.error)


def forms(secret: bytes) -> tuple[str, ...]:
    return secret.decode("latin-1"), secret.hex(), base64.b64encode(secret).decode(), repr(secret)


def test_neither_passphrase_nor_key_nor_cookie_can_be_seen() -> None:
    credentials = Credentials(7, COOKIE, PASSPHRASE)
    key = private_key_of(7, PASSPHRASE)
    shown = [
        repr(credentials),
        str(attrs.asdict(credentials)),
        str(attrs.astuple(credentials)),
        repr(getattr(credentials, "__dict__", {})),
        repr(credentials._login),
        repr(KeySigner(key)),
        str([getattr(credentials, name) for name in credentials.__slots__ if name != "__weakref__"]),  # type: ignore[attr-defined]
    ]
    for secret in (PASSPHRASE.encode(), key, str(int.from_bytes(key, "big")).encode(), COOKIE.encode()):
        for form in forms(secret):
            assert not any(form in text for text in shown), form


def test_they_are_not_written_to_a_pickle() -> None:
    for value in (Credentials(7, COOKIE, PASSPHRASE), KeySigner(b"\1" * 28)):
        with pytest.raises(TypeError, match="pickle"):
            pickle.dumps(value)


def test_a_copy_made_in_memory_signs_like_the_original() -> None:
    credentials = Credentials(7, COOKIE, PASSPHRASE)
    assert copy.copy(credentials).answer(NONCE, fixed(NONCE)) == credentials.answer(NONCE, fixed(NONCE))


@pytest.mark.parametrize(
    ("arguments", "options"),
    [
        (("7", COOKIE, PASSPHRASE), {}),
        ((True, COOKIE, PASSPHRASE), {}),
        ((-1, COOKIE, PASSPHRASE), {}),
        ((2**63, COOKIE, PASSPHRASE), {}),
        ((7, "", PASSPHRASE), {}),
        ((7, "with blank", PASSPHRASE), {}),
        ((7, COOKIE, ""), {}),
        ((7, COOKIE, b"bytes"), {}),
        ((7, COOKIE, "\ud800" + PASSPHRASE), {}),
        ((7, COOKIE), {}),
        ((7, COOKIE, PASSPHRASE), {"private_key": b"\1" * 28}),
        ((7, COOKIE), {"private_key": b"\1" * 27}),
        ((7, COOKIE), {"private_key": b"\0" * 28}),
        ((7, COOKIE), {"private_key": "text"}),
        ((7, COOKIE), {"signer": object()}),
    ],
)
def test_what_cannot_be_right_is_refused_without_showing_it(arguments: Any, options: Any) -> None:
    with pytest.raises(UsageError) as caught:
        Credentials(*arguments, **options)
    text = "".join(traceback.TracebackException.from_exception(caught.value, capture_locals=False).format())
    inner = caught.traceback[-1].frame.f_locals
    assert PASSPHRASE not in str(caught.value)
    assert PASSPHRASE not in str(inner.values())
    assert "hunter2" not in text.replace(__file__, "").split("UsageError")[-1]


def test_without_the_extra_the_error_says_what_to_install(monkeypatch: pytest.MonkeyPatch) -> None:
    real = builtins.__import__

    def without(name: str, *args: Any, **kwargs: Any) -> Any:
        if name.startswith("fastecdsa"):
            raise ImportError(name)
        return real(name, *args, **kwargs)

    monkeypatch.setattr(builtins, "__import__", without)
    with pytest.raises(MissingExtra, match=r"coinex-sdk\[coinflex\]") as caught:
        Credentials(7, COOKIE, PASSPHRASE)
    for frame in caught.traceback:
        if "coinex_proto" in str(frame.path) and "tests" not in str(frame.path):
            shown = repr({name: value for name, value in frame.frame.f_locals.items() if name != "user_id"})
            assert PASSPHRASE not in shown
            assert repr(private_key_of(7, PASSPHRASE)) not in shown


@pytest.mark.parametrize("key", [b"", b"\1" * 29, b"\0" * 28, "1" * 28])
def test_a_signer_takes_nothing_but_a_key(key: Any) -> None:
    with pytest.raises(UsageError, match="28 bytes"):
        KeySigner(key)


def test_a_key_may_live_elsewhere_without_the_extra(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("coinex_proto.coinflex.credentials._signing", None)
    assert Credentials(7, COOKIE, signer=Large()).cookie == COOKIE


@pytest.mark.parametrize("text", ["", "AAAA", "A" * 24, "DWrLPsaUKWBw5BMTuNFkmQ", "DWrLPsaUKWBw5BMTuNFkm-==", "é"])
def test_a_nonce_that_is_not_sixteen_bytes_in_base64_is_none(text: str) -> None:
    assert nonce_of(text) is None


def test_a_nonce_is_sixteen_bytes() -> None:
    assert nonce_of("DWrLPsaUKWBw5BMTuNFkmQ==") == bytes.fromhex("0d6acb3ec694296070e41313b8d16499")


def requests_kept() -> list[Outgoing]:
    """Sign-in requests that anything in this process still holds."""
    gc.collect()
    return [kept for kept in gc.get_objects() if type(kept) is Outgoing and COOKIE.encode() in kept.text]


@pytest.mark.parametrize("refused", [False, True])
def test_x5_nothing_keeps_the_login_request_once_it_is_answered_neither_the_tables_nor_the_error(refused: bool) -> None:
    session = Session(live(credentials=Credentials(7, COOKIE, PASSPHRASE)), sources(), CONFIG)
    link = connected(session)
    link.say(0.0, WELCOME)
    assert len(requests_kept()) == 1
    (login,) = link.sent()
    events = link.say(0.0, {"tag": login["tag"], "error_code": 6} if refused else ok(login))
    assert isinstance(events[0], LoginFailed if refused else Ready)
    assert requests_kept() == []
    for event in events:
        if isinstance(event, LoginFailed):
            shown = "".join(traceback.TracebackException.from_exception(event.error, capture_locals=True).format())
            assert COOKIE not in shown


def test_a_signature_may_be_as_small_as_one() -> None:
    _, r, s = Credentials(7, COOKIE, signer=Fixed((1, 1))).answer(NONCE, fixed(NONCE))
    assert base64.b64decode(r) == base64.b64decode(s) == b"\0" * 27 + b"\1"


@pytest.mark.parametrize("number", [1, 2**224 - 1])
def test_a_key_is_any_number_of_28_bytes_but_zero(number: int) -> None:
    assert number < ORDER, "the curve has more"
    key = Credentials(7, COOKIE, private_key=number.to_bytes(28, "big"))
    assert len(key.answer(NONCE, fixed(NONCE))) == 3


def test_zero_is_no_key() -> None:
    with pytest.raises(UsageError, match="28 bytes"):
        Credentials(7, COOKIE, private_key=b"\0" * 28)
