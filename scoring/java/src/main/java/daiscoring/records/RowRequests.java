package daiscoring.records;

import daiscoring.CachedStrings;
import daiscoring.DeclinedException;
import daiscoring.PipelineFrames;
import daiscoring.TextColumn;
import java.util.function.Function;

/**
 * Requests that have one row each, read and scored in one call: bytes in, numbers out. Safe for threads.
 *
 * <p>A request with anything odd is declined, and the others are scored.
 */
public final class RowRequests {
    /** In the place of a request that was declined. */
    public static final double DECLINED = 0;
    /** In the place of a request that was scored. */
    public static final double SCORED = 1;

    // One a thread, however many headers the requests have: each has its own object of this class.
    private static final ThreadLocal<CachedStrings> TEXTS = ThreadLocal.withInitial(CachedStrings::new);

    private final TextColumn[] columns;
    private final Function<byte[], OneRow> readers;

    /** {@code isH2o} says that they are requests of H2O's REST scorers; otherwise they are objects of JSON. */
    public RowRequests(JsonColumns means, boolean isH2o) {
        this(means.texts, data -> isH2o ? new H2oRow(means, data) : new OneRow.OfObject(means, data));
    }

    /** Each is a line of CSV with its end. */
    public RowRequests(CsvLines lines) {
        this(lines.columns, data -> new OneRow.OfLine(lines, data));
    }

    private RowRequests(TextColumn[] columns, Function<byte[], OneRow> readers) {
        this.columns = columns;
        this.readers = readers;
    }

    /**
     * Score requests with a pipeline whose predictions are numbers.
     *
     * @param data the requests; after each of them stand eight bytes of 0
     * @param ends where each request ends
     * @return for each request 1, or 0 if it is declined; then the predictions of all, by output
     */
    public double[] score(PipelineFrames pipeline, byte[] data, int[] ends, int outputs)
            throws ReflectiveOperationException {
        int rows = ends.length;
        Object frame = pipeline.empty(rows);
        FrameTarget target =
                new FrameTarget(columns, rows, pipeline.columns(frame, columns.length), TEXTS.get());
        double[] found = new double[rows * (1 + outputs)];
        int[] count = {0};
        read(data, ends, target, isRead -> found[count[0]++] = isRead ? SCORED : DECLINED);
        target.end();
        Object[] made = pipeline.columns(pipeline.transform(frame), outputs);
        for (int c = 0; c < outputs; c++) {
            copy(made[c], found, rows * (1 + c), rows);
        }
        return found;
    }

    /** Says what became of the request that was just read. */
    public interface Each {
        /** The next row is in the target if it {@code isRead}; otherwise the request was declined. */
        void row(boolean isRead);
    }

    /** The target for {@link #read(byte[], int[], RowTarget, Each)}. */
    public RowTarget row() {
        return new RowTarget(columns);
    }

    /** Read requests into a row, and call {@code each} after each of them; {@code data} and {@code ends} as above. */
    public void read(byte[] data, int[] ends, RowTarget row, Each each) {
        read(data, ends, (Target) row, each);
    }

    private static void copy(Object column, double[] into, int start, int rows) {
        if (column instanceof double[]) {
            System.arraycopy(column, 0, into, start, rows);
            return;
        }
        float[] singles = (float[]) column;
        for (int row = 0; row < rows; row++) {
            into[start + row] = singles[row];
        }
    }

    private void read(byte[] data, int[] ends, Target target, Each each) {
        OneRow reader = readers.apply(data);
        int at = 0;
        for (int row = 0; row < ends.length; row++) {
            target.begin(row);
            boolean isRead = isRead(reader, at, ends[row], row, target);
            if (!isRead) {
                // It may remember parts of a request that it did not like.
                reader = readers.apply(data);
                for (int c = 0; c < columns.length; c++) {
                    target.missing(c);
                }
            }
            each.row(isRead);
            at = ends[row] + Long.BYTES;
        }
    }

    private static boolean isRead(OneRow reader, int at, int end, int row, Target target) {
        try {
            return reader.read(at, row, target) == end;
        } catch (DeclinedException | IndexOutOfBoundsException e) {
            return false;
        }
    }
}
