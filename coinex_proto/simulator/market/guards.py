"""What closes a position by itself: take-profit and stop-loss prices, for all of it or for so many lots."""

from __future__ import annotations

from attrs import frozen


@frozen(kw_only=True)
class Guard:
    """One price at which a position is closed or made smaller."""

    guard_id: int
    price_type: str
    """Which price is watched: latest_price, mark_price or index_price."""
    trigger: int
    """Ticks."""
    lots: int | None = None
    """None: the whole position, whatever it is by then."""
    created_ms: int = 0

    def is_reached(self, price: int, *, from_below: bool) -> bool:
        """Whether the watched price has come to it; from below: as a rising price does."""
        return price >= self.trigger if from_below else price <= self.trigger
