"""Sign-in and rate limits of the local QFEX.

Source: QFEX documentation: HMAC-SHA256 over `nonce:unix_ts`, a nonce not twice within 15 minutes, 12,000 weighted
messages as an exponential average over 60 s, cancels apart. How far a clock may be off is not documented: 15 minutes here.
"""

from __future__ import annotations

import hmac
import math
from collections.abc import Mapping
from hashlib import sha256
from random import Random
from typing import Any, Final

WINDOW: Final = 900.0
"""Seconds that a signature's time may be off, and that a nonce is remembered."""
MAX_NONCE: Final = 100
LIMIT: Final = 12_000.0
SPAN: Final = 60.0

WEIGHTS: Final = {
    "get_user_orders": 5.0,
    "get_order": 2.0,
    "cancel_all_orders": 2.0,
    "get_user_trades": 0.5,
    "subscribe": 0.1,
    "unsubscribe": 0.1,
    "get_user_leverage": 0.1,
    "get_available_leverage_levels": 0.1,
    "set_user_leverage": 0.1,
    "cancel_on_disconnect": 0.1,
}
"""All others weigh 1."""


def make_keys(seed: int | str) -> tuple[str, str, str]:
    """Public key, secret key and token that follow from the seed."""
    random = Random(f"{seed}:qfex")
    return (
        f"qfex_pub_{random.getrandbits(96):024x}",
        f"qfex_secret_{random.getrandbits(192):048x}",
        f"eyJ.{random.getrandbits(192):048x}.local",
    )


class KeyRing:
    """The one account's keys, and the nonces that were used."""

    def __init__(self, public_key: str, secret_key: str, token: str) -> None:
        self.public_key: str = public_key
        self.secret_key: str = secret_key
        self.token: str = token
        self._nonces: dict[str, float] = {}

    def accepts(self, params: Mapping[str, Any], now: float) -> bool:
        """Whether this `auth` is right, fresh and not a repetition."""
        if "hmac" not in params:
            return params.get("jwt") == self.token
        proof = params["hmac"]
        if not isinstance(proof, dict) or "jwt" in params:
            return False
        nonce, at = proof.get("nonce"), proof.get("unix_ts")
        if not isinstance(nonce, str) or not 0 < len(nonce) <= MAX_NONCE or type(at) is not int:
            return False
        if proof.get("public_key") != self.public_key or abs(at - now) > WINDOW:
            return False
        expected = hmac.new(self.secret_key.encode(), f"{nonce}:{at}".encode(), sha256).hexdigest()
        if not hmac.compare_digest(expected.encode(), str(proof.get("signature")).encode("utf-8", "replace")):
            return False
        return self.is_new(nonce, now)

    def knows(self, query: Mapping[str, list[str]]) -> bool:
        """Whether the key or token in this query, where there is one, is the account's."""
        return query.get("api_key", [self.public_key]) == [self.public_key] and (
            query.get("jwt", [self.token]) == [self.token]
        )

    def is_new(self, nonce: str, now: float) -> bool:
        """Whether this nonce was not used within the window; it is used now."""
        self._nonces = {used: at for used, at in self._nonces.items() if now - at < WINDOW}
        if nonce in self._nonces:
            return False
        self._nonces[nonce] = now
        return True


class Meter:
    """The weighted average of one bucket."""

    def __init__(self) -> None:
        self._level = 0.0
        self._at = 0.0

    def take(self, weight: float, now: float) -> float:
        """0.0 and it counts, or the seconds until so much would be taken."""
        level = self._level * math.exp(-max(0.0, now - self._at) / SPAN)
        if level + weight > LIMIT:
            return SPAN * math.log(level / (LIMIT - weight))
        self._level, self._at = level + weight, now
        return 0.0


class Meters:
    """Both buckets of one account, over all its connections."""

    def __init__(self) -> None:
        self._orders, self._cancels = Meter(), Meter()

    def take(self, kind: str, now: float) -> float:
        """0.0, or the seconds to wait for a request of this type."""
        is_cancel = kind.startswith("cancel_") and kind != "cancel_on_disconnect"
        return (self._cancels if is_cancel else self._orders).take(WEIGHTS.get(kind, 1.0), now)
