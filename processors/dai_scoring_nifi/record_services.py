"""FlowFiles read and written by NiFi's own record services: any format, and any schema registry, that NiFi knows.

The helper in NiFi's virtual machine reads the model's columns into a file, they are scored here, and the helper reads
the FlowFile again and writes each record with its predictions. So whatever else a record has is never converted.
"""

from __future__ import annotations

import time
from collections.abc import Collection, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Protocol

import pyarrow as pa

from dai_scoring.batch import earlier, results
from dai_scoring.batch.options import FileOptions
from dai_scoring.errors import BadRowsError, ContentError
from dai_scoring.messages import without_values
from dai_scoring.options import BadRows, MissingColumns, OutputColumns
from dai_scoring.scorer import Scorer
from dai_scoring.service.work_folders import WorkFolder
from dai_scoring.values import missing, model_rows
from dai_scoring.values.unseen_levels import sum_counts
from dai_scoring_nifi import bridge_encoding
from dai_scoring_nifi.record_files import ResultWriter, kind, tables


class Helper(Protocol):
    """What the helper does for a FlowFile's records; see ``Records.java``."""

    def read_records(self, wanted: list[str], path: Path) -> str:
        """Write the wanted fields of all records to a file; the packed answer begins with + or -."""
        ...

    def write_records(self, request: str) -> str:
        """Write the records with their predictions; the packed answer begins with + or -."""
        ...


@dataclass(frozen=True)
class Written:
    """A file of records that a Record Writer wrote, and the attributes that it gives."""

    count: int
    attributes: dict[str, str]


@dataclass(frozen=True)
class ScoredRecords:
    """What became of a FlowFile; the files are those of the folder."""

    scored: Written
    rejected: Written
    seconds: float
    unseen: Mapping[str, int] | None = None
    among: int = 0
    """How many of the records in ``scored`` are rejected ones, kept with the reason."""
    missing_like: tuple[str, ...] = ()
    """As :attr:`dai_scoring.batch.summary.Summary.missing_like`."""


def score_records(helper: Helper, scorer: Scorer, options: FileOptions, folder: WorkFolder) -> ScoredRecords:
    """Score the records of a FlowFile into ``folder.target``, and those that cannot be into ``folder.rejected``.

    With BadRows.KEEP all are in the former.

    Raises InputError where the FlowFile cannot be scored as a whole.
    """
    began = time.perf_counter()
    scorer = scorer.with_missing(options.missing_values)
    wanted = [column.name for column in scorer.info.inputs]
    replaces = earlier.are_replaced(options.bad_rows, options.output_columns)
    further = [name for name in results.REJECT_COLUMNS if name not in wanted] if replaces else []
    answer = _answer(helper.read_records([*wanted, *further], folder.source), "read", "record_reader", wanted)
    count = answer.number()
    present = [_text(answer) for _ in range(answer.number())]
    columns = [(_text(answer), _text(answer)) for _ in range(answer.number())]
    model_rows.check_columns(present, scorer.info.inputs, options.missing_columns)
    kept = results.kept_columns(present, options.output_columns, options.id_columns, wanted)
    if options.output_columns is OutputColumns.ALL and replaces:
        kept = [name for name in kept if name not in results.REJECT_COLUMNS]
    keeps = options.bad_rows is BadRows.KEEP
    outputs, unseen, bad, missing_like = _score(scorer, options, folder, columns, count)
    names = results.output_names([name for name, _ in outputs], kept, options.prediction_prefix)
    if keeps:
        results.output_names(results.REJECT_COLUMNS, [*kept, *names], "")
    request = bridge_encoding.Writer()
    request.bytes(str(folder.results).encode())
    request.number(len(outputs))
    for name, (_, letter) in zip(names, outputs, strict=True):
        request.bytes(name.encode())
        request.bytes(letter.encode())
    request.number(-1 if len(kept) == len(present) else len(kept))
    for name in kept if len(kept) < len(present) else ():
        request.bytes(name.encode())
    request.bytes(str(folder.target).encode())
    request.bytes(str(folder.rejected).encode())
    request.number(int(keeps))
    written = _answer(helper.write_records(request.text()), "written", "record_writer", [*present, *names])
    among = bad if keeps else 0
    return ScoredRecords(_written(written), _written(written), time.perf_counter() - began, unseen, among, missing_like)


def _score(
    scorer: Scorer, options: FileOptions, folder: WorkFolder, columns: list[tuple[str, str]], count: int
) -> tuple[list[tuple[str, str]], Mapping[str, int] | None, int, tuple[str, ...]]:
    """Score the records in ``folder.source`` into ``folder.results``.

    Returns names and kinds of what they are given, the unseen levels, how many were rejected, and the texts for which
    some were that may mean a missing value.
    """
    names, kinds = [name for name, _ in columns], [letter for _, letter in columns]
    empty = _wide(scorer.score(_no_rows(scorer), MissingColumns.AS_MISSING, options.wanted).outputs)
    done = bad = 0
    unseen: Mapping[str, int] | None = None
    missing_like: set[str] = set()
    inputs = [column.name for column in scorer.info.inputs]
    with ResultWriter(folder.results) as writer:
        for table in tables(folder.source, names, kinds):
            if earlier.are_replaced(options.bad_rows, options.output_columns):
                earlier.check(table, inputs)
            scored = scorer.score(table, MissingColumns.AS_MISSING, options.wanted)
            if scored.rejects.num_rows and options.bad_rows is BadRows.FAIL:
                first = scored.rejects.slice(0, 1).to_pylist()[0]
                advice = missing.advice(missing.among(scored.rejects))
                row = done + first["row"] + 1
                raise BadRowsError(scored.rejects.num_rows, row, first["column"], first["code"], advice)
            writer.write(table.num_rows, _wide(scored.outputs).cast(empty.schema), scored.rejects)
            done += table.num_rows
            bad += scored.rejects.num_rows
            missing_like.update(missing.among(scored.rejects) if scored.rejects.num_rows else ())
            unseen = sum_counts(unseen, scored.unseen)
    if done != count:
        raise ContentError(f"{count} records were read, and {done} came to be scored.")
    folder.source.unlink()
    return [(field.name, kind(field.type)) for field in empty.schema], unseen, bad, tuple(sorted(missing_like))


def _wide(outputs: pa.Table) -> pa.Table:
    """Single-precision predictions in double: as such NiFi's writers of text give them with all their digits."""
    fields = [field.with_type(pa.float64()) if field.type == pa.float32() else field for field in outputs.schema]
    return outputs.cast(pa.schema(fields))


def _no_rows(scorer: Scorer) -> pa.Table:
    return pa.table({column.name: pa.nulls(0, column.type.arrow) for column in scorer.info.inputs})


def _answer(said: str, done: str, service: str, names: Collection[str]) -> bridge_encoding.Reader:
    if not said.startswith("+"):
        reason = without_values(said[1:], names)
        raise ContentError(
            f"the records cannot be {done}{reason and f' ({reason})'}.",
            advice=(f"Look at the service in {{{service}}}, and whether the FlowFile is what it expects.",),
        )
    return bridge_encoding.Reader(said[1:])


def _text(answer: bridge_encoding.Reader) -> str:
    return (answer.bytes() or b"").decode()


def _written(answer: bridge_encoding.Reader) -> Written:
    count = answer.number()
    return Written(count, {_text(answer): _text(answer) for _ in range(answer.number())})
