package daiscoring.spark;

import java.util.List;
import org.apache.spark.sql.Dataset;
import org.apache.spark.sql.Encoders;
import org.apache.spark.sql.Row;
import org.apache.spark.sql.RuntimeConfig;
import org.apache.spark.sql.SparkSession;
import org.apache.spark.sql.types.DataType;
import org.apache.spark.sql.types.StructType;
import scala.Option;

/** What dai_routes/spark calls on the driver. */
public final class Scoring {
    /** Whether Spark gives times as objects of java.time, which have all days; those of java.sql have not. */
    private static final String TIMES = "spark.sql.datetime.java8API.enabled";

    /**
     * Add the scores of a model to rows.
     *
     * @param bundle the name of the file with the model, which Spark sends to its workers
     * @param inputs for each of the model's columns where it is in a row; -1 where it is absent
     * @param kept the columns of a row that the result has before the predictions
     * @param missing further texts that mean a missing value
     * @param licence licence_key or licence_file, each followed by its value
     * @param schema of the result, as JSON
     */
    public Dataset<Row> score(
            Dataset<Row> rows, String bundle, List<Integer> inputs, List<Integer> kept, List<String> missing,
            List<String> licence, String schema) {
        Shipped shipped = new Shipped(bundle, missing, licence);
        FrameScorer scorer = new FrameScorer(shipped, numbers(inputs), numbers(kept));
        StructType type = (StructType) DataType.fromJson(schema);
        SparkSession session = rows.sparkSession();
        Option<SparkSession> active = SparkSession.getActiveSession();
        RuntimeConfig configuration = session.conf();
        String before = configuration.get(TIMES);
        // What times become is settled when an encoder is made, by the configuration of the active session.
        SparkSession.setActiveSession(session);
        configuration.set(TIMES, "true");
        try {
            Dataset<Row> own = rows.toDF();
            own.encoder();
            return own.mapPartitions(scorer, Encoders.row(type));
        } finally {
            configuration.set(TIMES, before);
            if (active.isDefined()) {
                SparkSession.setActiveSession(active.get());
            } else {
                SparkSession.clearActiveSession();
            }
        }
    }

    /** Register a function that scores a struct; {@code schema} is that of its result, the others are as above. */
    public void register(
            SparkSession session, String name, String bundle, boolean allowsMissingColumns, List<String> missing,
            List<String> licence, String schema) {
        RowFunction function = new RowFunction(new Shipped(bundle, missing, licence), allowsMissingColumns);
        session.udf().register(name, function, DataType.fromJson(schema));
    }

    private static int[] numbers(List<Integer> list) {
        return list.stream().mapToInt(Integer::intValue).toArray();
    }
}
