"""What the CoinEx server half remembers of accounts beside their money: movements, withdrawals, sub-accounts, settings.

Lists are bounded, so that no client can fill the memory.  Times are milliseconds, amounts units of 10**-20.
"""

from __future__ import annotations

from collections import deque
from typing import Final

from attrs import define, field, frozen

KEPT: Final = 10_000
MOST_SUBS: Final = 100
MOST_KEYS: Final = 50
"""Of one sub-account (CoinEx HTTP API v2, create sub-account key)."""


@frozen(kw_only=True)
class Movement:
    """Money that came, went, or changed its wallet."""

    number: int
    kind: str
    """deposit, withdraw, transfer or sub_transfer."""
    owner: int
    """Whose money it was (of a deposit: is)."""
    other: int
    """Whose it is then."""
    source: str
    """Wallet that it came from; empty: from outside."""
    target: str
    """Wallet that it went to; empty: outside."""
    currency: str
    units: int
    at_ms: int


@define(eq=False, kw_only=True)
class Withdrawal:
    """One request to pay out, which holds its money until it is cancelled: nobody confirms it by e-mail here."""

    number: int
    owner: int
    currency: str
    chain: str
    method: str
    address: str
    memo: str
    remark: str
    units: int
    fee: int
    at_ms: int
    status: str = "audit_required"


@define(eq=False, kw_only=True)
class SubKey:
    """One API key of a sub-account."""

    number: int
    access_id: str
    secret_key: str = field(repr=False)
    ip_whitelist: list[str]
    trade_enabled: bool
    remark: str
    created_ms: int


@define(eq=False, kw_only=True)
class SubAccount:
    """One sub-account."""

    name: str
    main: int
    owner: int
    permissions: list[str]
    is_frozen: bool = False
    keys: dict[int, SubKey] = field(factory=dict)


class Records:
    """All of it, for all accounts."""

    def __init__(self) -> None:
        self.movements: deque[Movement] = deque(maxlen=KEPT)
        """Oldest first."""
        self.withdrawals: deque[Withdrawal] = deque(maxlen=KEPT)
        """Oldest first."""
        self.subs: dict[int, SubAccount] = {}
        """By the owner number of the sub-account."""
        self.settle_switch: dict[int, int] = {}
        self.renewed: dict[tuple[int, str, str], int] = {}
        """How often the deposit address of an owner, currency and chain was renewed."""
        self._last_number = 18_474

    def new_number(self) -> int:
        """A number that no other record has."""
        self._last_number += 1
        return self._last_number

    def note(
        self,
        kind: str,
        owner: int,
        source: str,
        target: str,
        currency: str,
        units: int,
        at_ms: int,
        other: int | None = None,
    ) -> Movement:
        """Remember a movement of money that has happened; `other`: whose it is then, without it the same owner's."""
        moved = Movement(
            number=self.new_number(), kind=kind, owner=owner, other=owner if other is None else other, source=source,
            target=target, currency=currency, units=units, at_ms=at_ms,
        )  # fmt: skip
        self.movements.append(moved)
        return moved

    def subs_of(self, main: int) -> dict[str, SubAccount]:
        """Sub-accounts of one account, by name."""
        return {sub.name: sub for sub in self.subs.values() if sub.main == main}
