"""Each stage of the doctor fails by its own name and status."""

import io
import socket
from collections.abc import Iterator

import pytest
from rich.console import Console

from coinex_proto.coinex import Credentials
from coinex_trio import Exchange, local_exchange
from coinex_trio._cli.doctor import STATUSES, redacted, run_doctor
from coinex_trio._cli.feeds import coinex_dialect


@pytest.fixture
def exchange() -> Iterator[Exchange]:
    with local_exchange() as running:
        yield running


def examine(url: str, credentials: Credentials | None = None) -> tuple[int, list[str]]:
    out = io.StringIO()
    status = run_doctor(
        lambda who: coinex_dialect(url, who, is_futures=False), credentials, Console(file=out, width=200)
    )
    return status, out.getvalue().splitlines()


def assert_fails(stage: str, url: str, text: str, credentials: Credentials | None = None) -> None:
    status, lines = examine(url, credentials)
    assert status == STATUSES[stage], lines
    assert lines[-1].startswith(stage)
    assert "failed" in lines[-1]
    assert text in lines[-1]
    assert all(" ok " in line for line in lines[:-1])


def test_a_healthy_connection_passes_every_stage_with_one_line_each(exchange: Exchange) -> None:
    status, lines = examine(exchange.url, exchange.credentials)
    assert status == 0
    assert [line.split()[0] for line in lines] == list(STATUSES)


def test_without_keys_the_sign_in_is_not_tried(exchange: Exchange) -> None:
    status, lines = examine(exchange.url)
    assert status == 0
    assert "not tried" in lines[-1]


def test_a_name_that_nobody_knows(monkeypatch: pytest.MonkeyPatch) -> None:
    def resolve(*_: object, **__: object) -> list[object]:
        raise socket.gaierror(socket.EAI_NONAME, "Name or service not known")

    monkeypatch.setattr(socket, "getaddrinfo", resolve)
    assert_fails("name", "wss://exchange.invalid/v2/spot", "has no address")


def test_a_port_on_which_nobody_listens() -> None:
    assert_fails("TCP", "ws://127.0.0.1:9/v2/spot", "refused")


def test_a_server_without_tls_where_tls_is_wanted(exchange: Exchange) -> None:
    assert_fails("TLS", exchange.url.replace("ws://", "wss://"), "TLS failed")


def test_a_path_that_is_no_websocket(exchange: Exchange) -> None:
    assert_fails("handshake", exchange.socket_url + "/v2/elsewhere", "404")


def test_a_ping_that_is_refused(exchange: Exchange) -> None:
    exchange.refuse("server.ping", 24002)
    assert_fails("ping", exchange.url, "24002")


def test_a_clock_that_is_a_minute_off(exchange: Exchange) -> None:
    exchange.skew_clock(60)
    assert_fails("clock", exchange.url, "set this machine's clock")


def test_a_wrong_key_is_refused_and_shown_nowhere(exchange: Exchange) -> None:
    wrong = Credentials(exchange.access_id, "nobody-knows-this-one")
    assert_fails("sign-in", exchange.url, "LoginRefused", wrong)
    _, lines = examine(exchange.url, wrong)
    assert "nobody-knows-this-one" not in "".join(lines)


def test_an_access_id_is_shown_in_part_only() -> None:
    assert redacted("0123456789ABCDEF") == "0123…EF"
    assert redacted("short") == "…"
