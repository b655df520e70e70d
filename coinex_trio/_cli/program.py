"""The whole program `coinex`: all commands of all kinds."""

from __future__ import annotations

import sys

import click

from coinex_trio._cli.commands import INTERRUPTED, coinex
from coinex_trio._cli.http_commands import HTTP_COMMANDS
from coinex_trio._cli.recording import COMMANDS
from coinex_trio._cli.request import request


def run() -> None:
    """Does what the command line says, and ends the process with its status."""
    for command in (*HTTP_COMMANDS, *COMMANDS, request):
        coinex.add_command(command)
    try:
        status = coinex.main(standalone_mode=False)
    except click.ClickException as error:
        error.show()
        status = error.exit_code
    except (click.Abort, KeyboardInterrupt):
        status = INTERRUPTED
    sys.exit(status)
