"""Who owns what: available, frozen and margin units of each currency, in wallets.

Only `deposit` creates anything; every other movement takes from one place what it gives to another, so that the sum over
all accounts stays what was deposited.  Which balances of the watched owners have moved is kept until it is taken.
"""

from __future__ import annotations

from collections.abc import Iterator

from attrs import define


class NotEnough(ValueError):
    """The available balance is too small."""


@define(eq=False)
class Balance:
    """Units of one currency in one wallet of one owner."""

    available: int = 0
    frozen: int = 0
    """Held for open orders."""
    margin: int = 0
    """Held for open futures positions."""
    updated_ms: int = 0

    @property
    def total(self) -> int:
        return self.available + self.frozen + self.margin


class Ledger:
    """All balances of all owners."""

    def __init__(self) -> None:
        self.watched: set[int] = set()
        self._wallets: dict[tuple[int, str], dict[str, Balance]] = {}
        self._deposited: dict[str, int] = {}
        self.moves: dict[tuple[int, str, str], None] = {}
        """Watched balances that have changed since `take_moved`."""

    def balance(self, owner: int, wallet: str, currency: str) -> Balance:
        """The one object of this balance; whoever changes it notes it with `moved`."""
        try:
            return self._wallets[owner, wallet][currency]
        except KeyError:
            found = self._wallets.setdefault((owner, wallet), {})[currency] = Balance()
            return found

    def moved(self, owner: int, wallet: str, currency: str) -> None:
        """Note that this balance has changed."""
        if owner in self.watched:
            self.moves[owner, wallet, currency] = None

    def take_moved(self) -> tuple[tuple[int, str, str], ...]:
        """Watched balances that have changed since the last time."""
        moved = tuple(self.moves)
        self.moves.clear()
        return moved

    def deposit(self, owner: int, wallet: str, currency: str, units: int) -> None:
        """The only way in (or, with negative units, out)."""
        self.balance(owner, wallet, currency).available += units
        self._deposited[currency] = self._deposited.get(currency, 0) + units
        self.moved(owner, wallet, currency)

    def pay(self, giver: int, taker: int, wallet: str, currency: str, units: int) -> None:
        """Move available units between owners; the giver may fall below zero, which the exchange settles."""
        self.balance(giver, wallet, currency).available -= units
        self.balance(taker, wallet, currency).available += units
        self.moved(giver, wallet, currency)
        self.moved(taker, wallet, currency)

    def move(self, giver: int, taker: int, source: str, target: str, currency: str, units: int) -> None:
        """Move available units between wallets.  Raises NotEnough and changes nothing when they are not available."""
        balance = self.balance(giver, source, currency)
        if units > balance.available:
            raise NotEnough(f"{currency}: not enough available")
        balance.available -= units
        self.balance(taker, target, currency).available += units
        self.moved(giver, source, currency)
        self.moved(taker, target, currency)

    def freeze(self, owner: int, wallet: str, currency: str, units: int) -> None:
        """Set units aside.  Raises NotEnough and changes nothing when they are not available."""
        balance = self.balance(owner, wallet, currency)
        if units > balance.available:
            raise NotEnough(f"{currency}: not enough available")
        balance.available -= units
        balance.frozen += units
        self.moved(owner, wallet, currency)

    def release(self, owner: int, wallet: str, currency: str, units: int) -> None:
        """Make frozen units available again."""
        balance = self.balance(owner, wallet, currency)
        balance.frozen -= units
        balance.available += units
        self.moved(owner, wallet, currency)

    def wallet(self, owner: int, wallet: str) -> Iterator[tuple[str, Balance]]:
        """The currencies of one wallet, in the order of their first use."""
        yield from self._wallets.get((owner, wallet), {}).items()

    def deposited(self, currency: str) -> int:
        return self._deposited.get(currency, 0)

    def total(self, currency: str) -> int:
        """Units of a currency over all owners and wallets."""
        return sum(held[currency].total for held in self._wallets.values() if currency in held)
