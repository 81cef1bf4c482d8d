"""Texts and numbers as levels of a category: Python and Java agree, and H2O-3's server says which level they mean."""

from __future__ import annotations

import json
from collections.abc import Sequence
from decimal import Decimal
from pathlib import Path

import pyarrow as pa
import pyarrow.parquet as pq
import pytest

from dai_scoring.batch.files import score_file
from dai_scoring.batch.in_memory import InMemoryScorer, ScoredContents
from dai_scoring.batch.messages.message_rows import Contents
from dai_scoring.batch.options import FileOptions
from dai_scoring.formats import Declined, Format
from dai_scoring.formats.records import CsvRecords
from dai_scoring.models import open_model
from dai_scoring.scorer import RuntimeSettings
from dai_scoring.values.levels import MISSING, Levels
from tests.support.models import h2o3_mojo

pytestmark = pytest.mark.runtime

# What is the level at index 1, by what the levels say of the column: it held numbers and words, text, numbers alone.
_TWO = ("2.0", "2.", "+2", "2e0", "20e-1", "$2", " 2", "\t2", "2 ", " 2.0 ")
LEVELS = {
    "numbers as H2O-3 writes them": (
        ["1", "2", "0.5", "100", "0", "-3", "Two Words", "UPPER", "e", "", "naïve", " kept", "mode"],
        _TWO,
    ),
    "one number written twice": (
        ["1", "2", "1.0", "01", "0.5", "100", "-3", "Two Words", "UPPER", "e", "", "1e3", "naïve", " kept", "mode"],
        (" 2", "\t2"),
    ),
    "a word beside 1.0": (["1.0", "2", "mode"], (" 2", "\t2")),
    "numbers alone": (["1.0", "02", "5e-1", "-3", "100", "999"], _TWO),
    "a share": (["1", "2", "50%", "mode"], _TWO),
}
_WORDS = """1 1.0 01 2.0 2. +2 2e0 20e-1 007 1e2 1E+2 .5 0.50 5e-1 -0 0.0 -3.0 3 1e3 1000 1e99 1e-99 UPPER upper e E NA
N/A na NaN nan null naïve naive kept true 1_0 0x1 １ inf Infinity --1 1-1 abcdefgh 2% $2"""
TEXTS = [*_WORDS.split(), " 2", "\t2", "2 ", " 2.0 ", "-3.00 ", "", " ", "  \t", "Two Words", " Two Words"]
TEXTS += ["Two Words ", "two words", " naïve", " kept", "  kept", " NA", "1" * 50, "Two  Words"]


def _glm(levels: Sequence[str]) -> str:
    """A GLM that predicts the index of the level; the last for missing and unseen ones."""
    return f"""[info]
h2o_version = 3.46.0.10
mojo_version = 1.00
algo = glm
algorithm = Generalized Linear Modeling
endianness = LITTLE_ENDIAN
category = Regression
uuid = 3
supervised = true
n_features = 2
n_classes = 1
n_columns = 3
n_domains = 1
balance_classes = false
default_threshold = 0.5
prior_class_distrib = null
model_class_distrib = null
timestamp = 2026-01-01T00:00:00.000Z
escape_domain_values = true
use_all_factor_levels = true
cats = 1
cat_modes = [{len(levels) - 1}]
cat_offsets = [0, {len(levels)}]
nums = 1
num_means = [0.0]
mean_imputation = true
beta = {[float(index) for index in range(len(levels))] + [0.0, 0.0]}
family = gaussian
link = identity
dispersion_estimated = 1.0

[columns]
c
x
y

[domains]
0: {len(levels)} d000.txt
"""


@pytest.mark.parametrize("kind", list(LEVELS))
def test_python_and_java_read_the_same_levels(settings: RuntimeSettings, tmp_path: Path, kind: str) -> None:
    names, two = LEVELS[kind]
    files = {"model.ini": _glm(names), "domains/d000.txt": "\n".join(names) + "\n"}
    levels = Levels(names)
    mode = len(names) - 1
    meant = [levels.find(text) if text.strip() else None for text in TEXTS]
    unseen = [
        text for text, index in zip(TEXTS, meant, strict=True) if index is None and text.strip() and text not in MISSING
    ]
    assert [text for text, index in zip(TEXTS, meant, strict=True) if index == 1 and text != names[1]] == [
        text for text in TEXTS if text in two or (text == "2" and names[1] != "2")
    ]
    with open_model(h2o3_mojo.made(tmp_path / "glm.mojo", files), settings=settings) as scorer:
        by_columns = scorer.score(pa.table({"c": TEXTS, "x": [0.0] * len(TEXTS)}))
        assert by_columns.predictions.column("predict").to_pylist() == [mode if i is None else i for i in meant]
        assert by_columns.unseen == {"c": len(unseen)}
        lines = "".join(f"{text};0\n" for text in TEXTS).encode()
        by_java = scorer.predict_records(CsvRecords(("c", "x"), ";", "\n", pa.py_buffer(lines), len(TEXTS)))
        assert not isinstance(by_java, Declined)
        assert by_java.predictions.equals(by_columns.predictions)
        assert by_java.unseen_counts == by_columns.unseen


def test_a_typed_number_is_the_level_of_that_number(settings: RuntimeSettings, tmp_path: Path) -> None:
    """In every format, as a whole number and as a float, alone and among many."""
    names = LEVELS["numbers alone"][0]
    files = {"model.ini": _glm(names), "domains/d000.txt": "\n".join(names) + "\n"}
    meant = {1: 0, 2.0: 1, 0.5: 2, -3: 3, Decimal("100.00"): 4, Decimal("1.000"): 0, 7: len(names) - 1}
    with open_model(h2o3_mojo.made(tmp_path / "glm.mojo", files), settings=settings) as scorer:
        contents = InMemoryScorer(scorer, FileOptions())
        for value, index in meant.items():
            table = pa.table({"c": pa.array([value] * 3), "x": [0.0] * 3})
            assert scorer.score(table).predictions.column("predict").to_pylist() == [index] * 3
            pq.write_table(table, tmp_path / "in.parquet")
            body = "".join(f'{{"c": {value}, "x": 0}}\n' for _ in range(3))
            (tmp_path / "in.jsonl").write_text(body)
            for source in (tmp_path / "in.parquet", tmp_path / "in.jsonl"):
                options = FileOptions(output_format=Format.JSON_LINES)
                score_file(scorer, source, tmp_path / "out.jsonl", tmp_path / "bad", options)
                lines = (tmp_path / "out.jsonl").read_text().splitlines()
                assert [json.loads(line)["predict"] for line in lines] == [index] * 3, (value, source.name)
            for few in (body, body.splitlines()[0]):
                (answer,) = contents.score([Contents(few.encode(), "application/x-ndjson")])
                assert isinstance(answer, ScoredContents)
                assert json.loads(answer.contents.splitlines()[0])["predict"] == index
