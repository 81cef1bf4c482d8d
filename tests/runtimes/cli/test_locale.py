"""Models, columns and levels with letters beyond ASCII, in a locale that has none of them."""

from __future__ import annotations

import json
import os
import subprocess
import sys
import zipfile
from pathlib import Path

import pytest

from tests.support.models.penguins import PENGUIN

pytestmark = [pytest.mark.runtime, pytest.mark.usefixtures("settings")]

FEMALE = 0.9792531702420244
"""Of the sample's model, which README.md names too."""


def renamed(model: Path, into: Path) -> Path:
    """The model with names beyond ASCII: of its file, a column and its levels. H2O-3 writes them as UTF-8."""
    into.parent.mkdir()
    with zipfile.ZipFile(model) as old, zipfile.ZipFile(into, "w") as new:
        for name in old.namelist():
            text = old.read(name)
            if name == "model.ini":
                text = text.replace(b"\nisland\n", "\nÎle\n".encode())
            elif name.startswith("domains/"):
                text = text.replace(b"Dream", "Rêve 日本".encode()).replace(b"Adelie", "Adélie".encode())
            new.writestr(name, text)
    return into


@pytest.mark.parametrize("locale", ["C", "POSIX", "C.UTF-8", "de_DE.ISO-8859-1"])
def test_the_locale_changes_no_score(samples: Path, tmp_path: Path, locale: str) -> None:
    model = renamed(samples / "penguins.mojo", tmp_path / "modèles 日本" / "pingouins é.mojo")
    rows = model.with_name("données.json")
    row = {name: value for name, value in PENGUIN.items() if name != "island"}
    rows.write_text(json.dumps([{**row, "Île": "Rêve 日本", "species": "Adélie"}]), encoding="utf-8")
    environment = {name: value for name, value in os.environ.items() if name not in ("LANG", "LC_CTYPE")}
    command = [sys.executable, "-m", "dai_scoring.cli", "file", "--model", str(model), str(rows), "-"]
    done = subprocess.run(command, env={**environment, "LC_ALL": locale}, capture_output=True, check=True)
    [scored] = json.loads(done.stdout)
    assert scored["female"] == FEMALE
    assert b"never seen" not in done.stderr


@pytest.mark.parametrize("locale", ["C", "C.UTF-8"])
def test_a_driverless_ai_mojo_at_such_a_path(titanic: Path, tmp_path: Path, locale: str) -> None:
    folder = tmp_path / "modèles 日本"
    folder.mkdir()
    (folder / "é.mojo").write_bytes(titanic.read_bytes())
    row = {"pclass": 3, "sex": "male", "age": 22, "ticket": "A1", "fare": 7.25, "cabin": "C1"}
    (folder / "ligne.json").write_text(json.dumps([row]), encoding="utf-8")
    command = [sys.executable, "-m", "dai_scoring.cli", "file", "--model", str(folder / "é.mojo")]
    done = subprocess.run(
        [*command, str(folder / "ligne.json"), "-"],
        env={**os.environ, "LC_ALL": locale},
        capture_output=True,
        check=True,
    )
    assert json.loads(done.stdout)[0]["survived.0"] == 0.6160246133804321


@pytest.mark.parametrize("encoding", ["utf-8:strict", "ascii:strict", "ascii:surrogateescape", "latin-1:strict"])
def test_names_that_the_output_has_no_characters_for_are_spelled_out(
    samples: Path, tmp_path: Path, encoding: str
) -> None:
    model = renamed(samples / "penguins.mojo", tmp_path / "日本" / "é.mojo")
    rows = tmp_path / "rows.json"
    rows.write_text(json.dumps([{**PENGUIN, "Île": "Dream"}]), encoding="utf-8")
    environment = {**os.environ, "PYTHONIOENCODING": encoding}
    command = [sys.executable, "-m", "dai_scoring.cli"]
    inspected = subprocess.run([*command, "inspect", str(model)], env=environment, capture_output=True, check=True)
    assert "Île".encode(encoding.partition(":")[0], "backslashreplace") in inspected.stdout
    out = os.fsencode(tmp_path) + b"/\xff.json"
    scored = subprocess.run(
        [*command, "file", "-m", str(model), str(rows), out], env=environment, capture_output=True, check=True
    )
    assert b"1 of 1 records scored" in scored.stdout
