"""Why a connection ended, in words."""

from __future__ import annotations

import pytest

from coinex_proto import CloseReason, ConnectFailed, HandshakeRefused
from coinex_proto._connection.close_reasons import abnormal, ended, never_opened, upgrade_refused
from coinex_proto._wire.received import Broken, Ended, PeerClosed, Refused


@pytest.mark.parametrize(
    ("item", "is_ours", "code", "text"),
    [
        (PeerClosed(1012, ""), False, 1012, "closed by the peer"),
        (PeerClosed(1000, "bye\n"), True, 1000, "closed by the peer: 'bye\\n'"),
        (Broken(1002, "a masked frame"), False, 1002, "a masked frame"),
        (Ended(), True, 1000, "closed by us"),
        (Ended(), False, 1006, "the peer ended the connection without a close frame"),
    ],
)
def test_each_end_has_its_code_and_its_words(
    item: PeerClosed | Broken | Ended, is_ours: bool, code: int, text: str
) -> None:
    assert ended(item, is_ours=is_ours) == CloseReason(code=code, text=text)


@pytest.mark.parametrize(
    ("item", "text"),
    [(Ended(), "closed by us"), (Broken(1002, "a masked frame"), "closed by us; after that, a masked frame")],
)
def test_n10_after_our_own_close_its_code_is_reported(item: Broken | Ended, text: str) -> None:
    assert ended(item, is_ours=True, sent=3001) == CloseReason(code=3001, text=text)


def test_a_refused_upgrade_keeps_what_the_server_said() -> None:
    reason = upgrade_refused(Refused(403, (("server", "x"),), b"blocked", "status 403"), "h:1")
    assert isinstance(reason.error, HandshakeRefused)
    assert (reason.code, reason.error.status, reason.error.body) == (1006, 403, b"blocked")
    assert reason.text.startswith("h:1 did not open a WebSocket: status 403; ")


def test_only_what_never_opened_has_an_error() -> None:
    assert isinstance(never_opened("no answer").error, ConnectFailed)
    assert abnormal("gone") == CloseReason(code=1006, text="gone")
