package daiscoring.records;

import daiscoring.Levels;
import daiscoring.TextColumn;

/** What the names and the values in JSON objects mean to one model. Immutable. */
public final class JsonColumns {
    /** Neither a column of the model nor a name that must not be there. */
    static final int OTHER = -1;
    /** A name that must not be there. */
    static final int UNWANTED = -2;

    /** How texts are read, by column. */
    final TextColumn[] texts;
    /** How numbers are read, by column: none of them means a missing value. */
    final TextColumn[] numbers;
    private final Levels names;
    private final byte[] unwantedStart;
    /** For each category the indices of the levels that false and true mean; null for other columns. */
    final int[][] truths;

    /**
     * @param texts one for each of the model's columns
     * @param numbers the same without texts that mean a missing value
     * @param names the names of these columns, then those that no object may have
     * @param unwantedStart how other names that no object may have begin; null for none
     * @param truths for each category the indices of the levels that false and true mean; null for other columns
     */
    public JsonColumns(
            TextColumn[] texts, TextColumn[] numbers, String[] names, byte[] unwantedStart, int[][] truths) {
        this.texts = texts;
        this.numbers = numbers;
        this.names = new Levels(names);
        this.unwantedStart = unwantedStart;
        this.truths = truths;
    }

    /** The column that has a name; {@link #OTHER} or {@link #UNWANTED} for other names. Eight bytes follow the name. */
    int column(byte[] data, int from, int to) {
        int found = names.find(data, from, to);
        if (found >= 0) {
            return found < texts.length ? found : UNWANTED;
        }
        return startsUnwanted(data, from, to) ? UNWANTED : OTHER;
    }

    private boolean startsUnwanted(byte[] data, int from, int to) {
        if (unwantedStart == null || to - from < unwantedStart.length) {
            return false;
        }
        for (int i = 0; i < unwantedStart.length; i++) {
            if (data[from + i] != unwantedStart[i]) {
                return false;
            }
        }
        return true;
    }
}
