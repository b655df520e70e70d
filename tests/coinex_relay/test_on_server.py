"""Relays and consumers on a real server: what works, and what is told when it does not."""

import asyncio
import signal
import ssl
import subprocess
import sys
import textwrap
from collections.abc import AsyncIterator, Callable, Coroutine
from contextlib import asynccontextmanager
from pathlib import Path
from typing import Any, TypeVar

import pytest
import trustme

from coinex_asyncio import Client
from coinex_proto import Closed, ConnectFailed, Event, Lost, Restored, Topic, Update, UsageError, coinex
from coinex_relay import EmbeddedServer, Nats, RelayClient, RelayFailed, open_relay, open_relay_trio
from coinex_relay.connecting import connect, ensure_streams
from tests.coinex_relay.real import Feeding, Proxy, feeding
from tests.coinex_relay.world import DEPTH, DIALECT, QUOTE, TOPICS, TRADES, recorded
from tests.processes import HANGS_AFTER

T = TypeVar("T")


def run(work: Coroutine[Any, Any, T]) -> T:
    return asyncio.run(asyncio.wait_for(work, HANGS_AFTER))


def raws(topic: Topic[Event]) -> list[bytes]:
    return [one.raw for one in recorded() if one.topic_key == topic.key]


class Watch:
    """What a consumer's client hands out."""

    def __init__(self, client: Client) -> None:
        self.events: list[Event] = []
        self.came = asyncio.Event()
        client.on(Event)(self._take)

    def _take(self, event: Event) -> None:
        self.events.append(event)
        self.came.set()

    def raws(self, topic: Topic[Event]) -> list[bytes]:
        return [one.raw for one in self.events if isinstance(one, Update) and one.topic_key == topic.key]

    async def until(self, kind: type[Event], count: int = 1) -> list[Any]:
        while len(found := [one for one in self.events if isinstance(one, kind)]) < count:
            self.came.clear()
            await self.came.wait()
        return found

    def events_of(self, *kinds: type[Event]) -> list[Event]:
        return [one for one in self.events if isinstance(one, kinds)]

    async def has(self, topic: Topic[Event], raw: bytes) -> None:
        while raw not in self.raws(topic):
            self.came.clear()
            await self.came.wait()


async def seen(is_so: Callable[[], bool]) -> None:
    while not is_so():  # noqa: ASYNC110  (nothing tells of it)
        await asyncio.sleep(0.01)


def carriers(client: Client) -> list[Any]:
    (lane,) = client._io._lanes.values()
    link: Any = lane.link
    found: list[Any] = link.transport.line._feed.peers.carriers("coinex.spot.depth.BTCUSDT")
    return found


def is_unbroken(got: list[bytes], topic: Topic[Event]) -> bool:
    sent = raws(topic)
    return got == sent[sent.index(got[0]) :][: len(got)]


@asynccontextmanager
async def ready_behind_a_proxy(url: str) -> AsyncIterator[tuple[Proxy, Feeding, Client, Watch]]:
    """A relay that has said 200 updates, and a consumer that is live, whose way to the server a test can disturb."""
    async with Proxy(url) as proxy, feeding(url) as fed, open_relay(proxy.url, DIALECT) as client:
        watch = Watch(client)
        fed.say(200)
        await client.ready(*TOPICS)
        yield proxy, fed, client, watch


def test_the_data_of_a_relay_arrive_whole_in_order_and_proved_and_private_topics_are_refused(
    server: EmbeddedServer,
) -> None:
    async def work() -> None:
        async with feeding(server.url, "whole") as fed, open_relay(server.url, DIALECT) as client:
            watch = Watch(client)
            client.subscribe(*TOPICS)
            fed.say(120)
            await client.ready(*TOPICS)
            fed.say(200)
            await watch.has(TRADES, [one.raw for one in fed.updates[:320] if one.topic_key == TRADES.key][-1])
            assert client.stats.checksums_failed == 0
            assert is_unbroken(watch.raws(TRADES), TRADES)
            assert is_unbroken(watch.raws(DEPTH), DEPTH)
            with pytest.raises(UsageError, match="private"):
                client.subscribe(coinex.Balances())
            with pytest.raises(UsageError, match="market data only"):
                client.send(coinex.Ping())

    run(work())


def test_a_server_that_was_killed_and_started_again_has_lost_nothing_that_a_relay_had_to_say(
    own_server: EmbeddedServer,
) -> None:
    async def work() -> None:
        async with feeding(own_server.url) as fed, open_relay(own_server.url, DIALECT) as client:
            watch = Watch(client)
            fed.say(200)
            await client.ready(*TOPICS)
            own_server.kill()
            (lost, *_) = await watch.until(Lost)
            assert "NATS" in lost.why
            assert not client.trusted(DEPTH)
            fed.say(100)
            own_server.start()
            await client.ready(*TOPICS)
            fed.say(100)
            await watch.has(TRADES, [one.raw for one in fed.updates[:400] if one.topic_key == TRADES.key][-1])
            assert is_unbroken(watch.raws(TRADES), TRADES)
            assert client.stats.checksums_failed == 0

    run(work())


def test_streams_that_have_gone_are_made_again_and_what_is_carried_is_said_again(own_server: EmbeddedServer) -> None:
    async def work() -> None:
        async with feeding(own_server.url) as fed, open_relay(own_server.url, DIALECT) as client:
            watch = Watch(client)
            fed.say(200)
            await client.ready(*TOPICS)
            streams = fed.relay._nats.jetstream()
            await streams.delete_stream("MD")
            await watch.until(Lost)
            fed.say(100)
            await client.ready(TRADES, QUOTE)
            assert fed.relay.trouble == ""
            await streams.delete_stream("MD-WHOLE")
            async with open_relay(own_server.url, DIALECT) as late:
                await late.ready(TRADES, QUOTE)

    run(work())


def test_what_somebody_else_sends_to_an_inbox_is_no_answer(own_server: EmbeddedServer) -> None:
    async def work() -> None:
        async with feeding(own_server.url) as fed, open_relay(own_server.url, DIALECT) as client:
            watch = Watch(client)
            fed.say(200)
            await client.ready(*TOPICS)
            (lane,) = client._io._lanes.values()
            link: Any = lane.link
            nats = await connect(Nats(url=own_server.url), "intruder", lambda why: None)
            ends = (fed.relay, link.transport.line)
            for inbox in [end._inbox for end in ends]:
                for name in ("p", "px", "p-", "r", "rx", "w1", "s1", "x", "1"):
                    for payload in (b"", b"[1]", b"{}", b'{"error":1}', b'{"error":{}}'):
                        await nats.publish(f"{inbox}.{name}", payload)
            await nats.flush(30)
            fed.say(100)
            await watch.has(TRADES, [one.raw for one in fed.updates[:300] if one.topic_key == TRADES.key][-1])
            for end in ends:
                await end._nats.flush(int(HANGS_AFTER))
                reads: Any = end._nats._reading_task
                assert not reads.done()
            assert watch.events_of(Lost, Closed) == []
            assert fed.relay._nats.stats["reconnects"] == 0
            await nats.close()

    run(work())


def test_a_stream_that_is_full_is_told_at_the_relay_and_lost_at_the_consumer(own_server: EmbeddedServer) -> None:
    async def work() -> None:
        async with feeding(own_server.url) as fed, open_relay(own_server.url, DIALECT) as client:
            watch = Watch(client)
            fed.say(200)
            await client.ready(*TOPICS)
            context = fed.relay._nats.jetstream()
            config = (await context.stream_info("MD")).config
            await context.update_stream(config.evolve(discard="new", max_msgs=1))
            (lost, *_) = await watch.until(Lost)
            assert "no heartbeat of relay a" in lost.why
            await seen(lambda: fed.relay.trouble != "")
            assert "maximum messages exceeded" in fed.relay.trouble

    run(work())


def test_a_message_that_is_too_large_stays_the_relays_trouble_while_others_are_stored(
    tmp_path: Path, server: EmbeddedServer
) -> None:
    async def work(small: EmbeddedServer) -> None:
        async with feeding(small.url) as fed:
            fed.say(200)
            await seen(lambda: fed.relay.trouble != "")
            confirmed = fed.relay.confirmed
            await seen(lambda: fed.relay.confirmed > confirmed)
            assert "max_payload of 700 bytes" in fed.relay.trouble
            assert fed.relay.publisher.dropped > 0

    with EmbeddedServer(tmp_path / "small", settings={"max_payload": 700}) as small:
        run(work(small))


def test_a_server_without_room_for_the_stream_says_so(tmp_path: Path, server: EmbeddedServer) -> None:
    settings = {"jetstream": {"store_dir": str(tmp_path / "js"), "max_file_store": 1 << 20}}

    async def work(small: EmbeddedServer) -> None:
        nats = await connect(Nats(url=small.url), "test", lambda why: None)
        with pytest.raises(RelayFailed, match="MD: insufficient storage"):
            await ensure_streams(nats.jetstream(), max_bytes=1 << 26, in_memory=False, replicas=1)
        await nats.close()

    with EmbeddedServer(tmp_path / "small", settings=settings) as small:
        run(work(small))


def test_a_network_that_stalls_is_lost_and_what_it_had_kept_counts_again_when_the_heartbeat_has_a_pace(
    own_server: EmbeddedServer,
) -> None:
    async def work() -> None:
        async with ready_behind_a_proxy(own_server.url) as (proxy, fed, client, watch):
            proxy.stall()
            fed.say(50)
            (lost, *_) = await watch.until(Lost)
            assert "no heartbeat" in lost.why
            proxy.go_on()
            await client.ready(*TOPICS)
            fed.say(50)
            await watch.has(TRADES, [one.raw for one in fed.updates[:300] if one.topic_key == TRADES.key][-1])
            assert is_unbroken(watch.raws(TRADES), TRADES)

    run(work())


def test_a_network_that_is_cut_is_lost_and_the_trades_that_it_missed_come_from_the_stream(
    own_server: EmbeddedServer,
) -> None:
    async def work() -> None:
        async with ready_behind_a_proxy(own_server.url) as (proxy, fed, client, watch):
            proxy.stall()
            proxy.cut()
            fed.say(50)
            (lost, *_) = await watch.until(Lost)
            assert "NATS" in lost.why
            assert not client.trusted(DEPTH)
            proxy.go_on()
            await client.ready(*TOPICS)
            await watch.has(TRADES, [one.raw for one in fed.updates[:250] if one.topic_key == TRADES.key][-1])
            assert is_unbroken(watch.raws(TRADES), TRADES)

    run(work())


def test_a_consumer_that_the_server_drops_for_being_slow_is_lost_and_comes_back(
    tmp_path: Path, server: EmbeddedServer
) -> None:
    settings = {"max_payload": 1 << 16, "max_pending": 1 << 16, "write_deadline": "300ms"}

    async def work(strict: EmbeddedServer) -> None:
        async with ready_behind_a_proxy(strict.url) as (proxy, fed, client, watch):
            proxy.stall()
            await watch.until(Lost)
            flood = b"x" * 50_000
            for _ in range(400):
                await fed.relay._nats.publish(f"md-live.coinex.spot.bbo.{QUOTE.market}", flood)
            await fed.relay._nats.flush(30)
            proxy.go_on()
            await client.ready(*TOPICS)
            assert client.stats.reconnects >= 1

    with EmbeddedServer(tmp_path / "strict", settings=settings) as strict:
        run(work(strict))


@pytest.mark.parametrize("killed", [0, 1])
def test_of_two_relays_either_is_killed_and_nothing_is_lost_or_comes_twice(
    own_server: EmbeddedServer, killed: int
) -> None:
    topics = (DEPTH, TRADES, QUOTE)

    async def work() -> None:
        async with (
            feeding(own_server.url, "a") as one,
            feeding(own_server.url, "b") as other,
            open_relay(own_server.url, DIALECT) as client,
        ):
            watch = Watch(client)
            pair = (one, other)
            for fed in pair:
                fed.say(150)
            await client.ready(*topics)
            await seen(lambda: len(carriers(client)) == 2)
            for fed in pair:
                fed.say(50)
            await pair[killed].kill()
            survivor = pair[1 - killed]
            survivor.say(100)
            await watch.has(TRADES, [one.raw for one in survivor.updates[:300] if one.topic_key == TRADES.key][-1])
            await seen(lambda: len(carriers(client)) == 1)  # the missing heartbeat
            assert [one for one in watch.events if isinstance(one, Lost)] == []
            assert client.trusted(*topics)
            for topic in topics:
                assert is_unbroken(watch.raws(topic), topic), topic
            assert client.stats.checksums_failed == 0

    run(work())


RELAY = """
    import asyncio, sys
    from tests.coinex_relay.real import feeding
    async def main():
        is_free = asyncio.Event()
        is_free.set()
        async def caught_up():
            if not is_free.is_set():
                print("asks the venue", flush=True)
            await is_free.wait()
        async def obey():
            while True:
                line = await asyncio.to_thread(sys.stdin.readline)
                is_free.clear() if line == "hold\\n" else is_free.set()
                print("does", flush=True)
        async with feeding(sys.argv[1], "apart", caught_up=caught_up) as fed:
            obeying = asyncio.create_task(obey())
            fed.say(200)
            print("ready", flush=True)
            while True:
                await asyncio.sleep(0.05)
                fed.say(1)
    asyncio.run(main())
"""


class Apart:
    """A relay in a process of its own, which says when it asks the venue whether everything was read."""

    def __init__(self, process: "subprocess.Popen[str]") -> None:
        self.process: Any = process

    async def says(self, text: str) -> None:
        while await asyncio.to_thread(self.process.stdout.readline) != f"{text}\n":
            pass

    async def hears(self, text: str) -> None:
        self.process.stdin.write(f"{text}\n")
        self.process.stdin.flush()
        await self.says("does")


async def subjects(url: str, count: int) -> set[str]:
    """The ends of so many messages' subjects, as they are published now."""
    nats = await connect(Nats(url=url), "observer", lambda why: None)
    subscription = await nats.subscribe("md.>")
    found = {(await subscription.next_msg(HANGS_AFTER)).subject.rpartition(".")[2] for _ in range(count)}
    await nats.close()
    return found


def test_a_relay_that_was_stopped_is_trusted_when_the_venue_has_answered_behind_all_that_it_had_sent_meanwhile(
    own_server: EmbeddedServer,
) -> None:
    async def work(apart: Apart) -> None:
        await apart.says("ready")
        async with open_relay(own_server.url, DIALECT) as client:
            watch = Watch(client)
            await client.ready(*TOPICS)
            await apart.hears("hold")
            apart.process.send_signal(signal.SIGSTOP)
            (lost, *_) = await watch.until(Lost)
            assert "no heartbeat of relay apart" in lost.why
            assert not client.trusted(DEPTH)
            apart.process.send_signal(signal.SIGCONT)
            await apart.says("asks the venue")
            assert "apart" not in await subjects(own_server.url, 20)
            assert not client.trusted(DEPTH)
            await apart.hears("go on")
            await watch.until(Restored)
            await client.ready(*TOPICS)
            apart.process.kill()
            await watch.until(Lost, len([one for one in watch.events if isinstance(one, Lost)]) + 1)

    with subprocess.Popen(
        [sys.executable, "-c", textwrap.dedent(RELAY), own_server.url],
        stdin=subprocess.PIPE,
        stdout=subprocess.PIPE,
        text=True,
    ) as process:
        try:
            run(work(Apart(process)))
        finally:
            process.kill()


def test_two_consumers_and_a_durable_of_somebody_else_take_nothing_from_each_other(own_server: EmbeddedServer) -> None:
    async def work() -> None:
        async with (
            feeding(own_server.url) as fed,
            open_relay(own_server.url, DIALECT) as one,
            open_relay(own_server.url, DIALECT) as other,
        ):
            watches = Watch(one), Watch(other)
            nats = fed.relay._nats
            durable = await nats.jetstream().pull_subscribe("md.>", durable="somebody")
            for client in (one, other):
                client.subscribe(TRADES)
            fed.say(200)
            await one.ready(TRADES)
            await other.ready(TRADES)
            await durable.fetch(50)
            fed.say(100)
            last = [each.raw for each in fed.updates[:300] if each.topic_key == TRADES.key][-1]
            for watch in watches:
                await watch.has(TRADES, last)
                assert is_unbroken(watch.raws(TRADES), TRADES)

    run(work())


def test_wrong_credentials_are_refused_with_the_servers_reason(tmp_path: Path, server: EmbeddedServer) -> None:
    settings = {"authorization": {"user": "desk", "password": "r/ght@"}}
    with EmbeddedServer(tmp_path / "auth", settings=settings) as guarded:
        for url in (guarded.url, guarded.url.replace("//", "//desk:wrong@")):
            with pytest.raises(ConnectFailed, match=r"(?i)authorization") as failed:
                run(entered(url))
            assert "wrong" not in str(failed.value)
        run(entered(guarded.url.replace("//", "//desk:r%2Fght%40@")))


async def entered(url: str, **options: Any) -> None:
    async with open_relay(url, DIALECT, **options):
        pass


def test_a_password_is_not_said_to_a_server_without_tls_where_tls_is_due(server: EmbeddedServer) -> None:
    with pytest.raises(ConnectFailed, match="offers no TLS"):
        run(entered(server.url.replace("nats://", "tls://desk:secret@")))


def test_tls_with_a_certificate_that_is_trusted_works_and_with_another_one_does_not(
    tmp_path: Path, server: EmbeddedServer
) -> None:
    authority = trustme.CA()
    certificate = authority.issue_cert("127.0.0.1")
    chain, key = tmp_path / "chain.pem", tmp_path / "key.pem"
    chain.write_bytes(b"".join(blob.bytes() for blob in certificate.cert_chain_pems))
    key.write_bytes(certificate.private_key_pem.bytes())
    settings = {"tls": {"cert_file": str(chain), "key_file": str(key)}}
    context = ssl.create_default_context()
    authority.configure_trust(context)
    with EmbeddedServer(tmp_path / "tls", settings=settings) as secure:
        url = secure.url.replace("nats://", "tls://")
        run(entered(url, ssl_context=context))
        with pytest.raises(ConnectFailed, match=r"TLS|certificate"):
            run(entered(url))


def test_a_blocking_program_and_one_under_trio_have_the_same(server: EmbeddedServer) -> None:
    import trio

    async def under_trio() -> list[Topic[Event]]:
        async with open_relay_trio(server.url, DIALECT) as client:
            with trio.fail_after(HANGS_AFTER):
                await client.ready(*TOPICS)
            return [topic for topic in TOPICS if client.trusted(topic)]

    def blocking() -> list[Topic[Event]]:
        with RelayClient(server.url, DIALECT) as client:
            client.ready(*TOPICS, timeout=HANGS_AFTER)
            return [topic for topic in TOPICS if client.trusted(topic)]

    async def work() -> None:
        async with feeding(server.url, "drivers") as fed:
            fed.say(200)
            assert await asyncio.to_thread(blocking) == list(TOPICS)
            assert await asyncio.to_thread(trio.run, under_trio) == list(TOPICS)

    run(work())


@pytest.mark.parametrize("make", [RelayClient, open_relay])
def test_a_server_that_is_not_there_is_a_connect_failed_with_its_reason(make: Any) -> None:
    if make is open_relay:
        with pytest.raises(ConnectFailed, match=r"NATS at 127.0.0.1:1: .*refused"):
            run(entered("nats://127.0.0.1:1"))
    else:
        with (
            pytest.raises(ConnectFailed, match=r"NATS at 127.0.0.1:1: .*refused"),
            RelayClient("nats://127.0.0.1:1", DIALECT),
        ):
            pass


def test_the_rights_in_the_docs_are_enough_and_a_consumer_may_say_nothing(
    tmp_path: Path, server: EmbeddedServer
) -> None:
    page = (Path(__file__).parents[2] / "docs" / "scaling.md").read_text()
    lines = (
        page.partition("These permissions are sufficient:")[2]
        .partition("```text\n")[2]
        .partition("```")[0]
        .splitlines()
    )
    relay_hears, consumer_hears = lines[1].split()[1:], lines[3].split()[1:]
    relay_may, consumer_may = lines[0].split()[2:], lines[2].split()[2:]
    users = [
        {"user": name, "password": name, "permissions": {"publish": may, "subscribe": hears}}
        for name, may, hears in (("relay", relay_may, relay_hears), ("consumer", consumer_may, consumer_hears))
    ]

    async def work(guarded: EmbeddedServer) -> None:
        relay_url, url = (guarded.url.replace("//", f"//{name}:{name}@") for name in ("relay", "consumer"))
        async with feeding(relay_url) as fed, open_relay(url, DIALECT) as client:
            watch = Watch(client)
            fed.say(200)
            await client.ready(*TOPICS)
            assert fed.relay.trouble == ""
            nats = await connect(Nats(url=url), "intruder", lambda why: None)
            await nats.publish("md.coinex.spot.deals.BTCUSDT", b"a lie")
            await nats.flush(10)
            await seen(lambda: "ermissions" in nats.said_last)
            await nats.close()
            assert [one for one in watch.events if isinstance(one, Lost)] == []

    with EmbeddedServer(tmp_path / "rights", settings={"authorization": {"users": users}}) as guarded:
        run(work(guarded))
