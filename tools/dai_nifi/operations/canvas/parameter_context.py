"""The parameter context of a deployed flow: its values, and which assets its parameters refer to."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from dai_nifi.client import api
from dai_nifi.errors import ConflictError
from dai_nifi.flows.common import Kind, Template
from dai_nifi.flows.model_parameters import MAIN, MODEL_PARAMETERS, ModelParameter
from dai_nifi.operations.canvas import assets, deployed
from dai_nifi.operations.canvas.assets import Asset
from dai_nifi.waiting import PAUSE

_OWN = "deployed by dai-nifi"


@dataclass(frozen=True)
class ParameterContext:
    """A parameter context: values by name; None if there is no value, asterisks if it is sensitive."""

    id: str
    name: str
    values: Mapping[str, str | None]
    assets: Mapping[str, Asset]
    """By the parameter that refers to it."""
    sensitive: frozenset[str]
    title: str = ""
    """Its name in errors, if that is another one."""

    def model(self, model: ModelParameter = MAIN) -> Asset | None:
        """The asset that the parameter of a model refers to; None if it refers to none."""
        return self.assets.get(model.parameter.name)

    def previous(self, model: ModelParameter = MAIN) -> Asset | None:
        """The model before the last swap."""
        return self.assets.get(model.previous)

    @property
    def shown(self) -> dict[str, str | None]:
        """The values that may be shown, without the model; an asset is shown by its name."""
        named = {**self.values, **{name: asset.name for name, asset in self.assets.items()}}
        return {
            name: value
            for name, value in sorted(named.items())
            if name not in self.sensitive and name not in (MAIN.parameter.name, MAIN.previous)
        }


def own_ids() -> dict[str, str]:
    """The ids of the contexts that dai-nifi has made, by the names of their flows."""
    start = deployed.context_name("")
    contexts = api.flow.get_parameter_contexts().parameter_contexts or []
    own = [one for one in contexts if one.component is not None and _OWN in (one.component.description or "")]
    return {one.component.name.removeprefix(start): one.id for one in own if one.component.name.startswith(start)}


def find(name: str) -> ParameterContext | None:
    """The context for a flow's name, or None; raises ConflictError if it belongs to something else."""
    wanted = deployed.context_name(name)
    contexts = api.flow.get_parameter_contexts().parameter_contexts or []
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
    """Raise ConflictError if the context belongs to a flow that was renamed: changing it would change that flow."""
    bound = entity.component.bound_process_groups or []
    names = [one.component.name if one.component is not None else one.id for one in bound]
    if names and name not in names:
        raise ConflictError(
            f"The parameter context {entity.component.name!r} belongs to the process group {names[0]!r}, which was "
            f"renamed. Rename it back to {name!r} on the canvas, or choose another name."
        )


def remove_unused_assets(context: ParameterContext, definition: str | None = None) -> None:
    """Delete the assets that no parameter of the context, as it was read, refers to.

    Flow definitions stay; only the one of this name, if it is given.
    """
    kept = {one.id for one in context.assets.values()}
    assets.remove_others(context.id, kept, definition)


def create(name: str, template: Template, inherits: ParameterContext | None = None) -> ParameterContext:
    """Create the context of a flow with the template's parameters and defaults, except those that it inherits."""
    parameters = [
        api.parameters.prepare_parameter(one.name, one.default, one.description, one.spec().sensitive)
        for one in template.parameters
        if one.kind is not Kind.SERVICE and (inherits is None or one.name not in inherits.values)
    ]
    entity = api.parameters.create_parameter_context(
        deployed.context_name(name),
        description_of(name),
        parameters,
        [{"id": inherits.id, "component": {"id": inherits.id, "name": inherits.name}}]
        if inherits is not None
        else None,
    )
    return read(entity.id)


def description_of(name: str) -> str:
    """The description of a context that this tool has made for a flow."""
    return f"What the flow {name} needs to know; {_OWN}"


def is_own(context_id: str) -> bool:
    """Whether this tool has made it."""
    return _OWN in (_entity(context_id).component.description or "")


def read(context_id: str) -> ParameterContext:
    """The context as it is now."""
    entity = _entity(context_id)
    parameters = [one.parameter for one in entity.component.parameters or []]
    referenced = {
        one.name: Asset(asset.id, asset.name) for one in parameters for asset in (one.referenced_assets or [])[:1]
    }
    return ParameterContext(
        context_id,
        entity.component.name,
        {one.name: one.value for one in parameters},
        referenced,
        frozenset(one.name for one in parameters if one.sensitive),
    )


def differences(context: ParameterContext, template: Template, values: Mapping[str, str]) -> dict[str, str]:
    """The values that the context does not have yet; a sensitive one always counts, since it cannot be read."""
    return {
        name: value
        for name, value in values.items()
        if name in template.sensitive or name not in context.values or (context.values[name] or "") != value
    }


def update(
    context: ParameterContext,
    template: Template,
    values: Mapping[str, str],
    files: Mapping[str, Asset],
    timeout: float,
    inherits: ParameterContext | None = None,
) -> None:
    """Set values, and assets by the parameter that is to refer to each; NiFi restarts what uses them.

    An empty value removes the present one. Parameters of the template that the context lacks are created, without a
    value if none is given.
    """
    there = {*context.values, *(inherits.values if inherits is not None else ())}
    known_already = {*there, *values, *files}
    absent = [one for one in template.parameters if one.kind is not Kind.SERVICE and one.name not in known_already]
    changed = [
        api.parameters.prepare_parameter(one.name, None, one.description, one.spec().sensitive) for one in absent
    ]
    for name, value in values.items():
        known = template.parameter(name)
        secret = known is not None and known.spec().sensitive
        changed.append(api.parameters.prepare_parameter(name, value or None, known and known.description, secret))
    for name, asset in files.items():
        known = template.parameter(name)
        changed.append(
            api.parameters.prepare_parameter_with_asset(name, asset.id, asset.name, known and known.description)
        )
    for model in MODEL_PARAMETERS.values():
        if model.parameter.name in files and model.previous in context.assets:
            # After a new deployment, a rollback must not go back to the model before the last swap.
            changed.append(api.parameters.prepare_parameter(model.previous, None, model.previous_description))
    if changed:
        _submit(context, changed, timeout)


def restore(before: ParameterContext, timeout: float) -> None:
    """Give a context its values and assets back, except the sensitive ones, which nobody can read."""
    now = read(before.id)
    changed = []
    for name, asset in before.assets.items():
        if now.assets.get(name) != asset:
            changed.append(api.parameters.prepare_parameter_with_asset(name, asset.id, asset.name, None))
    for name in now.values:
        if name in before.assets or name in before.sensitive or name in now.sensitive:
            continue
        value = before.values.get(name)
        if now.values[name] != value or name in now.assets:
            changed.append(api.parameters.prepare_parameter(name, value, None, False))
    if changed:
        _submit(before, changed, timeout)


def set_model(
    context: ParameterContext,
    model: ModelParameter,
    asset: Asset,
    previous: Asset | None,
    timeout: float,
    pause: float,
) -> None:
    """Refer to another model, and remember the one before. Components that use the model should be stopped."""
    changed = [_refer(model.parameter.name, asset, model.parameter.description)]
    if previous is not None:
        changed.append(_refer(model.previous, previous, model.previous_description))
    elif model.previous in context.assets:
        changed.append(api.parameters.prepare_parameter(model.previous, None, model.previous_description))
    _submit(context, changed, timeout, pause)


def rename(context_id: str, name: str) -> None:
    """Rename a context to that of the flow with this name."""

    def change() -> None:
        body = api.dto.ParameterContextEntity(
            id=context_id,
            revision=_entity(context_id).revision,
            component=api.dto.ParameterContextDTO(
                id=context_id, name=deployed.context_name(name), description=description_of(name)
            ),
        )
        api.parameter_contexts.update_parameter_context(body, context_id)

    api.until_accepted(change)


def remove(context_id: str, timeout: float) -> None:
    """Delete a context and its assets; nothing may be bound to it any more."""
    context = read(context_id)
    if context.assets:
        _submit(context, [api.parameters.prepare_parameter(name, None) for name in context.assets], timeout)
        context = read(context_id)
    assets.remove_others(context_id, (), "")

    def take_away() -> None:
        version = str(_entity(context_id).revision.version)
        api.parameter_contexts.delete_parameter_context(context_id, version=version)

    api.until_accepted(take_away)


def _entity(context_id: str) -> Any:
    return api.parameter_contexts.get_parameter_context(context_id)


def _refer(parameter: str, asset: Asset, description: str) -> Any:
    return api.parameters.prepare_parameter_with_asset(parameter, asset.id, asset.name, description)


def _submit(context: ParameterContext, parameters: list[Any], timeout: float, pause: float = PAUSE) -> None:
    calls = api.parameter_contexts

    def submit() -> str:
        body = api.dto.ParameterContextEntity(
            id=context.id,
            revision=_entity(context.id).revision,
            component=api.dto.ParameterContextDTO(id=context.id, name=context.name, parameters=parameters),
        )
        return str(calls.submit_parameter_context_update(body, context.id).request.request_id)

    request = api.until_accepted(submit)
    api.finish_request(
        lambda: calls.get_parameter_context_update(context.id, request),
        lambda: calls.delete_update_request(context.id, request),
        f"set the parameters of {context.title or context.name!r}",
        timeout,
        pause,
    )
