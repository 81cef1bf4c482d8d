"""A runtime for MLServer that scores a MOJO with daimojo: what its users write to serve one."""

import daimojo
import datatable
from mlserver import MLModel
from mlserver.types import InferenceRequest, InferenceResponse, ResponseOutput


class Mojo(MLModel):
    """Columns in, predictions out, by the V2 inference protocol."""

    async def load(self) -> bool:
        self._model = daimojo.model(self.settings.parameters.uri)
        return True

    async def predict(self, payload: InferenceRequest) -> InferenceResponse:
        scored = self._model.predict(datatable.Frame({one.name: list(one.data) for one in payload.inputs}))
        outputs = [
            ResponseOutput(name=name, shape=[len(values), 1], datatype="FP64", data=values)
            for name, values in scored.to_dict().items()
        ]
        return InferenceResponse(model_name=self.name, outputs=outputs)
