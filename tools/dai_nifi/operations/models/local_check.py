"""Both models loaded on this machine before a swap: their columns and their scores compared."""

from __future__ import annotations

import tempfile
from collections.abc import Iterator
from contextlib import ExitStack, contextmanager
from dataclasses import dataclass, field
from pathlib import Path

from dai_nifi.errors import ModelRefusedError, ScoringFailedError
from dai_nifi.operations.canvas import assets
from dai_nifi.operations.canvas.assets import Asset
from dai_nifi.operations.models import compare
from dai_nifi.operations.models.compare import ColumnChange, Comparison
from dai_scoring.cli.opening import opened, translated
from dai_scoring.engine import ModelInfo
from dai_scoring.errors import EnvironmentMissingError, LicenceError, RuntimeMissingError, ScoringError
from dai_scoring.models import Runtime
from dai_scoring.progress import Progress
from dai_scoring.scorer import PipelineSettings, Scorer


@dataclass(frozen=True)
class Locally:
    """How models are loaded on this machine, to look at them before anything changes."""

    accept_h2o_licence: bool = False
    licence_file: Path | None = None
    pipeline: PipelineSettings = field(default_factory=PipelineSettings)


LOCALLY = Locally()


@dataclass(frozen=True)
class LocalCheck:
    """What was found out about both models on this machine."""

    old: ModelInfo
    new: ModelInfo
    changes: list[ColumnChange]
    comparison: Comparison | None
    scores_empty_row: bool
    """Whether the new model scores a row without values."""


class BreakingChangeError(ModelRefusedError):
    """The columns of the new model differ in a way that breaks readers or writers of today."""

    code = "breaking_change"

    def __init__(self, changes: list[ColumnChange]) -> None:
        self.changes = changes
        lines = "\n  ".join(
            f"{one.kind} column {one.column} is {one.change}"
            + (f": {one.old} becomes {one.new}" if one.old and one.new else f" ({one.new or one.old})")
            for one in changes
            if one.breaks
        )
        super().__init__(
            f"The model has other columns than the present one, so it may not fit what goes in and what comes out:\n  "
            f"{lines}\nNothing was changed. If records and readers are ready for that, add --force."
        )


def check(
    model: Path,
    context_id: str,
    old: Asset,
    how: Locally,
    progress: Progress,
    *,
    rows: Path | None = None,
    allow_breaking: bool = False,
) -> LocalCheck:
    """Load both models on this machine, and score the records of a file with both.

    Args:
        model: the file of the new model.
        context_id: the parameter context that has the old model.
        old: the old model, as an asset of that context.
        how: how models are loaded here.
        progress: see :mod:`dai_scoring.progress`.
        rows: the records to compare the scores of; None compares the columns alone.
        allow_breaking: do not raise BreakingChangeError.

    Raises:
        BreakingChangeError: columns change in a way that breaks readers or writers of today.
        ModelRefusedError: a model cannot be loaded here.
        ScoringFailedError: the records cannot be scored, or the file has no records.

    """
    with ExitStack() as stack:
        folder = Path(stack.enter_context(tempfile.TemporaryDirectory(prefix="dai-nifi-swap-")))
        # The new one first: if it is broken, the old one need not be fetched.
        new_scorer = stack.enter_context(_loaded(model, how, progress))
        progress(f"fetching {old.name} from NiFi", None)
        old_scorer = stack.enter_context(_loaded(assets.download(context_id, old, folder), how, progress))
        changes = compare.column_changes(old_scorer.info, new_scorer.info)
        if any(one.breaks for one in changes) and not allow_breaking:
            raise BreakingChangeError(changes)
        comparison = None
        if rows is not None:
            progress(f"scoring {rows.name} with both", None)
            with translated():
                comparison = compare.compare(old_scorer, new_scorer, rows)
            if not comparison.rows:
                raise ScoringFailedError(f"there are no records in {rows} to compare the models with")
        return LocalCheck(old_scorer.info, new_scorer.info, changes, comparison, _scores_empty_row(new_scorer))


@contextmanager
def _loaded(model: Path, how: Locally, progress: Progress) -> Iterator[Scorer]:
    try:
        # Whichever runtime this machine has for the kind of model: the scores are the same.
        with opened(
            model, progress, Runtime.AUTO, how.accept_h2o_licence, how.licence_file, pipeline=how.pipeline
        ) as scorer:
            yield scorer
    except ModelRefusedError as error:
        if isinstance(error.__cause__, (RuntimeMissingError, LicenceError, EnvironmentMissingError)):
            error.args = (f"{error}\nIf only NiFi can load such models: --no-local-check leaves the check to it.",)
        raise


def _scores_empty_row(scorer: Scorer) -> bool:
    try:
        return scorer.try_out()
    except ScoringError:
        return False
