"""The OpenAPI 3.1 description of the server: each path with its requests and answers."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from dai_routes.serve.answering.routing import Action, Route, Routes
from dai_routes.serve.dialects import DIALECTS
from dai_routes.serve.dialects.base import AboutPath, Context, ScorePath
from dai_scoring import __version__
from dai_scoring.formats import Format
from dai_scoring.schema import Column, ColumnType

_JSON = "application/json"
_TYPES = {ColumnType.BOOL: "boolean", ColumnType.STR: "string", ColumnType.TIME64: "string"}

_ERROR = {
    "type": "object",
    "required": ["detail", "code", "row", "column"],
    "properties": {
        "detail": {"type": "string", "description": "What was wrong, and what to do."},
        "code": {"type": "string", "description": "The kind of error, for programs."},
        "row": {"type": ["integer", "null"], "description": "The first wrong row, counted from 1."},
        "column": {"type": ["string", "null"], "description": "The wrong column."},
    },
}
_SUMMARIES = {
    "/": "A page with the columns of the models, on which you can score a row.",
    "/docs": "This description as a page.",
    "/openapi.json": "This description.",
    "/livez": "Whether the server runs.",
    "/readyz": "Whether all models can score.",
    "/ping": "The same as /readyz, for SageMaker.",
    "/metrics": "Counts in the text format of Prometheus.",
    "/models": "The models.",
    "/models/NAME": "The model: its columns and its capabilities.",
    "/models/NAME/reload": "Load the model's file again, if it changed. Needs a key.",
}
_PAGES = {"/": "text/html", "/docs": "text/html", "/openapi.json": _JSON, "/models": _JSON, "/models/NAME": _JSON}


def described(routes: Routes) -> dict[str, Any]:
    """The description, with the current columns of the models."""
    schemas: dict[str, Any] = {"Error": _ERROR}
    paths: dict[str, Any] = {}
    for path, route in routes.all.items():
        paths[path] = {
            method.lower(): _operation(route, action, schemas)
            for method, action in route.actions.items()
            if method != "HEAD"
        }
    return {
        "openapi": "3.1.0",
        "info": {"title": "dai-score serve", "version": __version__, "description": "Models behind HTTP."},
        "paths": paths,
        "components": {
            "schemas": schemas,
            "securitySchemes": {
                "bearer": {"type": "http", "scheme": "bearer"},
                "key": {"type": "apiKey", "in": "header", "name": "X-API-Key"},
            },
        },
    }


def _operation(route: Route, action: Action, schemas: dict[str, Any]) -> dict[str, Any]:
    about: dict[str, Any] = {"summary": _summary(route, action), "tags": [route.dialect or "server"]}
    if action.model is not None and isinstance(action.does, ScorePath):
        record = f"Record of {action.model.name}".replace(" ", "-")
        schemas.setdefault(record, _record(action.model.context))
        about["requestBody"] = {
            "required": True,
            "content": _bodies(action.does, {"$ref": f"#/components/schemas/{record}"}),
        }
        about["responses"] = {"200": {"description": "The scores.", "content": {"*/*": {}}}}
    elif isinstance(action.does, AboutPath):
        about["responses"] = {"200": {"description": "The answer.", "content": {"*/*": {}}}}
    else:
        kind = _PAGES.get(route.template, _JSON if action.takes_body else "text/plain")
        about["responses"] = {"200": {"description": "The answer.", "content": {kind: {}}}}
    error = {"schema": {"$ref": "#/components/schemas/Error"}}
    about["responses"]["default"] = {"description": "What was wrong.", "content": {_JSON: error, "text/plain": {}}}
    if not route.is_open:
        about["security"] = [{}, {"bearer": []}, {"key": []}]
    return about


def _summary(route: Route, action: Action) -> str:
    if route.dialect:
        what = "Score rows" if action.takes_body else "Ask about the model"
        return f"{what}: {DIALECTS[route.dialect].meaning}."
    return _SUMMARIES.get(route.template, "")


def _record(context: Context) -> dict[str, Any]:
    info = context.info
    columns = () if info is None else info.inputs
    return {"type": "object", "properties": {one.name: _column(one) for one in columns},
            "required": [one.name for one in columns]}  # fmt: skip


def _column(column: Column) -> dict[str, Any]:
    return {"type": [_TYPES.get(column.type, "number"), "null"], "description": column.type.value}


def _bodies(path: ScorePath, record: Mapping[str, Any]) -> dict[str, Any]:
    rows = {"type": "array", "items": record, "minItems": 1}
    found: dict[str, Any] = {_JSON: {"schema": {"anyOf": [rows, record]}}}
    wrapped = path.wrapped
    if wrapped is not None:
        found[_JSON] = {"schema": {"type": "object", "required": list(wrapped), "properties": {
            name: rows if kind == "rows" else {"type": kind} for name, kind in wrapped.items()}}}  # fmt: skip
    if path.takes_formats:
        found |= {one.mime_type: {} for one in Format if one is not Format.JSON_ARRAY}
    return found
