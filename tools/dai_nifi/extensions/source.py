"""What differs between the processors; ``module.txt`` has what they share."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from pathlib import Path
from string import Template


@dataclass(frozen=True)
class Extension:
    """One processor's words, and the properties that it alone has: their names in the class, and their source."""

    processor: str
    runtime: str
    summary: str
    use_case: str
    docstring: str
    opening: str
    model: str
    tags: tuple[str, ...]
    properties: Mapping[str, str] = field(default_factory=dict)

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
            model=self.model,
            own_tags="".join(f'            "{tag}",\n' for tag in self.tags),
            own_properties="".join(f"    {name} = {text}" for name, text in self.properties.items()),
            own_names="".join(f"            self.{name},\n" for name in self.properties),
        )


JAVA = Extension(
    processor="ScoreJavaMojo",
    runtime="JAVA",
    summary="MOJOs on H2O's Java runtimes",
    use_case="a Driverless AI or H2O-3 MOJO",
    docstring="Scores records with Driverless AI MOJOs (mojo2 runtime) and H2O-3 MOJOs (genmodel).",
    opening="""Scores the records of a FlowFile with a model of H2O Driverless AI (MOJO pipeline) or H2O-3 (MOJO) on
            the Java runtimes.""",
    model="The MOJO to score with: pipeline.mojo or mojo.zip of Driverless AI, or a MOJO of H2O-3. A path on the",
    tags=("mojo",),
    properties={
        "JVM_OPTIONS": '''PropertyDescriptor(
        name="JVM Options",
        description="""Options of the Java virtual machine in the processor's Python process. Large models need a larger
            -Xmx. Takes effect when that process restarts.""",
        required=False,
        default_value="-Xmx768m -XX:+UseSerialGC",
    )
''',
        "MOJO_RUNTIME": '''PropertyDescriptor(
        name="MOJO Runtime",
        description="""A folder with the jars of H2O's MOJO runtime (mojo2-runtime), where they are not in the NAR. Only
            Driverless AI MOJOs need it; those of H2O-3 run without.""",
        required=False,
        resource_definition=ResourceDefinition(allow_directory=True, allow_file=True),
    )
''',
    },
)

CPP = Extension(
    processor="ScoreCppMojo",
    runtime="CPP",
    summary="Driverless AI MOJOs on H2O's C++ runtime",
    use_case="a Driverless AI MOJO, without a Java virtual machine beside Python",
    docstring="Scores records with Driverless AI MOJOs on the C++ runtime (daimojo).",
    opening="""Scores the records of a FlowFile with a model of H2O Driverless AI (MOJO pipeline) on the C++ runtime
            (daimojo), on Linux with x86_64. ScoreJavaMojo gives the same scores anywhere, and for H2O-3 too.""",
    model="The MOJO to score with: pipeline.mojo or mojo.zip of Driverless AI. A path on the",
    tags=("mojo", "c++"),
)

EXTENSIONS = (JAVA, CPP)
