"""Model files that are not what they were."""

from __future__ import annotations

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
