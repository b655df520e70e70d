"""`python -m tests.interrupts 500`: so many interrupts at random times."""

from __future__ import annotations

import sys

from tests.interrupts.campaign import campaign

if __name__ == "__main__":
    count = int(sys.argv[1]) if len(sys.argv) > 1 else 500
    found = campaign(count, seed=int(sys.argv[2]) if len(sys.argv) > 2 else 0)
    print(
        f"{count} interrupts, {len(found)} processes with something left"
        if found
        else f"{count} interrupts, nothing left"
    )
    raise SystemExit(bool(found))
