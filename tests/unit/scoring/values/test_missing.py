"""Texts that a caller names as missing values, and advice where a row was rejected for one that looks so."""

from __future__ import annotations

from pathlib import Path

import pytest

from dai_scoring.batch.files import score_file
from dai_scoring.batch.options import FileOptions
from dai_scoring.errors import BadRowsError, ModelError
from dai_scoring.option_words import Audience, sentences
from dai_scoring.options import BadRows
from dai_scoring.scorer import Scorer
from dai_scoring.values import missing
from tests.support.engines import Double


def test_a_list_is_taken_apart_at_commas() -> None:
    assert missing.parse(" NULL,\\N , -,,NULL") == ("NULL", "\\N", "-")
    assert missing.parse("") == ()


def test_rows_rejected_for_such_a_text_are_told_with_the_option(tmp_path: Path) -> None:
    source = tmp_path / "in.csv"
    source.write_text("x,s\nNULL,a\n\\N ,b\n3,c\nsecret,d\n")
    files = (source, tmp_path / "out", tmp_path / "rejected")
    summary = score_file(Scorer(Double()), *files)
    assert (summary.scored, summary.rejected, summary.missing_like) == (1, 3, ("NULL", "\\N"))
    told = sentences(missing.advice(summary.missing_like), Audience.COMMAND_LINE)
    assert told == [
        "Rows were rejected for the text NULL and \\N: if these mean a missing value, name them in --missing-values."
    ]
    with pytest.raises(BadRowsError) as caught:
        score_file(Scorer(Double()), *files, FileOptions(bad_rows=BadRows.FAIL))
    assert "if these mean a missing value, name them in Missing Literals" in caught.value.text_for(Audience.CANVAS)
    assert "secret" not in str(caught.value)
    assert "Missing Literals" not in caught.value.text_for(Audience.CLIENT)
    assert score_file(Scorer(Double()), *files, FileOptions(missing_values=("NULL", "\\N"))).scored == 3


@pytest.mark.parametrize(("value", "is_told"), [("39,5", True), ("-1.234,5", True), ("1,234", True), ("a,5", False)])
def test_numbers_with_a_comma_get_advice_of_their_own(tmp_path: Path, value: str, is_told: bool) -> None:
    source = tmp_path / "in.csv"
    source.write_text(f'x,s\n"{value}",a\n3,c\n')
    files = (source, tmp_path / "out", tmp_path / "rejected")
    summary = score_file(Scorer(Double()), *files)
    told = sentences(missing.advice(summary.missing_like), Audience.CLIENT)
    said = (
        "Rows were rejected for numbers with a comma: write them with a decimal point and without separators of "
        "thousands (39.5, not 39,5)."
    )
    assert told == ([said] if is_told else [])
    with pytest.raises(BadRowsError) as caught:
        score_file(Scorer(Double()), *files, FileOptions(bad_rows=BadRows.FAIL))
    assert caught.value.text_for(Audience.CLIENT).endswith(said) is is_told


def test_scorers_that_share_a_model_close_together() -> None:
    scorer = Scorer(Double())
    other = scorer.with_missing(["NULL"])
    assert other is scorer.with_missing(("NULL",)) is other.with_missing(("NULL",))
    assert scorer.with_missing(()) is scorer
    assert other.with_missing(["-"]).info.inputs[0].missing == {"NULL", "-"}
    scorer.close()
    with pytest.raises(ModelError):
        other.predict([], 0)
