package daiscoring.jdbc;

import java.sql.Date;
import java.sql.PreparedStatement;
import java.sql.ResultSet;
import java.sql.SQLException;
import java.sql.Timestamp;
import java.time.LocalDate;
import java.time.LocalDateTime;
import java.time.OffsetDateTime;
import java.time.ZoneOffset;
import java.time.format.DateTimeFormatter;
import java.time.temporal.ChronoField;
import java.time.temporal.TemporalAccessor;

/**
 * Reads and writes dates and timestamps. Classes of java.time have no time zone, so no hour is skipped or repeated, and
 * one calendar for all years; a driver that does not know them gets those of java.sql. For one thread.
 */
final class Times {
    private static final int MICROS = 1_000_000;
    private static final int NANOS_OF_MICRO = 1_000;
    private static final int LAST_YEAR = 9999;
    private static final DateTimeFormatter LOCAL = DateTimeFormatter.ofPattern("uuuu-MM-dd'T'HH:mm:ss.SSSSSSSSS");
    /** With the offset as +01:00, and Z for UTC. */
    private static final DateTimeFormatter ZONED = DateTimeFormatter.ofPattern("uuuu-MM-dd'T'HH:mm:ss.SSSSSSSSSXXX");

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

    /** Days since 1970. Throws SQLException for one that 32 bits do not hold, as for infinity. */
    static long days(LocalDate date) throws SQLException {
        long days = date.toEpochDay();
        if (days != (int) days) {
            throw tooFar();
        }
        return days;
    }

    /** Microseconds since 1970. Throws SQLException if there are digits beyond microseconds, or for infinity. */
    static long micros(LocalDateTime time) throws SQLException {
        if (Math.abs(time.toEpochSecond(ZoneOffset.UTC)) >= Long.MAX_VALUE / MICROS) {
            throw tooFar();
        }
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

    static String text(LocalDateTime time) throws SQLException {
        return text(LOCAL, time);
    }

    static String text(OffsetDateTime time) throws SQLException {
        return text(ZONED, time);
    }

    private static String text(DateTimeFormatter form, TemporalAccessor time) throws SQLException {
        int year = time.get(ChronoField.YEAR);
        if (year < 0 || year > LAST_YEAR) {
            throw tooFar();
        }
        return form.format(time);
    }

    private static SQLException tooFar() {
        return new SQLException("a date or a timestamp is infinite, or too far away to be written as a number. Give it "
                + "another value in the query");
    }
}
