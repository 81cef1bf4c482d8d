"""The template batch-files: files in one folder, their scores in another."""

from __future__ import annotations

from collections.abc import Mapping, Sequence

from dai_nifi.flows import folders
from dai_nifi.flows.builder import UPDATE_ATTRIBUTE, Connection, Flow, Label, Point, Processor, again, zone
from dai_nifi.flows.common import LICENCE, MODEL, Kind, Parameter, ScoringRuntime, Template, scoring, specs
from dai_nifi.flows.settings import settings

NAME = "batch-files"
SUMMARY = "Score the files that appear in a folder: scores, rejected rows and failed files go to folders of their own."

INPUT = "input.directory"
OUTPUT = "output.directory"
REJECTED = "rejected.directory"
FAILED = "failed.directory"

SETTINGS = settings()

PARAMETERS = (
    Parameter(
        INPUT,
        "Where files with rows are put, on the machine that runs NiFi. Must exist. Files are removed as they are "
        "taken; subfolders are left alone.",
        kind=Kind.DIRECTORY,
    ),
    Parameter(OUTPUT, "Where the scored files go, under their own names.", kind=Kind.DIRECTORY),
    Parameter(REJECTED, "Where rows that could not be scored go, with the reason in each.", kind=Kind.DIRECTORY),
    Parameter(
        FAILED,
        "Where files go that could not be scored at all, each with a NAME.error.json that says why.",
        kind=Kind.DIRECTORY,
    ),
    Parameter(
        "minimum.age",
        "A file is taken when it has not changed for this long, so that one still being written is not. "
        "Safer for slow writers: write as NAME.part or .NAME and rename when done.",
        "2 sec",
    ),
    MODEL,
    LICENCE,
    *SETTINGS,
)

# Names that programs give to files that they still write; also everything hidden.
UNFINISHED = r"(?i)(?!\.)(?!.*\.(tmp|temp|part|partial|filepart|crdownload|swp)$)(?!.*~$).+"

# What FILE.error.json holds.
_REASON = (
    '{"file": "${filename:escapeJson()}", '
    '"code": "${scoring.error.code:replaceEmpty(\'internal\'):escapeJson()}", '
    '"message": "${scoring.error:replaceEmpty(\'The scoring processor failed; the log of NiFi says why.\')'
    ':escapeJson()}", '
    '"time": "${now():format("yyyy-MM-dd\'T\'HH:mm:ssXXX")}"}\n'
)

_FIRST, _SECOND, _THIRD, _FOURTH, _FIFTH, _SIXTH = 0, 608, 1216, 1824, 2432, 3040
_REJECT_ROW, _SCORE_ROW, _FAIL_ROW = 0, 352, 704


def build(runtime: ScoringRuntime) -> Flow:
    """Put the flow together for a runtime."""
    take = Processor(
        name="Take files",
        type="org.apache.nifi.processors.standard.GetFile",
        at=(_FIRST, _SCORE_ROW),
        properties={
            "Input Directory": f"#{{{INPUT}}}",
            "File Filter": UNFINISHED,
            "Batch Size": "10",
            # NiFi deletes the original once the FlowFile is safe in its repositories: whatever happens in between,
            # the file is there, in NiFi or in the folder. ListFile would skip files older than the last it saw.
            "Keep Source File": "false",
            # The other folders may lie inside this one.
            "Recurse Subdirectories": "false",
            "Polling Interval": "0 sec",
            "Ignore Hidden Files": "true",
            "Minimum File Age": "#{minimum.age}",
        },
        # The nodes of a cluster would race for the same files; one takes them, and all score.
        node="PRIMARY",
        comments="Looks every second. Leaves hidden and unfinished files (such as *.part and *.tmp) alone.",
    )
    score = scoring(runtime, (_SECOND, _SCORE_ROW), SETTINGS, {}, ends=())
    scores = _writer("Write scores", OUTPUT, (_THIRD, _SCORE_ROW), ends=("success",))
    rejected = _writer("Write rejected rows", REJECTED, (_THIRD, _REJECT_ROW), ends=("success",))
    failed = _writer("Write failed files", FAILED, (_THIRD, _FAIL_ROW))
    describe = Processor(
        name="Describe the failure",
        type="org.apache.nifi.processors.standard.ReplaceText",
        at=(_FOURTH, _FAIL_ROW),
        properties={
            "Replacement Strategy": "Always Replace",
            "Evaluation Mode": "Entire text",
            "Replacement Value": _REASON,
        },
        # It does not look at the contents, so there is none that it could fail for.
        ends=("failure",),
        comments="Attributes are lost on disk, so code and message become a file beside the failed one.",
    )
    name = Processor(
        name="Name it FILE.error.json",
        type="org.apache.nifi.processors.attributes.UpdateAttribute",
        bundle=UPDATE_ATTRIBUTE,
        at=(_FIFTH, _FAIL_ROW),
        properties={"Store State": "Do not store state", "filename": "${filename}.error.json"},
        dynamic=("filename",),
    )
    reasons = _writer("Write reasons", FAILED, (_SIXTH, _FAIL_ROW), ends=("success",))
    return Flow(
        name=NAME,
        comments=SUMMARY,
        parameters=specs(*PARAMETERS, *runtime.parameters),
        processors=[take, score, scores, rejected, failed, describe, name, reasons],
        connections=[
            # Files wait in their folder rather than here: at most this many are under way.
            Connection("files", take, ["success"], score, most_flowfiles=100, most_data="10 GB", balance="ROUND_ROBIN"),
            Connection("scored rows", score, ["success"], scores, most_data="10 GB"),
            Connection("rejected rows", score, ["rejected"], rejected, [(score.middle[0], rejected.middle[1])]),
            Connection("failed files", score, ["failure"], failed, [(score.middle[0], failed.middle[1])]),
            Connection("files that failed", failed, ["success"], describe),
            Connection("reason as JSON", describe, ["success"], name),
            Connection("FILE.error.json", name, ["success"], reasons),
            *(again(one) for one in (scores, rejected, failed, reasons)),
        ],
        labels=_labels(),
    )


def _writer(name: str, directory: str, at: Point, ends: Sequence[str] = ()) -> Processor:
    return Processor(
        name=name,
        type="org.apache.nifi.processors.standard.PutFile",
        at=at,
        properties={
            "Directory": f"#{{{directory}}}",
            # A file comes twice if NiFi is killed just before it removes the original: the second replaces the first.
            "Conflict Resolution Strategy": "replace",
            "Create Missing Directories": "true",
        },
        ends=ends,
        penalty="10 sec",
        comments=f"Writes to {directory}, made if missing; a file of the same name there is replaced. "
        "What cannot be written (disk full, no permission) is tried again every 10 seconds.",
    )


def _labels() -> list[Label]:
    # NiFi's own panels lie over the upper left corner: nothing is there.
    return [
        Label(
            "Scoring of files\n\n"
            "Files that appear in (input.directory) are taken, scored and removed from there. CSV, JSON, JSON lines, "
            "Avro, Parquet and Arrow are recognised; results have the same format and file name.\n\n"
            "A file that is still being written is left alone until it has not changed for (minimum.age).",
            (_FIRST - 656, _FAIL_ROW),
            (592, 240),
            font_size=18,
        ),
        Label(
            "To run it\n\n"
            "1. Right-click the canvas, Parameters: set model.file (upload the model as an asset), the four folders "
            "(all different, on NiFi's machine) and, for models that need one, licence.key.\n"
            "2. Right-click the canvas, Start, and put a file into (input.directory).",
            (_FIRST, _REJECT_ROW - 256),
            (_THIRD + 2208, 160),
            "#dcefdc",
            18,
        ),
        zone("Rows that cannot be scored, to (rejected.directory)", (_THIRD, _REJECT_ROW), 1, "#fdf0d5"),
        zone("Scores, to (output.directory)", (_THIRD, _SCORE_ROW), 1, "#e3f1e3"),
        zone(
            "Files that cannot be scored at all, to (failed.directory), each with a FILE.error.json that says why",
            (_THIRD, _FAIL_ROW),
            4,
            "#fbe6e3",
        ),
    ]


def try_out(group: str, values: Mapping[str, str | None], timeout: float) -> None:
    """Let NiFi look whether it may change the folders, or make those for its output; raises InvalidFlowError if not."""
    folders.check_input(group, INPUT, values[INPUT] or "", timeout)
    folders.check_outputs(group, {name: values[name] or "" for name in (OUTPUT, REJECTED, FAILED)}, timeout)


TEMPLATE = Template(NAME, SUMMARY, PARAMETERS, build, try_out=try_out)
