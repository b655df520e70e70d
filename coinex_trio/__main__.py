"""`python -m coinex_trio` is the console command `coinex`."""

from coinex_trio.cli import main

main()
