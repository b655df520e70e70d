"""The console command `coinex`: says what to install when the extra `cli` is missing, else runs it.

It must import nothing outside the default install by itself: this file is what runs before click and rich are known to be there.
"""

import sys

EXTRA = frozenset({"click", "rich"})
"""What the extra `cli` brings."""

MISSING = """\
The command line of coinex-sdk needs the extra "cli" (click and rich), which is not installed here:

    pip install 'coinex-sdk[cli]'
"""


def main() -> None:
    """Runs the command line; exit status 2 and what to install when the extra is missing."""
    try:
        from coinex_trio._cli.program import run
    except ModuleNotFoundError as missing:
        if (missing.name or "").partition(".")[0] not in EXTRA:
            raise
        sys.stderr.write(MISSING)
        sys.exit(2)
    except KeyboardInterrupt:  # while it is still starting: importing takes a moment
        sys.exit(130)
    run()
