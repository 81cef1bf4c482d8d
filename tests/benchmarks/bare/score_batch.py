"""A scoring pipeline's score_batch on a frame that was read already. Argument: the wheel's module."""

import importlib
import os
import sys

from loop import serve

# The pipeline prints; only answers may go to standard output.
answers = os.dup(1)
os.dup2(2, 1)
sys.stdout = os.fdopen(answers, "w")
import pandas  # noqa: E402

scorer = importlib.import_module(sys.argv[1]).Scorer()


def prepare(path):
    frame = pandas.read_csv(path)[scorer.get_column_names()]
    return lambda: scorer.score_batch(frame)


serve(prepare)
