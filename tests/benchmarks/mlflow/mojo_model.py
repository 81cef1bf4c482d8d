"""A model of MLflow that scores a MOJO with daimojo: what its users write to serve one."""

import daimojo
import datatable
import mlflow


class Mojo(mlflow.pyfunc.PythonModel):
    """A DataFrame in, a DataFrame of predictions out."""

    def load_context(self, context):
        """Load the MOJO."""
        self._model = daimojo.model(context.artifacts["mojo"])

    def predict(self, context, model_input, params=None):
        """Score all rows."""
        return self._model.predict(datatable.Frame(model_input.to_dict("list"))).to_pandas()


mlflow.models.set_model(Mojo())
