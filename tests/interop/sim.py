"""The running `coinex sim`, and HTTP calls to it by the standard library alone, signed as the wire document says."""

import hmac
import json
import time
import urllib.request
from typing import Any

from attrs import field, frozen

Json = dict[str, Any]


@frozen(kw_only=True)
class Sim:
    """What the first line of `coinex sim --json` says."""

    ws: str
    http: str
    access_id: str
    secret_key: str = field(repr=False)

    def get(self, path: str) -> Any:
        """Data of a public answer."""
        with urllib.request.urlopen(f"{self.http}/v2{path}", timeout=10) as answer:
            return data_of(json.load(answer))

    def call(self, method: str, path: str, parameters: Json | None = None) -> Any:
        """Data of a signed answer."""
        body = b"" if parameters is None else json.dumps(parameters).encode()
        stamp = str(int(time.time() * 1000))
        text = f"{method}/v2{path}".encode() + body + stamp.encode()
        request = urllib.request.Request(f"{self.http}/v2{path}", data=body or None, method=method)
        request.add_header("X-COINEX-KEY", self.access_id)
        request.add_header("X-COINEX-SIGN", hmac.new(self.secret_key.encode(), text, "sha256").hexdigest())
        request.add_header("X-COINEX-TIMESTAMP", stamp)
        request.add_header("Content-Type", "application/json")
        with urllib.request.urlopen(request, timeout=10) as answer:
            return data_of(json.load(answer))

    def buy(self, module: str, amount: str, client_id: str) -> Json:
        """Places a market order of the account: module is spot or futures."""
        terms = {"market": "BTCUSDT", "market_type": module.upper(), "side": "buy", "type": "market"}
        if module == "spot":
            terms["ccy"] = "BTC"
        placed: Json = self.call("POST", f"/{module}/order", {**terms, "amount": amount, "client_id": client_id})
        return placed

    def sign_in(self) -> Json:
        """The parameters of `server.sign`."""
        stamp = int(time.time() * 1000)
        signature = hmac.new(self.secret_key.encode(), str(stamp).encode(), "sha256").hexdigest()
        return {"access_id": self.access_id, "signed_str": signature, "timestamp": stamp}


def data_of(answer: Json) -> Any:
    assert answer["code"] == 0, answer
    return answer["data"]
