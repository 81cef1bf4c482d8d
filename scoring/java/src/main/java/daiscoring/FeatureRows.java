package daiscoring;

import java.nio.ByteBuffer;
import java.nio.ByteOrder;
import java.nio.DoubleBuffer;

/** The rows of columns that are one after the other in memory outside of Java, some rows at a time. */
final class FeatureRows {
    // As many as the caches hold, and more than the values of a line of the cache.
    private static final int AT_ONCE = 32;

    private final DoubleBuffer columns;
    private final int rows;
    private final double[][] block;
    private final double[] values = new double[AT_ONCE];
    private int next;

    /** @param columns doubles of this machine: {@code width} columns of {@code rows} rows */
    FeatureRows(ByteBuffer columns, int width, int rows) {
        this.columns = columns.duplicate().order(ByteOrder.nativeOrder()).asDoubleBuffer();
        this.rows = rows;
        block = new double[Math.min(rows, AT_ONCE)][width];
    }

    /** The values of the next row: the caller's, to change them too, until the next call. */
    double[] next() {
        int index = next % AT_ONCE;
        if (index == 0) {
            read(Math.min(AT_ONCE, rows - next));
        }
        next++;
        return block[index];
    }

    private void read(int count) {
        for (int column = 0; column < block[0].length; column++) {
            columns.position(column * rows + next);
            columns.get(values, 0, count);
            for (int i = 0; i < count; i++) {
                block[i][column] = values[i];
            }
        }
    }
}
