package daiscoring.spark;

import java.util.Collections;
import java.util.Iterator;
import org.apache.spark.api.java.function.MapPartitionsFunction;
import org.apache.spark.sql.Row;

/** Scores the rows of a partition in Spark's own virtual machine, a frame of rows at a time. */
final class FrameScorer implements MapPartitionsFunction<Row, Row> {
    private static final long serialVersionUID = 1L;

    private final Shipped shipped;
    private final int[] inputs;
    private final int[] kept;

    /**
     * @param inputs for each of the model's columns where it is in a row; -1 where it is absent
     * @param kept the columns of a row that the result has before the predictions
     */
    FrameScorer(Shipped shipped, int[] inputs, int[] kept) {
        this.shipped = shipped;
        this.inputs = inputs;
        this.kept = kept;
    }

    @Override
    public Iterator<Row> call(Iterator<Row> rows) {
        // A partition without rows needs no model.
        return rows.hasNext() ? new Frames(rows, shipped.model(), inputs, kept) : Collections.emptyIterator();
    }
}
