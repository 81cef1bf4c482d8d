"""What Spark can score with besides this project: H2O's Sparkling Water, and a Python function called for each row."""

from __future__ import annotations

import subprocess
import sys
import tarfile
from collections.abc import Callable
from pathlib import Path
from typing import TYPE_CHECKING, Any

from dai_scoring.provision import cache, jars

if TYPE_CHECKING:
    from pyspark.sql import DataFrame

SPARKLING_WATER = "h2o-pysparkling-scoring-3.5==3.46.0.6.post1"
COLUMNS = ("pclass", "sex", "age", "ticket", "fare", "cabin")
_ASSEMBLY = "sparkling_water_scoring_assembly.jar"


def sparkling_water_jars() -> list[Path]:
    """The jar of Sparkling Water's scoring package, and the jars of the MOJO runtime, which it lacks."""
    place = cache.directory() / "bench" / SPARKLING_WATER
    with cache.locked(place.with_name(place.name + ".lock")):
        if not (place / _ASSEMBLY).is_file():
            place.mkdir(parents=True, exist_ok=True)
            command = [sys.executable, "-m", "pip", "download", "--quiet", "--no-deps", "--no-build-isolation"]
            subprocess.run([*command, "--dest", str(place), SPARKLING_WATER], check=True)
            with tarfile.open(next(place.glob("*.tar.gz"))) as archive:
                member = next(one for one in archive.getmembers() if one.name.endswith(_ASSEMBLY))
                member.name = _ASSEMBLY
                archive.extract(member, place, filter="data")
    return [place / _ASSEMBLY, *sorted((jars.mojo_runtime() / "mojo2").glob("*.jar"))]


def sparkling_water(rows: DataFrame, model: Path) -> DataFrame:
    """The rows with the predictions of Sparkling Water's model."""
    virtual_machine: Any = rows.sparkSession.sparkContext._jvm
    assert virtual_machine is not None
    models = virtual_machine.ai.h2o.sparkling.ml.models
    loaded = models.H2OMOJOPipelineModel.createFromMojo(f"file://{model.resolve()}", models.H2OMOJOSettings.default())
    return type(rows)(loaded.transform(rows._jdf), rows.sparkSession)


def row_function(model: Path, java: Path) -> Callable[..., float]:
    """A function for a row, as someone would write it: a frame with one row, filled with text."""
    classes = [str(jar) for jar in (jars.mojo_runtime() / "mojo2").glob("*.jar")]
    loaded: list[Any] = []

    def score(*values: Any) -> float:
        if not loaded:
            import jpype

            # A worker that scored before has Java, with these classes.
            if not jpype.isJVMStarted():
                library = next(java.rglob("libjvm.so"))
                jpype.startJVM(jvmpath=str(library), classpath=classes, convertStrings=False)
            pipeline = jpype.JClass("ai.h2o.mojos.runtime.MojoPipeline")
            loaded.append(pipeline.loadFrom(str(model)))
        builder = loaded[0].getInputFrameBuilder()
        row = builder.getMojoRowBuilder()
        for name, value in zip(COLUMNS, values, strict=True):
            if value is not None:
                row.setValue(name, str(value))
        builder.addRow(row)
        frame = loaded[0].transform(builder.toMojoFrame())
        return float(frame.getColumnData(1)[0])

    return score
