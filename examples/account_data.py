"""Account data for 60 seconds: balances, orders and own trades, with market data beside them.

The keys come from the environment: COINEX_ACCESS_ID and COINEX_SECRET_KEY.
Run: python examples/account_data.py --url wss://socket.coinex.com/v2/spot
"""

import argparse

from coinex_proto import ConnectFailed, LoginRefused, Lost, Restored, UsageError, coinex
from coinex_trio import CoinexClient, credentials_from_env

MARKET = "BTCUSDT"


def show_balance(update: coinex.BalanceUpdate) -> None:
    print(f"balance {update.ccy}: {update.available} available, {update.frozen} frozen")


def show_order(update: coinex.OrderUpdate) -> None:
    order = update.order
    print(f"order   {update.event}: {order.side} {order.amount} at {order.price}, {order.unfilled_amount} left")


def show_own_trade(update: coinex.UserTradeUpdate) -> None:
    print(f"filled  {update.side} {update.amount} at {update.price}")


def main(url: str, seconds: float) -> None:
    with CoinexClient(credentials=credentials_from_env(), url=url) as cx:
        print(f"signed in; the exchange's clock says {cx.server_time()} ms")

        @cx.on(Lost)
        def away(event: Lost) -> None:
            print(f"not seen since {event.since}: {event.why}")

        @cx.on(Restored)
        def back(event: Restored) -> None:
            print(f"seen again; ask for what happened from {event.since} to {event.until}")

        cx.subscribe_balance(show_balance)
        cx.subscribe_user_order(show_order)
        cx.subscribe_user_deals(show_own_trade)
        cx.subscribe_ticker(MARKET, lambda ticker: print("ticker ", ticker.last))
        cx.run(seconds=seconds)


if __name__ == "__main__":
    arguments = argparse.ArgumentParser(description="Account data")
    arguments.add_argument("--url", default=coinex.SPOT_URL)
    arguments.add_argument("--seconds", type=float, default=60.0)
    chosen = arguments.parse_args()
    try:
        main(chosen.url, chosen.seconds)
    except (ConnectFailed, LoginRefused, UsageError) as error:
        raise SystemExit(str(error)) from None
