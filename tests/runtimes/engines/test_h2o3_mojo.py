"""H2O-3 MOJOs on the real genmodel: the sample model and its expected scores."""

from __future__ import annotations

import csv
import re
import shutil
import struct
import subprocess
import sys
import zipfile
from datetime import datetime
from pathlib import Path

import pyarrow as pa
import pytest

from dai_scoring.errors import ModelFormatError, UnsupportedError
from dai_scoring.models import open_model
from dai_scoring.schema import ColumnType
from dai_scoring.scorer import RuntimeSettings, Scorer
from tests.support.models import h2o3_mojo

pytestmark = pytest.mark.runtime

HERE = Path(__file__).parent


def table_of(path: Path) -> pa.Table:
    with path.open(newline="", encoding="utf-8") as file:
        rows = list(csv.DictReader(file))
    return pa.table({name: [row[name] for row in rows] for name in rows[0]})


def test_every_row_of_the_sample_scores_as_h2o_scored_it(penguins_scorer: Scorer, samples: Path) -> None:
    """The expected scores are those of H2O-3's own server: see models/train_penguins.py."""
    result = penguins_scorer.score(table_of(samples / "penguins-rows.csv"))
    assert result.rejects.num_rows == 0
    expected = table_of(samples / "penguins-expected.csv")
    assert result.predictions.num_rows == expected.num_rows == 348
    assert result.predictions.column("predict").to_pylist() == expected.column("predict").to_pylist()
    for name in ("female", "male"):
        assert result.predictions.column(name).to_pylist() == [float(t) for t in expected.column(name).to_pylist()]


def test_a_path_may_be_text(penguins_scorer: Scorer, samples: Path, settings: RuntimeSettings) -> None:
    with open_model(str(samples / "penguins.mojo"), settings=settings) as scorer:
        assert scorer.info == penguins_scorer.info


def test_what_the_model_says_of_itself(penguins_scorer: Scorer) -> None:
    info = penguins_scorer.info
    types = {column.name: column.type for column in info.inputs}
    assert types == {
        "species": ColumnType.STR,
        "island": ColumnType.STR,
        "bill_length_mm": ColumnType.FLOAT64,
        "bill_depth_mm": ColumnType.FLOAT64,
        "flipper_length_mm": ColumnType.FLOAT64,
        "body_mass_g": ColumnType.FLOAT64,
        "date_egg": ColumnType.TIME64,
    }
    assert [column.name for column in info.outputs] == ["predict", "female", "male"]
    assert info.kind == "H2O-3 MOJO"


def test_dates_of_any_arrow_type_score_the_same(penguins_scorer: Scorer, samples: Path) -> None:
    table = table_of(samples / "penguins-rows.csv").slice(0, 300)
    days = [datetime.fromisoformat(text) for text in table.column("date_egg").to_pylist()]
    index = table.schema.get_field_index("date_egg")
    expected = penguins_scorer.score(table).predictions
    for arrow in (pa.date32(), pa.timestamp("ns"), pa.timestamp("s", tz="UTC")):
        typed = table.set_column(index, "date_egg", pa.array(days).cast(pa.timestamp("us")).cast(arrow))
        assert penguins_scorer.score(typed).predictions.equals(expected)
    wrong = table.set_column(index, "date_egg", pa.array(["31/12/2007"] * 300))
    assert penguins_scorer.score(wrong).rejects.num_rows == 300


def test_the_date_matters(penguins_scorer: Scorer, samples: Path) -> None:
    table = table_of(samples / "penguins-rows.csv")
    index = table.schema.get_field_index("date_egg")
    without = table.set_column(index, "date_egg", pa.array([""] * table.num_rows))
    changed = [
        a != b
        for a, b in zip(
            penguins_scorer.score(table).predictions.column("male").to_pylist(),
            penguins_scorer.score(without).predictions.column("male").to_pylist(),
            strict=True,
        )
    ]
    assert sum(changed) > 100


def test_an_unseen_level_scores_as_a_missing_one(penguins_scorer: Scorer, samples: Path) -> None:
    table = table_of(samples / "penguins-rows.csv").slice(0, 1)
    index = table.schema.get_field_index("island")
    unseen, missing = (
        penguins_scorer.score(table.set_column(index, "island", pa.array([level], pa.string()))).predictions
        for level in ("Atlantis", None)
    )
    assert unseen.equals(missing)


_INFO = """[info]
h2o_version = 3.46.0.10
balance_classes = false
default_threshold = 0.5
prior_class_distrib = null
model_class_distrib = null
timestamp = 2026-01-01T00:00:00.000Z
escape_domain_values = true
"""
_GLRM = (
    _INFO
    + """mojo_version = 1.10
algo = glrm
algorithm = Generalized Low Rank Modeling
endianness = LITTLE_ENDIAN
category = DimReduction
uuid = 1
supervised = false
n_features = 2
n_classes = 1
n_columns = 2
n_domains = 0
initialization = PlusPlus
regularizationX = None
regularizationY = None
gammaX = 0.0
gammaY = 0.0
ncolX = 2
seed = 7
reverse_transform = false
cols_permutation = [0, 1]
num_categories = 0
num_numeric = 2
norm_sub = [0.0, 0.0]
norm_mul = [1.0, 1.0]
transposed = true
ncolA = 2
ncolY = 2
nrowY = 2
num_levels_per_category = [-1, -1]
catOffsets = [0]

[columns]
a
b

[domains]
"""
)


def test_a_low_rank_model_scores_a_row_the_same_each_time(settings: RuntimeSettings, tmp_path: Path) -> None:
    """It begins at random, and genmodel alone would seed a row by how many it has scored before."""
    archetypes = struct.pack(">4d", 1.0, 2.0, 1.0, 2.1)
    files = {"model.ini": _GLRM, "losses": "Quadratic\nQuadratic\n", "archetypes": archetypes}
    with open_model(h2o3_mojo.made(tmp_path / "glrm.mojo", files), settings=settings) as scorer:
        rows = pa.table({"a": [1.0, 1.0], "b": [2.0, 2.0]})
        first, second = scorer.score(rows).predictions, scorer.score(rows).predictions
    assert first.slice(0, 1).equals(first.slice(1))
    assert first.equals(second)


def test_columns_of_the_training_alone_are_not_asked_for(
    penguins_scorer: Scorer, samples: Path, settings: RuntimeSettings, tmp_path: Path
) -> None:
    changes = {"n_columns = 8": "n_columns = 10", "\nsex\n": "\nweight\nfold\nsex\n", "7: 2 d002": "9: 2 d002"}
    model = h2o3_mojo.changed(samples / "penguins.mojo", tmp_path / "weighted.mojo", changes)
    rows = table_of(samples / "penguins-rows.csv")
    with open_model(model, settings=settings) as scorer:
        assert scorer.info.inputs == penguins_scorer.info.inputs
        assert scorer.score(rows).predictions.equals(penguins_scorer.score(rows).predictions)


_ONE_HOT = (
    _INFO
    + """mojo_version = 1.40
algo = gbm
algorithm = Gradient Boosting Machine
endianness = LITTLE_ENDIAN
category = Regression
uuid = 2
supervised = true
n_features = 4
n_classes = 1
n_columns = {columns}
n_domains = 0
n_trees = 0
n_trees_per_class = 1
_genmodel_encoding = OneHotExplicit
{offset}_n_orig_names = {names}
_n_orig_domain_values = {names}
_m_orig_domain_values_0 = 0
_m_orig_domain_values_1 = 2
{further}_orig_projection_array = null
distribution = gaussian
link_function = identity
init_f = 0.25

[columns]
a
b.x
b.y
b.missing(NA)
{weights}y

[domains]
"""
)


def one_hot(target: Path, weights: str = "", offset: str = "") -> Path:
    names = ["a", "b", *weights.split(), "y"]
    further = "".join(f"_m_orig_domain_values_{index} = 0\n" for index in range(2, len(names)))
    ini = _ONE_HOT.format(columns=len(names) + 2, names=len(names), further=further, weights=weights, offset=offset)
    files = {"model.ini": ini, "_orig_names": "\n".join(names) + "\n", "_orig_domain_values_1": "x\ny\n"}
    return h2o3_mojo.made(target, files)


def test_an_encoding_that_genmodel_cannot_score_is_told(settings: RuntimeSettings, tmp_path: Path) -> None:
    with open_model(one_hot(tmp_path / "plain.mojo"), settings=settings) as scorer:
        assert scorer.score(pa.table({"a": ["1"], "b": ["y"]})).predictions.to_pylist() == [{"predict": 0.25}]
    with pytest.raises(UnsupportedError, match=r"OneHotExplicit: it takes the column\(s\) w of weights or folds"):
        open_model(one_hot(tmp_path / "weighted.mojo", "w\n"), settings=settings)
    with pytest.raises(UnsupportedError, match=r"OneHotExplicit: it takes the offset column off for one that"):
        open_model(one_hot(tmp_path / "offset.mojo", "off\n", "offset_column = off\n"), settings=settings)


def test_a_level_never_seen_is_no_missing_one_to_an_encoding(settings: RuntimeSettings) -> None:
    """The predictions of H2O's PredictCsv for the same rows; a GBM of 3 trees with one_hot_explicit."""
    model = HERE / "one_hot.mojo"
    rows = pa.table({"x": ["0.9560342718892494", "0.5441770474293208", "0.762885483833071"], "c": ["lva", "zzz", None]})
    with open_model(model, settings=settings) as scorer:
        found = scorer.score(rows).predictions.column("predict").to_pylist()
    assert found == pytest.approx([2.1751293156472147, 1.725416615436703, 1.7912353885536194], abs=1e-12)


@pytest.mark.parametrize("model", ["penguins.mojo", "drf.mojo", "absent_class.mojo"])
def test_a_model_that_lacks_a_file_is_refused(
    samples: Path, settings: RuntimeSettings, tmp_path: Path, model: str
) -> None:
    """genmodel would score without the tree, since it takes its class for one without rows in the training data."""
    file = samples / model if model == "penguins.mojo" else HERE / model
    with zipfile.ZipFile(file) as archive:
        names = [name for name in archive.namelist() if not name.startswith("experimental/") and name != "model.ini"]
    for name in names:
        damaged = h2o3_mojo.without(file, tmp_path / "damaged.mojo", name)
        with pytest.raises(ModelFormatError, match=re.escape(name)):
            open_model(damaged, settings=settings)


def test_all_trees_of_a_class_are_missing(settings: RuntimeSettings, tmp_path: Path) -> None:
    """Only in a model whose training data has no rows of the class; its predictions by H2O-3's server, 3.46.0.10."""
    absent = HERE / "absent_class.mojo"
    with open_model(absent, settings=settings) as scorer:
        scores = scorer.score(pa.table({"x": [0.1, 0.6]})).predictions.to_pylist()
    assert [list(one.values()) for one in scores] == [
        ["a", 0.3914471134492753, 0.23015224545206028, 0.1892162023962255, 0.18918443870243892],
        ["c", 0.19277571848519579, 0.23447238804109896, 0.372150621925298, 0.2006012715484073],
    ]
    one_less = h2o3_mojo.without(absent, tmp_path / "one_less.mojo", "trees/t00_000.bin")
    none = h2o3_mojo.without(one_less, tmp_path / "none.mojo", "trees/t00_001.bin")
    with pytest.raises(ModelFormatError, match=r"none\.mojo is damaged .*trees/t00_000\.bin"):
        open_model(none, settings=settings)


def test_jars_in_a_folder_that_is_not_ascii(samples: Path, jar_folders: tuple[Path, Path], tmp_path: Path) -> None:
    """JPype loads these by a loader of its own, which knows less of where a class is from."""
    place = tmp_path / "prüf"
    shutil.copytree(jar_folders[0], place)
    script = (
        "import sys; from pathlib import Path; from dai_scoring.models import open_model;"
        "from dai_scoring.scorer import RuntimeSettings; model, jars = map(Path, sys.argv[1:]);"
        "scorer = open_model(model, settings=RuntimeSettings(jar_folders=(jars,)));"
        "print(scorer.info.runtime_version)"
    )
    command = [sys.executable, "-c", script, samples / "penguins.mojo", place]
    done = subprocess.run(command, capture_output=True, text=True, check=False)
    assert done.stdout.startswith("3."), done.stderr
