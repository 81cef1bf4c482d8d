package daiscoring.jdbc;

import java.sql.Date;
import java.sql.PreparedStatement;
import java.sql.ResultSet;
import java.sql.SQLException;
import java.sql.Timestamp;
import java.time.LocalDate;
import java.time.LocalDateTime;
import java.time.ZoneOffset;
import java.time.format.DateTimeFormatter;

/**
 * Reads and writes dates and timestamps. Classes of java.time have no time zone, so no hour is skipped or repeated, and
 * one calendar for all years; a driver that does not know them gets those of java.sql. For one thread.
 */
final class Times {
    private static final int MICROS = 1_000_000;
    private static final int NANOS_OF_MICRO = 1_000;
    private static final DateTimeFormatter LOCAL = DateTimeFormatter.ofPattern("uuuu-MM-dd'T'HH:mm:ss.SSSSSSSSS");
    /** With the offset as +01:00, and Z for UTC. */
    static final DateTimeFormatter ZONED = DateTimeFormatter.ofPattern("uuuu-MM-dd'T'HH:mm:ss.SSSSSSSSSXXX");

    private boolean isModern = true;

    LocalDate date(ResultSet rows, int index) throws SQLException {
        if (isModern) {
            try {
                return rows.getObject(index, LocalDate.class);
            } catch (SQLException | AbstractMethodError e) {
                isModern = false;
            }
        }
        Date found = rows.getDate(index);
        return found == null ? null : found.toLocalDate();
    }

    LocalDateTime time(ResultSet rows, int index) throws SQLException {
        if (isModern) {
            try {
                return rows.getObject(index, LocalDateTime.class);
            } catch (SQLException | AbstractMethodError e) {
                isModern = false;
            }
        }
        Timestamp found = rows.getTimestamp(index);
        return found == null ? null : found.toLocalDateTime();
    }

    void set(PreparedStatement statement, int index, LocalDate value) throws SQLException {
        if (isModern) {
            try {
                statement.setObject(index, value);
                return;
            } catch (SQLException | AbstractMethodError e) {
                isModern = false;
            }
        }
        statement.setDate(index, Date.valueOf(value));
    }

    void set(PreparedStatement statement, int index, LocalDateTime value) throws SQLException {
        if (isModern) {
            try {
                statement.setObject(index, value);
                return;
            } catch (SQLException | AbstractMethodError e) {
                isModern = false;
            }
        }
        statement.setTimestamp(index, Timestamp.valueOf(value));
    }

    /** Microseconds since 1970. Throws SQLException if there are digits beyond microseconds. */
    static long micros(LocalDateTime time) throws SQLException {
        if (time.getNano() % NANOS_OF_MICRO != 0) {
            throw new SQLException("a timestamp has more than six digits after the second, although the driver does "
                    + "not say so of its column. Cast it to TIMESTAMP(6) in the query");
        }
        return time.toEpochSecond(ZoneOffset.UTC) * MICROS + time.getNano() / NANOS_OF_MICRO;
    }

    static LocalDateTime ofMicros(long micros) {
        int nanos = (int) Math.floorMod(micros, (long) MICROS) * NANOS_OF_MICRO;
        return LocalDateTime.ofEpochSecond(Math.floorDiv(micros, (long) MICROS), nanos, ZoneOffset.UTC);
    }

    static String text(LocalDateTime time) {
        return LOCAL.format(time);
    }
}
