"""What a user would write with NiFi's own RecordTransform: one call of the MOJO a record."""

from pathlib import Path

import jpype
from nifiapi.__jvm__ import JvmHolder
from nifiapi.properties import PropertyDescriptor
from nifiapi.recordtransform import RecordTransform, RecordTransformResult

from dai_scoring.runtimes.java import java_jars, jvm


class ScoreByRecord(RecordTransform):
    """Scores each record with the same Java runtime, through its row builder."""

    class Java:
        implements = ["org.apache.nifi.python.processor.RecordTransform"]

    class ProcessorDetails:
        version = "0.1.0"
        description = "A measure of comparison."
        dependencies = []

    MODEL_FILE = PropertyDescriptor(name="Model File", description="The MOJO.", required=True)

    def __init__(self, **kwargs):
        super().__init__()

    def getPropertyDescriptors(self):
        """NiFi's name."""
        return [self.MODEL_FILE]

    def onScheduled(self, context):
        """Load the MOJO."""
        home = Path(str(JvmHolder.jvm.java.lang.System.getProperty("java.home")))
        jvm.start(java_jars.mojo2_jars(None), (), home)
        loader = jpype.JClass("ai.h2o.mojos.runtime.MojoPipeline")
        self.pipeline = loader.loadFrom(str(context.getProperty("Model File").getValue()))
        self.inputs = [str(c.getColumnName()) for c in self.pipeline.getInputMeta().getColumns()]
        self.outputs = [str(c.getColumnName()) for c in self.pipeline.getOutputMeta().getColumns()]

    def transform(self, context, record, schema, attributemap):
        """Score one record."""
        builder = self.pipeline.getInputFrameBuilder()
        row = builder.getMojoRowBuilder()
        for name in self.inputs:
            value = record.get(name)
            if value is not None:
                row.setValue(name, str(value))
        builder.addRow(row)
        scored = self.pipeline.transform(builder.toMojoFrame())
        for index, name in enumerate(self.outputs):
            record[name] = float(scored.getColumnData(index)[0])
        return RecordTransformResult(record=record, relationship="success")
