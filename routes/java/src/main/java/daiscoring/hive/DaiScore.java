package daiscoring.hive;

import daiscoring.bundle.Model;
import java.util.List;
import java.util.stream.Collectors;
import org.apache.hadoop.conf.Configuration;
import org.apache.hadoop.hive.ql.exec.Description;
import org.apache.hadoop.hive.ql.exec.MapredContext;
import org.apache.hadoop.hive.ql.exec.UDFArgumentException;
import org.apache.hadoop.hive.ql.exec.UDFArgumentLengthException;
import org.apache.hadoop.hive.ql.metadata.HiveException;
import org.apache.hadoop.hive.ql.session.SessionState;
import org.apache.hadoop.hive.ql.udf.UDFType;
import org.apache.hadoop.hive.ql.udf.generic.GenericUDF;
import org.apache.hadoop.hive.serde2.objectinspector.ObjectInspector;
import org.apache.hadoop.hive.serde2.objectinspector.StructField;
import org.apache.hadoop.hive.serde2.objectinspector.StructObjectInspector;

/** The function dai_score of Hive's SQL: a model of Driverless AI or H2O-3 scores a row. */
@Description(
        name = "dai_score",
        value = "_FUNC_(model, named_struct('column', value, ...)[, map('option', 'text', ...)]) - "
                + "scores a row with a model of Driverless AI or H2O-3, and returns a struct",
        extended = "model is the name of a model in a jar that was added, or the path of such a jar: a local one on all "
                + "machines, or hdfs:, s3a: and the like. Make the jar with: dai-score hive jar\n"
                + "The struct has the values of the model's columns, found by their names in any case and order. Others are "
                + "ignored. NULL, empty text and the model's own literals are missing values.\n"
                + "The result has the model's predictions (a point in a name becomes _), and reject_code, reject_column and "
                + "reject_value. In a row that cannot be scored these say why, and the predictions are NULL.\n"
                + "Options: missing_columns (fail or as-missing), missing_values (such as 'NULL,-'), prediction_prefix, "
                + "licence_file.\n"
                + "Settings: dai.score.licence.file or dai.score.licence.key, where the model needs a licence.\n"
                + "Example:\n"
                + "  > SELECT t.id, s.* FROM birds t "
                + "LATERAL VIEW inline(array(_FUNC_('penguins', named_struct('species', t.species, ...)))) s;")
@UDFType(deterministic = true)
public final class DaiScore extends GenericUDF {
    private transient Configuration configuration;
    private transient Model model;
    private transient StructObjectInspector struct;
    /** For each of the model's columns the field of the struct that it is; null where it is absent. */
    private transient StructField[] fields;
    private transient Results results;

    @Override
    public void configure(MapredContext context) {
        configuration = context.getJobConf();
    }

    @Override
    public ObjectInspector initialize(ObjectInspector[] arguments) throws UDFArgumentException {
        if (arguments.length < 2 || arguments.length > 3) {
            throw new UDFArgumentLengthException("dai_score takes the name or path of a model, a named_struct with the "
                    + "values of its columns, and maybe a map of options.");
        }
        if (!(arguments[1] instanceof StructObjectInspector)) {
            throw new UDFArgumentException("The second argument of dai_score must be named_struct('column', value, ...), "
                    + "not " + arguments[1].getTypeName() + ".");
        }
        Options options = Options.of(arguments.length > 2 ? arguments[2] : null);
        model = Models.open(Options.text(arguments[0], "The first argument of dai_score"), options, configuration());
        struct = (StructObjectInspector) arguments[1];
        fields = Fields.of(model.inputs(), struct, options.allowsMissingColumns());
        results = new Results(model.outputs(), model.types(), options.prefix());
        return results.inspector();
    }

    @Override
    public Object evaluate(DeferredObject[] arguments) throws HiveException {
        Object given = arguments[1].get();
        Object[] row = new Object[fields.length];
        for (int c = 0; c < row.length; c++) {
            StructField field = fields[c];
            if (field != null && given != null) {
                row[c] = Values.of(struct.getStructFieldData(given, field), field.getFieldObjectInspector());
            }
        }
        return results.of(model.score(new Object[][] {row})[0]);
    }

    @Override
    public String getDisplayString(String[] children) {
        // Not the options, among which a licence may be.
        return "dai_score(" + List.of(children).stream().limit(2).collect(Collectors.joining(", ")) + ")";
    }

    /** The settings of the query: those of the task, or of the session that compiles it. */
    private Configuration configuration() {
        if (configuration != null) {
            return configuration;
        }
        SessionState session = SessionState.get();
        return session == null ? new Configuration(false) : session.getConf();
    }
}
