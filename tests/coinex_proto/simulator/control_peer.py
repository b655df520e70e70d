"""A client of the control socket for tests."""

from __future__ import annotations

import json
from typing import Any

from wsproto.events import TextMessage

from coinex_proto.simulator import CoinexServer
from coinex_proto.simulator.hosting.web_page import WebPage
from tests.coinex_proto.simulator.peer import Json, Peer, quiet_server

HTML = b"<style>b{}</style><script>go()</script>"
PAGE = WebPage(html=HTML, names=frozenset(("sim.test",)))


def server_with_page(page: WebPage = PAGE, **options: Any) -> CoinexServer:
    return quiet_server(page=page, **options)


class ControlPeer(Peer):
    def __init__(self, server: CoinexServer, **headers: str) -> None:
        super().__init__(server, "/control", **headers)

    def say(self, text: str) -> Json:
        """Sends this text; the answer."""
        self.events.clear()
        self.send_text(text)
        (answer,) = (event.data for event in self.events if isinstance(event, TextMessage))
        found: Json = json.loads(answer)
        return found

    def do(self, verb: str, **given: str) -> Any:
        """Does something that must succeed; its data."""
        answer = self.say(json.dumps({"id": 7, "do": verb, "with": given}))
        assert answer["ok"], answer
        assert answer["id"] == 7
        return answer["data"]

    def why_not(self, verb: str, **given: str) -> str:
        """Why something is refused."""
        answer = self.say(json.dumps({"id": 7, "do": verb, "with": given}))
        assert not answer["ok"]
        return str(answer["why"])
