package daiscoring.records;

import daiscoring.Bytes;
import daiscoring.DeclinedException;
import daiscoring.TextColumn;

/** Lines of CSV. */
public final class CsvLines extends RecordLayout {
    private static final long LINE_FEEDS = Bytes.eightOf((byte) '\n');

    private final long delimiters;
    private final int returns;
    private final boolean escaped;
    private final int[] places;

    /**
     * @param columns one for each of the model's columns
     * @param places for each field of a line the model's column that it is, or -1; all of them are there
     * @param delimiter what stands between two fields
     * @param returns whether a carriage return stands before each line feed
     * @param escaped whether, within quotes, a backslash stands before a quote and before a backslash
     */
    public CsvLines(TextColumn[] columns, int[] places, byte delimiter, boolean returns, boolean escaped) {
        super(columns, null);
        this.places = places;
        this.delimiters = Bytes.eightOf(delimiter);
        this.returns = returns ? 1 : 0;
        this.escaped = escaped;
    }

    @Override
    Walk walk(byte[] data) {
        return new Walk() {
            @Override
            int record(int at, int row, Target target) throws DeclinedException {
                return line(data, at, target);
            }
        };
    }

    private int line(byte[] data, int start, Target target) throws DeclinedException {
        int at = start;
        for (int f = 0; f < places.length; f++) {
            int end = end(data, at, f);
            int c = places[f];
            if (c >= 0) {
                int to = f == places.length - 1 ? end - returns : end;
                if (data[at] == '"') {
                    to = unquoted(data, ++at, to - 1);
                }
                target.text(c, columns[c], data, at, to);
            }
            at = end + 1;
        }
        return at;
    }

    /** Where a field ends that begins at {@code at}: a line with too many or too few of them is declined. */
    private int end(byte[] data, int at, int field) throws DeclinedException {
        int end = data[at] == '"' ? afterQuotes(data, at) : at;
        long found;
        // Eight bytes at once; the lowest bit that is found is of the first byte of those that are looked for.
        long eight = Bytes.eight(data, end);
        while ((found = Bytes.zeros(eight ^ delimiters) | Bytes.zeros(eight ^ LINE_FEEDS)) == 0) {
            end += Long.BYTES;
            eight = Bytes.eight(data, end);
        }
        end += Long.numberOfTrailingZeros(found) >>> 3;
        if ((data[end] == '\n') != (field == places.length - 1)) {
            throw DeclinedException.INSTANCE;
        }
        return end;
    }

    /** Where the quotes end that begin at {@code at}. */
    private int afterQuotes(byte[] data, int at) throws DeclinedException {
        int last = data.length - Long.BYTES;
        for (int i = at + 1; i < last; i++) {
            if (data[i] == '\\' && escaped) {
                i++;
            } else if (data[i] == '"') {
                if (data[i + 1] != '"') {
                    return i + 1;
                }
                i++;
            }
        }
        throw DeclinedException.INSTANCE;
    }

    /** Leave in place, of what is within quotes, what it means; where that ends. */
    private int unquoted(byte[] data, int from, int to) {
        int end = from;
        while (end < to && data[end] != '"' && data[end] != '\\') {
            end++;
        }
        for (int i = end; i < to; i++) {
            boolean isMark = data[i] == '"' || data[i] == '\\' && escaped;
            if (isMark && i + 1 < to && (data[i + 1] == '"' || data[i + 1] == '\\' && escaped)) {
                i++;
            }
            data[end++] = data[i];
        }
        return end;
    }
}
