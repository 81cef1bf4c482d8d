"""The parameter context of a deployed flow: its values, and its files (the model above all) as assets."""

from __future__ import annotations

import re
import shutil
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import nipyapi

from dai_nifi.errors import ConflictError
from dai_nifi.flows import deployed
from dai_nifi.flows.common import Kind, Template
from dai_nifi.flows.rest import PAUSE, finish_request, nifi_calls, until_accepted
from dai_nifi.flows.slots import MAIN, SLOTS, Slot
from dai_scoring.model_file import sha256

_OWN = "deployed by dai-nifi"

_RECORD = "dai-nifi-template-"


@dataclass(frozen=True)
class Asset:
    """A file as it lies in NiFi."""

    id: str
    name: str


@dataclass(frozen=True)
class Context:
    """A parameter context: values by name (None where there is none; sensitive ones show as asterisks)."""

    id: str
    name: str
    values: Mapping[str, str | None]
    assets: Mapping[str, Asset]
    """By the parameter that refers to it."""
    sensitive: frozenset[str]

    def model(self, slot: Slot = MAIN) -> Asset | None:
        """The model of a slot, if it is an asset."""
        return self.assets.get(slot.parameter.name)

    def previous(self, slot: Slot = MAIN) -> Asset | None:
        """The model before the last swap."""
        return self.assets.get(slot.previous)

    @property
    def shown(self) -> dict[str, str | None]:
        """The values that may be shown, beside the model; an asset is shown by its name."""
        named = {**self.values, **{name: asset.name for name, asset in self.assets.items()}}
        return {
            name: value
            for name, value in sorted(named.items())
            if name not in self.sensitive and name not in (MAIN.parameter.name, MAIN.previous)
        }


def asset_name(file: Path) -> str:
    """How a model or another file is called as an asset: its file name and the start of its SHA-256.

    So each model is an asset of its own. One of the same name with other contents would be overwritten under a
    runtime that has it open.
    """
    stem = re.sub(r"[^A-Za-z0-9._-]+", "-", file.stem).strip("-.") or "model"
    return f"{stem[:80]}-{sha256(file)[:8]}{file.suffix if file.suffix.isascii() else ''}"


def every() -> dict[str, str]:
    """The ids of the contexts that this tool has made, by the names of the flows that they are for."""
    with nifi_calls():
        contexts = nipyapi.nifi.FlowApi().get_parameter_contexts().parameter_contexts or []
    start = deployed.context_name("")
    own = [one for one in contexts if one.component is not None and _OWN in (one.component.description or "")]
    return {one.component.name.removeprefix(start): one.id for one in own if one.component.name.startswith(start)}


def find(name: str) -> Context | None:
    """The context of a flow's name, or None; raises ConflictError if it is somebody else's or a renamed flow's."""
    wanted = deployed.context_name(name)
    with nifi_calls():
        contexts = nipyapi.nifi.FlowApi().get_parameter_contexts().parameter_contexts or []
    for entity in contexts:
        if entity.component is not None and entity.component.name == wanted:
            if _OWN not in (entity.component.description or ""):
                raise ConflictError(
                    f"There is a parameter context {wanted!r} that dai-nifi did not make. Choose another name."
                )
            _check_not_renamed(name, entity)
            return read(entity.id)
    return None


def _check_not_renamed(name: str, entity: Any) -> None:
    """A flow that was renamed on the canvas keeps its context: what is done to that is done to the flow."""
    bound = entity.component.bound_process_groups or []
    names = [one.component.name if one.component is not None else one.id for one in bound]
    if names and name not in names:
        raise ConflictError(
            f"The parameter context {entity.component.name!r} belongs to the process group {names[0]!r}, which was "
            f"renamed. Rename it back to {name!r} on the canvas, or choose another name."
        )


def create(name: str, template: Template, inherits: Context | None = None) -> Context:
    """Make the context of a flow, with the template's parameters and defaults; or with those that another has."""
    parameters = [
        nipyapi.parameters.prepare_parameter(one.name, one.default, one.description, one.spec().sensitive)
        for one in template.parameters
        if one.kind is not Kind.SERVICE and (inherits is None or one.name not in inherits.values)
    ]
    with nifi_calls():
        entity = nipyapi.parameters.create_parameter_context(
            deployed.context_name(name),
            described(name),
            parameters,
            [{"id": inherits.id, "component": {"id": inherits.id, "name": inherits.name}}]
            if inherits is not None
            else None,
        )
    return read(entity.id)


def described(name: str) -> str:
    """The description of a context that this tool has made for a flow."""
    return f"What the flow {name} needs to know; {_OWN}"


def is_own(context_id: str) -> bool:
    """Whether this tool has made it."""
    return _OWN in (_entity(context_id).component.description or "")


def read(context_id: str) -> Context:
    """The context as it is now."""
    entity = _entity(context_id)
    parameters = [one.parameter for one in entity.component.parameters or []]
    assets = {
        one.name: Asset(asset.id, asset.name) for one in parameters for asset in (one.referenced_assets or [])[:1]
    }
    return Context(
        context_id,
        entity.component.name,
        {one.name: one.value for one in parameters},
        assets,
        frozenset(one.name for one in parameters if one.sensitive),
    )


def differences(context: Context, template: Template, values: Mapping[str, str]) -> dict[str, str]:
    """Those values that the context does not have yet; a sensitive one always counts, since it cannot be read."""
    return {
        name: value
        for name, value in values.items()
        if name in template.sensitive or name not in context.values or (context.values[name] or "") != value
    }


def update(
    context: Context,
    template: Template,
    values: Mapping[str, str],
    assets: Mapping[str, Asset],
    timeout: float,
    inherits: Context | None = None,
) -> None:
    """Set values, and assets by the parameter that is to refer to each; NiFi restarts what uses them.

    An empty value takes away the one that is there. Parameters of the template that the context lacks are made, without
    a value where none is given.
    """
    there = {*context.values, *(inherits.values if inherits is not None else ())}
    known_already = {*there, *values, *assets}
    absent = [one for one in template.parameters if one.kind is not Kind.SERVICE and one.name not in known_already]
    changed = [
        nipyapi.parameters.prepare_parameter(one.name, None, one.description, one.spec().sensitive) for one in absent
    ]
    for name, value in values.items():
        known = template.parameter(name)
        secret = known is not None and known.spec().sensitive
        changed.append(nipyapi.parameters.prepare_parameter(name, value or None, known and known.description, secret))
    for name, asset in assets.items():
        known = template.parameter(name)
        changed.append(
            nipyapi.parameters.prepare_parameter_with_asset(name, asset.id, asset.name, known and known.description)
        )
    for slot in SLOTS.values():
        if slot.parameter.name in assets and slot.previous in context.assets:
            # What was deployed anew is not to be rolled back to what came before the last swap.
            changed.append(nipyapi.parameters.prepare_parameter(slot.previous, None, slot.previous_description))
    if changed:
        _submit(context, changed, timeout)


def restore(before: Context, timeout: float) -> None:
    """Give a context the values and assets again that it had, but for the sensitive ones, which nobody can read."""
    now = read(before.id)
    changed = []
    for name, asset in before.assets.items():
        if now.assets.get(name) != asset:
            changed.append(nipyapi.parameters.prepare_parameter_with_asset(name, asset.id, asset.name, None))
    for name in now.values:
        if name in before.assets or name in before.sensitive or name in now.sensitive:
            continue
        value = before.values.get(name)
        if now.values[name] != value or name in now.assets:
            changed.append(nipyapi.parameters.prepare_parameter(name, value, None, False))
    if changed:
        _submit(before, changed, timeout)


def change_model(
    context: Context, slot: Slot, model: Asset, previous: Asset | None, timeout: float, pause: float
) -> None:
    """Refer to another model, and keep the one before; components that use the model should be stopped."""
    changed = [_refer(slot.parameter.name, model, slot.parameter.description)]
    if previous is not None:
        changed.append(_refer(slot.previous, previous, slot.previous_description))
    elif slot.previous in context.assets:
        changed.append(nipyapi.parameters.prepare_parameter(slot.previous, None, slot.previous_description))
    _submit(context, changed, timeout, pause)


def upload(context: Context, file: Path) -> Asset:
    """Bring a file to NiFi, unless it is there already."""
    name = asset_name(file)
    with nifi_calls():
        for one in nipyapi.parameters.list_assets(context.id):
            if one["name"] == name and not one["missing_content"]:
                return Asset(one["id"], name)
        made = nipyapi.parameters.upload_asset(context.id, file_bytes=file.read_bytes(), filename=name)
    return Asset(made["id"], made["name"])


def upload_as(context: Context, file: Path, name: str) -> Asset:
    """Bring a file to NiFi under a name that it has already somewhere else."""
    with nifi_calls():
        made = nipyapi.parameters.upload_asset(context.id, file_bytes=file.read_bytes(), filename=name)
    return Asset(made["id"], made["name"])


def rename(context_id: str, name: str) -> None:
    """Make a context that of a flow of this name."""

    def change() -> None:
        body = nipyapi.nifi.ParameterContextEntity(
            id=context_id,
            revision=_entity(context_id).revision,
            component=nipyapi.nifi.ParameterContextDTO(
                id=context_id, name=deployed.context_name(name), description=described(name)
            ),
        )
        nipyapi.nifi.ParameterContextsApi().update_parameter_context(body, context_id)

    until_accepted(change)


def download(context: Context, asset: Asset, folder: Path) -> Path:
    """A copy of an asset, under its own name."""
    target = folder / asset.name
    with nifi_calls(), target.open("wb") as file:
        # As it is sent: nipyapi would take it for text.
        response = nipyapi.nifi.ParameterContextsApi().get_asset_content1(context.id, asset.id, _preload_content=False)
        try:
            shutil.copyfileobj(response, file)
        finally:
            response.release_conn()
    return target


def digest(context: Context, asset: Asset) -> str:
    """The SHA-256 of an asset, in hex, as NiFi has it."""
    with nifi_calls():
        return next(str(one["digest"]) for one in nipyapi.parameters.list_assets(context.id) if one["id"] == asset.id)


def put_word(context: Context, name: str, text: str) -> Asset:
    """Put a small file beside the models, or replace it; nothing refers to it, so nothing restarts."""
    with nifi_calls():
        made = nipyapi.parameters.upload_asset(context.id, file_bytes=text.encode(), filename=name)
    return Asset(made["id"], made["name"])


def record_name(fingerprint: str) -> str:
    """The name of the asset that keeps the definition of this fingerprint."""
    return f"{_RECORD}{fingerprint}.json"


def assets(context: Context) -> list[Asset]:
    """All assets of a context, also those that no parameter refers to."""
    with nifi_calls():
        return [Asset(one["id"], one["name"]) for one in nipyapi.parameters.list_assets(context.id)]


def remove_other_assets(context: Context, record: str | None = None) -> None:
    """Delete the assets that no parameter of the context, as it was read, refers to.

    The records of definitions stay; if the name of one is given, that alone.
    """
    kept = {one.id for one in context.assets.values()}
    for one in assets(context):
        stays = one.name == record if record is not None else one.name.startswith(_RECORD)
        if one.id not in kept and not stays:
            with nifi_calls():
                nipyapi.parameters.delete_asset(context.id, one.id)


def remove(context_id: str, timeout: float) -> None:
    """Delete a context and its assets; nothing may be bound to it any more."""
    context = read(context_id)
    if context.assets:
        _submit(context, [nipyapi.parameters.prepare_parameter(name, None) for name in context.assets], timeout)
        context = read(context_id)
    remove_other_assets(context, "")

    def take_away() -> None:
        version = str(_entity(context_id).revision.version)
        nipyapi.nifi.ParameterContextsApi().delete_parameter_context(context_id, version=version)

    until_accepted(take_away)


def _entity(context_id: str) -> Any:
    with nifi_calls():
        return nipyapi.nifi.ParameterContextsApi().get_parameter_context(context_id)


def _refer(parameter: str, asset: Asset, description: str) -> Any:
    return nipyapi.parameters.prepare_parameter_with_asset(parameter, asset.id, asset.name, description)


def _submit(context: Context, parameters: list[Any], timeout: float, pause: float = PAUSE) -> None:
    calls = nipyapi.nifi.ParameterContextsApi()

    def submit() -> str:
        body = nipyapi.nifi.ParameterContextEntity(
            id=context.id,
            revision=_entity(context.id).revision,
            component=nipyapi.nifi.ParameterContextDTO(id=context.id, name=context.name, parameters=parameters),
        )
        return str(calls.submit_parameter_context_update(body, context.id).request.request_id)

    request = until_accepted(submit)
    with nifi_calls():
        finish_request(
            lambda: calls.get_parameter_context_update(context.id, request),
            lambda: calls.delete_update_request(context.id, request),
            f"set the parameters of {context.name!r}",
            timeout,
            pause,
        )
