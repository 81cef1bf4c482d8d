package daiscoring;

import java.util.ArrayList;
import java.util.Arrays;
import java.util.List;

/** The rows for which the model raised an error, and what it said. Not safe for threads. */
public final class RefusedRows {
    private int[] rows = {};
    private final List<String> reasons = new ArrayList<>();

    void add(int row, Exception error) {
        int count = reasons.size();
        if (count == rows.length) {
            rows = Arrays.copyOf(rows, Math.max(16, 2 * count));
        }
        rows[count] = row;
        String said = error.getMessage();
        reasons.add(said == null || said.isBlank() ? error.getClass().getSimpleName() : said);
    }

    /** The rows, ascending, from 0. */
    public int[] rows() {
        return Arrays.copyOf(rows, reasons.size());
    }

    /** What was said of each. */
    public String[] reasons() {
        return reasons.toArray(new String[0]);
    }
}
