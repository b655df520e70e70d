"""Who signs in: user id, cookie, and a key that signs and cannot be seen.

The passphrase is hashed to the private key at once and not kept; the key itself lives in a closure. Keys can live
elsewhere: anything with `Signer`'s one method will do. Signing needs the extra `coinflex`; it is not protected against
somebody who can time it on this machine. Source: CoinFLEX API v1, authentication.
"""

from __future__ import annotations

import base64
import binascii
from collections.abc import Callable
from hashlib import sha224
from operator import index
from typing import Final, Protocol, TypeAlias, final, runtime_checkable

from attrs import field, frozen

from coinex_proto.errors import UsageError

NONCE_BYTES: Final = 16
"""Of the server's nonce and of ours."""
MOST_TRIES: Final = 8
"""Signatures made until one fits the wire; not one in 2**112 does not, so that a signer that needs more is broken."""
KEY_BYTES: Final = 28
"""Of the private key, of r and of s."""
ORDER: Final = 0x010000000000000000000000000001DCE8D2EC6184CAF0A971769FB1F7
"""The order of secp224k1, 225 bits. Source: SEC 2, version 1."""
_ID_BYTES: Final = 8
_NO_KEY: Final = f"a private key is {KEY_BYTES} bytes, neither all zero nor beyond the curve's order"
_MISSING: Final = "signing in to CoinFLEX needs fastecdsa: pip install 'coinex-sdk[coinflex]'"

_Sign: TypeAlias = Callable[[bytes], tuple[int, int]]


class MissingExtra(UsageError, ImportError):
    """The optional packages of an extra are not installed."""


@runtime_checkable
class Signer(Protocol):
    """What holds a private key."""

    def sign(self, message: bytes) -> tuple[int, int]:
        """R and s of ECDSA over secp224k1 and the SHA-224 of the message (40 bytes), with a secret that is never used twice."""
        ...


@final
class KeySigner:
    """`KeySigner(private_key)`: 28 bytes, big-endian. The secret per signature is the one of RFC 6979.

    Raises `UsageError` for a key that is none, and `MissingExtra` without fastecdsa.
    """

    __slots__ = ("_sign",)

    def __init__(self, private_key: bytes) -> None:
        is_key = _is_key(private_key)
        if not is_key or not _can_sign():
            # A traceback with locals must not show it.
            del private_key
            raise UsageError(_NO_KEY) if not is_key else MissingExtra(_MISSING)
        self._sign = _signing(private_key)

    def sign(self, message: bytes) -> tuple[int, int]:
        """R and s."""
        return self._sign(message)

    def __repr__(self) -> str:
        return "KeySigner(…)"

    def __reduce__(self) -> str:
        raise TypeError("a key is not written to a pickle; make the credentials anew where they are needed")


@final
@frozen(init=False, repr=False)
class Credentials:
    """`Credentials(user_id, cookie, passphrase)`, or with `private_key=` (28 bytes) or `signer=` instead of a passphrase.

    Neither repr, `attrs.asdict`, `vars`, pickle nor a traceback shows passphrase or key. Raises `UsageError`, without any
    of them in it, for what cannot be right, and `MissingExtra` where signing needs a package that is not there.
    """

    user_id: int = field()
    """The "core id" of the account page."""
    _login: _Login = field(eq=False)

    def __init__(
        self,
        user_id: int,
        cookie: str,
        passphrase: str | None = None,
        *,
        private_key: bytes | None = None,
        signer: Signer | None = None,
    ) -> None:
        problem = _problem(user_id, cookie, passphrase, private_key, signer)
        if problem or (signer is None and not _can_sign()):
            # A traceback with locals must not show them.
            del cookie, passphrase, private_key
            raise UsageError(problem) if problem else MissingExtra(_MISSING)
        if passphrase is not None:
            private_key = private_key_of(user_id, passphrase)
        if private_key is not None:
            signer = KeySigner(private_key)
        assert signer is not None
        self.__attrs_init__(user_id, _Login(user_id, cookie, signer))

    def __repr__(self) -> str:
        return f"Credentials(user_id={getattr(self, 'user_id', None)!r})"

    @classmethod
    def stand_in(cls) -> Credentials:
        """Credentials of nobody, for the replay of a recording, which holds none."""
        return cls(0, "replay", signer=_NobodysSigner())

    @property
    def cookie(self) -> str:
        """As it is sent."""
        return self._login.cookie()

    def answer(self, server_nonce: bytes, random_bytes: Callable[[int], bytes]) -> tuple[str, str, str]:
        """Client nonce, r and s in base64 for this connection's server nonce.

        Raises `UsageError` for a server nonce that is not 16 bytes: nothing else that a server chooses is ever signed;
        and when the signer fails, or gives what is no signature.
        """
        return self._login.answer(server_nonce, random_bytes)


@final
class _NobodysSigner:
    """Signs what nobody checks."""

    def sign(self, message: bytes) -> tuple[int, int]:
        return 1, 1


@final
class _Login:
    """Cookie and signer, where no walk over attributes finds them."""

    __slots__ = ("answer", "cookie")

    def __init__(self, user_id: int, cookie: str, signer: Signer) -> None:
        def answer(server_nonce: bytes, random_bytes: Callable[[int], bytes]) -> tuple[str, str, str]:
            if len(server_nonce) != NONCE_BYTES:
                raise UsageError(f"the server's nonce has {len(server_nonce)} bytes instead of {NONCE_BYTES}")
            for _ in range(MOST_TRIES):
                client_nonce = random_bytes(NONCE_BYTES)
                r, s = _signature(signer, message_of(user_id, server_nonce, client_nonce))
                # The order has 225 bits and the wire 224: about once in 2**112 a number does not fit.
                if max(r, s).bit_length() <= 8 * KEY_BYTES:
                    return _text(client_nonce), _number(r), _number(s)
            raise UsageError(f"the signer gives numbers of more than {KEY_BYTES} bytes: is it of another curve?")

        self.cookie: Callable[[], str] = lambda: cookie
        self.answer = answer

    def __repr__(self) -> str:
        return "…"

    def __reduce__(self) -> str:
        raise TypeError("credentials are not written to a pickle; make them anew where they are needed")


def _signature(signer: Signer, message: bytes) -> tuple[int, int]:
    """What the signer gives, which is somebody else's code. Raises `UsageError` when that is no signature."""
    try:
        r, s = map(index, signer.sign(message))
    except Exception as problem:
        # Its text is not ours to show: nobody knows what is in it.
        raise UsageError(f"the signer failed to give r and s: {type(problem).__name__}") from problem
    if min(r, s) < 1:
        raise UsageError("the signer must give r and s above 0")
    return r, s


def private_key_of(user_id: int, passphrase: str) -> bytes:
    """28 bytes: SHA-224 of the user id (8 bytes, big-endian) and the passphrase in UTF-8, as it is."""
    return sha224(user_id.to_bytes(_ID_BYTES, "big") + passphrase.encode()).digest()


def message_of(user_id: int, server_nonce: bytes, client_nonce: bytes) -> bytes:
    """The 40 bytes that are signed."""
    return user_id.to_bytes(_ID_BYTES, "big") + server_nonce + client_nonce


def nonce_of(text: str) -> bytes | None:
    """The 16 bytes of a nonce in base64; None when it is none."""
    try:
        nonce = base64.b64decode(text, validate=True)
    except (binascii.Error, ValueError):
        return None
    return nonce if len(nonce) == NONCE_BYTES else None


def _can_sign() -> bool:
    try:
        import fastecdsa.ecdsa  # noqa: F401
    except ImportError:
        return False
    return True


def _signing(private_key: bytes) -> _Sign:
    from fastecdsa import ecdsa
    from fastecdsa.curve import secp224k1

    number = int.from_bytes(private_key, "big")

    def sign(message: bytes) -> tuple[int, int]:
        r, s = ecdsa.sign(message, number, curve=secp224k1, hashfunc=sha224)
        return int(r), int(s)

    return sign


def _is_key(private_key: object) -> bool:
    if not isinstance(private_key, (bytes, bytearray)) or len(private_key) != KEY_BYTES:
        return False
    return any(private_key)  # the order of the curve has 225 bits: every other number is a key


def _text(data: bytes) -> str:
    return base64.b64encode(data).decode()


def _number(value: int) -> str:
    return _text(value.to_bytes(KEY_BYTES, "big"))


def _problem(user_id: object, cookie: object, passphrase: object, private_key: object, signer: object) -> str:
    """Why this cannot be a login, without showing any of it; empty when it can."""
    if type(user_id) is not int or not 0 <= user_id < 2**63:
        return f"user_id must be an int from 0 to 2^63-1, not {type(user_id).__name__}; it is a number, not a text"
    if not isinstance(cookie, str) or not cookie or not cookie.isascii() or not cookie.isprintable() or " " in cookie:
        return "cookie must be the base64 text of the account page, without blanks"
    given = [value for value in (passphrase, private_key, signer) if value is not None]
    if len(given) != 1:
        return "give one of passphrase, private_key and signer"
    if passphrase is not None and (not isinstance(passphrase, str) or not passphrase):
        return "passphrase must be a non-empty str"
    if isinstance(passphrase, str) and any("\ud800" <= character <= "\udfff" for character in passphrase):
        return "passphrase cannot be written as UTF-8"
    if private_key is not None and not _is_key(private_key):
        return _NO_KEY
    if signer is not None and not isinstance(signer, Signer):
        return "signer must have sign(message: bytes) -> (r, s)"
    return ""
