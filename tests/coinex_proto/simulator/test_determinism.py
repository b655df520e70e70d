"""Same seed, same input: the same bytes, in any process and whatever the order of its sets and dictionaries of strings."""

import os
import subprocess
import sys
from hashlib import sha256
from pathlib import Path

from coinex_proto.simulator import CoinexServer
from tests.coinex_proto.simulator.http_peer import request
from tests.coinex_proto.simulator.peer import START, Peer
from tests.processes import HANGS_AFTER

ROOT = Path(__file__).parent.parent.parent.parent
MARKETS = ("BTCUSDT", "ETHUSDT", "BTCUSD", "SIM0001USDC", "ETHBTC")
FAULTS = "5% of depth.update lose\nevery 7s stall 0.5\n3% of messages duplicate\nat 12s skew 2"


def everything(seed: int) -> str:
    """A digest of all that two sockets and some HTTP requests receive in twenty seconds."""
    server = CoinexServer(now=START, seed=seed, markets=MARKETS, faults=FAULTS)
    peers = [Peer(server, path) for path in ("/v2/spot", "/v2/futures")]
    for peer in peers:
        peer.sign_in()
        for topic in ("state", "deals", "index", "bbo", "order", "stop", "user_deals", "balance"):
            peer.subscribe(topic)
        peer.request("depth.subscribe", {"market_list": [[name, 20, "0", False] for name in MARKETS]})
    peers[1].subscribe("position")
    received = []
    for step in range(20):
        for peer in peers:
            peer.run(0.5)
        market, module = (("BTCUSDT", "spot"), ("BTCUSD", "futures"))[step % 2]
        amount = "0.01" if module == "spot" else "700"
        terms = {"market": market, "market_type": module.upper(), "side": "buy", "type": "market", "amount": amount}
        received.append(
            request(server, "POST", f"/v2/{module}/order", {**terms, "ccy": "BTC"} if module == "spot" else terms)
        )
        received.append(request(server, "GET", f"/v2/{module}/kline?market={market}&period=5min"))
        received.append(request(server, "GET", f"/v2/assets/{module}/balance"))
    digest = sha256(repr(received).encode())
    for peer in peers:
        assert len(peer.payloads) > 200
        digest.update(b"".join(peer.payloads))
    return digest.hexdigest()


def in_a_process(seed: int, hash_seed: str) -> str:
    done = subprocess.run(
        [sys.executable, "-c", f"from {__name__} import everything; print(everything({seed}))"],
        cwd=ROOT,
        env={**os.environ, "PYTHONHASHSEED": hash_seed, "PYTHONPATH": str(ROOT)},
        capture_output=True,
        text=True,
        check=True,
        timeout=HANGS_AFTER,
    )
    return done.stdout.strip()


def test_the_same_seed_gives_the_same_bytes_in_every_process() -> None:
    assert in_a_process(5, "1") == in_a_process(5, "2") == everything(5)


def test_another_seed_gives_other_bytes() -> None:
    assert everything(5) != everything(6)
