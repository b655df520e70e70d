"""`python -m tests.simulation --seeds 0-999`: a campaign that goes on where it was left, and says how to see a failure again.

What was run stands in a file, one line a run: seed, venue, driver, shape of the client, and "ok" or what was untrue.
"""

from __future__ import annotations

import argparse
import logging
import traceback
from itertools import product
from pathlib import Path

from tests.simulation.drivers import DRIVERS, SHAPES
from tests.simulation.programs import VENUES, run

COMMAND = (
    "python -m tests.simulation --seeds {seed}-{seed} --venues {venue} --drivers {driver} --shapes {shape} --state ''"
)


def main() -> int:
    """0 when every run of the range is sound."""
    parser = argparse.ArgumentParser(description="Programs of users in bad weather")
    parser.add_argument("--seeds", default="0-99", help="from-to, both included")
    parser.add_argument("--venues", default=",".join(VENUES))
    parser.add_argument("--drivers", default=",".join(DRIVERS))
    parser.add_argument("--shapes", default=",".join(SHAPES), help="of the client's connections")
    parser.add_argument(
        "--state", default="build/simulation.txt", help="where results are kept; empty: nowhere, with tracebacks"
    )
    chosen = parser.parse_args()
    logging.disable(logging.CRITICAL)
    first, _, last = chosen.seeds.partition("-")
    state = Path(chosen.state) if chosen.state else None
    known = _known(state)
    failures = 0
    seeds = range(int(first), int(last or first) + 1)
    axes = (chosen.venues.split(","), chosen.drivers.split(","), chosen.shapes.split(","))
    for seed, venue, driver, shape in product(seeds, *axes):
        what = (str(seed), venue, driver, shape)
        if known.get(what) == "ok":
            continue
        found = _result(seed, venue, driver, shape, is_told=state is None)
        failures += found != "ok"
        if found != "ok":
            print(f"seed {seed} {venue} {driver} {shape}: {found}", flush=True)
            print("  see it again: " + COMMAND.format(seed=seed, venue=venue, driver=driver, shape=shape), flush=True)
        if state is not None:
            state.parent.mkdir(parents=True, exist_ok=True)
            with state.open("a") as file:
                file.write(" ".join(what) + " " + found + "\n")
    print(f"seeds {chosen.seeds}: {failures} runs failed")
    return min(failures, 1)


def _result(seed: int, venue: str, driver: str, shape: str, *, is_told: bool) -> str:
    try:
        run(seed, venue, driver, shape)
    except Exception as error:  # noqa: BLE001  (a result like any other)
        if is_told:
            traceback.print_exc()
        return f"{type(error).__name__} {error}".replace("\n", " ")
    return "ok"


def _known(state: Path | None) -> dict[tuple[str, ...], str]:
    if state is None or not state.exists():
        return {}
    lines = (line.split(" ", 4) for line in state.read_text().splitlines())
    return {tuple(parts[:4]): parts[4] for parts in lines if len(parts) == 5}


if __name__ == "__main__":
    raise SystemExit(main())
