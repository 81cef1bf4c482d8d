"""What Azure's inference server runs."""

from dai_routes.platforms.azureml import init, run

__all__ = ["init", "run"]
