"""QFEX trading, blocking: post an order that only makes, follow it, change it, and leave nothing standing.

Runs against a local exchange of its own unless --trade-url says where real orders shall go; then it takes its keys from
QFEX_PUBLIC_KEY and QFEX_SECRET_KEY. Run: python examples/qfex_trading.py
"""

import argparse
import sys
from decimal import Decimal

from coinex_proto import OrderChanged, OutcomeUnknown, RequestRefused, SdkError, qfex
from coinex_trio import QfexClient, local_exchange


def changed(event: OrderChanged) -> None:
    order = event.order
    print(f"order   {order.state}, {order.filled} of {order.amount} at {order.price}; {order.why}".rstrip("; "))


def trade(qx: QfexClient, symbol: str, seconds: float) -> None:
    qx.on(OrderChanged)(changed)
    with qx:
        book = qx.book(qfex.Level2(symbol))
        if book.best_bid is None:
            raise SystemExit(f"nobody bids for {symbol}")
        price = (book.best_bid[0] * Decimal("0.99")).quantize(Decimal("0.01"))
        try:
            order = qx.place_order(symbol, "BUY", "ALO", quantity="0.01", price=price)
        except RequestRefused as error:
            raise SystemExit(f"the venue said no: {error}") from error
        except OutcomeUnknown as error:
            raise SystemExit(f"it may stand, look before you try again: {error}; {qx.orders()}") from error
        try:
            qx.modify_order(order, price=price + Decimal("0.01"), order_type="ALO")
            qx.wait(order, timeout=seconds)
        except TimeoutError:
            print("nobody took it")
        finally:
            if not order.is_final:
                qx.cancel_order(order)
        print(f"end     {order.state}, {order.filled} filled, average price {order.average_price}")


def main(symbol: str, mds_url: str | None, trade_url: str | None, seconds: float) -> None:
    if mds_url and trade_url:
        trade(QfexClient.from_env(mds_url=mds_url, trade_url=trade_url), symbol, seconds)
        return
    with local_exchange("qfex", markets=(symbol,)) as exchange:
        here = QfexClient(exchange.credentials, mds_url=exchange.mds_url, trade_url=exchange.trade_url)
        trade(here, symbol, seconds)


if __name__ == "__main__":
    arguments = argparse.ArgumentParser(description="QFEX trading")
    arguments.add_argument("symbol", nargs="?", default="AAPL-USD")
    arguments.add_argument("--mds-url", help=f"for example {qfex.MDS_UAT_URL}")
    arguments.add_argument("--trade-url", help=f"for example {qfex.TRADE_UAT_URL}")
    arguments.add_argument("--seconds", type=float, default=3.0)
    chosen = arguments.parse_args()
    try:
        main(chosen.symbol, chosen.mds_url, chosen.trade_url, chosen.seconds)
    except SdkError as error:
        sys.exit(str(error))
