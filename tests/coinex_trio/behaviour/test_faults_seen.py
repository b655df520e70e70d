"""Every fault that the local exchange can make, and what a user of the SDK sees of it: the unchanged client, in memory, on virtual time.

The client wants one book (and its orders, where a key is used) and runs for two minutes; `Watch.story` is what it got until it stops by itself.
"""

from typing import Any

import pytest

from coinex_proto import (
    BookChanged,
    Closed,
    Config,
    ConnectFailed,
    Event,
    Failed,
    HandshakeRefused,
    LoginRefused,
    Lost,
    Ready,
    RequestRefused,
    RequestTimedOut,
    Restored,
    Retrying,
    SubscribeFailed,
    Unrecognised,
    UsageError,
    coinex,
)
from coinex_proto.simulator import Fault, parse_faults
from coinex_trio import CoinexClient, Exchange, memory_exchange

DEPTH, ORDERS, FILLS = coinex.Depth("BTCUSDT"), coinex.Orders("BTCUSDT"), coinex.UserTrades("BTCUSDT")
TOLD: tuple[type[Event], ...] = (Ready, Lost, Closed, Retrying, Restored, SubscribeFailed, Unrecognised, Failed)
SECONDS = 120.0


class Watch:
    """A client for two minutes on an exchange where this goes wrong."""

    def __init__(self, faults: str | tuple[Fault, ...], *, signed: bool = False, **options: Any) -> None:
        self.exchange: Exchange = memory_exchange(faults=faults)
        credentials = self.exchange.credentials if signed else None
        self.client = CoinexClient(network=self.exchange.network, credentials=credentials, **options)
        self.events: list[tuple[float, Event]] = []
        self.start = self.exchange.network.now()
        for kind in TOLD:
            self.client.on(kind)(self.note)
        self.client.subscribe(DEPTH)
        if signed:
            self.client.subscribe(ORDERS)

    def note(self, event: Event) -> None:
        self.events.append((round(self.exchange.network.now() - self.start, 2), event))

    def run(self, seconds: float = SECONDS) -> "Watch":
        with self.client as cx:
            cx.run(seconds=seconds)
            self.was_trusted = cx.trusted(DEPTH)
            self.stopped_at = len(self.events)
        return self

    @property
    def story(self) -> list[str]:
        """Names of what it got, without the end that it made itself."""
        return [type(event).__name__ for _, event in self.events[: self.stopped_at]]

    def at(self, kind: type[Event]) -> float:
        """When the first one came, in seconds."""
        return next(at for at, event in self.events if type(event) is kind)

    def first(self, kind: type[Event]) -> Any:
        return next(event for _, event in self.events if type(event) is kind)


RECONNECTED = ["Ready", "Lost", "Closed", "Retrying", "Ready", "Restored"]
GAP = ["Ready", "Lost", "Restored"]


@pytest.mark.parametrize(
    ("script", "at", "why"),
    [
        ("at 5s drop rst", 5.0, "has reset the connection"),  # N9
        ("at 5s drop fin", 5.0, "the peer ended the connection"),  # N10
        ("after 20 messages drop", 6.8, "has reset the connection"),  # N9
        ("at 5s drop mid-frame fin", 5.0, "the peer ended the connection"),  # N10 B11
        ("at 5s silence", 28.0, "no message within 8 s after a ping"),  # N13
        ("at 5s stall 40", 28.0, "no message within 8 s after a ping"),  # N13
        ("at 5s slow 20 60", 28.0, "no message within 8 s after a ping"),  # N14
    ],
)
def test_a_connection_that_breaks_or_dies_is_lost_and_restored_on_a_new_one(script: str, at: float, why: str) -> None:
    watch = Watch(script).run()
    assert watch.story == RECONNECTED
    lost, restored = watch.first(Lost), watch.first(Restored)
    assert watch.at(Lost) == at
    assert why in lost.why
    assert lost.topics == restored.topics == (DEPTH,)
    assert restored.since == lost.since <= watch.start + at < restored.until
    assert watch.was_trusted


@pytest.mark.parametrize(
    "script",
    [
        "at 5s stall 3",  # N16
        "at 5s delay 2 20",
        "on depth.update 10 duplicate",  # B3
        "on depth.update delta-first",  # B2
        "on depth.subscribe late 3",  # S12
        "on server.ping ignore",  # the pushes after it prove the connection
        "at 5s pings off",  # the client sends no WebSocket pings
    ],
)
def test_what_costs_nothing_is_not_made_a_loss(script: str) -> None:
    watch = Watch(script).run()
    assert watch.story == ["Ready"]
    assert watch.was_trusted
    assert watch.client.stats.checksums_failed == 0


def test_n15_where_no_data_comes_an_unanswered_ping_ends_the_connection() -> None:
    watch = Watch("at 5s halt all\non server.ping every 1 ignore").run()
    assert watch.story[:4] == ["Ready", "Lost", "Closed", "Retrying"]
    assert "no message within 8 s after a ping" in watch.first(Lost).why


@pytest.mark.parametrize(
    ("script", "why"),
    [
        ("on depth.update 10 wrong-checksum", "the checksum does not fit"),  # B1
        ("on depth.update 10 lose", "the checksum does not fit"),  # B2
        ("on depth.update 10 corrupt", "could not be read"),  # D3
    ],
)
def test_a_book_that_cannot_be_proved_is_lost_until_a_whole_one_comes_on_the_same_connection(
    script: str, why: str
) -> None:
    watch = Watch(script).run()
    assert [name for name in watch.story if name != "Unrecognised"] == GAP
    assert ("Unrecognised" in watch.story) is ("corrupt" in script)
    assert why in watch.first(Lost).why
    assert watch.client.stats.reconnects == 0
    assert watch.was_trusted


def test_a_refused_subscription_says_the_code_and_is_never_trusted() -> None:
    watch = Watch("on depth.subscribe refuse 20001").run()
    assert watch.story == ["Ready", "SubscribeFailed"]
    error = watch.first(SubscribeFailed).error
    assert isinstance(error, RequestRefused)
    assert error.code == 20001
    assert not watch.was_trusted


@pytest.mark.parametrize("script", ["on depth.subscribe ignore", "on depth.subscribe lose-answer"])
def test_s10_an_acknowledgement_that_never_comes_times_out_and_is_requested_again(script: str) -> None:
    watch = Watch(script).run()
    assert watch.at(SubscribeFailed) == 10.0
    assert isinstance(watch.first(SubscribeFailed).error, RequestTimedOut)
    assert watch.client.stats.reconnects == 0
    assert watch.was_trusted


def test_s1_a_refused_sign_in_is_fatal_after_one_look_at_the_clock() -> None:
    with pytest.raises(LoginRefused, match="21002"):
        Watch("on server.sign every 1 refuse 21002", signed=True).run()
    assert Watch("on server.sign refuse 21002", signed=True).run().story == ["Ready"]


def test_s2_a_sign_in_that_is_never_answered_is_tried_on_a_new_connection() -> None:
    config = Config(retry_first=True)
    watch = Watch("on server.sign ignore", signed=True, config=config).run()
    assert watch.story == ["Closed", "Retrying", "Ready"]
    assert watch.at(Closed) == 10.0


def test_s4_a_clock_a_minute_off_is_corrected_and_one_ten_minutes_off_is_named() -> None:
    assert Watch("at 0s skew 60", signed=True).run().story == ["Ready"]
    with pytest.raises(LoginRefused, match=r"-600\.000 s off"):
        Watch("at 0s skew 600", signed=True).run()


def test_s7_a_sign_in_that_expires_is_renewed_on_a_new_connection_as_soon_as_it_shows() -> None:
    watch = Watch("at 5s sign-out", signed=True)
    with watch.client as cx:
        cx.run(seconds=6)
        cx.subscribe(FILLS)
        cx.run(seconds=60)
        assert cx.trusted(DEPTH, ORDERS, FILLS)
    story = [type(event).__name__ for _, event in watch.events]
    assert story[:5] == ["Ready", "Lost", "Closed", "Retrying", "Ready"]
    assert "forgotten the sign-in" in watch.first(Lost).why


def test_s20_maintenance_is_the_answer_to_a_request() -> None:
    watch = Watch("at 5s maintenance 10 20", signed=True)
    notices: list[coinex.NoticeUpdate] = []
    watch.client.on(coinex.NoticeUpdate)(notices.append)
    watch.client.subscribe(coinex.Notices())
    watch.run()
    (notice,) = notices
    assert (notice.info.start_time, notice.info.end_time) == tuple(round((watch.start + s) * 1000) for s in (15, 25))


def test_n17_a_market_that_acknowledges_everything_and_sends_nothing_is_never_trusted() -> None:
    watch = Watch("at 0s halt all").run()
    assert watch.story == ["Ready"]
    assert not watch.was_trusted
    silent = Watch("at 5s halt all", config=Config(silent_after=30.0)).run()
    assert silent.story[:2] == ["Ready", "Lost"]
    assert "silent" in silent.first(Lost).why
    assert not silent.was_trusted


@pytest.mark.parametrize(("status", "pause"), [(429, 7.0), (503, 7.0)])
def test_h3_a_handshake_that_is_refused_is_tried_again_when_the_server_said(status: int, pause: float) -> None:
    watch = Watch(f"at 5s drop\non connect 2 http {status} 7").run()
    assert watch.story == ["Ready", "Lost", "Closed", "Retrying", "Closed", "Retrying", "Ready", "Restored"]
    refused = [event for _, event in watch.events if isinstance(event, Closed)][1].reason.error
    assert isinstance(refused, HandshakeRefused)
    assert str(status) in str(refused)
    readies = [at for at, event in watch.events if isinstance(event, Ready)]
    assert readies[1] >= 5 + pause


def test_h3_a_refused_first_handshake_is_raised() -> None:
    with pytest.raises(HandshakeRefused, match="429"):
        Watch("on connect http 429 7").run()


def test_n11_a_handshake_that_hangs_ends_with_its_time_limit() -> None:
    with pytest.raises(ConnectFailed, match="within 10 s"):
        Watch("on connect hang").run()
    watch = Watch("at 5s drop\non connect 2 hang").run()
    assert watch.story == ["Ready", "Lost", "Closed", "Retrying", "Closed", "Retrying", "Ready", "Restored"]


def test_n8_a_connection_that_is_closed_in_the_handshake_is_tried_again() -> None:
    watch = Watch("at 5s drop\non connect 2 drop fin").run()
    assert watch.story == ["Ready", "Lost", "Closed", "Retrying", "Closed", "Retrying", "Ready", "Restored"]


def test_a_fault_by_chance_strikes_again_and_again_and_every_gap_is_reported_and_closed() -> None:
    watch = Watch("2% of depth.update lose\nevery 40s drop").run(600)
    losses, ends = watch.story.count("Lost"), watch.story.count("Restored")
    assert losses >= 15
    assert losses - ends in (0, 1)
    assert watch.client.stats.reconnects >= 10


def test_faults_are_the_same_as_objects_and_as_a_script() -> None:
    script = "at 5s drop rst\non depth.update 30 lose\nevery 31s stall 2"
    objects = (
        Fault(action="drop", arguments=("rst",), seconds=5.0),
        Fault(action="lose", subject="depth.update", nth=30),
        Fault(action="stall", arguments=("2",), seconds=31.0, repeats=True),
    )
    assert parse_faults(script) == objects
    stories = [[(at, str(event)) for at, event in Watch(faults).run().events] for faults in (script, objects)]
    assert stories[0] == stories[1]


def test_b1_no_book_event_comes_between_lost_and_restored() -> None:
    watch = Watch("on depth.update 10 lose\nat 20s drop\nat 40s silence")
    watch.client.on(BookChanged)(watch.note)
    watch.run()
    is_lost, gaps, books = False, 0, 0
    for _, event in watch.events[: watch.stopped_at]:
        if isinstance(event, Lost | Restored):
            is_lost = isinstance(event, Lost)
            gaps += is_lost
        elif isinstance(event, BookChanged):
            books += 1
            assert not is_lost
            assert event.book.trusted
    assert gaps == 3
    assert books > 200


def test_faults_can_be_scheduled_while_a_bot_runs() -> None:
    watch = Watch("")
    with watch.client as cx:
        cx.run(seconds=10)
        watch.exchange.inject("at 20s drop\non depth.update lose")
        cx.run(seconds=60)
        watch.exchange.inject((Fault(action="silence", seconds=1.0),))
        cx.run(seconds=60)
        assert cx.trusted(DEPTH)
    losses = [at for at, event in watch.events if isinstance(event, Lost)]
    assert losses[0] < 15 < 30.0 == losses[1] < 70 < losses[2]
    with pytest.raises(UsageError, match="line 2"):
        watch.exchange.inject("at 5s drop\nnever mind")
