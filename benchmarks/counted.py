"""`python -m benchmarks.counted FILE NAME…`: what `instructions_per_message` runs below valgrind.

Each contestant is warmed up here by a run over the stream. Of two forks, one takes the first half of it and the other takes
all of it, each anew: they differ in the instructions of the second half, in which every topic is live.
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
    half = messages[: len(messages) // 2]
    gc.disable()
    for name in names:
        make = contestants()[name]
        make(messages, cut(messages))()
        runs = [(len(taken), make(taken, cut(taken))) for taken in (half, messages)]  # a fork counts what was before it
        for taken, run in runs:
            child = os.fork()
            if child == 0:
                run()
                os._exit(0)
            os.waitpid(child, 0)
            print(child, taken, name, sep="\t", flush=True)


if __name__ == "__main__":
    main()
