"""The life of a subscription: two tables that say all of it, and the drawings in the docs are made from them.

A subscription is two records. The one says what is wanted and how far the venue has been asked (`Subscription`, states
of `State`); the other says what its updates prove (`Verification`, states of `Proof`). They are apart because the venue's
word and the venue's data come in any order, and because neither proves the other: an acknowledged topic may be silent, and
a topic may bring data whose acknowledgement is lost.

How far the venue has been asked follows three rules.

- One request is under way at most. What changes meanwhile (other parameters, a state in doubt) does not send a second
  one: it makes the first outdated, and when that is acknowledged the subscription is ended and asked for anew.
- A venue that was asked in vain is asked again later (`WAITING`), but one that takes a topic only once, and may have
  started it all the same, is asked to end it first (`UNCERTAIN`). A refusal for good (`REFUSED`) stays until somebody
  wants the topic anew.
- A connection that ends takes everything with it but a refusal.

What the updates prove has a theory of its own in `trust.py`. This module must not know any venue.
"""

from __future__ import annotations

from collections.abc import Mapping
from enum import Enum
from typing import Final, TypeVar


class State(Enum):
    """How far the venue has been asked for a topic, on this connection."""

    OFF = "off"
    """Not asked; it will be where somebody wants it."""
    ASKED = "asked"
    """The request is under way."""
    OUTDATED = "outdated"
    """The request is under way, and will be followed by another: what is wanted has changed."""
    ON = "on"
    """Acknowledged."""
    EXPIRED = "expired"
    """Acknowledged, and to be ended and asked for anew."""
    ENDING = "ending"
    """The request to end it is under way."""
    RENEWING = "renewing"
    """The request to end it is under way, and it will be asked for anew."""
    WAITING = "waiting"
    """Refused for now, or not answered: asked for again after a while."""
    UNCERTAIN = "uncertain"
    """As `WAITING`; the venue may have started it all the same, and takes the request only once."""
    REFUSED = "refused"
    """Refused for good, until somebody wants it anew."""


class Cause(Enum):
    """What moves a subscription on."""

    REQUESTED = "request sent"
    ACKNOWLEDGED = "acknowledged"
    DELAYED = "refused for now, no answer"
    DOUBTED = "no answer to a request that is taken once"
    REFUSED = "refused"
    SET_BACK = "sign-in refused, list split"
    RETRIED = "time to ask again"
    RENEWED = "in doubt, other parameters"
    END_REQUESTED = "request to end it sent"
    ENDED = "ended"
    COVER_ENDED = "all-markets topic ended"
    WANTED = "wanted by a first holder"
    HELD = "wanted by one more holder"
    DISCONNECTED = "connection lost"


TRANSITIONS: Final[Mapping[tuple[State, Cause], State]] = {
    (State.OFF, Cause.REQUESTED): State.ASKED,
    (State.ASKED, Cause.ACKNOWLEDGED): State.ON,
    (State.ASKED, Cause.DELAYED): State.WAITING,
    (State.ASKED, Cause.DOUBTED): State.UNCERTAIN,
    (State.ASKED, Cause.REFUSED): State.REFUSED,
    (State.ASKED, Cause.SET_BACK): State.OFF,
    (State.ASKED, Cause.RENEWED): State.OUTDATED,
    (State.ASKED, Cause.WANTED): State.OUTDATED,
    (State.ASKED, Cause.COVER_ENDED): State.OUTDATED,
    (State.OUTDATED, Cause.ACKNOWLEDGED): State.EXPIRED,
    (State.OUTDATED, Cause.DELAYED): State.WAITING,
    (State.OUTDATED, Cause.DOUBTED): State.UNCERTAIN,
    (State.OUTDATED, Cause.REFUSED): State.REFUSED,
    (State.OUTDATED, Cause.SET_BACK): State.OFF,
    (State.ON, Cause.RENEWED): State.EXPIRED,
    (State.ON, Cause.END_REQUESTED): State.ENDING,
    (State.ON, Cause.COVER_ENDED): State.OFF,
    (State.EXPIRED, Cause.END_REQUESTED): State.RENEWING,
    (State.EXPIRED, Cause.COVER_ENDED): State.OFF,
    (State.EXPIRED, Cause.WANTED): State.ON,
    (State.ENDING, Cause.ENDED): State.OFF,
    (State.ENDING, Cause.RENEWED): State.RENEWING,
    (State.RENEWING, Cause.ENDED): State.OFF,
    (State.RENEWING, Cause.WANTED): State.ENDING,
    (State.WAITING, Cause.RETRIED): State.OFF,
    (State.WAITING, Cause.ACKNOWLEDGED): State.ON,
    (State.UNCERTAIN, Cause.END_REQUESTED): State.ENDING,
    (State.UNCERTAIN, Cause.ACKNOWLEDGED): State.ON,
    (State.REFUSED, Cause.WANTED): State.OFF,
    (State.REFUSED, Cause.HELD): State.OFF,
    **{(state, Cause.DISCONNECTED): State.OFF for state in State if state not in (State.OFF, State.REFUSED)},
}
"""From a state, by a cause, to the next; what is not in it changes nothing."""

AT_VENUE: Final = frozenset({State.ASKED, State.OUTDATED, State.ON, State.EXPIRED, State.ENDING, State.RENEWING})
"""The venue knows of it, or is about to."""
UNDER_WAY: Final = frozenset({State.ASKED, State.OUTDATED})
ACKNOWLEDGED: Final = frozenset({State.ON, State.EXPIRED})
RENEWED: Final = frozenset({State.OUTDATED, State.EXPIRED, State.RENEWING})
"""It will be asked for anew."""


class Proof(Enum):
    """What the updates of a topic prove."""

    UNEXPECTED = "unexpected"
    """Nothing can come: it was not asked for."""
    UNCONFIRMED = "unconfirmed"
    """Other parameters were asked for than before: until that is acknowledged, what comes may be of the old ones."""
    EXPECTED = "expected"
    """Asked for, itself or through the all-markets topic; not verified yet, or no more."""
    LIVE = "live"
    """Verified."""
    HELD_BACK = "held"
    """Verified by what came, but the connection is in doubt: what came may be old."""


class Sign(Enum):
    """What changes what is proved."""

    EXPECTED = "asked for"
    CHANGED = "asked for with other parameters"
    CONFIRMED = "acknowledged"
    VERIFIED = "verified"
    LOST = "in doubt"
    LINE_DOUBTED = "connection in doubt"
    VERIFIED_IN_DOUBT = "verified while the connection is in doubt"
    WITHDRAWN = "ended, refused, connection lost"


PROOFS: Final[Mapping[tuple[Proof, Sign], Proof]] = {
    (Proof.UNEXPECTED, Sign.EXPECTED): Proof.EXPECTED,
    (Proof.UNEXPECTED, Sign.CHANGED): Proof.UNCONFIRMED,
    (Proof.UNCONFIRMED, Sign.CONFIRMED): Proof.EXPECTED,
    (Proof.UNCONFIRMED, Sign.VERIFIED): Proof.LIVE,
    (Proof.UNCONFIRMED, Sign.WITHDRAWN): Proof.UNEXPECTED,
    (Proof.EXPECTED, Sign.CHANGED): Proof.UNCONFIRMED,
    (Proof.EXPECTED, Sign.VERIFIED): Proof.LIVE,
    (Proof.EXPECTED, Sign.WITHDRAWN): Proof.UNEXPECTED,
    (Proof.UNCONFIRMED, Sign.VERIFIED_IN_DOUBT): Proof.HELD_BACK,
    (Proof.EXPECTED, Sign.VERIFIED_IN_DOUBT): Proof.HELD_BACK,
    (Proof.LIVE, Sign.LINE_DOUBTED): Proof.HELD_BACK,
    (Proof.HELD_BACK, Sign.VERIFIED): Proof.LIVE,
    (Proof.HELD_BACK, Sign.LOST): Proof.EXPECTED,
    (Proof.HELD_BACK, Sign.CHANGED): Proof.UNCONFIRMED,
    (Proof.HELD_BACK, Sign.WITHDRAWN): Proof.UNEXPECTED,
    (Proof.LIVE, Sign.LOST): Proof.EXPECTED,
    (Proof.LIVE, Sign.WITHDRAWN): Proof.UNEXPECTED,
}
"""As `TRANSITIONS`."""

S = TypeVar("S", State, Proof)
C = TypeVar("C", Cause, Sign)


def state_diagram() -> str:
    """How far the venue has been asked, as a Mermaid diagram for the documentation."""
    return _diagram(State.OFF, {pair: to for pair, to in TRANSITIONS.items() if pair[1] is not Cause.DISCONNECTED})


def proof_diagram() -> str:
    """What is proved, as a Mermaid diagram for the documentation."""
    return _diagram(Proof.UNEXPECTED, PROOFS)


def _diagram(first: S, table: Mapping[tuple[S, C], S]) -> str:
    causes: dict[tuple[S, S], list[str]] = {}
    for (state, cause), to in table.items():
        causes.setdefault((state, to), []).append(cause.value)
    lines = ["stateDiagram-v2", f"    [*] --> {first.value}"]
    lines += [f"    {state.value} --> {to.value}: {', '.join(words)}" for (state, to), words in causes.items()]
    return "\n".join(lines) + "\n"
