"""What differs between the processors; ``module.txt`` has what they share."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path
from string import Template

from dai_nifi.extensions import properties
from dai_nifi.extensions.properties import Property
from dai_scoring import options as table


@dataclass(frozen=True)
class Extension:
    """What is different about one processor: its texts, its model and the properties of its runtime."""

    processor: str
    runtime: str
    summary: str
    use_case: str
    docstring: str
    opening: str
    model: Property
    tags: tuple[str, ...]
    own: tuple[Property, ...]
    model_noun: str = "MOJO"

    @property
    def properties(self) -> tuple[Property, ...]:
        """All its properties, in the order in which NiFi shows them."""
        return (self.model, *properties.SHARED, *self.own)

    def module(self) -> str:
        """The source of the processor's module."""
        template = Template((Path(__file__).parent / "module.txt").read_text(encoding="utf-8"))
        return template.substitute(
            processor=self.processor,
            runtime=self.runtime,
            summary=self.summary,
            use_case=self.use_case,
            docstring=self.docstring,
            opening=self.opening,
            model_property=self.model.name,
            model_noun=self.model_noun,
            own_tags="".join(f'            "{tag}",\n' for tag in self.tags),
            properties="".join(one.source() for one in self.properties),
            names="".join(f"            self.{one.attribute},\n" for one in self.properties),
        )


JAVA = Extension(
    processor="ScoreJavaMojo",
    runtime="JAVA",
    summary="MOJOs on H2O's Java runtimes",
    use_case="a Driverless AI or H2O-3 MOJO",
    docstring="Scores records with Driverless AI MOJOs (mojo2 runtime) and H2O-3 MOJOs (genmodel).",
    opening="""Scores the records of a FlowFile with a model of H2O Driverless AI (MOJO pipeline) or H2O-3 (MOJO) on
            the Java runtimes.""",
    model=properties.model(
        table.MODEL,
        "The MOJO to score with: pipeline.mojo or mojo.zip of Driverless AI, or a MOJO of H2O-3.",
        "allow_file=True",
    ),
    tags=("mojo",),
    own=properties.JAVA,
)

CPP = Extension(
    processor="ScoreCppMojo",
    runtime="CPP",
    summary="Driverless AI MOJOs on H2O's C++ runtime",
    use_case="a Driverless AI MOJO, without a second Java virtual machine",
    docstring="Scores records with Driverless AI MOJOs on the C++ runtime (daimojo).",
    opening="""Scores the records of a FlowFile with a model of H2O Driverless AI (MOJO pipeline) on the C++ runtime
            (daimojo), on Linux with x86_64. ScoreJavaMojo gives the same scores anywhere, and for H2O-3 too.""",
    model=properties.model(
        table.MODEL, "The MOJO to score with: pipeline.mojo or mojo.zip of Driverless AI.", "allow_file=True"
    ),
    tags=("mojo", "c++"),
    own=properties.CPP,
)

PYTHON = Extension(
    processor="ScorePythonPipeline",
    runtime="PYTHON",
    summary="Driverless AI Python scoring pipelines in their own environment",
    use_case="a Driverless AI Python scoring pipeline, which can hold custom recipes",
    docstring="Scores records with Driverless AI Python scoring pipelines, in separate processes.",
    opening="""Scores the records of a FlowFile with a Python scoring pipeline of H2O Driverless AI, which runs in worker
            processes with its own environment: any Python from 3.6, made from the pipeline's own requirements.""",
    model=properties.model(table.SCORING_PIPELINE, "", "allow_file=True, allow_directory=True"),
    tags=("python scoring pipeline", "custom recipe"),
    model_noun="scorer.zip",
    own=properties.PYTHON,
)

EXTENSIONS = (JAVA, CPP, PYTHON)
