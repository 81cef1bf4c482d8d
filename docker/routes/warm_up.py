"""Loads the model and scores a row: `python warm_up.py MODEL CLASSES`.

Java writes the names of the classes that it loaded to the file CLASSES; its class path is put into CLASSES.path. A
model that cannot be loaded now, as one without its licence, only makes the list shorter.
"""

from __future__ import annotations

import importlib
import importlib.util
import os
import sys
from pathlib import Path

import jpype

from dai_routes.platforms.model import model_path
from dai_scoring.scorer import RuntimeSettings
from dai_scoring.service import HttpRequest, ScoringService

# What the process of the image imports beside: Python keeps it compiled.
IMPORTED = (
    ("awslambdaric", ("awslambdaric.bootstrap", "dai_routes.platforms.lambda_handler")),
    ("azureml_inference_server_http", ("azureml_inference_server_http.amlserver", "dai_routes.platforms.azureml")),
    (
        "uvicorn",
        ("dai_scoring.cli.app", "dai_routes.serve.command", "dai_routes.platforms.container", "dai_routes.serve.usual"),
    ),
)


def warm_up(model: Path, classes: str) -> str:
    """Load and score; returns Java's class path."""
    options = ("-Xmx768m", "-XX:+UseSerialGC", f"-XX:DumpLoadedClassList={classes}")
    settings = RuntimeSettings(java_home=Path(os.environ["JAVA_HOME"]), jvm_options=options)
    service = ScoringService()
    readiness = service.load(model, settings=settings)
    if readiness.error is not None:
        print(f"The model cannot be loaded while the image is built: {readiness.error}", file=sys.stderr)
    sample = service.respond_http(HttpRequest("GET", "/model/sample_request")).body
    service.respond_http(HttpRequest("POST", "/model/score", {}, {"Content-Type": "application/json"}, sample))
    service.close()
    if not jpype.isJVMStarted():
        sys.exit("Java was not started: the image would not score.")
    return str(jpype.JClass("java.lang.System").getProperty("java.class.path"))


if __name__ == "__main__":
    for needed, modules in IMPORTED:
        if importlib.util.find_spec(needed) is not None:
            for module in modules:
                importlib.import_module(module)
    # Not printed: Java may print warnings of its own.
    Path(f"{sys.argv[2]}.path").write_text(warm_up(model_path({"MODEL": sys.argv[1]}), sys.argv[2]), encoding="utf-8")
    # Java writes the list when it ends.
    jpype.shutdownJVM()
