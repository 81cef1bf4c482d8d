"""Driverless AI MOJOs on the real C++ runtime."""

from __future__ import annotations

import os
import sys
import zipfile
from pathlib import Path
from typing import Any

import pyarrow as pa
import pytest

from dai_scoring.errors import (
    LicenceError,
    ModelError,
    ModelFormatError,
    RuntimeMissingError,
    UnsupportedError,
)
from dai_scoring.models import Runtime, open_model
from dai_scoring.runtimes.cpp import columns
from dai_scoring.runtimes.cpp.standard_error import own_stderr
from dai_scoring.schema import ColumnType
from dai_scoring.scorer import RuntimeSettings, Scorer
from tests.support.models.titanic import GOLDEN_SCORE, golden, scores

pytestmark = [pytest.mark.runtime, pytest.mark.usefixtures("cpp_runtime")]


def remade(source: Path, target: Path, **changes: bytes | None) -> Path:
    """A copy of a MOJO in which the pipeline's files (by their suffix) are changed, or left out where None."""
    with zipfile.ZipFile(source) as old, zipfile.ZipFile(target, "w") as new:
        for name in old.namelist():
            content = changes.get(name.rpartition("pipeline.")[2], old.read(name))
            if content is not None:
                new.writestr(name, content)
    return target


def test_the_golden_row_bit_for_bit(titanic_cpp_scorer: Scorer) -> None:
    assert scores(titanic_cpp_scorer, golden()) == [GOLDEN_SCORE]
    typed = pa.table(
        {"cabin": ["C1"], "pclass": [3], "sex": ["male"], "age": [22.0], "ticket": ["A1"], "fare": [7.25], "x": [1]}
    )
    assert scores(titanic_cpp_scorer, typed) == [GOLDEN_SCORE]


def test_what_the_model_says_of_itself(titanic_cpp_scorer: Scorer) -> None:
    info = titanic_cpp_scorer.info
    assert (info.id, info.runtime, info.runtime_version) == (
        "4722d920-b3f8-11e9-9f90-ac1f6b00be4c",
        "daimojo (C++)",
        "2.9.2",
    )
    assert info.created is not None
    assert info.created.isoformat() == "2019-08-01T01:05:09+00:00"
    assert [(c.name, c.type.value) for c in info.outputs] == [("survived.0", "Float32"), ("survived.1", "Float32")]


@pytest.mark.parametrize("zone", ["America/New_York", "Asia/Tokyo"])
def test_the_time_of_creation_does_not_depend_on_the_time_zone(zone: str) -> None:
    import subprocess

    # The runtime writes 2019-08-01T01:05:09Z in the time zone of the process.
    said = {"America/New_York": "Wed Jul 31 21:05:09 2019", "Asia/Tokyo": "Thu Aug  1 10:05:09 2019"}[zone]
    script = f"from dai_scoring.runtimes.cpp.mojo import _created; print(_created({said!r}).isoformat())"
    done = subprocess.run(
        [sys.executable, "-c", script], env={**os.environ, "TZ": zone}, capture_output=True, text=True, check=True
    )
    assert done.stdout == "2019-08-01T01:05:09+00:00\n"


@pytest.mark.parametrize("literal", ["", "NA", "?", "unknown", "None", "nan", "N/A", "inf", "-inf"])
def test_a_literal_is_as_null_and_a_level_is_not(titanic_cpp_scorer: Scorer, literal: str) -> None:
    every = dict.fromkeys(("pclass", "sex", "age", "ticket", "fare", "cabin"), literal)
    nothing = dict.fromkeys(every)
    assert scores(titanic_cpp_scorer, golden(**every)) == scores(titanic_cpp_scorer, golden(**nothing))
    assert scores(titanic_cpp_scorer, golden(sex="zzz", ticket="zzz", cabin="zzz")) != scores(
        titanic_cpp_scorer, golden(sex=literal, ticket=literal, cabin=literal)
    )


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
def test_every_column_type_into_a_frame_of_the_runtime_and_back(kind: ColumnType, values: list[Any]) -> None:
    import datatable

    arrow = pa.array([9, *values], pa.int64()).cast(kind.arrow) if kind is ColumnType.TIME64 else None
    array = pa.array([values[0], *values], kind.arrow) if arrow is None else arrow
    frame = datatable.Frame(pa.table([columns.whole(array.slice(1), "c")], names=["c"]))
    stored = {ColumnType.BOOL: "bool8", ColumnType.STR: "str32"}.get(kind, kind.value.lower())
    assert str(frame.types[0]) == f"Type.{stored}"
    assert frame.countna1() == 1
    back = columns.complete(frame.to_arrow().column(0).chunk(0), kind.arrow)
    if kind in (ColumnType.FLOAT32, ColumnType.FLOAT64):
        assert back[1].as_py() != back[1].as_py()
        assert [back[0].as_py(), back[2].as_py()] == [values[0], values[2]]
    else:
        assert back.equals(array.slice(1))


def test_a_mojo_zip_as_driverless_ai_exports_it(titanic: Path, tmp_path: Path) -> None:
    archive = tmp_path / "mojo.zip"
    with zipfile.ZipFile(archive, "w") as file:
        file.write(titanic, "mojo-pipeline/pipeline.mojo")
    with open_model(archive, Runtime.CPP) as scorer:
        assert scores(scorer, golden()) == [GOLDEN_SCORE]
    with pytest.raises(ModelError, match="closed"):
        scorer.score(golden())


def test_a_model_without_a_licence(needs_licence: Path, tmp_path: Path, capfd: pytest.CaptureFixture[str]) -> None:
    with pytest.raises(LicenceError, match=r"needs a Driverless AI licence, and none was found\. Set licence_key"):
        open_model(needs_licence, Runtime.CPP)
    secret = "not-a-licence-but-secret"
    file = tmp_path / "license.sig"
    file.write_text(secret)
    for settings, option in (
        (RuntimeSettings(licence_key=secret), "licence_key"),
        (RuntimeSettings(licence_file=file), "licence_file"),
    ):
        with pytest.raises(
            LicenceError, match=f"the one that was given is not valid. It was given as {option}"
        ) as caught:
            open_model(needs_licence, Runtime.CPP, settings)
        assert caught.value.option == option
        assert secret not in str(caught.value)
    with pytest.raises(LicenceError, match="there is no licence file at"):
        open_model(needs_licence, Runtime.CPP, RuntimeSettings(licence_file=tmp_path / "absent"))
    assert not {"DRIVERLESS_AI_LICENSE_KEY", "DRIVERLESS_AI_LICENSE_FILE"} & set(os.environ)
    assert capfd.readouterr() == ("", "")


def test_what_others_write_to_standard_error_meanwhile_is_passed_on(capfd: pytest.CaptureFixture[str]) -> None:
    with own_stderr() as said:
        os.write(2, b"[ERROR][Mon Nov 23 16:45:11 2026]/a/b.cc:889: bad thing\nsomebody else\n")
    assert said == ["bad thing"]
    assert capfd.readouterr().err == "somebody else\n"


def test_damaged_and_old_files(titanic: Path, tmp_path: Path, capfd: pytest.CaptureFixture[str]) -> None:
    with zipfile.ZipFile(titanic) as archive:
        definition = archive.read("mojo/pipeline.pb")
    broken = tmp_path / "broken.mojo"
    broken.write_bytes(titanic.read_bytes()[:5000])
    with pytest.raises(ModelFormatError, match="its end is missing"):
        open_model(broken, Runtime.CPP)
    with pytest.raises(ModelFormatError, match=r"short\.mojo.*may be damaged"):
        open_model(remade(titanic, tmp_path / "short.mojo", pb=definition[:1000]), Runtime.CPP)
    with pytest.raises(ModelFormatError, match="no input columns"):
        open_model(remade(titanic, tmp_path / "hollow.mojo", pb=b"\x00"), Runtime.CPP)
    old = tmp_path / "old.mojo"
    with zipfile.ZipFile(old, "w") as archive:
        archive.writestr("mojo/pipeline.toml", "x = 1")
    with pytest.raises(UnsupportedError, match=r"old TOML form.*Runtime\.JAVA"):
        open_model(old, Runtime.CPP)
    assert capfd.readouterr() == ("", "")


def test_models_of_other_kinds(samples: Path) -> None:
    with pytest.raises(UnsupportedError, match=r"H2O-3 MOJO.*Runtime\.JAVA"):
        open_model(samples / "penguins.mojo", Runtime.CPP)


def test_where_the_runtime_is_not_installed(titanic: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setitem(sys.modules, "daimojo", None)
    with pytest.raises(RuntimeMissingError, match="pip install daimojo"):
        open_model(titanic, Runtime.CPP)
    monkeypatch.setattr("platform.machine", lambda: "aarch64")
    with pytest.raises(RuntimeMissingError, match=r"Linux on x86_64 with Python 3.10, 3.11 or 3.12 only.*aarch64"):
        open_model(titanic, Runtime.CPP)


def test_a_time_that_the_runtime_cannot_hold() -> None:
    from dai_scoring.errors import ContentError

    with pytest.raises(ContentError, match="the column when has a time before 1678"):
        columns.whole(pa.array([253402300799000], pa.timestamp("ms")), "when")
