"""Model files that are not what they were."""

from __future__ import annotations

import subprocess
import sys
from pathlib import Path

import pytest

from dai_scoring.errors import ModelFormatError
from dai_scoring.models import Runtime, open_model


@pytest.mark.parametrize("runtime", [Runtime.AUTO, Runtime.JAVA, Runtime.CPP])
@pytest.mark.parametrize("place", [0.1, 0.3, 0.5])
def test_a_changed_byte_is_told_before_any_runtime_sees_the_file(
    samples: Path, tmp_path: Path, runtime: Runtime, place: float
) -> None:
    """The C++ runtime would end the process with such a file."""
    data = bytearray((samples / "penguins.mojo").read_bytes())
    data[int(len(data) * place)] ^= 0xFF
    damaged = tmp_path / "damaged.mojo"
    damaged.write_bytes(data)
    with pytest.raises(ModelFormatError, match=r"damaged\.mojo is damaged: .* Copy it again as binary"):
        open_model(damaged, runtime)


@pytest.mark.parametrize("part", [0.2, 0.5, 0.7])
def test_a_file_whose_beginning_is_missing(samples: Path, tmp_path: Path, part: float) -> None:
    """Its table of contents is at its end, and names places before the beginning."""
    data = (samples / "penguins.mojo").read_bytes()
    cut = tmp_path / "cut.mojo"
    cut.write_bytes(data[int(len(data) * part) :])
    with pytest.raises(ModelFormatError, match=r"cut\.mojo is damaged: .* Copy it again as binary"):
        open_model(cut)


IDENTIFY_AS_NOBODY = """
import os, sys
from pathlib import Path
from dai_scoring.errors import ModelNotFoundError
from dai_scoring.model_file import identify
if os.geteuid() == 0:
    os.setuid(65534)
try:
    identify(Path(sys.argv[1]))
except ModelNotFoundError as error:
    print(error)
"""


def test_a_folder_that_this_user_may_not_enter(samples: Path, tmp_path: Path) -> None:
    folder = tmp_path / "closed"
    folder.mkdir()
    (folder / "model.mojo").write_bytes((samples / "penguins.mojo").read_bytes())
    folder.chmod(0)
    try:
        command = [sys.executable, "-c", IDENTIFY_AS_NOBODY, str(folder / "model.mojo")]
        done = subprocess.run(command, capture_output=True, text=True, check=True)
    finally:
        folder.chmod(0o700)
    assert "model.mojo cannot be read by this user: Permission denied" in done.stdout
