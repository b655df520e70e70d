"""Who may sign in to the local CoinFLEX, and whether a signature is right.

The curve is computed here, in plain integers and without secrets, so that the client's signatures are judged by other code
than made them. Source: CoinFLEX API v1, authentication; SEC 2 version 1, secp224k1; FIPS 186-5, 6.4.2.
"""

from __future__ import annotations

import base64
import binascii
from hashlib import sha224
from typing import Final, TypeAlias

from attrs import field, frozen

from coinex_proto.simulator.hosting.rates import Window

NONCE_BYTES: Final = 16
NUMBER_BYTES: Final = 28

EXAMPLE_USER_ID: Final = 100007
EXAMPLE_COOKIE: Final = "LyJ2XQSTGgeJCRRcpijSJkyFLX0="
EXAMPLE_PASSPHRASE: Final = "correct horse battery"
"""The account of the documented examples; worth nothing outside."""

P: Final = 0xFFFFFFFFFFFFFFFFFFFFFFFFFFFFFFFFFFFFFFFFFFFFFFFEFFFFE56D
N: Final = 0x010000000000000000000000000001DCE8D2EC6184CAF0A971769FB1F7

_Point: TypeAlias = tuple[int, int] | None
"""None: the point at infinity."""

G: Final[_Point] = (
    0xA1455B334DF099DF30FC28A169A467E9E47075A90F7E650EB6B7A45C,
    0x7E089FED7FBA344282CAFBD6F7E319F7C0B0BD59E2CA4BDB556D61A5,
)


def add(one: _Point, other: _Point) -> _Point:
    """The sum of two points of y² = x³ + 5."""
    if one is None or other is None:
        return other if one is None else one
    if one[0] == other[0]:
        if (one[1] + other[1]) % P == 0:
            return None
        slope = 3 * one[0] * one[0] * pow(2 * one[1], -1, P)
    else:
        slope = (other[1] - one[1]) * pow(other[0] - one[0], -1, P)
    x = (slope * slope - one[0] - other[0]) % P
    return x, (slope * (one[0] - x) - one[1]) % P


def times(factor: int, point: _Point) -> _Point:
    """A multiple of a point."""
    total: _Point = None
    while factor:
        if factor & 1:
            total = add(total, point)
        point = add(point, point)
        factor >>= 1
    return total


def is_signed(message: bytes, r: int, s: int, key: _Point) -> bool:
    """Whether (r, s) is the ECDSA signature of the SHA-224 of this message under a public key."""
    if not (0 < r < N and 0 < s < N):
        return False
    digest = int.from_bytes(sha224(message).digest(), "big")
    inverse = pow(s, -1, N)
    found = add(times(digest * inverse % N, G), times(r * inverse % N, key))
    return found is not None and found[0] % N == r


def public_key(user_id: int, passphrase: str) -> _Point:
    """Of the private key that follows from user id and passphrase."""
    seed = user_id.to_bytes(8, "big") + passphrase.encode()
    return times(int.from_bytes(sha224(seed).digest(), "big"), G)


def decoded(text: object, size: int) -> bytes | None:
    """Base64 of so many bytes, or None."""
    if not isinstance(text, str):
        return None
    try:
        data = base64.b64decode(text, validate=True)
    except (binascii.Error, ValueError):
        return None
    return data if len(data) == size else None


@frozen(kw_only=True)
class Account:
    """One user of the exchange."""

    user_id: int
    cookie: str = field(repr=False)
    key: _Point = field(repr=False)
    owner: int
    attempts: Window = field(factory=lambda: Window(1000, 3600.0))
    """Of signing in."""
    orders: Window = field(factory=lambda: Window(200, 1.0))
    """Order commands."""

    def accepts(self, server_nonce: bytes, client_nonce: bytes, r: bytes, s: bytes) -> bool:
        """Whether this is the user's signature for this connection."""
        message = self.user_id.to_bytes(8, "big") + server_nonce + client_nonce
        return is_signed(message, int.from_bytes(r, "big"), int.from_bytes(s, "big"), self.key)
