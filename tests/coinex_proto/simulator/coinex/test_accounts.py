"""Keys and signatures."""

from __future__ import annotations

import pytest

from coinex_proto.simulator.coinex.accounts import WINDOW_MS, Accounts, make_credentials

SECRET = "EXAMPLESECRETKEY0123456789ABCDEF0123456789ABCDEF"
STAMP = 1700490703564
SIGNED = "561f7d81cfcdd597b7798fad04386b772b5c0bf20e2364360405dcfb2f4cb383"


@pytest.mark.parametrize(
    ("access_id", "signature", "off_ms", "owner"),
    [
        ("ME", SIGNED, 0, 7),
        ("ME", SIGNED, WINDOW_MS, 7),
        ("ME", SIGNED, -WINDOW_MS - 1, None),
        ("ME", SIGNED.upper(), 0, None),
        ("ME", "", 0, None),
        ("ME", "ü", 0, None),
        ("YOU", SIGNED, 0, None),
    ],
)
def test_the_worked_sign_in_of_the_wire_document(
    access_id: str, signature: str, off_ms: int, owner: int | None
) -> None:
    accounts = Accounts()
    accounts.add("ME", SECRET, 7)
    assert accounts.check_socket(access_id, signature, STAMP, STAMP + off_ms) == owner


def test_made_credentials_follow_from_the_seed() -> None:
    access_id, secret_key = make_credentials(3)
    assert (len(access_id), len(secret_key)) == (32, 48)
    assert make_credentials(3) == (access_id, secret_key) != make_credentials(4)


def test_a_secret_shows_in_no_repr() -> None:
    accounts = Accounts()
    accounts.add("ME", SECRET, 7)
    assert SECRET not in repr(accounts.key("ME"))
