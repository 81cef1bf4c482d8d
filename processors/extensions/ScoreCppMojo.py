"""NiFi processor that scores records with Driverless AI MOJOs on H2O's C++ runtime."""

# Generated: python -m dai_nifi.extensions.generate

from nifiapi.documentation import ProcessorConfiguration, multi_processor_use_case, use_case
from nifiapi.properties import PropertyDependency, PropertyDescriptor, ResourceDefinition, StandardValidators

from dai_scoring.models import Runtime
from dai_scoring_nifi.processing import RecordScoring


@use_case(
    description="Score records as they arrive, in any format, with a Driverless AI MOJO, without a second Java virtual machine",
    configuration="""
        Set Model File to the path of the MOJO, or to a parameter that refers to an asset, and leave the rest.
        Connect 'success' to the next processor, and 'rejected' and 'failure' to a place that somebody checks.
        """,
    keywords=["H2O", "Driverless AI", "MOJO", "scoring", "inference"],
)
@multi_processor_use_case(
    description="Answer HTTP requests with scores",
    notes="The template realtime-http is this flow, ready to import.",
    keywords=["REST", "HTTP", "realtime"],
    configurations=[
        ProcessorConfiguration(
            processor_type="org.apache.nifi.processors.standard.HandleHttpRequest",
            configuration="Set Listening Port and HTTP Context Map. Connect 'success' to ScoreCppMojo.",
        ),
        ProcessorConfiguration(
            processor_type="ScoreCppMojo",
            configuration="Set Model File, and Bad Rows to 'fail the FlowFile', so that a client gets an error for a bad value.",
        ),
        ProcessorConfiguration(
            processor_type="org.apache.nifi.processors.standard.HandleHttpResponse",
            configuration="One with status 200 after 'success', one with status 400 after 'failure'.",
        ),
    ],
)
class ScoreCppMojo(RecordScoring):
    """Scores records with Driverless AI MOJOs on the C++ runtime (daimojo)."""

    class Java:
        implements = ["org.apache.nifi.python.processor.FlowFileTransform"]

    class ProcessorDetails:
        version = "0.1.0"
        description = """Scores the records of a FlowFile with a model of H2O Driverless AI (MOJO pipeline) on the C++ runtime
            (daimojo), on Linux with x86_64. ScoreJavaMojo gives the same scores anywhere, and for H2O-3 too.
            Reads and writes CSV, JSON, Avro, Parquet and Arrow. The model's columns are found by name;
            other columns pass through. Example: with a model that has the inputs age and fare and the output survived, the CSV
            'id,age,fare' with the row '7,22,7.25' comes out as 'id,age,fare,survived' with '7,22,7.25,0.38'.
            RELATIONSHIPS: 'success' has the scored records. 'rejected', which is missing from NiFi's own list of relationships,
            has the rows with a value that the model's column cannot hold, unchanged, with the columns _reject_code,
            _reject_column and _reject_value. 'failure' has FlowFiles that cannot be scored as a whole, unchanged. 'original'
            has the input after it was scored. A FlowFile whose rows are all rejected sends nothing to 'success'.
            ATTRIBUTES READ: mime.type and filename, to detect the format. ATTRIBUTES WRITTEN: record.count, mime.type,
            scoring.model.id, scoring.model.sha256, scoring.runtime, scoring.runtime.version, scoring.rejected.count and
            scoring.duration.ms. On rejected rows, and if they are kept among the others: scoring.scored.count, the number of
            scored rows. For H2O-3 models: scoring.unseen.count and scoring.unseen.columns, counts of values that are not levels
            of the model (species=12, island=3). On failure: scoring.error, which says what to do, scoring.error.code, and for
            an answer to a client scoring.error.client, scoring.error.row and scoring.error.column."""
        tags = [
            "h2o",
            "driverless ai",
            "mojo",
            "c++",
            "machine learning",
            "model",
            "score",
            "predict",
            "inference",
            "record",
        ]
        dependencies = []

    MODEL_FILE = PropertyDescriptor(
        name="Model File",
        description="""The MOJO to score with: pipeline.mojo or mojo.zip of Driverless AI. A path on the machine that runs
            NiFi, or a parameter that refers to an asset, such as #{model}.""",
        required=True,
        resource_definition=ResourceDefinition(allow_file=True),
        validators=[StandardValidators.NON_EMPTY_VALIDATOR],
    )
    INPUT_FORMAT = PropertyDescriptor(
        name="Input Format",
        description="""The format of the records that come in; by default it is detected. 'auto' looks at the contents, the
            attribute mime.type and the file name's extension. 'csv' has a header line; 'json-array' is one array of
            objects; 'json-lines' one object a line; 'avro', 'parquet' and 'arrow-file' are files of these formats,
            and 'arrow-stream' is what Arrow sends over a network.""",
        required=True,
        default_value="auto",
        allowable_values=["auto", "csv", "json-array", "json-lines", "avro", "parquet", "arrow-stream", "arrow-file"],
    )
    OUTPUT_FORMAT = PropertyDescriptor(
        name="Output Format",
        description="""The format of the records that go out, scored and rejected; by default that of the input. 'same as
            input', or always the same one. 'csv' has a header line; 'json-array' is one array of objects;
            'json-lines' one object a line; 'avro', 'parquet' and 'arrow-file' are files of these formats, and
            'arrow-stream' is what Arrow sends over a network.""",
        required=True,
        default_value="same as input",
        allowable_values=[
            "same as input",
            "csv",
            "json-array",
            "json-lines",
            "avro",
            "parquet",
            "arrow-stream",
            "arrow-file",
        ],
    )
    RECORD_READER = PropertyDescriptor(
        name="Record Reader",
        description="""The record service that reads the input; set it together with the one that writes the output. For
            formats and schemas that NiFi knows and this processor does not; the formats and the delimiter here do
            not count then. Without, the processor reads and writes by itself, which is faster.""",
        required=False,
        controller_service_definition="org.apache.nifi.serialization.RecordReaderFactory",
    )
    RECORD_WRITER = PropertyDescriptor(
        name="Record Writer",
        description="""The record service that writes the output, scored and rejected; set it together with the one that reads.
            Its schema has to have the predictions: that is so where it inherits the record schema.""",
        required=False,
        controller_service_definition="org.apache.nifi.serialization.RecordSetWriterFactory",
    )
    CSV_DELIMITER = PropertyDescriptor(
        name="CSV Delimiter",
        description="""What separates the fields of incoming CSV, one character; by default it is detected. \\t is a tab, and
            'auto' finds out whether it is a comma, a semicolon, a tab or a bar. The first line must hold the column
            names.""",
        required=True,
        default_value="auto",
    )
    OUTPUT_COLUMNS = PropertyDescriptor(
        name="Output Columns",
        description="""Which columns a scored record has. 'input and predictions': all that it came with, and the predictions;
            'id columns and predictions': the id columns that you name, and the predictions; 'predictions': the
            predictions alone.""",
        required=True,
        default_value="input and predictions",
        allowable_values=["input and predictions", "id columns and predictions", "predictions"],
    )
    ID_COLUMNS = PropertyDescriptor(
        name="Id Columns",
        description="The input columns to keep if only id columns are kept, separated by commas.",
        required=False,
        dependencies=[PropertyDependency(OUTPUT_COLUMNS, "id columns and predictions")],
    )
    PREDICTION_PREFIX = PropertyDescriptor(
        name="Prediction Prefix",
        description="""Put before the name of every prediction column, such as score_. Needed where a prediction has the name
            of an input column that is kept.""",
        required=False,
    )
    CONTRIBUTIONS = PropertyDescriptor(
        name="Contributions",
        description="""Whether scored records have columns that say how much each feature contributed (Shapley values). 'none':
            no such columns; 'original': those of the input columns; 'transformed': those of the features that the
            model made of them. They begin with contrib_; with the bias they add up to the raw prediction. A model
            that cannot give them is refused before the processor starts.""",
        required=True,
        default_value="none",
        allowable_values=["none", "original", "transformed"],
    )
    PREDICTION_INTERVALS = PropertyDescriptor(
        name="Prediction Intervals",
        description="""Whether scored records have the bounds of the prediction's interval. 'off': no such columns; 'on':
            columns with the lower and the upper bound. Only regression models that were made with them have these.
            Any other model is refused before the processor starts.""",
        required=True,
        default_value="off",
        allowable_values=["off", "on"],
    )
    MISSING_COLUMNS = PropertyDescriptor(
        name="Missing Columns",
        description="""What to do if records lack a column of the model. 'fail': fail the whole input, naming every missing
            column; 'treat as missing values': score as if all its values were missing. A FlowFile that fails goes
            to 'failure'.""",
        required=True,
        default_value="fail",
        allowable_values=["fail", "treat as missing values"],
    )
    MISSING_LITERALS = PropertyDescriptor(
        name="Missing Literals",
        description="""Texts that mean a missing value, in addition to the model's own, such as NULL or \\N; separated by
            commas. They are compared as they stand; a text of the records that is one of them is missing in every
            column of the model.""",
        required=False,
    )
    BAD_ROWS = PropertyDescriptor(
        name="Bad Rows",
        description="""What to do with a row that cannot be scored, such as one with text where a number belongs. 'route to
            rejected': put that row among the rejected with the reason, and score the others; 'fail the FlowFile':
            fail the whole input; 'keep with the reason': leave the row in its place among the scored ones, with the
            reason and without predictions. The rejected go to 'rejected', and a FlowFile that fails to 'failure'.
            The reason is in the columns _reject_code, _reject_column and _reject_value, which are null for scored
            rows.""",
        required=True,
        default_value="route to rejected",
        allowable_values=["route to rejected", "fail the FlowFile", "keep with the reason"],
    )
    LICENCE_KEY = PropertyDescriptor(
        name="Licence Key",
        description="""The Driverless AI licence key, for models that need one. Without it and Licence File the runtime looks
            at DRIVERLESS_AI_LICENSE_KEY and DRIVERLESS_AI_LICENSE_FILE in NiFi's environment.""",
        required=False,
        sensitive=True,
    )
    LICENCE_FILE = PropertyDescriptor(
        name="Licence File",
        description="""The Driverless AI licence file (license.sig), for models that need one. A path on the machine that runs
            NiFi.""",
        required=False,
        resource_definition=ResourceDefinition(allow_file=True),
    )
    BATCH_ROWS = PropertyDescriptor(
        name="Batch Rows",
        description="""How many rows are read, scored and written at a time, at most. More is faster up to a point and takes
            more memory; FlowFiles may be of any size either way.""",
        required=True,
        default_value="20000",
        validators=[StandardValidators.POSITIVE_INTEGER_VALIDATOR],
    )
    H2O_REST_REQUESTS = PropertyDescriptor(
        name="H2O REST Requests",
        description="""Whether requests to H2O's REST scorer are answered as it answers them. 'score as records': their
            contents are scored as any other; 'answer': they are, and requests get an error at once while the model
            cannot score. The requests are /model/score, /model/contribution, /model/schema, /model/id,
            /model/sample_request and /model/capabilities, recognised by the attributes http.method and
            http.request.uri that HandleHttpRequest writes, and /readyz by Ready. Rows of a request (those FlowFiles
            have http.method) stay together: with Bad Rows 'route to rejected' those that cannot be scored are kept
            with the reason, unless none can be; ?columns=predictions and ?bad_rows=keep ask for that alone.
            FlowFiles that are no such requests are scored as records either way.""",
        required=True,
        default_value="score as records",
        allowable_values=["score as records", "answer"],
    )
    WORKERS = PropertyDescriptor(
        name="Workers",
        description="""How many additional processes score FlowFiles of more than 1,000 rows, each of which is shared among
            them; each process holds the model in memory. They start with the first such FlowFile. With 0 all is
            scored in NiFi's Python process, which takes longer and holds the model once.""",
        required=True,
        default_value="2",
        validators=[StandardValidators.NON_NEGATIVE_INTEGER_VALIDATOR],
    )

    runtime = Runtime.CPP
    model_property = "Model File"

    def getPropertyDescriptors(self):  # noqa: N802 - NiFi's name
        """The properties in the order in which NiFi shows them."""
        return [
            self.MODEL_FILE,
            self.INPUT_FORMAT,
            self.OUTPUT_FORMAT,
            self.RECORD_READER,
            self.RECORD_WRITER,
            self.CSV_DELIMITER,
            self.OUTPUT_COLUMNS,
            self.ID_COLUMNS,
            self.PREDICTION_PREFIX,
            self.CONTRIBUTIONS,
            self.PREDICTION_INTERVALS,
            self.MISSING_COLUMNS,
            self.MISSING_LITERALS,
            self.BAD_ROWS,
            self.LICENCE_KEY,
            self.LICENCE_FILE,
            self.BATCH_ROWS,
            self.H2O_REST_REQUESTS,
            self.WORKERS,
        ]
