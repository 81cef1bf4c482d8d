"""The Java runtimes without anything around them, on frames and arrays that were filled already.

MojoPipeline.transform for a Driverless AI MOJO, and for an H2O-3 MOJO genmodel's score0 in the project's own loop in
Java. Arguments: the model, the Java home.
"""

import sys
from pathlib import Path

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc
import pyarrow.csv as pa_csv

from dai_scoring.models import open_model
from dai_scoring.runtimes.h2o3.mojo import RUNTIME
from dai_scoring.runtimes.java import java_arrays, jvm
from dai_scoring.runtimes.java_mojo import frames
from dai_scoring.scorer import RuntimeSettings
from dai_scoring.values import model_rows

sys.path.insert(0, str(Path(__file__).parent))
from loop import serve

model, java_home = sys.argv[1:]
scorer = open_model(model, settings=RuntimeSettings(java_home=Path(java_home), accept_h2o_licence=True))
inputs = scorer.info.inputs


def rows_of(path):
    text = pa_csv.ConvertOptions(column_types={column.name: pa.string() for column in inputs})
    return model_rows.to_model_rows(pa_csv.read_csv(path, convert_options=text), inputs)


def transform(path):
    rows = rows_of(path)
    pipeline = jvm.java_class("ai.h2o.mojos.runtime.MojoPipeline").loadFrom(model)
    frame = jvm.java_class("ai.h2o.mojos.runtime.frame.MojoFrameBuilder").getEmpty(pipeline.getInputMeta(), rows.count)
    for index, (column, values) in enumerate(zip(inputs, rows.columns, strict=True)):
        frames.fill(frame.getColumnData(index), column.type, values)
    return lambda: pipeline.transform(frame)


def numbers(values, levels):
    if levels is not None:
        values = pc.index_in(values, levels)
    elif pa.types.is_timestamp(values.type):
        values = values.cast(pa.int64())
    return np.array(values.cast(pa.float64(), safe=False).to_numpy(zero_copy_only=False))


def score0(path):
    rows = rows_of(path)
    loaded = jvm.java_class("hex.genmodel.MojoModel").load(model)
    domains = [loaded.getDomainValues(index) for index in range(len(inputs))]
    levels = [None if domain is None else pa.array([str(level) for level in domain]) for domain in domains]
    columns = [numbers(values, level) for values, level in zip(rows.columns, levels, strict=True)]
    arrays = java_arrays.nested_array("double", [java_arrays.primitives(column) for column in columns])
    size = loaded.getPredsSize(loaded.getModelCategory())
    helper = jvm.java_class("daiscoring.H2o3")
    return lambda: helper.score(loaded, arrays, None, rows.count, size, False)


serve(score0 if scorer.info.runtime == RUNTIME else transform)
