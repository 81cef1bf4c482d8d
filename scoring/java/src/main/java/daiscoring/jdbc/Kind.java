package daiscoring.jdbc;

import java.sql.Types;
import java.util.Locale;

/** How the values of a column cross to Python and back. */
public enum Kind {
    /** Whole numbers, in an array of long. */
    LONG(Types.BIGINT),
    /** 0 or 1, in an array of long. */
    BOOLEAN(Types.BOOLEAN),
    /** Days since 1970, in an array of long. */
    DATE(Types.DATE),
    /** Microseconds since 1970 of a timestamp without a time zone, in an array of long. */
    MICROS(Types.TIMESTAMP),
    /** Numbers in an array of double. */
    DOUBLE(Types.DOUBLE),
    /** Decimal numbers as text, which keeps all digits. */
    NUMBER(Types.DECIMAL),
    /** Timestamps with more than six digits of a second, as text of the form 2026-01-01T12:00:00.123456789. */
    NANOS(Types.TIMESTAMP),
    /** Timestamps with a time zone as text, as NANOS, with the offset after it. */
    ZONED(Types.TIMESTAMP_WITH_TIMEZONE),
    /** Text, and all types that are not named here. */
    TEXT(Types.VARCHAR),
    /** Bytes. */
    BYTES(Types.VARBINARY);

    private static final int ORACLE_BINARY_FLOAT = 100;
    private static final int ORACLE_BINARY_DOUBLE = 101;
    private static final int ORACLE_ZONED = -101;
    private static final int ORACLE_LOCAL_ZONED = -102;
    private static final int SQL_SERVER_ZONED = -155;
    private static final int MICRO_DIGITS = 6;

    /** The type of a parameter whose column is unknown. */
    final int type;

    Kind(int type) {
        this.type = type;
    }

    /** Whether the values are in an array of long. */
    boolean isLong() {
        return this == LONG || this == BOOLEAN || this == DATE || this == MICROS;
    }

    /**
     * The kind for a column of a query.
     *
     * @param type a number of {@link Types}, or one of a database's own
     * @param scale the digits after the point, of a second for a timestamp
     */
    static Kind of(int type, String name, boolean isSigned, int precision, int scale) {
        String upper = name == null ? "" : name.toUpperCase(Locale.ROOT);
        if (upper.startsWith("DECFLOAT")) {
            return NUMBER;
        }
        if (upper.equals("UUID")) {
            return TEXT;
        }
        switch (type) {
            case Types.BOOLEAN:
                return BOOLEAN;
            case Types.BIT:
                return precision > 1 ? BYTES : BOOLEAN;
            case Types.TINYINT:
            case Types.SMALLINT:
            case Types.INTEGER:
                return LONG;
            case Types.BIGINT:
                return isSigned ? LONG : NUMBER;
            case Types.REAL:
            case Types.FLOAT:
            case Types.DOUBLE:
            case ORACLE_BINARY_FLOAT:
            case ORACLE_BINARY_DOUBLE:
                return DOUBLE;
            case Types.DECIMAL:
            case Types.NUMERIC:
                return NUMBER;
            case Types.DATE:
                return DATE;
            case Types.TIMESTAMP:
                if (upper.equals("TIMESTAMPTZ")) {
                    return ZONED;
                }
                return scale > MICRO_DIGITS ? NANOS : MICROS;
            case Types.TIMESTAMP_WITH_TIMEZONE:
            case ORACLE_ZONED:
            case ORACLE_LOCAL_ZONED:
            case SQL_SERVER_ZONED:
                return ZONED;
            case Types.BINARY:
            case Types.VARBINARY:
            case Types.LONGVARBINARY:
            case Types.BLOB:
                return BYTES;
            default:
                return TEXT;
        }
    }
}
