"""`python -m benchmarks.counted FILE NAME…`: what `instructions_per_message` runs below valgrind.

Each contestant is made ready and warmed up here; two forks, of which one takes the stream once more and the other takes
nothing, differ in the instructions of the stream alone.
"""

import gc
import os
import pickle
import sys
from pathlib import Path

from benchmarks.__main__ import cut
from benchmarks.contestants import contestants


def main() -> None:
    """Prints a line for each fork: its process, its contestant, how many messages it took."""
    file, *names = sys.argv[1:]
    messages = pickle.loads(Path(file).read_bytes())  # making them would take longer here than all the rest
    pieces = cut(messages)
    gc.disable()
    for name in names:
        run = contestants()[name](messages, pieces)
        run()
        for share in (0, len(messages)):
            child = os.fork()
            if child == 0:
                if share:
                    run()
                os._exit(0)
            os.waitpid(child, 0)
            print(child, share, name, sep="\t", flush=True)


if __name__ == "__main__":
    main()
