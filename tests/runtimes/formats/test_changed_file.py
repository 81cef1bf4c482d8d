"""A file that is written to while it is scored: no output that lacks rows without a word."""

from __future__ import annotations

from pathlib import Path

import pytest

from dai_scoring.batch.files import score_file
from dai_scoring.batch.options import FileOptions
from dai_scoring.errors import ContentError
from dai_scoring.models import open_model
from dai_scoring.scorer import RuntimeSettings

pytestmark = pytest.mark.runtime

_COPIES = 60


@pytest.mark.parametrize("change", ["cut", "append", "replace"])
def test_a_file_that_changes_is_not_scored_quietly(
    samples: Path, settings: RuntimeSettings, tmp_path: Path, change: str
) -> None:
    header, *rows = (samples / "penguins-rows.csv").read_text().splitlines(keepends=True)
    source = tmp_path / "rows.csv"
    source.write_text(header + "".join(rows * _COPIES))
    done: list[int] = []

    def on_progress(count: int) -> None:
        if done:
            return
        done.append(count)
        if change == "cut":
            with source.open("r+") as file:
                file.truncate(source.stat().st_size // 2)
        elif change == "append":
            with source.open("a") as file:
                file.write(rows[0])
        else:
            source.write_text(header + "".join(reversed(rows * _COPIES)))

    outputs = (tmp_path / "scored.csv", tmp_path / "rejected.csv")
    with open_model(samples / "penguins.mojo", settings=settings) as scorer:
        with pytest.raises(ContentError) as raised:
            score_file(scorer, source, *outputs, FileOptions(batch_rows=500), parallel=False, on_progress=on_progress)
        assert raised.value.problem == f"{source} was changed while it was read."
        source.write_text(header + "".join(rows))
        assert score_file(scorer, source, *outputs).records == len(rows)


def test_a_file_that_is_deleted_is_scored_whole(samples: Path, settings: RuntimeSettings, tmp_path: Path) -> None:
    text = (samples / "penguins-rows.csv").read_text()
    source = tmp_path / "rows.csv"
    source.write_text(text)
    with open_model(samples / "penguins.mojo", settings=settings) as scorer:
        summary = score_file(
            scorer, source, tmp_path / "scored.csv", tmp_path / "rejected.csv", FileOptions(batch_rows=50),
            parallel=False, on_progress=lambda _: source.unlink(missing_ok=True),
        )  # fmt: skip
    assert summary.records == len(text.splitlines()) - 1
