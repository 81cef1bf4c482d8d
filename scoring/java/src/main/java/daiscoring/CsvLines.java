package daiscoring;

import java.nio.ByteBuffer;

/**
 * Reads records of CSV straight into what the runtimes take, so that no text or number becomes an object of Python's or
 * a column of Arrow's on its way. Safe for threads.
 */
public final class CsvLines {
    private static final byte MISSING_BOOL = -128;

    private static final long LINE_FEEDS = Bytes.eightOf((byte) '\n');

    private final long delimiters;
    private final int returns;
    private final boolean escaped;
    private final int[] columns;
    private final CsvField[] fields;

    /**
     * @param delimiter what stands between two fields
     * @param returns whether a carriage return stands before each line feed
     * @param escaped whether, within quotes, a backslash stands before a quote and before a backslash
     * @param columns for each field of a line the model's column that it is, or -1
     * @param fields one for each of the model's columns
     */
    public CsvLines(byte delimiter, boolean returns, boolean escaped, int[] columns, CsvField[] fields) {
        this.delimiters = Bytes.eightOf(delimiter);
        this.returns = returns ? 1 : 0;
        this.escaped = escaped;
        this.columns = columns;
        this.fields = fields;
    }

    /**
     * Fill the columns of a frame: arrays of the types that MojoFrame has for the fields' types, of double for levels.
     *
     * @param lines UTF-8 text, every line ended, as many as the arrays have elements
     * @return false if a value or a line was declined; then the arrays are of no use
     */
    public boolean fill(ByteBuffer lines, int rows, Object[] targets) throws ReflectiveOperationException {
        byte[] data = Bytes.of(lines);
        CachedStrings texts = new CachedStrings();
        Object[] into = targets.clone();
        for (int c = 0; c < fields.length; c++) {
            if (fields[c].kind == CsvField.Kind.TIME64) {
                into[c] = new long[rows];
            }
        }
        try {
            int at = 0;
            for (int row = 0; row < rows; row++) {
                for (int f = 0; f < columns.length; f++) {
                    int end = end(data, at, f);
                    int c = columns[f];
                    if (c >= 0) {
                        int to = f == columns.length - 1 ? end - returns : end;
                        if (data[at] == '"') {
                            to = unquoted(data, ++at, to - 1);
                        }
                        put(fields[c], into[c], row, texts, data, at, to);
                    }
                    at = end + 1;
                }
            }
        } catch (DeclinedException e) {
            return false;
        }
        for (int c = 0; c < fields.length; c++) {
            if (into[c] != targets[c]) {
                times((Object[]) targets[c], (long[]) into[c]);
            }
        }
        return true;
    }

    /** How many columns the model has. */
    int width() {
        return fields.length;
    }

    /**
     * Read the line at {@code at} into one double a column, which must be of such types; where the next begins.
     *
     * @param unseen takes the columns with a level that the model has not seen, NaN in the row
     */
    int row(byte[] data, int at, double[] row, UnseenLevels unseen) throws DeclinedException {
        for (int f = 0; f < columns.length; f++) {
            int end = end(data, at, f);
            int c = columns[f];
            if (c >= 0) {
                int to = f == columns.length - 1 ? end - returns : end;
                if (data[at] == '"') {
                    to = unquoted(data, ++at, to - 1);
                }
                double value = fields[c].asDouble(data, at, to);
                if (value == Levels.UNSEEN && fields[c].kind == CsvField.Kind.LEVEL) {
                    unseen.add(c);
                    value = Double.NaN;
                }
                row[c] = value;
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
        if ((data[end] == '\n') != (field == columns.length - 1)) {
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

    private static void put(CsvField field, Object target, int row, CachedStrings texts, byte[] data, int from, int to)
            throws DeclinedException {
        switch (field.kind) {
            case LEVEL:
                double level = field.asDouble(data, from, to);
                ((double[]) target)[row] = level == Levels.UNSEEN ? Double.NaN : level;
                break;
            case FLOAT64:
                ((double[]) target)[row] = field.asDouble(data, from, to);
                break;
            case FLOAT32:
                ((float[]) target)[row] = (float) field.number(data, from, to);
                break;
            case INT32:
                long number = field.integer(data, from, to, Integer.MAX_VALUE);
                ((int[]) target)[row] = number == Long.MIN_VALUE ? Integer.MIN_VALUE : (int) number;
                break;
            case INT64:
                ((long[]) target)[row] = field.integer(data, from, to, Long.MAX_VALUE);
                break;
            case BOOL:
                int truth = field.truth(data, from, to);
                ((byte[]) target)[row] = truth < 0 ? MISSING_BOOL : (byte) truth;
                break;
            case STR:
                ((String[]) target)[row] = field.isMissing(data, from, to) ? null : texts.of(data, from, to);
                break;
            case TIME64:
                ((long[]) target)[row] = field.time(data, from, to);
                break;
            default:
                throw new IllegalStateException(field.kind.toString());
        }
    }

    private static void times(Object[] target, long[] millis) throws ReflectiveOperationException {
        boolean[] present = new boolean[millis.length];
        for (int i = 0; i < millis.length; i++) {
            present[i] = millis[i] != Long.MIN_VALUE;
        }
        Columns.times(target, target.getClass().getComponentType(), millis, present);
    }
}
