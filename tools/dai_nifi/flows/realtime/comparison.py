"""What realtime-champion-challenger does with copies: the challenger scores them, and both are compared."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

from dai_nifi.flows import record_services
from dai_nifi.flows.common import Kind, Parameter, ScoringRuntime, scoring_processor
from dai_nifi.flows.parts import COLUMN, Connection, Label, Point, Processor, Service, background, retry_queue
from dai_nifi.flows.settings import BATCH_ROWS, MISSING_COLUMNS, MISSING_LITERALS

CHALLENGER = Parameter(
    "challenger.file",
    "The other model: an asset (on the canvas: upload it here), or a path on the machine that runs NiFi. "
    "dai-nifi deploy takes a file of its own machine.",
    kind=Kind.MODEL,
)
COLUMN_COMPARED = "agreement.column"
TOLERANCE = "agreement.tolerance"
DISAGREEMENTS = "disagreements.directory"

PARAMETERS = (
    Parameter(COLUMN_COMPARED, "The prediction in which the two are compared, such as predict."),
    Parameter(
        TOLERANCE,
        "How far apart two numbers may be and still agree, such as 0.05. With 0 they are compared as text, as labels "
        "are.",
        "0",
    ),
    Parameter(
        DISAGREEMENTS,
        "Where rows go in which the two do not agree, with the predictions of both, on the machine that runs NiFi.",
        kind=Kind.DIRECTORY,
    ),
)

PREFIX = "challenger_"

# The names of the processors whose counters dai-nifi status shows.
COUNT_AGREEMENT, COUNT_DISAGREEMENT = "Count agreement", "Count disagreement"
COUNT_LOST = "Count what was not compared"

_ONE, _OTHER = f'"#{{{COLUMN_COMPARED}}}"', f'"{PREFIX}#{{{COLUMN_COMPARED}}}"'
_AS_TEXT = f"CAST({_ONE} AS VARCHAR) = CAST({_OTHER} AS VARCHAR)"
_AS_NUMBERS = f"ABS(CAST({_ONE} AS DOUBLE) - CAST({_OTHER} AS DOUBLE)) <= #{{{TOLERANCE}}}"
_AGREE = f"(CASE WHEN #{{{TOLERANCE}}} > 0 THEN {_AS_NUMBERS} ELSE {_AS_TEXT} END)"

AGREE_ROW, COPY_ROW, LOST_ROW = 1280, 1568, 1856


def at_column(column: int, row: int) -> Point:
    """The place of a box, by its column."""
    return column * COLUMN, row


@dataclass(frozen=True)
class Copies:
    """What happens to the requests that the challenger sees as well, after they have been answered."""

    chosen: Processor
    processors: list[Processor]
    services: list[Service]
    connections: list[Connection]


def copies(runtime: ScoringRuntime, chosen_when: str) -> Copies:
    """Put it together; ``chosen_when`` is an expression that selects the answered requests to copy."""
    reader = record_services.record_reader(
        "Read both predictions", "json.JsonTreeReader", {"schema-access-strategy": "infer-schema"}
    )
    writer = record_services.record_writer(
        "Write both predictions", "json.JsonRecordSetWriter", {"output-grouping": "output-oneline"}
    )
    chosen = Processor(
        name="Is it copied?",
        type="org.apache.nifi.processors.standard.RouteOnAttribute",
        at=at_column(2, COPY_ROW),
        properties={
            "Routing Strategy": "Route to Property name",
            "copied": chosen_when,
        },
        dynamic=("copied",),
        auto_terminated=("unmatched",),
        comments="The client has its answer by now: nothing that happens here can touch it.",
    )
    score = scoring_processor(
        runtime,
        at_column(3, COPY_ROW),
        (MISSING_COLUMNS, MISSING_LITERALS, BATCH_ROWS),
        {"Bad Rows": "route to rejected", "Prediction Prefix": PREFIX, "Output Format": "json-lines"},
        auto_terminated=(),
        name="Score a copy with the challenger",
        model=CHALLENGER,
    )
    compare = Processor(
        name="Do they agree?",
        type="org.apache.nifi.processors.standard.QueryRecord",
        at=at_column(4, COPY_ROW),
        properties={
            "record-reader": reader,
            "record-writer": writer,
            "include-zero-record-flowfiles": "false",
            "agree": f"SELECT * FROM FLOWFILE WHERE {_AGREE} IS TRUE",
            "disagree": f"SELECT * FROM FLOWFILE WHERE {_AGREE} IS NOT TRUE",
        },
        dynamic=("agree", "disagree"),
        auto_terminated=("original",),
        comments=f"Compares {COLUMN_COMPARED} with {PREFIX}{COLUMN_COMPARED}, row by row.",
    )
    agree = _counter(
        COUNT_AGREEMENT, "rows in which champion and challenger agree", AGREE_ROW, auto_terminated=("success",)
    )
    disagree = _counter(COUNT_DISAGREEMENT, "rows in which champion and challenger disagree", COPY_ROW)
    lost = _counter(COUNT_LOST, "rows or requests not compared", LOST_ROW, auto_terminated=("success",))
    gather = Processor(
        name="Gather for 10 seconds",
        type="org.apache.nifi.processors.standard.MergeContent",
        at=at_column(6, COPY_ROW),
        properties={
            "Merge Strategy": "Bin-Packing Algorithm",
            "Minimum Number of Entries": "1000",
            "Maximum Number of Entries": "1000",
            "Max Bin Age": "10 sec",
            "Delimiter Strategy": "Text",
            "Demarcator File": "\n",
        },
        auto_terminated=("original", "failure"),
    )
    write = Processor(
        name="Write disagreements",
        type="org.apache.nifi.processors.standard.PutFile",
        at=at_column(7, COPY_ROW),
        properties={
            "Directory": f"#{{{DISAGREEMENTS}}}",
            "Conflict Resolution Strategy": "replace",
            "Create Missing Directories": "true",
        },
        auto_terminated=("success",),
        penalty="10 sec",
        comments=f"JSON lines, to {DISAGREEMENTS}, made if missing.",
    )
    return Copies(
        chosen,
        [chosen, score, compare, agree, disagree, lost, gather, write],
        [reader, writer],
        [
            # No limit, or answers would wait for it. What the challenger does not score within a minute is dropped.
            Connection(
                "copies",
                chosen,
                ["copied"],
                score,
                back_pressure_flowfiles=0,
                back_pressure_bytes="0 B",
                expiration="1 min",
            ),
            Connection("both predictions", score, ["success"], compare),
            Connection("agree", compare, ["agree"], agree, [(compare.middle[0], agree.middle[1])]),
            Connection("disagree", compare, ["disagree"], disagree),
            Connection("not scored", score, ["rejected", "failure"], lost, [(score.middle[0], lost.middle[1])]),
            Connection("not compared", compare, ["failure"], lost, [(compare.middle[0], lost.at[1] + 24)]),
            Connection("rows", disagree, ["success"], gather),
            Connection("file", gather, ["merged"], write),
            retry_queue(write),
        ],
    )


def _counter(name: str, counted: str, row: int, auto_terminated: Sequence[str] = ()) -> Processor:
    return Processor(
        name=name,
        type="org.apache.nifi.processors.standard.UpdateCounter",
        at=at_column(5, row),
        properties={"counter-name": counted, "delta": "${record.count:replaceEmpty('1')}"},
        auto_terminated=auto_terminated,
        comments="Shown under Counters in NiFi's menu.",
    )


def labels() -> list[Label]:
    """The labels behind them."""
    return [
        background(
            "Copies for the challenger, once the client has its answer", at_column(2, COPY_ROW), 3, "#e8e4f5", 208
        ),
        background("Agreement: see Counters in NiFi's menu", at_column(5, AGREE_ROW), 1, "#e3f1e3", 208),
        background("Disagreement, to (disagreements.directory)", at_column(5, COPY_ROW), 3, "#fdf0d5", 272),
        background("Not compared", at_column(5, LOST_ROW), 1, "#fbe6e3", 208),
    ]
