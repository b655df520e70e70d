"""The whole program `coinex`: all commands of all kinds."""

from __future__ import annotations

from coinex_trio._cli.commands import coinex
from coinex_trio._cli.http_commands import HTTP_COMMANDS


def run() -> None:
    """Does what the command line says, and ends the process with its status."""
    for command in HTTP_COMMANDS:
        coinex.add_command(command)
    coinex()
