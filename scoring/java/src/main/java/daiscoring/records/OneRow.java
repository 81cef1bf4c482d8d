package daiscoring.records;

import daiscoring.DeclinedException;

/** Reads requests that have one row each, one after the other. For one thread. */
abstract class OneRow {
    /** Read the row of the request that begins at {@code at}; where the request ends. All columns must be there. */
    abstract int read(int at, int row, Target target) throws DeclinedException;

    /** A request as an object of JSON, alone or in an array. */
    static final class OfObject extends OneRow {
        private static final byte[] BRACE = {'}'};
        private static final int[] FIRST = {0};

        private final byte[] data;
        private final JsonObjects.Objects objects;

        OfObject(JsonColumns means, byte[] data) {
            this.data = data;
            objects = new JsonObjects(means, BRACE, FIRST).walk(data);
        }

        @Override
        int read(int at, int row, Target target) throws DeclinedException {
            boolean isArray = data[at] == '[';
            int end = objects.record(isArray ? JsonText.space(data, at + 1) : at, row, target);
            if (isArray) {
                end = JsonText.space(data, end);
                if (data[end++] != ']') {
                    throw DeclinedException.INSTANCE;
                }
            }
            if (!objects.hadAll()) {
                throw DeclinedException.INSTANCE;
            }
            return JsonText.space(data, end);
        }
    }

    /** A request as a line of CSV. */
    static final class OfLine extends OneRow {
        private final RecordLayout.Walk lines;

        OfLine(CsvLines layout, byte[] data) {
            lines = layout.walk(data);
        }

        @Override
        int read(int at, int row, Target target) throws DeclinedException {
            return lines.record(at, row, target);
        }
    }
}
