package daiscoring.records;

import daiscoring.DeclinedException;
import daiscoring.Levels;
import daiscoring.TextColumn;
import daiscoring.TextColumn.Kind;

/** The one row of doubles that genmodel scores next: numbers, milliseconds and indices of levels, NaN for missing. */
public final class RowTarget extends Target {
    /** The values, by column. */
    public final double[] values;
    private final TextColumn[] columns;
    private final UnseenLevels unseen;

    RowTarget(TextColumn[] columns) {
        this.columns = columns;
        values = new double[columns.length];
        unseen = new UnseenLevels(columns.length);
    }

    /** By column the rows with a level that the model has not seen. */
    public int[][] unseen() {
        return unseen.rows();
    }

    @Override
    void begin(int row) {
        unseen.at(row);
    }

    @Override
    void text(int column, TextColumn reader, byte[] data, int from, int to) throws DeclinedException {
        double value = reader.asDouble(data, from, to);
        if (value == Levels.UNSEEN && reader.kind == Kind.LEVEL) {
            unseen.add(column);
            value = Double.NaN;
        }
        values[column] = value;
    }

    @Override
    void number(int column, double value) throws DeclinedException {
        if (columns[column].kind != Kind.FLOAT64) {
            throw DeclinedException.INSTANCE;
        }
        values[column] = value;
    }

    @Override
    void integer(int column, long value) throws DeclinedException {
        Kind kind = columns[column].kind;
        if (kind == Kind.LEVEL || kind == Kind.TIME64 && Math.abs(value) > TextColumn.EXACT) {
            throw DeclinedException.INSTANCE;
        }
        values[column] = value;
    }

    @Override
    void level(int column, int level) {
        if (level == Levels.UNSEEN) {
            unseen.add(column);
        }
        values[column] = level < 0 ? Double.NaN : level;
    }

    @Override
    void missing(int column) {
        values[column] = Double.NaN;
    }
}
