"""The program inside a scoring pipeline's own environment: loads its Scorer and scores what comes over a socket.

Runs on any Python from 3.6 with the standard library and what the pipeline brings (numpy, pandas), as a file of its
own: nothing next to it can be imported. Arguments: the descriptors of the socket and of a pipe that closes when the
parent is gone, and the name of the pipeline's module. ``wire.py`` has the other side of the messages: two lengths, a
JSON header, and the columns as raw little-endian buffers. Standard output and error are the pipeline's own, whatever
it writes there.
"""

import fcntl
import inspect
import json
import os
import signal
import socket
import struct
import sys
import threading

PREFIX = struct.Struct(">IQ")
# Singling out the rows that a model refuses must not take for ever.
MOST_CALLS = 200
INTERVAL_SWITCHES = ("interval", "pred_intervals", "prediction_intervals")


def leave_with_parent(pipe):
    """End this process, and what it started, as soon as the parent is gone, even in the middle of a long call."""

    def watch():
        os.read(pipe, 1)
        end()

    if sys.platform == "linux":
        # For a call that never releases Python's lock: the kernel itself ends the process, SIGIO's default.
        fcntl.fcntl(pipe, fcntl.F_SETOWN, os.getpid())
        fcntl.fcntl(pipe, fcntl.F_SETFL, fcntl.fcntl(pipe, fcntl.F_GETFL) | os.O_ASYNC)
    threading.Thread(target=watch, daemon=True).start()


def end():
    """End the whole process group: the pipeline may have started processes of its own."""
    if os.getpgrp() == os.getpid():
        os.killpg(os.getpgrp(), signal.SIGKILL)
    os._exit(0)


def receive(channel):
    """The next request: its header and its buffers, or None when there are no more."""
    prefix = read(channel, PREFIX.size)
    if prefix is None:
        return None
    length, size = PREFIX.unpack(prefix)
    header = json.loads(read(channel, length).decode("utf-8"))
    payload = read(channel, size) if size else bytearray()
    buffers, at = [], 0
    for one in header["buffers"]:
        buffers.append(memoryview(payload)[at : at + one])
        at += one
    return header, buffers


def read(channel, size):
    """So many bytes, or None at the end of the stream."""
    data = bytearray(size)
    view, done = memoryview(data), 0
    while done < size:
        count = channel.recv_into(view[done:])
        if count == 0:
            return None
        done += count
    return data


def send(channel, header, buffers=()):
    """Send an answer."""
    parts = [bytes(one) for one in buffers]
    header["buffers"] = [len(one) for one in parts]
    text = json.dumps(header).encode("utf-8")
    channel.sendall(b"".join([PREFIX.pack(len(text), sum(header["buffers"])), text] + parts))


def texts(blob, ends):
    """The texts whose UTF-8 is in ``blob``, one after the other."""
    whole, found, start = bytes(blob), [], 0
    for stop in ends.tolist():
        found.append(whole[start:stop].decode("utf-8"))
        start = stop
    return found


def frame(header, buffers):
    """The rows of a request as a pandas.DataFrame."""
    import numpy
    import pandas

    columns, names, given = [], [], iter(buffers)
    for column in header["columns"]:
        kind = column["type"]
        if kind == "text":
            blob, ends = next(given), numpy.frombuffer(next(given), "<i4")
            levels = numpy.empty(len(ends) + 1, dtype=object)
            levels[:-1] = texts(blob, ends)
            # The index -1 is a missing value: the last of the levels, None.
            values = levels[numpy.frombuffer(next(given), "<i4")]
            if column["guess"]:
                values = as_numbers(pandas, values)
        elif kind == "bool":
            codes = numpy.frombuffer(next(given), "i1")
            values = numpy.array([False, True, None], dtype=object)[codes] if (codes < 0).any() else codes == 1
        else:
            values = numpy.frombuffer(next(given), kind)
        names.append(column["name"])
        columns.append(values)
    made = pandas.DataFrame(dict(enumerate(columns)), copy=True)
    made.columns = names
    return made


def as_numbers(pandas, values):
    """Texts that are all numbers as numbers, as when pandas reads CSV; others as they are."""
    try:
        return pandas.to_numeric(pandas.Series(values)).to_numpy(dtype="float64")
    except (ValueError, TypeError):
        return values


def columns_of(result):
    """A pandas.DataFrame as the columns of an answer."""
    import numpy

    described, buffers = [], []
    for index, name in enumerate(result.columns):
        values = numpy.asarray(result.iloc[:, index])
        if values.dtype.kind in "fiub":
            if values.dtype.kind == "b":
                values = values.astype("i1")
            elif values.dtype.kind == "f":
                values = values.astype("<f4" if values.dtype.itemsize <= 4 else "<f8")
            else:
                values = values.astype("<i4" if values.dtype.itemsize < 4 or values.dtype.str == "<i4" else "<i8")
            described.append(
                {
                    "name": str(name),
                    "type": "bool" if values.dtype.kind == "i" and values.dtype.itemsize == 1 else values.dtype.str,
                }
            )
            buffers.append(numpy.ascontiguousarray(values).tobytes())
        else:
            parts = [None if one is None or one != one else str(one).encode("utf-8") for one in values.tolist()]
            lengths = numpy.array([len(one or b"") for one in parts], dtype="<i4")
            present = numpy.array([one is not None for one in parts], dtype="i1")
            described.append({"name": str(name), "type": "text"})
            buffers += [b"".join(one or b"" for one in parts), lengths.tobytes(), present.tobytes()]
    return described, buffers


class Pipeline:
    """The pipeline's Scorer, and what it can be asked for."""

    def __init__(self, module):
        self.scorer = __import__(module, fromlist=["Scorer"]).Scorer()
        self.names = [str(name) for name in self.scorer.get_column_names()]
        self.parameters = set(inspect.signature(self.scorer.score_batch).parameters)
        self.calls = 0

    def switch(self, what):
        """The arguments of score_batch that ask for predictions, contributions or intervals; None if it has none."""
        if what == "predictions":
            return {}
        names = {"original": ("pred_contribs_original",), "transformed": ("pred_contribs",)}
        for name in names.get(what, INTERVAL_SWITCHES):
            if name in self.parameters:
                return {name: True}
        return None

    def score(self, rows, what, recipes):
        """What the Scorer makes of all rows: a DataFrame of as many rows."""
        arguments = dict(self.switch(what) or {})
        if recipes and "apply_data_recipes" in self.parameters:
            arguments["apply_data_recipes"] = True
        self.calls += 1
        result = self.scorer.score_batch(rows, **arguments)
        if len(result) != len(rows):
            raise ValueError("the Scorer gave %d rows for %d" % (len(result), len(rows)))
        return result

    def accepted(self, rows, what, recipes, refused, first=0):
        """What the Scorer makes of the rows that it does not refuse: a list of DataFrames; others go to ``refused``."""
        try:
            return [self.score(rows, what, recipes)]
        except MemoryError:
            raise
        except (Exception, SystemExit) as error:
            if len(rows) == 1:
                refused.append((first, error))
                return []
            if self.calls > MOST_CALLS:
                raise
            half = len(rows) // 2
            top, bottom = rows.iloc[:half], rows.iloc[half:].reset_index(drop=True)
            return self.accepted(top, what, recipes, refused, first) + self.accepted(
                bottom, what, recipes, refused, first + half
            )

    def answer(self, header, buffers):
        """The answer to a request to score."""
        import pandas

        rows, refused = frame(header, buffers), []
        self.calls = 0
        parts = self.accepted(rows, "predictions", header["recipes"], refused)
        if refused and len(refused) == len(rows) > 1 and len({message_of(error) for _, error in refused}) == 1:
            raise refused[0][1]
        if refused:
            keep = numpy_mask(len(rows), [row for row, _ in refused])
            rows = rows[keep].reset_index(drop=True)
        tables, sent = [], []
        for what in header["wanted"]:
            if what != "predictions":
                parts = [self.score(rows, what, header["recipes"])] if len(rows) else []
            described, further = columns_of(pandas.concat(parts) if parts else pandas.DataFrame())
            tables.append(described)
            sent += further
        return {"tables": tables, "refused": [[row, message_of(error)] for row, error in refused]}, sent


def numpy_mask(count, absent):
    """True for all rows but some."""
    import numpy

    keep = numpy.ones(count, dtype=bool)
    keep[absent] = False
    return keep


def message_of(error):
    """An exception in words: its type and its first line, not too long."""
    lines = str(error).strip().splitlines() or [""]
    return ("%s: %s" % (type(error).__name__, lines[0]))[:300]


def main():
    """Load, say so, and answer until there are no more requests."""
    channel = socket.fromfd(int(sys.argv[1]), socket.AF_UNIX, socket.SOCK_STREAM)
    leave_with_parent(int(sys.argv[2]))
    try:
        pipeline = Pipeline(sys.argv[3])
    except BaseException as error:  # a pipeline may also end the process, with its licence's complaint
        send(channel, {"error": message_of(error)})
        end()
    send(
        channel,
        {
            "names": pipeline.names,
            "switches": [what for what in ("original", "transformed", "intervals") if pipeline.switch(what)],
            "python": ".".join(map(str, sys.version_info[:3])),
        },
    )
    while True:
        request = receive(channel)
        if request is None:
            end()
        try:
            header, buffers = pipeline.answer(*request)
        except MemoryError:
            os._exit(12)
        except (Exception, SystemExit) as error:
            header, buffers = {"error": message_of(error)}, []
        send(channel, header, buffers)


if __name__ == "__main__":
    main()
