"""What the session sends by itself: nobody else can, and no secret shows."""

import pytest

from coinex_proto import UsageError, qfex
from coinex_proto.qfex._raw import NO_OWN_REQUEST
from coinex_proto.qfex._trade.own_commands import Auth, CancelOnDisconnect, Subscribe, Unsubscribe


def test_the_sign_in_sends_its_proof_and_shows_it_in_no_repr() -> None:
    auth = Auth(proof={"jwt": "eyJ"}, account_id="sub")
    assert auth.params() == {"jwt": "eyJ", "account_id": "sub"}
    assert Auth(proof={"jwt": "eyJ"}).params() == {"jwt": "eyJ"}
    assert "eyJ" not in repr(auth)


def test_the_others_send_their_fields() -> None:
    assert CancelOnDisconnect().params() == {"cancel_on_disconnect": True}
    assert Subscribe(channels=("fills",)).params() == Unsubscribe(channels=("fills",)).params()


@pytest.mark.parametrize(
    "command", [Auth(proof={}), CancelOnDisconnect(), Subscribe(channels=()), Unsubscribe(channels=())]
)
def test_their_acknowledgement_is_all(command: Auth | CancelOnDisconnect | Subscribe | Unsubscribe) -> None:
    assert command.parse(b"{}") is None
    assert command.is_private


@pytest.mark.parametrize("kind", [Auth, CancelOnDisconnect])
def test_what_only_the_opening_sends_cannot_be_sent_raw(kind: type[Auth | CancelOnDisconnect]) -> None:
    with pytest.raises(UsageError, match=NO_OWN_REQUEST[kind.type][:20]):
        qfex.Raw(kind.type)
