"""The parameter context of a deployed flow: its values, and the model as its asset."""

from __future__ import annotations

import re
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import nipyapi

from dai_nifi.errors import ConflictError
from dai_nifi.flows import deployed
from dai_nifi.flows.common import LICENCE, MODEL, Template
from dai_nifi.flows.rest import finish_request, nifi_calls
from dai_scoring.model_file import sha256

_OWN = "deployed by dai-nifi"


@dataclass(frozen=True)
class Asset:
    """A model as it lies in NiFi."""

    id: str
    name: str


@dataclass(frozen=True)
class Context:
    """A parameter context: values by name (None where there is none; sensitive ones show as asterisks)."""

    id: str
    name: str
    values: Mapping[str, str | None]
    model: Asset | None


def asset_name(model: Path) -> str:
    """How a model is called as an asset: its file name and the start of its SHA-256.

    So each model is an asset of its own. One of the same name with other contents would be overwritten under a
    runtime that has it open.
    """
    stem = re.sub(r"[^A-Za-z0-9._-]+", "-", model.stem).strip("-.") or "model"
    return f"{stem[:80]}-{sha256(model)[:8]}{model.suffix if model.suffix.isascii() else ''}"


def find(name: str) -> Context | None:
    """The context of a flow's name, or None; raises ConflictError if something else has that name."""
    wanted = deployed.context_name(name)
    with nifi_calls():
        contexts = nipyapi.nifi.FlowApi().get_parameter_contexts().parameter_contexts or []
    for entity in contexts:
        if entity.component is not None and entity.component.name == wanted:
            if _OWN not in (entity.component.description or ""):
                raise ConflictError(
                    f"There is a parameter context {wanted!r} that dai-nifi did not make. Choose another name."
                )
            return read(entity.id)
    return None


def create(name: str, template: Template) -> Context:
    """Make the context of a flow, with the template's parameters and defaults."""
    parameters = [
        nipyapi.parameters.prepare_parameter(one.name, one.default, one.description, one.spec().sensitive)
        for one in template.parameters
    ]
    with nifi_calls():
        entity = nipyapi.parameters.create_parameter_context(
            deployed.context_name(name), f"What the flow {name} needs to know; {_OWN}", parameters
        )
    return read(entity.id)


def read(context_id: str) -> Context:
    """The context as it is now."""
    entity = _entity(context_id)
    parameters = [one.parameter for one in entity.component.parameters or []]
    models = [asset for one in parameters if one.name == MODEL.name for asset in one.referenced_assets or []]
    model = Asset(models[0].id, models[0].name) if models else None
    return Context(context_id, entity.component.name, {one.name: one.value for one in parameters}, model)


def differences(context: Context, values: Mapping[str, str]) -> dict[str, str]:
    """Those values that the context does not have yet; a sensitive one always counts, since it cannot be read."""
    return {
        name: value
        for name, value in values.items()
        if name == LICENCE.name or name not in context.values or context.values[name] != value
    }


def update(
    context: Context, template: Template, values: Mapping[str, str], model: Asset | None, timeout: float
) -> None:
    """Set values, and the model's asset if one is given; NiFi restarts what uses them."""
    changed = []
    for name, value in values.items():
        known = template.parameter(name)
        secret = known is not None and known.spec().sensitive
        changed.append(nipyapi.parameters.prepare_parameter(name, value, known and known.description, secret))
    if model is not None:
        changed.append(
            nipyapi.parameters.prepare_parameter_with_asset(MODEL.name, model.id, model.name, MODEL.description)
        )
    if changed:
        _submit(context, changed, timeout)


def upload(context: Context, model: Path) -> Asset:
    """Bring a model to NiFi, unless it is there already."""
    name = asset_name(model)
    with nifi_calls():
        for one in nipyapi.parameters.list_assets(context.id):
            if one["name"] == name and not one["missing_content"]:
                return Asset(one["id"], name)
        made = nipyapi.parameters.upload_asset(context.id, file_bytes=model.read_bytes(), filename=name)
    return Asset(made["id"], made["name"])


def remove_other_assets(context: Context, keep: Asset | None) -> None:
    """Delete the assets that no parameter refers to any more."""
    with nifi_calls():
        for one in nipyapi.parameters.list_assets(context.id):
            if keep is None or one["id"] != keep.id:
                nipyapi.parameters.delete_asset(context.id, one["id"])


def remove(context_id: str, timeout: float) -> None:
    """Delete a context and its assets; nothing may be bound to it any more."""
    context = read(context_id)
    if context.model is not None:
        _submit(context, [nipyapi.parameters.prepare_parameter(MODEL.name, None, MODEL.description)], timeout)
    remove_other_assets(context, None)
    with nifi_calls():
        entity = _entity(context_id)
        nipyapi.nifi.ParameterContextsApi().delete_parameter_context(context_id, version=str(entity.revision.version))


def _entity(context_id: str) -> Any:
    with nifi_calls():
        return nipyapi.nifi.ParameterContextsApi().get_parameter_context(context_id)


def _submit(context: Context, parameters: list[Any], timeout: float) -> None:
    calls = nipyapi.nifi.ParameterContextsApi()
    entity = _entity(context.id)
    body = nipyapi.nifi.ParameterContextEntity(
        id=context.id,
        revision=entity.revision,
        component=nipyapi.nifi.ParameterContextDTO(id=context.id, name=context.name, parameters=parameters),
    )
    with nifi_calls():
        request = calls.submit_parameter_context_update(body, context.id).request.request_id
        finish_request(
            lambda: calls.get_parameter_context_update(context.id, request),
            lambda: calls.delete_update_request(context.id, request),
            f"set the parameters of {context.name!r}",
            timeout,
        )
