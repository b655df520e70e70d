"""The swarm finds the bug of the example bot, and the bot without the bug passes."""

from decimal import Decimal

from coinex_trio.swarm import Swarm
from examples.swarm_bot import Buyer, HastyBuyer, trade

WANTED = Decimal("0.1")
FOUND_BY = 2
"""A seed under which an answer is lost whose order was carried out."""


def test_the_swarm_finds_the_bot_that_places_again_what_it_does_not_know() -> None:
    assert trade(Swarm(FOUND_BY, seconds=60), HastyBuyer, WANTED) > WANTED


def test_the_bot_that_waits_for_what_it_does_not_know_buys_no_more_than_it_should() -> None:
    assert trade(Swarm(FOUND_BY, seconds=60), Buyer, WANTED) <= WANTED
