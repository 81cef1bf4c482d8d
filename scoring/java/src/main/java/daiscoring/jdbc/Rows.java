package daiscoring.jdbc;

import java.math.BigDecimal;
import java.sql.Connection;
import java.sql.PreparedStatement;
import java.sql.ResultSet;
import java.sql.ResultSetMetaData;
import java.sql.SQLException;
import java.time.LocalDate;
import java.time.LocalDateTime;
import java.time.OffsetDateTime;

/** The rows of a query, read in blocks. For one thread. */
public final class Rows implements AutoCloseable {
    private static final int FETCHED_ROWS = 1000;
    /** A block with so many bytes of text ends before it has all its rows. */
    private static final int MOST_BYTES = 64 << 20;

    private final PreparedStatement statement;
    private final ResultSet rows;
    private final ResultSetMetaData about;
    private final Kind[] kinds;
    private final Times times = new Times();
    private Column[] block;

    private Rows(PreparedStatement statement, ResultSet rows) throws SQLException {
        this.statement = statement;
        this.rows = rows;
        about = rows.getMetaData();
        kinds = new Kind[about.getColumnCount()];
        for (int i = 0; i < kinds.length; i++) {
            kinds[i] = Kind.of(about.getColumnType(i + 1), about.getColumnTypeName(i + 1), about.isSigned(i + 1),
                    about.getPrecision(i + 1), about.getScale(i + 1));
        }
    }

    /**
     * Run a query.
     *
     * @param parameters a {@link Column} with one row for each
     * @param most the number of rows after which the result ends; 0 for all
     */
    public static Rows of(Connection connection, String query, Object[] parameters, int most) throws SQLException {
        PreparedStatement statement = connection.prepareStatement(query);
        try {
            statement.setFetchSize(FETCHED_ROWS);
            statement.setMaxRows(most);
            Writer.bind(statement, parameters, 0, new int[0], new Times());
            return new Rows(statement, statement.executeQuery());
        } catch (SQLException | RuntimeException e) {
            statement.close();
            throw e;
        }
    }

    public int columns() {
        return kinds.length;
    }

    /** The name of a column; columns count from 0. */
    public String name(int column) throws SQLException {
        return about.getColumnLabel(column + 1);
    }

    public String kind(int column) {
        return kinds[column].name();
    }

    /** The number of the column's type, as in {@link java.sql.Types}. */
    public int type(int column) throws SQLException {
        return about.getColumnType(column + 1);
    }

    public String typeName(int column) throws SQLException {
        return about.getColumnTypeName(column + 1);
    }

    public int precision(int column) throws SQLException {
        return about.getPrecision(column + 1);
    }

    public int scale(int column) throws SQLException {
        return about.getScale(column + 1);
    }

    /** Read up to {@code most} rows; returns how many there were, 0 at the end. */
    public int next(int most) throws SQLException {
        block = new Column[kinds.length];
        for (int i = 0; i < kinds.length; i++) {
            block[i] = new Column(kinds[i]);
        }
        int row = 0;
        long bytes = 0;
        while (row < most && bytes < MOST_BYTES && rows.next()) {
            bytes = 0;
            for (int i = 0; i < kinds.length; i++) {
                block[i].ensure(row);
                read(block[i], row, i + 1);
                bytes += block[i].size(row + 1);
            }
            row++;
        }
        return row;
    }

    /** A column of the rows that were read last. */
    public Column column(int column) {
        return block[column];
    }

    private void read(Column column, int row, int index) throws SQLException {
        Object value = null;
        switch (column.kind) {
            case LONG:
                column.longs[row] = rows.getLong(index);
                break;
            case BOOLEAN:
                column.longs[row] = rows.getBoolean(index) ? 1 : 0;
                break;
            case DOUBLE:
                column.doubles[row] = rows.getDouble(index);
                break;
            default:
                value = object(column.kind, index);
                if (value == null) {
                    column.putMissing(row);
                    return;
                }
        }
        if (value != null) {
            put(column, row, value);
        } else if (rows.wasNull()) {
            column.putMissing(row);
        }
    }

    private Object object(Kind kind, int index) throws SQLException {
        switch (kind) {
            case DATE:
                return times.date(rows, index);
            case MICROS:
            case NANOS:
                return times.time(rows, index);
            case NUMBER:
                return rows.getBigDecimal(index);
            case ZONED:
                return rows.getObject(index, OffsetDateTime.class);
            case BYTES:
                return rows.getBytes(index);
            default:
                return rows.getString(index);
        }
    }

    private static void put(Column column, int row, Object value) throws SQLException {
        switch (column.kind) {
            case DATE:
                column.longs[row] = Times.days((LocalDate) value);
                break;
            case MICROS:
                column.longs[row] = Times.micros((LocalDateTime) value);
                break;
            case NANOS:
                column.putText(row, Times.text((LocalDateTime) value));
                break;
            case NUMBER:
                column.putText(row, ((BigDecimal) value).toPlainString());
                break;
            case ZONED:
                column.putText(row, Times.text((OffsetDateTime) value));
                break;
            case BYTES:
                column.putBytes(row, (byte[]) value);
                break;
            default:
                column.putText(row, (String) value);
        }
    }

    @Override
    public void close() throws SQLException {
        try {
            rows.close();
        } finally {
            statement.close();
        }
    }
}
