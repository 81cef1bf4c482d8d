package daiscoring.records;

import daiscoring.Bytes;
import daiscoring.DeclinedException;
import daiscoring.TextColumn;
import daiscoring.TextColumn.Kind;
import java.util.Arrays;

/** Objects of JSON, the same bytes between any two of them. */
public final class JsonObjects extends RecordLayout {
    /** So many characters of an integer that is a text are written as they were. */
    private static final int DIGITS = 18;

    private final JsonColumns means;
    private final byte[] between;
    private final int[] starts;

    /**
     * @param between what stands after the last value of each object: the brace, and all up to the next object
     * @param starts the numbers of the objects that begin a content: in each content, some object has each column
     */
    public JsonObjects(JsonColumns means, byte[] between, int[] starts) {
        super(means.texts, means.truths);
        this.means = means;
        this.between = between;
        this.starts = starts;
    }

    @Override
    Objects walk(byte[] data) {
        return new Objects(data);
    }

    final class Objects extends Walk {
        private static final int FIRST_SIZE = 16;

        private final byte[] data;
        /** The number of the last object that had each column, plus one. */
        private final int[] seen = new int[columns.length];
        /** The names of the last object, with quotes: where each stands, how long it is, and which column it is. */
        private int[] places = new int[FIRST_SIZE];
        private int[] lengths = new int[FIRST_SIZE];
        private int[] known = new int[FIRST_SIZE];
        private int names;
        private int content;
        /** How many columns the last object had. */
        private int found;

        Objects(byte[] data) {
            this.data = data;
        }

        @Override
        int record(int start, int row, Target target) throws DeclinedException {
            if (content + 1 < starts.length && starts[content + 1] == row) {
                end();
                content++;
            }
            check(data[start] == '{');
            int at = start;
            found = 0;
            int name = 0;
            int end;
            do {
                at = JsonText.space(data, at + 1);
                int column = name(name, at);
                at = JsonText.space(data, JsonText.colon(data, JsonText.space(data, at + lengths[name])));
                if (column >= 0) {
                    // Of two values with the same name it is not clear which one counts.
                    check(seen[column] <= row);
                    seen[column] = row + 1;
                    found++;
                    end = value(column, at, target);
                } else {
                    end = JsonText.value(data, at);
                }
                at = JsonText.space(data, end);
                name++;
            } while (data[at] == ',');
            check(Arrays.equals(data, end, end + between.length, between, 0, between.length));
            if (found < columns.length) {
                for (int c = 0; c < columns.length; c++) {
                    if (seen[c] <= row) {
                        target.missing(c);
                    }
                }
            }
            return end + between.length;
        }

        /** Whether the last object had all columns. */
        boolean hadAll() {
            return found == columns.length;
        }

        @Override
        void end() throws DeclinedException {
            for (int last : seen) {
                check(last > starts[content]);
            }
        }

        /** The column of the name at {@code at}, which is the {@code index}-th of its object. */
        private int name(int index, int at) throws DeclinedException {
            check(data[at] == '"');
            // Most objects have the names of the one before, in the same order.
            if (index < names && at + lengths[index] <= data.length && isSame(index, at)) {
                places[index] = at;
                return known[index];
            }
            int end = JsonText.text(data, at);
            for (int i = at; i < end; i++) {
                // It may be a name that is written otherwise.
                check(data[i] != '\\');
            }
            if (index == places.length) {
                places = Arrays.copyOf(places, 2 * index);
                lengths = Arrays.copyOf(lengths, 2 * index);
                known = Arrays.copyOf(known, 2 * index);
            }
            names = Math.max(names, index + 1);
            places[index] = at;
            lengths[index] = end - at;
            known[index] = means.column(data, at + 1, end - 1);
            check(known[index] != JsonColumns.UNWANTED);
            return known[index];
        }

        private boolean isSame(int index, int at) {
            int length = lengths[index];
            return Arrays.equals(data, at, at + length, data, places[index], places[index] + length);
        }

        /** Read a value of the model; where it ends. */
        private int value(int column, int at, Target target) throws DeclinedException {
            TextColumn reader = columns[column];
            switch (data[at]) {
                case '"':
                    int close = JsonText.text(data, at) - 1;
                    target.text(column, reader, data, at + 1, JsonText.meant(data, at + 1, close));
                    return close + 1;
                case 't':
                    check(JsonText.isTrue(data, at));
                    truth(column, 1, target);
                    return at + 4;
                case 'f':
                    check(JsonText.isFalse(data, at));
                    truth(column, 0, target);
                    return at + 5;
                case 'n':
                    check(JsonText.isNull(data, at));
                    target.missing(column);
                    return at + 4;
                default:
                    int end = JsonText.number(data, at);
                    if (reader.kind == Kind.STR || reader.kind == Kind.LEVEL) {
                        check(end - at <= DIGITS && Bytes.areDigits(data, at, end));
                        target.text(column, reader, data, at, end);
                    } else {
                        target.text(column, means.numbers[column], data, at, end);
                    }
                    return end;
            }
        }
    }
}
