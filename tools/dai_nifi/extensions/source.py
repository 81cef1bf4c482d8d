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
    model_property: str = "Model File"
    model_noun: str = "MOJO"
    model_resource: str = "allow_file=True"
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
            model_property=self.model_property,
            model_attribute=self.model_property.upper().replace(" ", "_"),
            model_noun=self.model_noun,
            model_resource=self.model_resource,
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
    properties={
        "WORKERS": '''PropertyDescriptor(
        name="Workers",
        description="""How many further processes score FlowFiles of more than 1,000 rows, each of which is shared among
            them. They start with the first such FlowFile, and each holds the model in memory. With 0 all is scored in
            NiFi's Python process, which takes longer and holds the model once.""",
        required=True,
        default_value="2",
        validators=[StandardValidators.NON_NEGATIVE_INTEGER_VALIDATOR],
    )
''',
    },
)

PYTHON = Extension(
    processor="ScorePythonPipeline",
    runtime="PYTHON",
    summary="Driverless AI Python scoring pipelines in their own environment",
    use_case="a Driverless AI Python scoring pipeline, which can hold custom recipes",
    docstring="Scores records with Driverless AI Python scoring pipelines, in processes of their own.",
    opening="""Scores the records of a FlowFile with a Python scoring pipeline of H2O Driverless AI, which runs in worker
            processes inside an environment of its own: any Python from 3.6, made from the pipeline's own requirements.""",
    model="The scoring pipeline: scorer.zip, the folder that it unpacks to, or the wheel in it. A path on the",
    tags=("python scoring pipeline", "custom recipe"),
    model_property="Scoring Pipeline",
    model_noun="scorer.zip",
    model_resource="allow_file=True, allow_directory=True",
    properties={
        "PYTHON_ENVIRONMENT": '''PropertyDescriptor(
        name="Python Environment",
        description="""A Python environment that has the pipeline installed: its folder, or its python. Without it one is made,
            once, from the pipeline's requirements, which may take minutes; the processor becomes valid when it is ready.""",
        required=False,
        resource_definition=ResourceDefinition(allow_file=True, allow_directory=True),
    )
''',
        "PYTHON_COMMAND": '''PropertyDescriptor(
        name="Python Command",
        description="""The Python to make an environment with: that of the Driverless AI that trained the model, such as python3.8 or
            python3.11, or a whole path.""",
        required=True,
        default_value="python3",
        validators=[StandardValidators.NON_EMPTY_VALIDATOR],
    )
''',
        "ENVIRONMENT_FOLDER": '''PropertyDescriptor(
        name="Environment Folder",
        description="""Where environments are made and kept; each pipeline has its own in it. The default is a cache folder of the
            user that runs NiFi.""",
        required=False,
    )
''',
        "WHEEL_FOLDER": '''PropertyDescriptor(
        name="Wheel Folder",
        description="""A folder with the wheels of all packages that the pipeline requires, for machines without a way to the
            package index.""",
        required=False,
        resource_definition=ResourceDefinition(allow_directory=True),
    )
''',
        "WORKERS": '''PropertyDescriptor(
        name="Workers",
        description="""How many processes score at the same time, at most. Each holds the whole pipeline in memory. More than
            Concurrent Tasks are never used.""",
        required=True,
        default_value="1",
        validators=[StandardValidators.POSITIVE_INTEGER_VALIDATOR],
    )
''',
        "START_TIMEOUT": """PropertyDescriptor(
        name="Start Timeout",
        description="How long a worker may take to load the pipeline.",
        required=True,
        default_value="5 mins",
        validators=[StandardValidators.TIME_PERIOD_VALIDATOR],
    )
""",
        "SCORE_TIMEOUT": '''PropertyDescriptor(
        name="Score Timeout",
        description="""How long a worker may take for Batch Rows rows. One that takes longer is ended and replaced; after a second
            try the FlowFile goes to 'failure'.""",
        required=True,
        default_value="5 mins",
        validators=[StandardValidators.TIME_PERIOD_VALIDATOR],
    )
''',
        "APPLY_DATA_RECIPES": '''PropertyDescriptor(
        name="Apply Data Recipes",
        description="""Whether the pipeline applies its data recipes first: 'true' for rows that are as the data was before them,
            'false' for rows that are as these make them.""",
        required=True,
        default_value="false",
        allowable_values=["false", "true"],
    )
''',
    },
)

EXTENSIONS = (JAVA, CPP, PYTHON)
