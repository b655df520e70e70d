"""The access id and what is left of the secret key: a keyed HMAC that can sign and cannot show the key.

Source: CoinEx API v2, "authorization" (HTTP) and server.sign (WebSocket).
"""

from __future__ import annotations

import hmac
from typing import final

from attrs import frozen

from coinex_proto.errors import UsageError


@final
@frozen(init=False, repr=False, eq=False)
class Credentials:
    """`Credentials(access_id, secret_key)`: signs, and forgets the secret key at once.

    Neither repr, `attrs.asdict`, `vars`, pickle nor copy can show the key, since nothing of it is kept but the state of
    the HMAC. Raises `UsageError`, without the key in it, for a key or id that is empty, not ASCII or has blanks around.
    """

    access_id: str
    _mac: hmac.HMAC

    def __init__(self, access_id: str, secret_key: str) -> None:
        problem = _problem(access_id, "access_id") or _problem(secret_key, "secret_key")
        if problem:
            # A traceback with locals must not show them, also when they were swapped.
            del access_id, secret_key
            raise UsageError(problem)
        self.__attrs_init__(access_id, _keyed(secret_key))

    def __repr__(self) -> str:
        # Also of one whose construction has failed: error reporters print the locals of every frame.
        return f"Credentials(access_id={getattr(self, 'access_id', '')[:4] + '…'!r})"

    @classmethod
    def stand_in(cls) -> Credentials:
        """Credentials of nobody, for the replay of a recording, which holds none."""
        return cls("replay", "replay")

    def sign(self, text: str) -> str:
        """The signature of this text: HMAC-SHA256 in 64 lower-case hex digits."""
        mac = self._mac.copy()
        mac.update(text.encode())
        return mac.hexdigest()


def sign_websocket(secret_key: str, timestamp_ms: int) -> str:
    """The `signed_str` of server.sign: the signature of the decimal digits of the time, and of nothing else."""
    return Credentials("-", secret_key).sign(websocket_text(timestamp_ms))


def sign_http(secret_key: str, method: str, request_path: str, body: str, timestamp_ms: int) -> str:
    """The X-COINEX-SIGN header of one HTTP request.

    `request_path` is path and query exactly as sent ("/v2/spot/order?market=BTCUSDT"), `body` the text exactly as sent.
    """
    return Credentials("-", secret_key).sign(http_text(method, request_path, body, timestamp_ms))


def websocket_text(timestamp_ms: int) -> str:
    """What is signed for the WebSocket."""
    if type(timestamp_ms) is not int:
        raise UsageError(f"the time must be whole milliseconds, not {type(timestamp_ms).__name__}")
    return str(timestamp_ms)


def http_text(method: str, request_path: str, body: str, timestamp_ms: int) -> str:
    """What is signed for an HTTP request."""
    return f"{method.upper()}{request_path}{body}{timestamp_ms}"


def _keyed(secret_key: str) -> hmac.HMAC:
    return hmac.new(secret_key.encode(), digestmod="sha256")


def _problem(value: object, what: str) -> str:
    """Why this cannot be a key or an id, without showing it; empty when it can."""
    if not isinstance(value, str):
        return f"{what} must be a str, not {type(value).__name__}"
    if not value.strip():
        return f"{what} is empty"
    if value != value.strip():
        return f"{what} has blanks or line ends around it; remove them"
    if not value.isascii() or not value.isprintable():
        return f"{what} holds characters that no CoinEx key has; was it copied in full and alone?"
    return ""
