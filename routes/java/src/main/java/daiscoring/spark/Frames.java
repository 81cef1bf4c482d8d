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
    private final FrameScorer.Plan plan;
    private final Model model;
    private final Row[] frame = new Row[ROWS];
    private Object[][] scored = {};
    private int next;

    Frames(Iterator<Row> rows, FrameScorer.Plan plan, Model model) {
        this.rows = rows;
        this.plan = plan;
        this.model = model;
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
        Object[] predictions = scored[next++];
        int width = plan.kept.length;
        Object[] values = new Object[width + predictions.length];
        for (int c = 0; c < width; c++) {
            values[c] = row.get(plan.kept[c]);
        }
        for (int c = 0; c < predictions.length; c++) {
            Object value = predictions[c];
            values[width + c] = value instanceof Instant
                    ? LocalDateTime.ofInstant((Instant) value, ZoneOffset.UTC)
                    : value;
        }
        return RowFactory.create(values);
    }

    private void score() {
        int count = 0;
        int[] inputs = plan.inputs;
        Object[][] given = new Object[ROWS][];
        while (count < ROWS && rows.hasNext()) {
            Row row = rows.next();
            Object[] values = new Object[inputs.length];
            for (int c = 0; c < inputs.length; c++) {
                values[c] = inputs[c] < 0 ? null : plain(row.get(inputs[c]));
            }
            frame[count] = row;
            given[count++] = values;
        }
        scored = model.score(count == ROWS ? given : Arrays.copyOf(given, count));
        next = 0;
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
