"""The template batch-files: files in one folder, their scores in another."""

from __future__ import annotations

from dai_nifi.flows.builder import Connection, Flow, Label, Point, Processor
from dai_nifi.flows.common import LICENCE, MODEL, Kind, Parameter, ScoringRuntime, Template, scoring

NAME = "batch-files"
SUMMARY = "Score the files that appear in a folder: scores, rejected rows and failed files go to folders of their own."

INPUT = "input.directory"
OUTPUT = "output.directory"
REJECTED = "rejected.directory"
FAILED = "failed.directory"

PARAMETERS = (
    Parameter(
        INPUT,
        "Where files with rows are put, on the machine that runs NiFi. Must exist. Files are removed as they are taken; "
        "subfolders are left alone.",
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
)

# Names that programs give to files that they still write; also everything hidden.
UNFINISHED = r"(?i)(?!\.)(?!.*\.(tmp|temp|part|partial|filepart|crdownload|swp)$)(?!.*~$).+"

_FIRST, _SECOND, _THIRD, _FOURTH, _FIFTH = 0, 680, 1360, 2040, 2720
_SCORE_ROW, _REJECT_ROW, _FAIL_ROW, _SIDECAR_ROW = 220, 520, 820, 1040


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
        comments="Looks every second. Leaves hidden and unfinished files (such as *.part and *.tmp) alone.",
    )
    score = scoring(runtime, (_SECOND, _SCORE_ROW), {"Bad Rows": "route to rejected"}, ends=())
    scores = _writer("Write scores", OUTPUT, (_THIRD, _SCORE_ROW))
    rejected = _writer("Write rejected rows", REJECTED, (_THIRD, _REJECT_ROW))
    describe = Processor(
        name="Describe the failure",
        type="org.apache.nifi.processors.standard.ReplaceText",
        at=(_THIRD, _SIDECAR_ROW),
        properties={
            "Replacement Strategy": "Always Replace",
            "Evaluation Mode": "Entire text",
            "Replacement Value": '{"file": "${filename:escapeJson()}", '
            "\"code\": \"${scoring.error.code:replaceEmpty('internal'):escapeJson()}\", "
            "\"message\": \"${scoring.error:replaceEmpty('The scoring processor failed; the log of NiFi says why.')"
            ":escapeJson()}\", "
            '"time": "${now():format("yyyy-MM-dd\'T\'HH:mm:ssXXX")}"}\n',
        },
        # Only a FlowFile beyond NiFi's limits could fail here, and this one does not depend on its contents.
        ends=("failure",),
        comments="Attributes are lost on disk, so code and message become a file beside the failed one.",
    )
    name = Processor(
        name="Name it FILE.error.json",
        type="org.apache.nifi.processors.attributes.UpdateAttribute",
        at=(_FOURTH, _SIDECAR_ROW),
        properties={"Store State": "Do not store state", "filename": "${filename}.error.json"},
        dynamic=("filename",),
    )
    failed = _writer("Write failed files", FAILED, (_FIFTH, _FAIL_ROW))
    writers = (scores, rejected, failed)
    return Flow(
        name=NAME,
        comments=SUMMARY,
        parameters=[one.spec() for one in PARAMETERS],
        processors=[take, score, scores, rejected, describe, name, failed],
        connections=[
            # Files wait in their folder rather than here: at most this many are under way.
            Connection("files", take, ["success"], score, most_flowfiles=100, most_data="10 GB"),
            Connection("scored rows", score, ["success"], scores, most_data="10 GB"),
            Connection(
                "rejected rows", score, ["rejected"], rejected, bends=[(score.middle[0] + 60, rejected.middle[1])]
            ),
            Connection("failed file", score, ["failure"], failed, bends=[(score.middle[0], failed.middle[1])]),
            Connection(
                "its reason", score, ["failure"], describe, bends=[(score.middle[0] - 60, describe.middle[1])]
            ),
            Connection("reason as JSON", describe, ["success"], name),
            Connection("FILE.error.json", name, ["success"], failed, bends=[(failed.middle[0], name.middle[1])]),
            *(_again(one) for one in writers),
        ],
        labels=_labels(),
    )


def _writer(name: str, directory: str, at: Point) -> Processor:
    return Processor(
        name=name,
        type="org.apache.nifi.processors.standard.PutFile",
        at=at,
        properties={
            "Directory": f"#{{{directory}}}",
            # A file may come twice if NiFi is killed just before it removes the original: the second replaces the first.
            "Conflict Resolution Strategy": "replace",
            "Create Missing Directories": "true",
        },
        ends=("success",),
        penalty="10 sec",
        comments=f"Writes to {directory}, made if missing; a file of the same name there is replaced. "
        "What cannot be written (disk full, no permission) is tried again every 10 seconds.",
    )


def _again(writer: Processor) -> Connection:
    right, top = writer.at[0] + 352 + 60, writer.at[1]
    return Connection("try again", writer, ["failure"], writer, bends=[(right, top + 30), (right, top + 98)])


def _labels() -> list[Label]:
    return [
        Label(
            "Scoring of files\n\n"
            "Files that appear in [input.directory] are taken, scored and removed from there. CSV, JSON, JSON lines, "
            "Avro, Parquet and Arrow are recognised; results have the same format and the same file name.",
            (_FIRST - 40, -180),
            (1400, 130),
        ),
        Label(
            "To run it: right-click the canvas > Parameters, set model.file (the model, as an asset), the four folders "
            "(all different) and, for models that need one, licence.key. Then start the group.",
            (_FIRST - 40 + 1440, -180),
            (1792, 130),
            "#dcefdc",
        ),
        Label("Scores, in [output.directory]", (_THIRD - 40, _SCORE_ROW - 70), (620, 238), "#e3f1e3"),
        Label("Rows that cannot be scored, in [rejected.directory]", (_THIRD - 40, _REJECT_ROW - 70), (620, 238), "#fdf0d5"),
        Label(
            "Files that cannot be scored at all, in [failed.directory]", (_THIRD - 40, _FAIL_ROW - 70), (1980, 458), "#fbe6e3"
        ),
    ]


TEMPLATE = Template(NAME, SUMMARY, PARAMETERS, build)
