"""A processor that reads contents and writes them again, as those of this suite do: the limit of the exchange."""

import json
import shutil
import time
from pathlib import Path

from nifiapi.flowfiletransform import FlowFileTransform
from nifiapi.properties import PropertyDescriptor

from dai_scoring.service import WorkFolders
from dai_scoring_nifi.flowfiles.access import FlowFileAccess
from dai_scoring_nifi.flowfiles.batch import Outcome


class Copy(FlowFileTransform):
    class Java:
        implements = ["org.apache.nifi.python.processor.FlowFileTransform"]

    class ProcessorDetails:
        version = "0.1.0"
        description = "Writes the contents of every FlowFile again."
        tags = ["benchmark"]
        dependencies = []

    TIMES_FILE = PropertyDescriptor(
        name="Times File",
        description="Gets a line for each call when the processor stops: seconds to take, between, to send.",
        required=False,
    )

    def __init__(self, **kwargs):
        super().__init__()
        self._flowfiles = FlowFileAccess()
        self._folders = WorkFolders()
        self._times = []

    def getPropertyDescriptors(self):
        return [self.TIMES_FILE]

    def onScheduled(self, context):
        self._times = []
        self._file = context.getProperty("Times File").getValue()

    def onStopped(self, context):
        if self._file:
            Path(self._file).write_text("".join(json.dumps(one) + "\n" for one in self._times))
        self._flowfiles.reset()
        self._folders.remove()

    def transform(self, context, flowfile):
        began = time.perf_counter()
        batch = self._flowfiles.take(context, flowfile, self._folders.file("call"))
        exporting = copying = 0.0
        taken = time.perf_counter() - began
        outcomes = []
        for item in batch.items:
            if item.contents is not None:
                outcomes.append(Outcome("success", {}, item.contents))
                continue
            folder = self._folders.take(item.size)
            first = time.perf_counter()
            batch.export(item, folder.source)
            second = time.perf_counter()
            shutil.copyfile(folder.source, folder.target)
            folder.source.unlink()
            outcomes.append(Outcome("success", {}, folder.keep(folder.target)))
            exporting += second - first
            copying += time.perf_counter() - second
        ready = time.perf_counter()
        result = batch.send(outcomes)
        self._times.append((taken + exporting, copying, time.perf_counter() - ready))
        return result
