"""Times a piece of work as often as it is asked to: what each of the scripts beside does. Standard library only.

A line on standard input names a file of rows and how long to work; the answer is a line with the seconds a turn.
"""

import json
import sys
import time


def serve(prepare):
    """Answer until the input ends; ``prepare`` makes of a file a function without arguments: the work to be timed."""
    answers = sys.stdout
    # The runtimes print to standard output too.
    sys.stdout = sys.stderr
    ready = {}
    for line in sys.stdin:
        path, seconds = json.loads(line)
        if path not in ready:
            ready[path] = prepare(path)
            timed(ready[path], 1.0)
        answers.write("@" + json.dumps(timed(ready[path], seconds)) + "\n")
        answers.flush()


def timed(work, seconds):
    """Seconds a turn, over so many turns as fit into the time; at least two."""
    turns, began = 0, time.perf_counter()
    while turns < 2 or time.perf_counter() - began < seconds:
        work()
        turns += 1
    return (time.perf_counter() - began) / turns
