"""A processor that does nothing: what NiFi and its bridge to Python take for a FlowFile."""

from nifiapi.flowfiletransform import FlowFileTransform, FlowFileTransformResult


class Empty(FlowFileTransform):
    class Java:
        implements = ["org.apache.nifi.python.processor.FlowFileTransform"]

    class ProcessorDetails:
        version = "0.1.0"
        description = "Sends every FlowFile on as it is."
        tags = ["benchmark"]
        dependencies = []

    def __init__(self, **kwargs):
        super().__init__()

    def transform(self, context, flowfile):
        return FlowFileTransformResult("success")
