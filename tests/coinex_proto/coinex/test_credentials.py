"""Signatures by the worked vectors, and a secret key that nothing can show."""

import copy
import pickle
import traceback

import attrs
import pytest

from coinex_proto.coinex import Credentials, sign_http, sign_websocket
from coinex_proto.errors import UsageError

SECRET = "EXAMPLESECRETKEY0123456789ABCDEF0123456789ABCDEF"
HTTP_SECRET = "2a6f1f9d8c7b4e3fb5a4d3c2b1a09f8e7d6c5b4a39281706"


@pytest.mark.parametrize(
    ("timestamp_ms", "signature"),
    [
        (1700490703564, "561f7d81cfcdd597b7798fad04386b772b5c0bf20e2364360405dcfb2f4cb383"),
        (1234567890123, "8baf61a982fb72df22620231905c075191e4e5f0a2805dd0a5c3c9539d8845db"),
    ],
)
def test_the_websocket_signature_matches_the_worked_vectors(timestamp_ms: int, signature: str) -> None:
    assert sign_websocket(SECRET, timestamp_ms) == signature
    assert Credentials("id", SECRET).sign(str(timestamp_ms)) == signature


@pytest.mark.parametrize(
    ("method", "path", "body", "signature"),
    [
        ("GET", "/v2/assets/spot/balance", "", "e29d962b966a0fd7d5cde8aceb4912556f5ce91ddccabba8b8b0a916abe43b6e"),
        (
            "GET",
            "/v2/spot/pending-order?market=BTCUSDT&market_type=SPOT&side=buy&page=1&limit=10",
            "",
            "a95408e07f6eca17e0b68d001a17d3efdb9d92282c834fce6236a4fb7f219547",
        ),
        (
            "POST",
            "/v2/futures/close-position",
            '{"market": "BTCUSDT", "market_type": "FUTURES", "type": "market"}',
            "6428aaf28763e3f0d0aca64b72dab047b09d25412bee8d549a3f62a27256d5a7",
        ),
    ],
)
def test_the_http_signature_matches_the_worked_vectors(method: str, path: str, body: str, signature: str) -> None:
    assert sign_http(HTTP_SECRET, method, path, body, 1700490703564) == signature
    assert sign_http(HTTP_SECRET, method.lower(), path, body, 1700490703564) == signature


@pytest.mark.parametrize("timestamp", [1700490703564.0, True, "1700490703564"])
def test_only_whole_milliseconds_are_signed(timestamp: object) -> None:
    with pytest.raises(UsageError, match="whole milliseconds"):
        sign_websocket(SECRET, timestamp)  # type: ignore[arg-type]


def test_x1_x2_x5_nothing_shows_the_secret_key() -> None:
    credentials = Credentials("ABCDEFGH", SECRET)
    shown = [
        repr(credentials),
        str(credentials),
        f"{credentials}",
        repr(attrs.asdict(credentials)),
        repr(attrs.astuple(credentials)),
        repr(copy.copy(credentials)),
        repr([getattr(credentials, name) for name in dir(credentials)]),
    ]
    for text in shown:
        for form in (SECRET, SECRET.lower(), SECRET.encode().hex(), "RVhBTVBMRVNFQ1JFVEtFWT"):
            assert form not in text
    with pytest.raises(TypeError):
        vars(credentials)
    for copied in (pickle.dumps, copy.deepcopy):
        with pytest.raises(TypeError):
            copied(credentials)


def test_a_copy_still_signs() -> None:
    assert copy.copy(Credentials("id", SECRET)).sign("1") == Credentials("id", SECRET).sign("1")


def test_signing_twice_gives_the_same_signature_twice() -> None:
    credentials = Credentials("id", SECRET)
    assert credentials.sign("a") == credentials.sign("a") != credentials.sign("b")


def test_x13_credentials_equal_themselves_only() -> None:  # nothing compares keys
    credentials = Credentials("id", SECRET)
    assert credentials == credentials
    assert credentials != Credentials("id", SECRET)
    assert len({credentials, copy.copy(credentials)}) == 2


def test_only_the_start_of_the_access_id_prints() -> None:
    assert repr(Credentials("ABCDEFGH", SECRET)) == "Credentials(access_id='ABCD…')"


@pytest.mark.parametrize(
    "bad", ["", "   ", f" {SECRET}", f"{SECRET}\n", f"{SECRET}é", f"{SECRET}\x00x", None, b"abc", 7]
)
def test_x3_a_bad_key_or_id_is_refused_without_showing_it(bad: object) -> None:
    for access_id, secret_key in (("id", bad), (bad, SECRET)):
        with pytest.raises(UsageError) as caught:
            Credentials(access_id, secret_key)  # type: ignore[arg-type]
        shown = traceback.TracebackException.from_exception(caught.value, capture_locals=True)
        ours = [frame for frame in shown.stack if frame.filename.endswith("/coinex/credentials.py")]
        assert len(ours) == 1
        assert SECRET not in repr(ours[0].locals)
        assert SECRET not in str(caught.value)
