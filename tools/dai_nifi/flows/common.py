"""What every template has: a description, parameters, and the scoring processor in the middle."""

from __future__ import annotations

import re
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field, replace
from enum import Enum

from dai_nifi.extensions import properties
from dai_nifi.extensions.properties import Property
from dai_nifi.flows.builder import Flow
from dai_nifi.flows.parts import Bundle, ParameterSpec, Point, Processor, Service
from dai_scoring import options as table
from dai_scoring.model_file import Kind as ModelKind


class Kind(Enum):
    """What a parameter's value is, for checking it before NiFi does."""

    TEXT = "text"
    PORT = "port"
    DIRECTORY = "directory"
    MODEL = "model"
    ASSET = "asset"
    """A file of the machine that deploys, which is uploaded to NiFi."""
    SENSITIVE = "sensitive"
    COUNT = "count"
    """A whole number from 0 or 1 on."""
    SERVICE = "service"
    """The id of a controller service in NiFi."""
    JVM_OPTIONS = "JVM options"


def normalized(text: str) -> str:
    """The letters and digits of a text: the same for ``as-missing``, ``AS_MISSING`` and ``as missing``."""
    return " ".join(re.findall(r"[^\W_]+", text.casefold()))


@dataclass(frozen=True)
class Parameter:
    """A parameter of a template; one without a default must be given, unless it is optional."""

    name: str
    description: str
    default: str | None = None
    kind: Kind = Kind.TEXT
    optional: bool = False
    variable: str | None = None
    """The environment variable that a deployment takes a sensitive value from."""
    choices: Sequence[str] = ()
    """The possible values; empty if any value is possible."""
    aliases: Mapping[str, str] = field(default_factory=dict, hash=False)
    """Other names of possible values, such as those of the command line."""
    minimum: int = 1
    """The smallest count."""
    sets: str | None = None
    """The property of the scoring processor that has this value."""

    def chosen(self, text: str) -> str | None:
        """The possible value that a text means, in any case and with any punctuation; None if there is none."""
        known = {normalized(alias): value for alias, value in self.aliases.items() if value in self.choices}
        return {**known, **{normalized(one): one for one in self.choices}}.get(normalized(text))

    @property
    def required(self) -> bool:
        """Whether a deployment must set it."""
        return self.default is None and not self.optional

    def spec(self) -> ParameterSpec:
        """The parameter as the flow definition has it."""
        return ParameterSpec(self.name, self.description, self.default, self.kind is Kind.SENSITIVE)


def setting(of: Property, kind: Kind = Kind.TEXT, *, minimum: int = 1, more: str = "") -> Parameter:
    """The parameter that sets a property of the scoring processor: its name, default and choices are the property's."""
    if of.option.parameter is None:
        raise KeyError(of.option.key)
    return Parameter(
        of.option.parameter,
        f"{of.summary} {more}".strip(),
        of.default_value,
        kind,
        optional=of.default_value is None,
        choices=of.choices,
        aliases={one.word: one.label for one in of.option.values if of.choices},
        minimum=minimum,
        sets=of.name,
    )


MODEL = Parameter(
    str(table.MODEL.parameter),
    "The model: an asset (on the canvas: upload it here), or a path on the machine that runs NiFi.",
    kind=Kind.MODEL,
)
LICENCE = Parameter(
    str(table.LICENCE_KEY.parameter),
    f"{table.LICENCE_KEY.meaning} Otherwise leave it without a value.",
    kind=Kind.SENSITIVE,
    optional=True,
    variable=table.LICENCE_KEY.variable,
)


def parameter_specs(*parameters: Parameter) -> list[ParameterSpec]:
    """The parameters of a flow definition.

    Those that name a controller service are not among them. NiFi 2.3 fails at downloading a flow (a
    NullPointerException in NiFiRegistryFlowMapper.mapParameter) in which a property for a service refers to a parameter
    without a value. So a deployment makes the parameter, and lets the property refer to it, where there is a value.
    """
    return [one.spec() for one in parameters if one.kind is not Kind.SERVICE]


@dataclass(frozen=True)
class ScoringRuntime:
    """A processor of this suite, and the kinds of model that it scores with."""

    name: str
    processor: str
    version: str
    models: str
    kinds: frozenset[ModelKind]
    model_property: str = str(table.MODEL.label)
    parameters: Sequence[Parameter] = ()
    """The parameters that its flows have in addition to the template's own."""


_LICENCE_KEY = str(table.LICENCE_KEY.label)

_JVM_OPTIONS, _ = properties.JAVA
(_CPP_WORKERS,) = properties.CPP
_PYTHON = {one.option.key: one for one in properties.PYTHON}

_DAI_MOJOS = frozenset({ModelKind.DAI_MOJO, ModelKind.DAI_MOJO_ARCHIVE})
_MOJOS = _DAI_MOJOS | {ModelKind.H2O3_MOJO}

# The version is ProcessorDetails.version of processors/extensions/; a unit test compares them.
RUNTIMES: Mapping[str, ScoringRuntime] = {
    "java": ScoringRuntime(
        "java",
        "ScoreJavaMojo",
        "0.1.0",
        "a Driverless AI MOJO or an H2O-3 MOJO",
        _MOJOS,
        parameters=(setting(_JVM_OPTIONS, Kind.JVM_OPTIONS, more=_JVM_OPTIONS.more),),
    ),
    "cpp": ScoringRuntime(
        "cpp",
        "ScoreCppMojo",
        "0.1.0",
        "a Driverless AI MOJO",
        _DAI_MOJOS,
        parameters=(setting(_CPP_WORKERS, Kind.COUNT, minimum=0),),
    ),
    "python": ScoringRuntime(
        "python",
        "ScorePythonPipeline",
        "0.1.0",
        "a Driverless AI Python scoring pipeline",
        frozenset({ModelKind.SCORING_PIPELINE}),
        str(table.SCORING_PIPELINE.label),
        (
            setting(_PYTHON[table.PYTHON_COMMAND.key]),
            setting(_PYTHON[table.WORKERS.key], Kind.COUNT),
        ),
    ),
}


@dataclass(frozen=True)
class Template:
    """A flow that this suite ships, for one runtime or several."""

    name: str
    summary: str
    parameters: Sequence[Parameter]
    build: Callable[[ScoringRuntime], Flow]
    runtimes: Sequence[str] = ("java", "cpp", "python")
    validate: Callable[[Mapping[str, str | None]], None] = lambda _: None
    """Raises UsageError for values of the parameters that make no sense, or not together."""
    for_broker: bool = False
    """Whether it needs NiFi's processors for a message broker, which NiFi can do without."""

    def with_runtime(self, runtime: str) -> Template:
        """This template with the further parameters of a runtime."""
        return replace(self, parameters=(*self.parameters, *RUNTIMES[runtime].parameters))

    def parameter(self, name: str) -> Parameter | None:
        """The parameter of that name, if there is one."""
        return next((one for one in self.parameters if one.name == name), None)

    @property
    def sensitive(self) -> frozenset[str]:
        """The parameters whose values are never shown."""
        return frozenset(one.name for one in self.parameters if one.kind is Kind.SENSITIVE)


def scoring_processor(
    runtime: ScoringRuntime,
    at: Point,
    settings: Sequence[Parameter],
    properties: Mapping[str, str | Service],
    auto_terminated: Sequence[str],
    name: str = "Score records",
    model: Parameter = MODEL,
) -> Processor:
    """The scoring processor.

    It takes its properties from the parameters ``settings`` and those of the runtime, but for the ``properties`` that
    the template fixes; others, and those for controller services, stay at the processor's default.
    """
    return Processor(
        name=name,
        type=runtime.processor,
        bundle=Bundle("python-extensions", runtime.version),
        at=at,
        properties={
            runtime.model_property: f"#{{{model.name}}}",
            _LICENCE_KEY: f"#{{{LICENCE.name}}}",
            **{
                one.sets: f"#{{{one.name}}}"
                for one in (*settings, *runtime.parameters)
                if one.sets and one.kind is not Kind.SERVICE
            },
            **properties,
        },
        sensitive=(_LICENCE_KEY,),
        auto_terminated=("original", *auto_terminated),
        # NiFi penalizes the FlowFiles of a Python process that ended, before they are scored again.
        penalty="1 sec",
        comments=f"Scores with {runtime.models}. The attributes scoring.* say which model, how many rows, how long.",
    )
