package daiscoring.records;

import java.util.Arrays;

/** The rows in which columns have levels that the model has not seen. Not safe for threads. */
final class UnseenLevels {
    private static final int FIRST_SIZE = 16;
    private static final int[] NO_ROWS = {};

    private final int[][] rows;
    private final int[] counts;
    private int row;

    UnseenLevels(int columns) {
        rows = new int[columns][];
        counts = new int[columns];
    }

    /** Begin with a row. */
    void at(int number) {
        row = number;
    }

    /** The column has such a level in this row. */
    void add(int column) {
        int[] found = rows[column];
        int count = counts[column]++;
        if (found == null) {
            found = new int[FIRST_SIZE];
        } else if (count == found.length) {
            found = Arrays.copyOf(found, 2 * count);
        }
        found[count] = row;
        rows[column] = found;
    }

    /** For each column its rows, ascending, from 0. */
    int[][] rows() {
        int[][] all = new int[rows.length][];
        for (int c = 0; c < all.length; c++) {
            all[c] = rows[c] == null ? NO_ROWS : Arrays.copyOf(rows[c], counts[c]);
        }
        return all;
    }
}
