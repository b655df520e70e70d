#!/usr/bin/env bash
# ccxt.pro's Kraken can check each book's checksum (options.watchOrderBook.checksum, off by default). In Python the check takes no book
# at all, however right it is: prices have become floats by then, and it splits them as text. With `number = str`, ccxt's other way
# to hold numbers, the book itself cannot be kept. So nothing of this client's books is proved, whatever the option says.
set -euo pipefail
folder=$(mktemp -d); trap 'rm -rf "$folder"' EXIT
python3 -m venv "$folder/venv"
"$folder/venv/bin/pip" install --quiet --disable-pip-version-check ccxt==4.5.90
"$folder/venv/bin/python" - <<'PYTHON'
import asyncio
import json
import zlib

import ccxt
import ccxt.pro


def digits(number):
    return number.replace(".", "").lstrip("0")


def snapshot(asks, bids):
    """As Kraken sends it, with the checksum of its rule: ten asks, ten bids, digits without leading zeros."""
    check = zlib.crc32("".join(digits(price) + digits(qty) for price, qty in asks + bids).encode())
    sides = [",".join('{"price":%s,"qty":%s}' % level for level in side) for side in (bids, asks)]
    return json.loads(
        '{"channel":"book","type":"snapshot","data":[{"symbol":"BTC/USD","bids":[%s],"asks":[%s],"checksum":%d,'
        '"timestamp":"2026-11-01T00:00:00.000000Z"}]}' % (*sides, check)
    )


async def shown(checks, number):
    exchange = ccxt.pro.kraken({"options": {"watchOrderBook": {"checksum": checks}}})
    exchange.number = number
    client = exchange.client("ws://127.0.0.1:9/")
    message_hash = exchange.get_message_hash("orderbook", None, "BTC/USD")
    client.subscriptions[message_hash] = {"limit": 10}
    book = client.future(message_hash)
    asks = [(f"4528{place}.1", f"0.1234567{place + 1}") for place in range(9)] + [("45289.1", "1.50000011")]
    bids = [(f"4527{9 - place}.3", f"2.0000001{place + 1}") for place in range(9)] + [("45270.3", "2.00000013")]
    try:
        exchange.handle_order_book(client, snapshot(asks, bids))
        return f"{len((await book)['asks'])} asks taken"
    except Exception as error:
        return f"{type(error).__name__}: {error}"
    finally:
        await exchange.close()


async def main():
    print("ccxt", ccxt.__version__)
    found = []
    for checks, number in ((False, float), (True, float), (False, str)):
        found.append(await shown(checks, number))
        print(f"checksum={checks}, number={number.__name__}: {found[-1]}")
    assert found[0] == "10 asks taken"
    assert found[1] == "AttributeError: 'float' object has no attribute 'split'"
    assert found[2].startswith("TypeError: bad operand type for unary -")


asyncio.run(main())
PYTHON
