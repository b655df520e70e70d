"""When the exchange reports what has changed: at the end of a moment, which is one call, or all that is done inside a `with`.

What a moment sets off (stop orders, liquidations) makes another moment, and so on until nothing is left: in a loop, because a
thousand stop orders may wait for one price.  It knows neither books nor money.
"""

from __future__ import annotations

from collections.abc import Callable

from coinex_proto.simulator.market.market import Market


class Moments:
    """Which markets have been touched since they were looked at last."""

    def __init__(self, look: Callable[[Market], None]) -> None:
        """`look(market)` reports what has changed in it, and does what follows."""
        self._look = look
        self._touched: dict[Market, None] | None = None
        """None outside of a moment."""
        self._nesting = 0

    def __enter__(self) -> Callable[[Market], None]:
        """Gives `add`."""
        self._nesting += 1
        if self._touched is None:
            self._touched = {}
        return self.add

    def __exit__(self, *_: object) -> None:
        self._nesting -= 1
        if not self._nesting:
            self._end()

    def add(self, market: Market) -> None:
        """Something in this market has changed."""
        if self._touched is not None:
            self._touched[market] = None
        else:
            with self:
                self.add(market)

    def _end(self) -> None:
        self._nesting = 1
        try:
            while self._touched:
                touched, self._touched = self._touched, {}
                for market in touched:
                    self._look(market)
        finally:
            self._touched, self._nesting = None, 0
