"""Driverless AI MOJOs on the real Java runtime."""

from __future__ import annotations

import random
import shutil
import subprocess
import sys
import zipfile
from dataclasses import replace
from pathlib import Path
from typing import Any

import numpy as np
import pyarrow as pa
import pytest

from dai_scoring.errors import LicenceError, ModelError, ModelFormatError, RuntimeMissingError
from dai_scoring.models import open_model
from dai_scoring.runtimes.java import java_arrays, java_jars, jvm
from dai_scoring.runtimes.java_mojo import frames
from dai_scoring.schema import ColumnType
from dai_scoring.scorer import RuntimeSettings, Scorer
from tests.support.models.titanic import GOLDEN_SCORE, golden, scores
from tests.support.waiting import PATIENCE

pytestmark = pytest.mark.runtime

TEXTS = {
    "sex": ["male", "female", "", "NA", "unseen", None, "?", "MALE"],
    "ticket": ["A1", "113803", "SOTON/O.Q. 3101262", 'a "quoted", one', "ü€😀", "", "unknown", None, "x" * 300],
    "cabin": ["C1", "B42", "C23 C25 C27", "", "None", None],
}
NUMBERS = {
    "pclass": ["1", "2", "3", "", "NA", "3.0", None, "1e0"],
    "age": ["22", "0.42", "", "nan", "80", "-1", "1e30", "?", None, " 33 "],
    "fare": ["7.25", "512.3292", "0", "", "inf", "-inf", "1.7976931348623157e+308", "71.28330001", None],
}


def test_the_golden_row_bit_for_bit(titanic_scorer: Scorer) -> None:
    assert scores(titanic_scorer, golden()) == [GOLDEN_SCORE]
    typed = pa.table(
        {"pclass": [3], "sex": ["male"], "age": [22.0], "ticket": ["A1"], "fare": pa.array([7.25]), "cabin": ["C1"]}
    )
    assert scores(titanic_scorer, typed) == [GOLDEN_SCORE]


def test_what_the_model_says_of_itself(titanic_scorer: Scorer) -> None:
    info = titanic_scorer.info
    assert info.id == "4722d920-b3f8-11e9-9f90-ac1f6b00be4c"
    assert info.runtime_version == "2.9.0"
    assert info.created is not None
    assert info.created.isoformat() == "2019-08-01T01:05:09+00:00"
    assert [(c.name, c.type.value) for c in info.inputs] == [
        ("pclass", "Float32"),
        ("sex", "Str"),
        ("age", "Float32"),
        ("ticket", "Str"),
        ("fare", "Float32"),
        ("cabin", "Str"),
    ]
    assert [(c.name, c.type.value) for c in info.outputs] == [("survived.0", "Float32"), ("survived.1", "Float32")]
    assert info.inputs[0].missing == {
        "", "?", "NA", "N/A", "None", "nan", "unknown", "inf", "-inf",
        "1.7976931348623157e+308", "-1.7976931348623157e+308",
    }  # fmt: skip


def test_whole_columns_score_as_h2os_own_row_builder_does(titanic_scorer: Scorer, titanic: Path) -> None:
    """The runtime's row builder reads texts itself: an independent way from text to score."""
    choose = random.Random(7)
    levels: dict[str, list[str | None]] = {**TEXTS, **NUMBERS}
    rows = [{name: choose.choice(values) for name, values in levels.items()} for _ in range(3000)]
    table = pa.table({name: pa.array([row[name] for row in rows], pa.string()) for name in levels})
    result = titanic_scorer.score(table)
    assert result.rejects.num_rows == 0

    pipeline = jvm.java_class("ai.h2o.mojos.runtime.MojoPipeline").loadFrom(str(titanic))
    builder = pipeline.getInputFrameBuilder()
    for row in rows:
        one = builder.getMojoRowBuilder()
        for name, value in row.items():
            if value is not None:
                # It tries literals before it trims, so blanks are the one thing to take off for it.
                one.setValue(name, value.strip() if name in NUMBERS else value)
        builder.addRow(one)
    expected = pipeline.transform(builder.toMojoFrame())
    for index, name in enumerate(("survived.0", "survived.1")):
        got = result.predictions.column(name).to_numpy()
        assert got.tobytes() == np.array(expected.getColumnData(index)).tobytes()


def test_a_missing_level_differs_from_an_unseen_one(titanic_scorer: Scorer) -> None:
    missing = scores(titanic_scorer, golden(sex="NA", ticket="", cabin=None))
    assert missing == scores(titanic_scorer, golden(sex=None, ticket=None, cabin=None))
    assert missing != scores(titanic_scorer, golden(sex="zzz", ticket="zzz", cabin="zzz"))


@pytest.mark.parametrize(
    ("kind", "values"),
    [
        (ColumnType.BOOL, [True, None, False]),
        (ColumnType.INT32, [1, None, -5]),
        (ColumnType.INT64, [2**53 + 1, None, -5]),
        (ColumnType.FLOAT32, [0.5, None, -1.5]),
        (ColumnType.FLOAT64, [0.1, None, 1e300]),
        (ColumnType.STR, ["a,b", None, "ü😀\n"]),
        (ColumnType.TIME64, [0, None, 1514764800123]),
    ],
)
@pytest.mark.usefixtures("titanic_scorer")
def test_every_column_type_into_a_frame_of_the_runtime_and_back(kind: ColumnType, values: list[Any]) -> None:
    types = jvm.java_class("ai.h2o.mojos.runtime.frame.MojoColumn$Type")
    meta = jvm.java_class("ai.h2o.mojos.runtime.frame.MojoFrameMeta")(
        java_arrays.strings(["c"]), java_arrays.array_of(types, [types.valueOf(kind.value)])
    )
    frame = jvm.java_class("ai.h2o.mojos.runtime.frame.MojoFrameBuilder").getEmpty(meta, len(values))
    arrow = pa.array(values, pa.int64()).cast(kind.arrow) if kind is ColumnType.TIME64 else pa.array(values, kind.arrow)
    frames.fill(frame.getColumnData(0), kind, arrow)
    if kind is not ColumnType.TIME64:  # which the runtime cannot print
        shown = [None if text is None else str(text) for text in frame.getColumn(0).getDataAsStrings()]
        assert shown[1] in (None, "", "NaN", "NA")
    back = frames.read(frame.getColumnData(0), kind)
    if kind in (ColumnType.FLOAT32, ColumnType.FLOAT64):
        assert np.isnan(back[1].as_py())
        assert [back[0].as_py(), back[2].as_py()] == [values[0], values[2]]
    elif kind is ColumnType.TIME64:
        assert back.cast(pa.int64()).to_pylist() == values
    else:
        assert back.to_pylist() == values


def test_a_mojo_zip_as_driverless_ai_exports_it(titanic: Path, settings: RuntimeSettings, tmp_path: Path) -> None:
    archive = tmp_path / "mojo.zip"
    with zipfile.ZipFile(archive, "w") as file:
        file.write(titanic, "mojo-pipeline/pipeline.mojo")
        file.writestr("mojo-pipeline/example.csv", "pclass\n")
    with open_model(archive, settings=settings) as scorer:
        assert scores(scorer, golden()) == [GOLDEN_SCORE]


def test_a_model_without_a_licence(needs_licence: Path, settings: RuntimeSettings) -> None:
    with pytest.raises(LicenceError, match=r"needs a Driverless AI licence, and none was found\. Set licence_key"):
        open_model(needs_licence, settings=settings)


def test_a_licence_key_never_shows(needs_licence: Path, settings: RuntimeSettings) -> None:
    from dataclasses import replace

    secret = "not-a-licence-but-secret"
    with_key = replace(settings, licence_key=secret)
    assert secret not in repr(with_key)
    with pytest.raises(
        LicenceError, match=r"the one that was given is not valid\. It was given as licence_key"
    ) as caught:
        open_model(needs_licence, settings=with_key)
    assert secret not in str(caught.value)
    # Nor does it stay behind for the next model of the process.
    assert jvm.java_class("java.lang.System").getProperty("ai.h2o.mojos.runtime.license.key") is None
    with pytest.raises(LicenceError, match="none was found"):
        open_model(needs_licence, settings=settings)


def test_damaged_files(titanic: Path, settings: RuntimeSettings, tmp_path: Path) -> None:
    broken = tmp_path / "broken.mojo"
    broken.write_bytes(titanic.read_bytes()[:5000])
    with pytest.raises(ModelFormatError, match="its end is missing"):
        open_model(broken, settings=settings)
    hollow = tmp_path / "hollow.mojo"
    with zipfile.ZipFile(titanic) as source, zipfile.ZipFile(hollow, "w") as target:
        for name in source.namelist():
            if name != "mojo/pipeline.sig":
                target.writestr(name, source.read(name) if name != "mojo/pipeline.pb" else b"\x00")
    with pytest.raises(ModelError):
        open_model(hollow, settings=settings)


def test_a_runtime_folder_without_the_runtime(
    titanic: Path, settings: RuntimeSettings, jar_folders: tuple[Path, Path], tmp_path: Path
) -> None:
    shutil.copy(java_jars.h2o3_jars(jar_folders)[0], tmp_path)
    with pytest.raises(RuntimeMissingError, match="no mojo2-runtime jar in"):
        open_model(titanic, settings=replace(settings, mojo_runtime=tmp_path))
    with pytest.raises(RuntimeMissingError, match=r"Accept that with .*Or set mojo_runtime"):
        open_model(titanic, settings=RuntimeSettings(provision=False))


def test_a_process_ends_although_java_was_started_from_a_thread_that_is_gone(
    samples: Path,
) -> None:
    script = f"""
import threading
from pathlib import Path
from dai_scoring.models import open_model
for _ in range(2):
    thread = threading.Thread(target=lambda: open_model(Path({str(samples / "penguins.mojo")!r})))
    thread.start()
    thread.join()
print("loaded")
"""
    done = subprocess.run([sys.executable, "-c", script], capture_output=True, text=True, timeout=PATIENCE, check=False)
    assert (done.returncode, done.stdout) == (0, "loaded\n"), done.stderr


def test_deep_values_are_read_in_the_main_thread_beside_java(samples: Path, tmp_path: Path) -> None:
    script = f"""
from pathlib import Path
import fastavro
from dai_scoring.formats import Format, open_reader
from dai_scoring.models import open_model
node = {{"type": "record", "name": "node", "fields": [{{"name": "next", "type": ["null", "node"]}}]}}
schema = {{"type": "record", "name": "row", "fields": [{{"name": "v", "type": node}}]}}
value = None
for _ in range(700):
    value = {{"next": value}}
path = Path({str(tmp_path / "deep.avro")!r})
with path.open("wb") as file:
    fastavro.writer(file, schema, [{{"v": value}}])
open_model(Path({str(samples / "penguins.mojo")!r}))
(chunk,) = open_reader(path, Format.AVRO, chunk_rows=10).chunks()
print(chunk.malformed.to_pylist()[0]["value"])
"""
    done = subprocess.run([sys.executable, "-c", script], capture_output=True, text=True, timeout=PATIENCE, check=False)
    assert (done.returncode, done.stdout) == (0, "a value of too many levels\n"), done.stderr


@pytest.mark.parametrize(
    ("option", "said"),
    [("-XX:NoSuchThing", "Unrecognized VM option 'NoSuchThing'"), ("-Xmx99999g", "object heap")],
)
def test_options_that_java_refuses_do_not_end_the_process(titanic: Path, option: str, said: str) -> None:
    """In a process of its own, since Java starts once in each."""
    script = (
        "from pathlib import Path; from dai_scoring.errors import ModelError\n"
        "from dai_scoring.models import open_model; from dai_scoring.scorer import RuntimeSettings\n"
        f"settings = RuntimeSettings(jvm_options=({option!r},), accept_h2o_licence=True)\n"
        f"try: open_model(Path({str(titanic)!r}), settings=settings)\n"
        "except ModelError as error: print(error.option, error)"
    )
    done = subprocess.run([sys.executable, "-c", script], capture_output=True, text=True, timeout=PATIENCE, check=False)
    assert done.returncode == 0, done.stderr
    assert done.stdout.startswith("jvm_options Java does not start with these options: ")
    assert said in done.stdout
