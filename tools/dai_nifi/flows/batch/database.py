"""The template batch-database: new rows of one table, their scores in another."""

from __future__ import annotations

import re
from collections.abc import Mapping
from dataclasses import replace

from dai_nifi.drivers import postgresql
from dai_nifi.errors import UsageError
from dai_nifi.flows import record_services
from dai_nifi.flows.builder import BOX_HEIGHT, Bundle, Connection, Flow, Label, Point, Processor, Service, again, zone
from dai_nifi.flows.common import LICENCE, MODEL, Kind, Parameter, ScoringRuntime, Template, scoring, specs
from dai_nifi.flows.settings import (
    BAD_ROWS,
    ID_COLUMNS,
    INPUT_FORMAT,
    OUTPUT_COLUMNS,
    OUTPUT_FORMAT,
    RECORD_READER,
    RECORD_WRITER,
    settings,
)
from dai_nifi.operations.deployment import database
from dai_scoring.options import BadRows
from dai_scoring.progress import Progress

NAME = "batch-database"
SUMMARY = "Score the new rows of a database table: scores and rejected rows go to tables of their own."

URL = "database.url"
DRIVER = "database.driver"
DRIVER_CLASS = "database.driver.class"
TYPE = "database.type"
SCHEMA = "database.schema"
SOURCE = "source.table"
WHERE = "source.where"
KEY = "key.column"
KEPT = "kept.columns"
TARGET = "target.table"
REJECTED = "rejected.table"
PAGE = "page.rows"
INTERVAL = "poll.interval"

# A row of the target table is its key, kept columns and predictions, and records come as Avro. Rejected rows have a
# table of their own.
SETTINGS = tuple(
    replace(one, choices=(BadRows.REJECT.value, BadRows.FAIL.value)) if one.name == BAD_ROWS.name else one
    for one in settings(without=(OUTPUT_COLUMNS, ID_COLUMNS, INPUT_FORMAT, OUTPUT_FORMAT, RECORD_READER, RECORD_WRITER))
)

PARAMETERS = (
    Parameter(URL, "Where the database is, such as jdbc:postgresql://db.example.com:5432/sales. Without a password."),
    Parameter("database.user", "The user to log in as: reads the source table, writes the other two."),
    Parameter(
        "database.password",
        "That user's password. dai-nifi deploy takes it from the environment variable DATABASE_PASSWORD.",
        kind=Kind.SENSITIVE,
        optional=True,
        variable="DATABASE_PASSWORD",
    ),
    Parameter(
        DRIVER,
        "The JDBC driver: an asset (on the canvas: upload its jar here), or a path on the machine that runs NiFi. "
        "dai-nifi deploy takes a file of its own machine, and fetches PostgreSQL's by itself.",
        kind=Kind.ASSET,
        optional=True,
    ),
    Parameter(DRIVER_CLASS, "The name of the driver's class.", postgresql.CLASS),
    Parameter(
        TYPE, "What kind of database: PostgreSQL, MySQL, Oracle 12+ or MS SQL 2012+, as NiFi calls them.", "PostgreSQL"
    ),
    Parameter(SCHEMA, "The schema that the target and rejected tables are in; with MySQL, the database.", "public"),
    Parameter(SOURCE, "The table whose rows are scored; with its schema, such as sales.orders, where it needs one."),
    Parameter(
        WHERE,
        "An SQL condition for the rows to take. Rows with a lower key than one already taken are never seen: where "
        "keys are given out long before their transactions end, say here which rows are old enough.",
        "1 = 1",
    ),
    Parameter(KEY, "The column that tells the rows apart and grows with every new one, such as id."),
    Parameter(
        KEPT,
        "Columns of the source table that the target table has beside the key, separated by commas.",
        optional=True,
    ),
    Parameter(TARGET, "The table for the scores: the key, as its primary key, and a column for each prediction."),
    Parameter(
        REJECTED,
        "The table for rows that could not be scored: the key, as its primary key, and the text columns _reject_code, "
        "_reject_column and _reject_value; also any others of the source table.",
        "rejected_rows",
    ),
    Parameter(INTERVAL, "How long to wait before looking for new rows again.", "10 sec"),
    Parameter(PAGE, "How many rows are read, scored and written together, at most.", "20000"),
    MODEL,
    LICENCE,
    *SETTINGS,
)

_FIRST, _SECOND, _THIRD = 0, 608, 1216
_REJECT_ROW, _SCORE_ROW, _FAIL_ROW = 0, 352, 704

# As people write it into an address, or as drivers name the property.
_PASSWORD = re.compile(r"(?i)//[^/@]*:[^/@]*@|[?&;][a-z]*password=")


def build(runtime: ScoringRuntime) -> Flow:
    """Put the flow together for a runtime."""
    pool = _pool()
    writer = record_services.record_writer(
        "Write pages as Avro",
        "avro.AvroRecordSetWriter",
        {"Schema Write Strategy": "avro-embedded"},
        "Avro keeps the types of the columns. Times are cut to milliseconds.",
    )
    reader = record_services.record_reader(
        "Read pages", "avro.AvroReader", {"schema-access-strategy": "embedded-avro-schema"}
    )
    take = Processor(
        name="Take new rows",
        type="org.apache.nifi.processors.standard.QueryDatabaseTableRecord",
        at=(_FIRST, _SCORE_ROW),
        properties={
            "Database Connection Pooling Service": pool,
            "db-fetch-db-type": f"#{{{TYPE}}}",
            "Table Name": f"#{{{SOURCE}}}",
            "db-fetch-where-clause": f"#{{{WHERE}}}",
            "Maximum-value Columns": f"#{{{KEY}}}",
            "qdbtr-record-writer": writer,
            "dbf-user-logical-types": "true",
            # The driver reads this many at a time; without, PostgreSQL's would read the whole table into memory.
            "Fetch Size": "5000",
            "qdbt-max-rows": f"#{{{PAGE}}}",
            # Each page is passed on at once. Where NiFi is killed before the last one the rows are read again; they
            # replace what is there.
            "qdbt-output-batch-size": "1",
        },
        every=f"#{{{INTERVAL}}}",
        yield_for="10 sec",
        # The nodes of a cluster would take the same rows; one takes them, and all score.
        node="PRIMARY",
        comments="Reads rows whose key is above the highest seen so far, which NiFi remembers (View State).",
    )
    score = scoring(
        runtime,
        (_SECOND, _SCORE_ROW),
        SETTINGS,
        {
            "Output Columns": "id columns and predictions",
            "Id Columns": f"#{{{KEY}}},#{{{KEPT}}}",
            # Nothing but the model's columns is converted on the way: not the decimals, nor the year 1.
            "Record Reader": reader,
            "Record Writer": writer,
        },
        ends=(),
    )
    scores = _table_writer("Write scores", TARGET, (_THIRD, _SCORE_ROW), pool, reader, "Fail on Unmatched Fields")
    rejected = _table_writer(
        "Write rejected rows", REJECTED, (_THIRD, _REJECT_ROW), pool, reader, "Ignore Unmatched Fields"
    )
    wait = Processor(
        name="Wait half a minute",
        type="org.apache.nifi.processors.standard.RetryFlowFile",
        at=(_THIRD, _FAIL_ROW),
        properties={"maximum-retries": "1000000", "penalize-retries": "true", "reuse-mode": "reset"},
        penalty="30 sec",
        comments="Pages that could not be scored at all wait here and are tried again, until the model or the table is "
        "put right. The attribute scoring.error says what is wrong.",
    )
    return Flow(
        name=NAME,
        comments=SUMMARY,
        parameters=specs(*PARAMETERS, *runtime.parameters),
        services=[pool, writer, reader],
        processors=[take, score, scores, rejected, wait],
        connections=[
            Connection("rows", take, ["success"], score, most_data="10 GB", balance="ROUND_ROBIN"),
            Connection("scored rows", score, ["success"], scores, most_flowfiles=20, most_data="10 GB"),
            Connection("rejected rows", score, ["rejected"], rejected, [(score.middle[0], rejected.middle[1])]),
            Connection("not scored", score, ["failure"], wait, [(score.middle[0] + 96, wait.middle[1])]),
            Connection(
                "try again",
                wait,
                ["retry", "retries_exceeded", "failure"],
                score,
                [
                    (wait.middle[0], wait.at[1] + BOX_HEIGHT + 72),
                    (score.middle[0] - 96, wait.at[1] + BOX_HEIGHT + 72),
                ],
                label_at=1,
            ),
            *(again(one, ("failure", "retry")) for one in (scores, rejected)),
        ],
        labels=_labels(),
    )


def supply(values: Mapping[str, str | None], progress: Progress) -> Mapping[str, str]:
    """The driver, where nobody gave one; raises UsageError for an address or a table that will not do."""
    url = values.get(URL) or ""
    if not url.startswith("jdbc:"):
        raise UsageError(f"The parameter {URL} begins with jdbc:, such as jdbc:postgresql://db.example.com:5432/sales.")
    if _PASSWORD.search(url):
        raise UsageError(
            f"The parameter {URL} holds a password, and everybody who sees the flow sees the address. Put the password "
            "into the environment variable DATABASE_PASSWORD."
        )
    for name in (TARGET, REJECTED):
        if "." in (values.get(name) or ""):
            raise UsageError(f"The parameter {name} is the table's name alone; its schema is the parameter {SCHEMA}.")
    if "," in (values.get(KEY) or ""):
        raise UsageError(f"The parameter {KEY} is one column, not {values.get(KEY)}.")
    if values.get(TARGET) == values.get(REJECTED):
        raise UsageError(f"{TARGET} and {REJECTED} are both {values.get(TARGET)}. They must differ.")
    if values.get(DRIVER):
        return {}
    if url.startswith(postgresql.URL):
        return {DRIVER: str(postgresql.resolve(progress))}
    raise UsageError(
        f"Only PostgreSQL's driver is fetched by itself. For this database give --param {DRIVER}=FILE.jar, "
        f"--param {DRIVER_CLASS}=CLASS and --param {TYPE}=TYPE."
    )


def check(group: str, values: Mapping[str, str | None], timeout: float) -> None:
    """Ask the database, from NiFi, for the tables and columns that the flow uses; raises InvalidFlowError."""
    key, schema = values[KEY], values[SCHEMA]
    target, rejected = f"{schema}.{values[TARGET]}", f"{schema}.{values[REJECTED]}"
    wanted = {
        "a connection": "SELECT 1 FROM dual" if "Oracle" in (values[TYPE] or "") else "SELECT 1",
        f"{SOURCE} {values[SOURCE]}": f"SELECT {key} FROM {values[SOURCE]} WHERE ({values[WHERE]}) AND 1 = 0",
        f"{TARGET} {target}": f"SELECT {key} FROM {target} WHERE 1 = 0",
        f"{REJECTED} {rejected}": f"SELECT {key} FROM {rejected} WHERE 1 = 0",
    }
    if values[TYPE] == "PostgreSQL":
        wanted[f"{REJECTED} {rejected}"] = (
            f"SELECT {key}, _reject_code, _reject_column, _reject_value FROM {rejected} WHERE 1 = 0"
        )
        # Explained and not done. Without a primary key or a unique index, a row could not replace itself.
        for name, table in ((TARGET, target), (REJECTED, rejected)):
            wanted[f"the primary key of {name} {table}"] = (
                f"EXPLAIN INSERT INTO {table} ({key}) VALUES (NULL) ON CONFLICT ({key}) DO NOTHING"
            )
    database.check(group, _POOL, wanted, timeout)


_POOL = "Database"


def _pool() -> Service:
    further = {
        # Many rows in one statement; other databases' drivers ignore what they do not know.
        "reWriteBatchedInserts": "true",
        # Else errors would tell the values of rows.
        "logServerErrorDetail": "false",
        "tcpKeepAlive": "true",
    }
    return Service(
        name=_POOL,
        type="org.apache.nifi.dbcp.DBCPConnectionPool",
        bundle=Bundle("nifi-dbcp-service-nar"),
        api="org.apache.nifi.dbcp.DBCPService",
        api_bundle=record_services.API,
        properties={
            "Database Connection URL": f"#{{{URL}}}",
            "Database Driver Class Name": f"#{{{DRIVER_CLASS}}}",
            "database-driver-locations": f"#{{{DRIVER}}}",
            "Database User": "#{database.user}",
            "Password": "#{database.password}",
            "Max Wait Time": "30 sec",
            **further,
        },
        sensitive=("Password",),
        dynamic=tuple(further),
        comments="Connections to the database, made when they are needed.",
    )


def _table_writer(name: str, table: str, at: Point, pool: Service, reader: Service, unmatched: str) -> Processor:
    return Processor(
        name=name,
        type="org.apache.nifi.processors.standard.PutDatabaseRecord",
        at=at,
        properties={
            "put-db-record-record-reader": reader,
            "db-type": f"#{{{TYPE}}}",
            # A page may come twice, when NiFi or the database is killed: its rows replace themselves.
            "put-db-record-statement-type": "UPSERT",
            "put-db-record-update-keys": f"#{{{KEY}}}",
            "put-db-record-dcbp-service": pool,
            "put-db-record-schema-name": f"#{{{SCHEMA}}}",
            "put-db-record-table-name": f"#{{{table}}}",
            "put-db-record-translate-field-names": "false",
            "put-db-record-unmatched-field-behavior": unmatched,
            "put-db-record-unmatched-column-behavior": "Ignore Unmatched Columns",
            "put-db-record-quoted-identifiers": "true",
            # A table that somebody mends is seen as it is by then.
            "table-schema-cache-size": "0",
            "put-db-record-max-batch-size": "1000",
        },
        ends=("success",),
        tasks=2,
        retried=("failure", "retry"),
        penalty="5 sec",
        longest_penalty="5 mins",
        comments=f"Writes a page in one transaction to {table}; a row with the same key there is replaced. What cannot "
        "be written waits and is tried again, after 5 seconds at first and 5 minutes at most.",
    )


def _labels() -> list[Label]:
    # NiFi's own panels lie over the upper left corner: nothing is there.
    return [
        Label(
            "Scoring of a database table\n\n"
            "Rows of (source.table) whose (key.column) is above the highest seen so far are read in pages, scored, and "
            "written by their key: a row that comes twice, as after a crash, is there once.\n\n"
            "A page that cannot be scored or written waits and is tried again; the boxes' bulletins say why.",
            (_FIRST - 656, _FAIL_ROW),
            (592, 280),
            font_size=18,
        ),
        Label(
            "To run it\n\n"
            "1. Make (target.table) and (rejected.table), each with (key.column) as its primary key.\n"
            "2. Right-click the canvas, Parameters: set database.*, the tables, key.column, model.file and "
            "database.driver (upload both as assets) and, for models that need one, licence.key.\n"
            "3. Right-click the canvas, Enable all controller services.\n"
            "4. Right-click the canvas, Start.",
            (_FIRST, _REJECT_ROW - 304),
            (_THIRD + 608, 208),
            "#dcefdc",
            18,
        ),
        zone("Rows that cannot be scored, to (rejected.table)", (_THIRD, _REJECT_ROW), 1, "#fdf0d5"),
        zone("Scores, to (target.table)", (_THIRD, _SCORE_ROW), 1, "#e3f1e3"),
        zone("Pages that cannot be scored at all", (_THIRD, _FAIL_ROW), 1, "#fbe6e3"),
    ]


TEMPLATE = Template(NAME, SUMMARY, PARAMETERS, build, supply=supply, check=check)
