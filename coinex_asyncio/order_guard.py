"""What a guard of own orders is told, and what it reports: the same for every driver."""

from coinex_driver.exit_orders import ExitOrder
from coinex_driver.order_guard import OrderGuard, OrdersGuarded

__all__ = ["ExitOrder", "OrderGuard", "OrdersGuarded"]
