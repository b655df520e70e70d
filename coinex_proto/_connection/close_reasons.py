"""Why a connection ended, in the words of `Closed`: one function for each way. Must not know any venue."""

from __future__ import annotations

from typing import Final

from coinex_proto._wire.framing import NORMAL_CLOSURE
from coinex_proto._wire.received import Broken, Ended, PeerClosed, Refused
from coinex_proto.errors import ConnectFailed, HandshakeRefused, quoted
from coinex_proto.events import ABNORMAL_CLOSURE, CloseReason

GOING_AWAY: Final = 1001
"""RFC 6455, 7.4.1; so are the others."""
INVALID_PAYLOAD: Final = 1007
MESSAGE_TOO_BIG: Final = 1009


def abnormal(text: str) -> CloseReason:
    """Without a Close frame of the peer."""
    return CloseReason(code=ABNORMAL_CLOSURE, text=text)


def never_opened(why: str) -> CloseReason:
    """The upgrade was not answered."""
    return CloseReason(code=ABNORMAL_CLOSURE, text=why, error=ConnectFailed(why))


def upgrade_refused(item: Refused, where: str) -> CloseReason:
    """The server answered, but not with a WebSocket."""
    error = HandshakeRefused(
        f"{where} did not open a WebSocket: {item.why}", status=item.status, headers=item.headers, body=item.body
    )
    return CloseReason(code=ABNORMAL_CLOSURE, text=str(error), error=error)


def ended(item: PeerClosed | Broken | Ended, *, is_ours: bool, sent: int = NORMAL_CLOSURE) -> CloseReason:
    """The peer closed, broke the protocol, or sent no more; `is_ours`: after our own Close, which had the code `sent`."""
    match item:
        case PeerClosed():
            said = f": {quoted(item.text)}" if item.text else ""
            return CloseReason(code=item.code, text=f"closed by the peer{said}")
        case Broken() if is_ours:
            return CloseReason(code=sent, text=f"closed by us; after that, {item.why}")
        case Broken():
            return CloseReason(code=item.code, text=item.why)
        case Ended() if is_ours:
            return CloseReason(code=sent, text="closed by us")
        case Ended():
            return abnormal("the peer ended the connection without a close frame")
