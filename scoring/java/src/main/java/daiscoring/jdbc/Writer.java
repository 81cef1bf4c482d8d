package daiscoring.jdbc;

import java.math.BigDecimal;
import java.sql.Connection;
import java.sql.PreparedStatement;
import java.sql.SQLException;
import java.sql.Statement;
import java.time.LocalDate;
import java.time.LocalDateTime;
import java.time.OffsetDateTime;

/** Runs statements whose parameters are columns, in batches. */
public final class Writer {
    private static final int BATCH = 1000;

    private Writer() {
    }

    /**
     * Run a statement once for each row; returns the number of rows that it changed.
     *
     * @param columns a {@link Column} for each parameter, in the statement's order; not as Column[], of which there is one
     *     in each class loader
     * @param types the types of the columns that they are written to, as in {@link java.sql.Types}; fewer if unknown
     */
    public static long run(Connection connection, String sql, Object[] columns, int rows, int[] types)
            throws SQLException {
        Times times = new Times();
        long changed = 0;
        try (PreparedStatement statement = connection.prepareStatement(sql)) {
            if (columns.length == 0) {
                statement.execute();
                return Math.max(0, statement.getUpdateCount());
            }
            for (int row = 0; row < rows; row++) {
                bind(statement, columns, row, types, times);
                statement.addBatch();
                if ((row + 1) % BATCH == 0 || row + 1 == rows) {
                    changed += sum(statement.executeBatch());
                }
            }
        }
        return changed;
    }

    private static long sum(int[] counts) {
        long sum = 0;
        for (int count : counts) {
            // A driver that sends a batch at once may not know the counts of its statements.
            sum += count == Statement.SUCCESS_NO_INFO ? 1 : count;
        }
        return sum;
    }

    static void bind(PreparedStatement statement, Object[] columns, int row, int[] types, Times times)
            throws SQLException {
        for (int i = 0; i < columns.length; i++) {
            Column column = (Column) columns[i];
            if (column.missing[row] != 0) {
                statement.setNull(i + 1, i < types.length ? types[i] : column.kind.type);
            } else {
                set(statement, i + 1, column, row, times);
            }
        }
    }

    private static void set(PreparedStatement statement, int index, Column column, int row, Times times)
            throws SQLException {
        switch (column.kind) {
            case LONG:
                statement.setLong(index, column.longs[row]);
                break;
            case BOOLEAN:
                statement.setBoolean(index, column.longs[row] != 0);
                break;
            case DATE:
                times.set(statement, index, LocalDate.ofEpochDay(column.longs[row]));
                break;
            case MICROS:
                times.set(statement, index, Times.ofMicros(column.longs[row]));
                break;
            case DOUBLE:
                statement.setDouble(index, column.doubles[row]);
                break;
            case NUMBER:
                statement.setBigDecimal(index, new BigDecimal(column.text(row)));
                break;
            case NANOS:
                times.set(statement, index, LocalDateTime.parse(column.text(row)));
                break;
            case ZONED:
                statement.setObject(index, OffsetDateTime.parse(column.text(row)));
                break;
            case BYTES:
                statement.setBytes(index, column.value(row));
                break;
            default:
                statement.setString(index, column.text(row));
        }
    }
}
