"""Replies and notices of CoinFLEX are two streams that are not in step."""

from tests.coinex_proto.simulator.coinflex_peer import PAIR, signed_in


def test_replies_and_notices_are_not_in_step_but_notices_keep_their_order() -> None:
    server, peer = signed_in(is_in_step=False, seed=1)
    orders: set[tuple[str, ...]] = set()
    for number in range(40):
        tag = peer.post("PlaceOrder", **PAIR, quantity=1, price=90_000_000)
        peer.wait(0.02)
        names = ["reply" if "tag" in message else message["notice"] for message in peer.take()]
        assert tag
        orders.add(tuple(name for name in names if name != "BalanceChanged"))
        server.advance(server.now + number / 100)
    assert orders == {("reply", "OrderOpened"), ("OrderOpened", "reply")}


def test_replies_may_overtake_each_other() -> None:
    _, peer = signed_in(is_in_step=False)
    for _ in range(8):
        peer.post("EstimateMarketOrder", **PAIR, quantity=1)
    peer.wait(0.05)
    tags = [message["tag"] for message in peer.take()]
    assert sorted(tags) != tags
    assert len(set(tags)) == 8
