"""The template batch-database: new rows of one table, their scores in another."""

from __future__ import annotations

from dai_nifi.flows import record_services
from dai_nifi.flows.batch.database_parameters import (
    DRIVER,
    DRIVER_CLASS,
    INTERVAL,
    KEPT,
    KEY,
    NAME,
    PAGE,
    PARAMETERS,
    REJECTED,
    SCHEMA,
    SETTINGS,
    SOURCE,
    SUMMARY,
    TARGET,
    TYPE,
    URL,
    WHERE,
    validate,
)
from dai_nifi.flows.builder import Flow
from dai_nifi.flows.common import ScoringRuntime, Template, parameter_specs, scoring_processor
from dai_nifi.flows.parts import (
    BOX_HEIGHT,
    Bundle,
    Connection,
    Label,
    Point,
    Processor,
    Service,
    background,
    retry_queue,
)

_FIRST, _SECOND, _THIRD = 0, 608, 1216
_REJECT_ROW, _SCORE_ROW, _FAIL_ROW = 0, 352, 704


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
            # Each page is passed on at once. If NiFi is killed before the last one, the rows are read again and replace
            # what is there.
            "qdbt-output-batch-size": "1",
        },
        run_schedule=f"#{{{INTERVAL}}}",
        yield_duration="10 sec",
        # All nodes of a cluster would take the same rows; so one takes them, and all score.
        execution_node="PRIMARY",
        comments="Reads rows whose key is above the highest seen so far, which NiFi remembers (View State).",
    )
    score = scoring_processor(
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
        auto_terminated=(),
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
        parameters=parameter_specs(*PARAMETERS, *runtime.parameters),
        services=[pool, writer, reader],
        processors=[take, score, scores, rejected, wait],
        connections=[
            Connection("rows", take, ["success"], score, back_pressure_bytes="10 GB", load_balancing="ROUND_ROBIN"),
            Connection(
                "scored rows", score, ["success"], scores, back_pressure_flowfiles=20, back_pressure_bytes="10 GB"
            ),
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
                label_index=1,
            ),
            *(retry_queue(one, ("failure", "retry")) for one in (scores, rejected)),
        ],
        labels=_labels(),
    )


POOL = "Database"
"""The connection pool of the flow."""


def _pool() -> Service:
    further = {
        # Many rows in one statement; other databases' drivers ignore what they do not know.
        "reWriteBatchedInserts": "true",
        # Else errors would show values of rows.
        "logServerErrorDetail": "false",
        "tcpKeepAlive": "true",
    }
    return Service(
        name=POOL,
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
            # A table that was fixed is looked at again.
            "table-schema-cache-size": "0",
            "put-db-record-max-batch-size": "1000",
        },
        auto_terminated=("success",),
        concurrent_tasks=2,
        retried_relationships=("failure", "retry"),
        penalty="5 sec",
        max_penalty="5 mins",
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
        background("Rows that cannot be scored, to (rejected.table)", (_THIRD, _REJECT_ROW), 1, "#fdf0d5"),
        background("Scores, to (target.table)", (_THIRD, _SCORE_ROW), 1, "#e3f1e3"),
        background("Pages that cannot be scored at all", (_THIRD, _FAIL_ROW), 1, "#fbe6e3"),
    ]


TEMPLATE = Template(NAME, SUMMARY, PARAMETERS, build, validate=validate)
