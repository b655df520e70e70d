"""Who signs in to the Trade socket: a key pair that signs, or a token from elsewhere.

Neither value can show its secret: of the secret key only the state of an HMAC is kept, and the token is hidden.
Source: QFEX documentation, "Authenticate" (HMAC-SHA256 over `nonce:unix_ts`, or a JWT).
"""

from __future__ import annotations

import hmac
from collections.abc import Callable
from typing import TypeAlias, final

from attrs import field, frozen

from coinex_proto.errors import UsageError, quoted


def _masked(public_key: str) -> str:
    return repr(public_key[:9] + "…")


@final
@frozen(init=False)
class HmacCredentials:
    """`HmacCredentials(public_key, secret_key)`: signs, and forgets the secret key at once.

    Raises `UsageError`, without the key in it, for a key that is empty or has blanks around, and for a public key with
    characters that an address cannot carry.
    """

    public_key: str = field(repr=_masked)
    _mac: hmac.HMAC = field(repr=False, eq=False)

    def __init__(self, public_key: str, secret_key: str) -> None:
        problem = _problem(public_key, "public_key") or _problem(secret_key, "secret_key")
        mac = None if problem else hmac.new(secret_key.encode(), digestmod="sha256")
        # A traceback with locals must not show it.
        del secret_key
        if mac is None:
            raise UsageError(problem)
        self.__attrs_init__(public_key, mac)

    @classmethod
    def stand_in(cls) -> HmacCredentials:
        """Credentials of nobody, for the replay of a recording, which holds none."""
        return cls("replay", "replay")

    def sign(self, nonce: str, unix_ts: int) -> str:
        """The signature of `nonce:unix_ts`: HMAC-SHA256 in 64 lower-case hex digits. The time is whole seconds."""
        if type(unix_ts) is not int:
            raise UsageError(f"the time must be whole seconds, not {type(unix_ts).__name__}")
        mac = self._mac.copy()
        mac.update(f"{nonce}:{unix_ts}".encode())
        return mac.hexdigest()


TokenSource: TypeAlias = Callable[[], str]


@final
@frozen
class JwtCredentials:
    """`JwtCredentials(token)`, or a plain function that returns one at once.

    The function is called once before each connection, so that a program can hand in a fresh token; it must not wait:
    fetching is the program's own task. What it raises comes out of whatever was about to connect.
    """

    token: str | TokenSource = field(repr=False)

    def __attrs_post_init__(self) -> None:
        if not callable(self.token):
            _checked(self.token)

    @classmethod
    def stand_in(cls) -> JwtCredentials:
        """Credentials of nobody, for the replay of a recording, which holds none."""
        return cls("replay")

    def current(self) -> str:
        """The token for the next connection. Raises `UsageError` when the function gives none."""
        return _checked(self.token() if callable(self.token) else self.token)


def sign_auth(secret_key: str, nonce: str, unix_ts: int) -> str:
    """The `signature` of an auth message; the same serves the `x-qfex-*` headers of REST."""
    return HmacCredentials("-", secret_key).sign(nonce, unix_ts)


def _checked(token: object) -> str:
    problem = _problem(token, "the JWT")
    if problem:
        raise UsageError(problem)
    assert isinstance(token, str)
    return token


def _problem(value: object, what: str) -> str:
    """Why this cannot be a key or a token, without showing it; empty when it can."""
    if not isinstance(value, str):
        hint = "; a plain function that returns it at once is fine, a coroutine is not" if what == "the JWT" else ""
        return f"{what} must be a str, not {quoted(type(value).__name__)}{hint}"
    if not value.strip():
        return f"{what} is empty"
    if value != value.strip():
        return f"{what} has blanks or line ends around it; remove them"
    if what != "secret_key" and (not value.isascii() or not value.isprintable() or " " in value):
        return f"{what} holds characters that no key has; was it copied in full and alone?"
    if not _is_encodable(value):
        return f"{what} cannot be written as UTF-8"
    return ""


def _is_encodable(value: str) -> bool:
    return not any("\ud800" <= character <= "\udfff" for character in value)
