"""Keys of the CoinEx server half: which access id belongs to which account, and whether a signature is right.

Source: CoinEx API v2, authorization.  The socket's clock window is not documented; it is the 5 seconds of HTTP here.
"""

from __future__ import annotations

import hmac
from hashlib import sha256
from random import Random
from typing import Final

from attrs import field, frozen

WINDOW_MS: Final = 5000


@frozen(kw_only=True)
class Key:
    """One API key."""

    access_id: str
    secret_key: str = field(repr=False)
    owner: int


def make_credentials(seed: int | str) -> tuple[str, str]:
    """Access id and secret key that follow from the seed."""
    random = Random(f"{seed}:credentials")
    return f"{random.getrandbits(128):032X}", f"{random.getrandbits(192):048x}"


class Accounts:
    """All keys."""

    def __init__(self) -> None:
        self._keys: dict[str, Key] = {}

    def add(self, access_id: str, secret_key: str, owner: int) -> None:
        self._keys[access_id] = Key(access_id=access_id, secret_key=secret_key, owner=owner)

    def remove(self, access_id: str) -> None:
        """The key signs no more."""
        self._keys.pop(access_id, None)

    def key(self, access_id: str) -> Key | None:
        return self._keys.get(access_id)

    def check_socket(self, access_id: str, signature: str, timestamp_ms: int, now_ms: int) -> int | None:
        """The owner when `server.sign` is right and fresh, else None."""
        key = self._keys.get(access_id)
        if key is None or abs(timestamp_ms - now_ms) > WINDOW_MS:
            return None
        return key.owner if is_signed(key, str(timestamp_ms).encode("ascii"), signature) else None


def is_signed(key: Key, message: bytes, signature: str) -> bool:
    """Whether this is the HMAC-SHA256 of the message in lower-case hex."""
    expected = hmac.new(key.secret_key.encode("latin-1"), message, sha256).hexdigest()
    return hmac.compare_digest(expected.encode("ascii"), signature.encode("utf-8", "replace"))
