package daiscoring.records;

import daiscoring.Bytes;
import daiscoring.DeclinedException;
import daiscoring.TextColumn;
import daiscoring.TextColumn.Kind;
import java.util.Arrays;

/**
 * A request of H2O's REST scorers that has one row and nothing but {@code fields} and {@code rows}, in this order.
 *
 * <p>Its values are read as in CSV, where every value is a text.
 */
final class H2oRow extends OneRow {
    /** So many characters of an integer that is a text are written as they were. */
    private static final int DIGITS = 18;
    private static final byte[] FIELDS = Bytes.of("\"fields\"");
    private static final byte[] ROWS = Bytes.of("\"rows\"");

    private final byte[] data;
    private final JsonColumns means;
    /** The last list of fields, from its bracket to the one that closes it, and the column of each field. */
    private int from;
    private int length;
    private int[] known = {};

    H2oRow(JsonColumns means, byte[] data) {
        this.means = means;
        this.data = data;
    }

    @Override
    int read(int start, int row, Target target) throws DeclinedException {
        int at = name(FIELDS, JsonText.space(data, after('{', start)));
        at = fields(at);
        at = name(ROWS, JsonText.space(data, after(',', JsonText.space(data, at))));
        at = JsonText.space(data, after('[', JsonText.space(data, after('[', at))));
        for (int i = 0; i < known.length; i++) {
            if (i > 0) {
                at = JsonText.space(data, after(',', at));
            }
            at = JsonText.space(data, value(known[i], at, target));
        }
        at = after(']', JsonText.space(data, after(']', at)));
        return JsonText.space(data, after('}', JsonText.space(data, at)));
    }

    private int after(int expected, int at) throws DeclinedException {
        if (data[at] != expected) {
            throw DeclinedException.INSTANCE;
        }
        return at + 1;
    }

    /** After a name, the colon and the space. */
    private int name(byte[] name, int at) throws DeclinedException {
        int size = name.length - Long.BYTES;
        if (!Arrays.equals(data, at, at + size, name, 0, size)) {
            throw DeclinedException.INSTANCE;
        }
        return JsonText.space(data, JsonText.colon(data, JsonText.space(data, at + size)));
    }

    /** Read the list of fields; where it ends. Most requests have that of the one before. */
    private int fields(int at) throws DeclinedException {
        if (length > 0 && at + length <= data.length && Arrays.equals(data, at, at + length, data, from, from + length)) {
            return at + length;
        }
        int[] columns = new int[means.texts.length];
        int count = 0;
        int found = 0;
        int[] starts = new int[columns.length];
        int[] ends = new int[columns.length];
        int i = after('[', at);
        do {
            i = JsonText.space(data, i);
            if (data[i] != '"') {
                throw DeclinedException.INSTANCE;
            }
            int end = JsonText.text(data, i);
            if (count == columns.length) {
                columns = Arrays.copyOf(columns, 2 * count);
                starts = Arrays.copyOf(starts, 2 * count);
                ends = Arrays.copyOf(ends, 2 * count);
            }
            starts[count] = i;
            ends[count] = end;
            for (int k = 0; k < count; k++) {
                if (Arrays.equals(data, starts[k], ends[k], data, i, end)) {
                    throw DeclinedException.INSTANCE;
                }
            }
            for (int k = i; k < end; k++) {
                // It may be a name that is written otherwise.
                if (data[k] == '\\') {
                    throw DeclinedException.INSTANCE;
                }
            }
            columns[count] = means.column(data, i + 1, end - 1);
            found += columns[count++] >= 0 ? 1 : 0;
            i = JsonText.space(data, end);
        } while (data[i++] == ',');
        if (data[i - 1] != ']' || found < means.texts.length) {
            throw DeclinedException.INSTANCE;
        }
        known = Arrays.copyOf(columns, count);
        from = at;
        length = i - at;
        return i;
    }

    private int value(int column, int at, Target target) throws DeclinedException {
        if (data[at] == '"') {
            int close = JsonText.text(data, at) - 1;
            if (column >= 0) {
                target.text(column, means.texts[column], data, at + 1, JsonText.meant(data, at + 1, close));
            }
            return close + 1;
        }
        if (JsonText.isNull(data, at)) {
            if (column >= 0) {
                target.missing(column);
            }
            return at + 4;
        }
        int end = JsonText.number(data, at);
        if (column >= 0) {
            TextColumn reader = means.texts[column];
            boolean isText = reader.kind == Kind.STR || reader.kind == Kind.LEVEL;
            if (isText && (end - at > DIGITS || !Bytes.areDigits(data, at, end))) {
                throw DeclinedException.INSTANCE;
            }
            target.text(column, reader, data, at, end);
        }
        return end;
    }
}
