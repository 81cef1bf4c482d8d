"""What the scoring processors and the command dai-nifi exchange through NiFi.

Both import this package, and it imports nothing: the archives contain it together with the processors, and the command
does not need the processors. What they exchange:

- the file :data:`NEXT_MODEL_FILE`, by which dai-nifi asks a processor to load another model (keys: :class:`NextModel`);
- the processor's component state in NiFi, by which it answers (keys: :class:`State`);
- codes in validation messages and problems, such as ``[licence] the licence has ended`` (:func:`with_code`), and how
  bulletins about FlowFiles begin (:data:`CANNOT_SCORE`);
- the environment variable :data:`CACHE`, by which both find the environments of scoring pipelines;
- NiFi's counters, which the processors' Java helper names (:class:`Counter`).
"""

YES, NO = "yes", "no"

CACHE = "DAI_NIFI_CACHE"
"""The environment variable that names the folder of what is made or fetched once."""

NEXT_MODEL_FILE = "next-model.json"
"""The asset with the request to load a model. It lies in the folder of the present model; no parameter refers to it."""


class NextModel:
    """The keys of the JSON object in :data:`NEXT_MODEL_FILE`."""

    MODEL = "model"
    """The file of the next model, in the same folder."""
    REPLACES = "replaces"
    """The file of the model that it replaces: there may be two models in the folder."""
    TRY_ROW = "try_row"
    """Whether to score a row without values before the model counts as loaded."""
    REQUEST = "request"
    """An id that the answer repeats, so that it is not taken for the answer to an earlier request."""


class State:
    """The keys of a processor's component state: what it scores with, and what became of the next model."""

    SCORES = "scores"
    """YES, or NO while a processor that was started cannot score."""
    PROBLEM = "problem"
    """Why it cannot."""
    MODEL_ID, MODEL_SHA256, MODEL_FILE, MODEL_KIND = "model.id", "model.sha256", "model.file", "model.kind"
    RUNTIME = "runtime"
    """The model's runtime and its version."""
    PYTHON, PYTHON_PROCESS = "python", "python.process"
    """The version of the Python that runs the processor, and its process id."""

    NEXT_STATE = "next.state"
    """READY, REFUSED or WAITING."""
    NEXT_FILE, NEXT_SHA256, NEXT_REQUEST = "next.file", "next.sha256", "next.request"
    NEXT_PROBLEM = "next.problem"
    """Why the next model was refused, or what it waits for."""
    NEXT_STEP = "next.step"
    """What is being installed, while the next model waits for its Python environment."""


READY, REFUSED, WAITING = "ready", "refused", "waiting"

LONGEST_PROBLEM = 1000
"""Characters of a problem that the component state holds at most."""


def not_scoring(problem: str) -> "dict[str, str]":
    """The component state of a processor that was started and cannot score, and why."""
    return {State.SCORES: NO, State.PROBLEM: " ".join(problem.split())[:LONGEST_PROBLEM]}


class Code:
    """Codes at the beginning of a processor's messages that dai-nifi reacts to."""

    ENVIRONMENT_BEING_MADE = "environment_being_made"
    """The Python environment of a scoring pipeline is being made; the detail is the present step."""
    JAVA_RESTARTING = "java_restarting"
    """The Python process ends and starts again, since Java needs other settings."""
    LICENCE = "licence"
    """There is no licence for the model, or it has ended."""


_CODES = (Code.ENVIRONMENT_BEING_MADE, Code.JAVA_RESTARTING, Code.LICENCE)

CANNOT_SCORE = "Cannot score "
"""How a bulletin about a FlowFile begins that goes to failure; it says nothing of the model."""


class Counter:
    """NiFi's counters of a processor: ``NAME, model ID``, as ``Counters.java`` writes them."""

    ROWS_SCORED, ROWS_REJECTED = "rows scored", "rows rejected"
    FLOWFILES_FAILED = "FlowFiles failed"
    MICROSECONDS = "microseconds scoring"
    LEVELS_UNSEEN = "levels unseen"
    LEVELS_UNSEEN_IN_COLUMN = "levels unseen in column "
    """Followed by the name of the column."""
    OF_MODEL = ", model "


def with_code(code: str, message: str, detail: str = "") -> str:
    """The message with a code in front of it, and a detail in the code: ``[code: detail] message``."""
    kept = detail.replace("[", "(").replace("]", ")")
    return f"[{code}{': ' + kept if kept else ''}] {message}"


def find_code(message: str) -> "tuple[str, str] | None":
    """The code that :func:`with_code` put into a message and its detail; None if there is no known code.

    NiFi puts its own text in front of a validation message, so the code may be anywhere in it.
    """
    for code in _CODES:
        for end in ("]", ": "):
            _, found, rest = message.partition(f"[{code}{end}")
            if found:
                return code, "" if end == "]" else rest.partition("]")[0]
    return None


def has_code(message: str, code: str) -> bool:
    """Whether a message carries this code."""
    found = find_code(message)
    return found is not None and found[0] == code
