"""Makes the test wheel and its scorer.zip, the same bytes every time."""

from __future__ import annotations

import base64
import csv
import hashlib
import io
import zipfile
from pathlib import Path

EXPERIMENT = "4f1c2a7e_9d3b_11ee_8a51_0242ac110002"
MODULE = f"scoring_h2oai_experiment_{EXPERIMENT}"
WHEEL = f"{MODULE}-1.0.0-py3-none-any.whl"

_REQUIREMENTS = ["numpy", "pandas", "scikit-learn"]
_CONSTRAINTS = ["numpy==2.2.6", "pandas==2.3.3", "scikit-learn==1.7.2", "scipy==1.15.3"]
_TYPES = {
    "species": "object",
    "island": "object",
    "bill_length_mm": "float64",
    "bill_depth_mm": "float32",
    "flipper_length_mm": "float32",
    "body_mass_g": "int32",
}
_DATE = (2026, 1, 2, 3, 4, 6)


def wheel(samples: Path, trees: bool = False) -> bytes:
    """The bytes of the wheel; ``trees`` makes its model a larger one, boosted trees, without contributions."""
    metadata = {"Metadata-Version": "2.1", "Name": MODULE, "Version": "1.0.0"}
    about = f"{MODULE}-1.0.0.dist-info"
    files = {
        f"{MODULE}/__init__.py": (Path(__file__).parent / "scorer.py").read_bytes(),
        f"{MODULE}/penguins.csv": (samples / "penguins.csv").read_bytes(),
        **({f"{MODULE}/trees": b""} if trees else {}),
        f"{about}/METADATA": "".join(f"{key}: {value}\n" for key, value in metadata.items()).encode(),
        f"{about}/WHEEL": b"Wheel-Version: 1.0\nGenerator: test\nRoot-Is-Purelib: true\nTag: py3-none-any\n",
    }
    record = "".join(
        f"{name},sha256={base64.urlsafe_b64encode(hashlib.sha256(data).digest()).rstrip(b'=').decode()},{len(data)}\n"
        for name, data in files.items()
    )
    return _zipped({**files, f"{about}/RECORD": f"{record}{about}/RECORD,,\n".encode()})


def scorer_zip(samples: Path, path: Path, *requirements: str, trees: bool = False, **other: bytes) -> Path:
    """Write a scorer.zip; ``requirements`` are further packages, ``other`` further files by name."""
    folder = "scoring-pipeline"
    files = {
        f"{folder}/{WHEEL}": wheel(samples, trees),
        f"{folder}/requirements.txt": "\n".join([*_REQUIREMENTS, *requirements, ""]).encode(),
        f"{folder}/full_constraints.txt": "\n".join([*_CONSTRAINTS, ""]).encode(),
        f"{folder}/example.py": _example(samples).encode(),
        **{f"{folder}/{name}": data for name, data in other.items()},
    }
    path.write_bytes(_zipped(files))
    return path


def _example(samples: Path) -> str:
    with (samples / "penguins.csv").open(newline="") as file:
        rows = [row for row in csv.DictReader(file) if all(row.values())][:3]
    columns = "".join(
        f"    pd.Series({[row[name] for row in rows]!r}, name={name!r}, dtype={kind!r}),\n"
        for name, kind in _TYPES.items()
    )
    return (
        f"import pandas as pd\nfrom {MODULE} import Scorer\n\nscorer = Scorer()\ncolumns = [\n{columns}]\n"
        "print(scorer.score_batch(pd.concat(columns, axis=1)))\n"
    )


def _zipped(files: dict[str, bytes]) -> bytes:
    made = io.BytesIO()
    with zipfile.ZipFile(made, "w", zipfile.ZIP_DEFLATED) as archive:
        for name, data in files.items():
            archive.writestr(zipfile.ZipInfo(name, _DATE), data, zipfile.ZIP_DEFLATED)
    return made.getvalue()
