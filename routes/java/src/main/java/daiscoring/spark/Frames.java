package daiscoring.spark;

import daiscoring.bundle.Model;
import java.sql.Date;
import java.sql.Timestamp;
import java.time.Instant;
import java.time.LocalDateTime;
import java.time.ZoneOffset;
import java.util.Arrays;
import java.util.Iterator;
import org.apache.spark.sql.Row;
import org.apache.spark.sql.RowFactory;

/** The scored rows of a partition. For one thread. */
final class Frames implements Iterator<Row> {
    /** Larger frames are no faster, and wait for more rows. */
    private static final int ROWS = 1000;

    private final Iterator<Row> rows;
    private final Model model;
    private final int[] inputs;
    private final int[] kept;
    private final Row[] frame = new Row[ROWS];
    private Object[][] scored = {};
    private int next;

    Frames(Iterator<Row> rows, Model model, int[] inputs, int[] kept) {
        this.rows = rows;
        this.model = model;
        this.inputs = inputs;
        this.kept = kept;
    }

    @Override
    public boolean hasNext() {
        return next < scored.length || rows.hasNext();
    }

    @Override
    public Row next() {
        if (next == scored.length) {
            score();
        }
        Row row = frame[next];
        Object[] predictions = spark(scored[next++]);
        Object[] values = new Object[kept.length + predictions.length];
        for (int c = 0; c < kept.length; c++) {
            values[c] = row.get(kept[c]);
        }
        System.arraycopy(predictions, 0, values, kept.length, predictions.length);
        return RowFactory.create(values);
    }

    private void score() {
        int count = 0;
        Object[][] given = new Object[ROWS][];
        while (count < ROWS && rows.hasNext()) {
            Row row = rows.next();
            Object[] values = new Object[inputs.length];
            fill(values, row, inputs);
            frame[count] = row;
            given[count++] = values;
        }
        scored = model.score(count == ROWS ? given : Arrays.copyOf(given, count));
        next = 0;
    }

    /** Put the model's columns of a row into an array; those at -1 stay null. */
    static void fill(Object[] values, Row row, int[] inputs) {
        for (int c = 0; c < inputs.length; c++) {
            values[c] = inputs[c] < 0 ? null : plain(row.get(inputs[c]));
        }
    }

    /** Predictions as Spark takes them: times without a zone. */
    static Object[] spark(Object[] predictions) {
        for (int c = 0; c < predictions.length; c++) {
            if (predictions[c] instanceof Instant) {
                predictions[c] = LocalDateTime.ofInstant((Instant) predictions[c], ZoneOffset.UTC);
            }
        }
        return predictions;
    }

    /** A value as the row scorer takes it: times as those of java.time. */
    private static Object plain(Object value) {
        if (value instanceof LocalDateTime) {
            return ((LocalDateTime) value).toInstant(ZoneOffset.UTC);
        }
        if (value instanceof Timestamp) {
            return ((Timestamp) value).toInstant();
        }
        return value instanceof Date ? ((Date) value).toLocalDate() : value;
    }
}
