package daiscoring.rows;

import daiscoring.TextColumn;
import daiscoring.DeclinedException;
import daiscoring.Levels;
import java.math.BigDecimal;
import java.nio.ByteBuffer;
import java.nio.charset.CharacterCodingException;
import java.nio.charset.StandardCharsets;
import java.time.Instant;
import java.time.LocalDate;
import java.util.Arrays;
import java.util.function.Function;

/**
 * Turns the values of one column, as objects of a record, into those that the model takes. Safe for threads.
 *
 * <p>Every value has the meaning that dai_scoring/values/coerce.py gives it; a test runs both over the same values. A
 * value is null, a String, a Boolean, a number of the JDK, byte[] (text in UTF-8), a LocalDate, an Instant, or a nested
 * value: an Object[] with its JSON text.
 */
public final class Judge {
    /** Stands for no code: the value is missing. */
    static final String MISSING = "missing";

    private final Column column;
    private final TextColumn field;
    private final TextNumbers numbers;
    private final Levels levels;
    private final Function<String, Long> ownTimes;

    /** @param ownTimes reads a text as milliseconds in a form of the model's own; null where it cannot */
    public Judge(Column column, Function<String, Long> ownTimes) {
        this.column = column;
        this.ownTimes = ownTimes;
        field = new TextColumn(column.type, column.missing(), column.missingNumbers(), column.levels);
        levels = column.levels == null ? null : new Levels(column.levels);
        numbers = new TextNumbers(column.literals, column.withSigns);
    }

    /** An array for the values of so many rows; times are milliseconds since 1970, Long.MIN_VALUE where missing. */
    public Object newArray(int rows) {
        switch (column.type) {
            case "Bool":
                return new byte[rows];
            case "Int32":
                return new int[rows];
            case "Int64":
            case "Time64":
                return new long[rows];
            case "Float32":
                return new float[rows];
            case "Str":
                return new String[rows];
            default:
                return new double[rows];
        }
    }

    /**
     * Put what a value means into an array of {@link #newArray}.
     *
     * @return the reject code of a value that does not fit the column; null where it fits
     */
    public String read(Object value, Object array, int row) {
        String code = MISSING;
        if (value instanceof Object[]) {
            code = "nested";
            value = null;
        } else if (value instanceof byte[]) {
            value = decoded((byte[]) value);
            code = value == null ? "not_text" : code;
        } else if (value instanceof BigDecimal) {
            value = value.toString();
        }
        String found = put(value, array, row);
        code = value == null ? code : found;
        return code != MISSING ? code : column.required ? "missing_value" : null;
    }

    private String put(Object value, Object array, int row) {
        switch (column.type) {
            case "Bool":
                return Truths.put(value, numbers, (byte[]) array, row);
            case "Int32":
                return int32(value, (int[]) array, row);
            case "Int64":
                return int64(value, (long[]) array, row);
            case "Float32":
                return float32(value, (float[]) array, row);
            case "Float64":
                return float64(value, (double[]) array, row);
            case "Time64":
                return time(value, (long[]) array, row);
            case "Str":
                return text(value, (String[]) array, row);
            default:
                return level(value, (double[]) array, row);
        }
    }

    private String int32(Object value, int[] array, int row) {
        long[] wide = {Long.MIN_VALUE};
        String code = int64(value, wide, 0);
        boolean fits = Math.abs(wide[0]) <= Integer.MAX_VALUE;
        array[row] = code == null && fits ? (int) wide[0] : Integer.MIN_VALUE;
        return code == null && !fits ? "out_of_range" : code;
    }

    private String int64(Object value, long[] array, int row) {
        array[row] = Long.MIN_VALUE;
        if (value == null) {
            return MISSING;
        }
        if (value instanceof Boolean) {
            array[row] = (Boolean) value ? 1 : 0;
            return null;
        }
        if (value instanceof Float || value instanceof Double) {
            return whole(((Number) value).doubleValue(), array, row);
        }
        if (value instanceof Number) {
            array[row] = ((Number) value).longValue();
            return array[row] == Long.MIN_VALUE ? "out_of_range" : null;
        }
        if (!(value instanceof String)) {
            return "wrong_type";
        }
        byte[] data = bytes((String) value);
        try {
            array[row] = field.integer(data, 0, data.length - Long.BYTES, Long.MAX_VALUE);
            return array[row] == Long.MIN_VALUE ? MISSING : null;
        } catch (DeclinedException e) {
            return longText((String) value, array, row);
        }
    }

    private String longText(String value, long[] array, int row) {
        String text = numbers.present(value);
        if (text == null) {
            return MISSING;
        }
        if (TextNumbers.isInteger(text)) {
            Long found = TextNumbers.integer(text);
            array[row] = found == null ? Long.MIN_VALUE : found;
            return array[row] == Long.MIN_VALUE ? "out_of_range" : null;
        }
        Double number = numbers.number(text);
        return number == null ? "not_a_number" : whole(number, array, row);
    }

    private static String whole(double number, long[] array, int row) {
        if (Double.isNaN(number)) {
            return MISSING;
        }
        if (!(Math.abs(number) < 0x1p63)) {
            return "out_of_range";
        }
        if (Math.floor(number) != number) {
            return "not_an_integer";
        }
        array[row] = (long) number;
        return null;
    }

    private String float32(Object value, float[] array, int row) {
        double[] wide = {Double.NaN};
        String code = float64(value, wide, 0);
        array[row] = (float) wide[0];
        return code == null && Float.isNaN(array[row]) ? MISSING : code;
    }

    private String float64(Object value, double[] array, int row) {
        array[row] = Double.NaN;
        if (value == null) {
            return MISSING;
        }
        if (value instanceof Boolean) {
            array[row] = (Boolean) value ? 1 : 0;
            return null;
        }
        if (value instanceof Number) {
            // NaN too: it is a value, which the model takes for a missing one.
            array[row] = ((Number) value).doubleValue();
            return null;
        }
        if (!(value instanceof String)) {
            return "wrong_type";
        }
        byte[] data = bytes((String) value);
        try {
            array[row] = field.number(data, 0, data.length - Long.BYTES);
        } catch (DeclinedException e) {
            String text = numbers.present((String) value);
            if (text == null) {
                return MISSING;
            }
            Double number = numbers.number(text);
            if (number == null) {
                return "not_a_number";
            }
            array[row] = number;
        }
        return Double.isNaN(array[row]) ? MISSING : null;
    }

    private String time(Object value, long[] array, int row) {
        array[row] = Long.MIN_VALUE;
        if (value == null) {
            return MISSING;
        }
        if (value instanceof LocalDate || value instanceof Instant) {
            array[row] = value instanceof Instant
                    ? TextTimes.millis((Instant) value)
                    : Math.multiplyExact(((LocalDate) value).toEpochDay(), TextTimes.DAY);
            return null;
        }
        if (value instanceof Boolean) {
            return "not_a_date";
        }
        if (value instanceof Number) {
            String code = int64(value, array, row);
            return code == null || code == MISSING ? code : "not_a_date";
        }
        byte[] data = bytes((String) value);
        try {
            array[row] = field.time(data, 0, data.length - Long.BYTES);
            return array[row] == Long.MIN_VALUE ? MISSING : null;
        } catch (DeclinedException e) {
            String text = numbers.present((String) value);
            if (text == null) {
                return MISSING;
            }
            Long found = TextTimes.iso(text);
            found = found == null ? ownTimes.apply(text) : found;
            found = found == null ? TextTimes.milliseconds(text) : found;
            array[row] = found == null ? Long.MIN_VALUE : found;
            return found == null ? "not_a_date" : null;
        }
    }

    private String text(Object value, String[] array, int row) {
        String text = textOf(value);
        if (text == null) {
            return MISSING;
        }
        if (levels != null) {
            int level = indexOf(text);
            // To the encoders of the model a level that it has never seen is not a missing one.
            text = level < 0 ? text : column.levels[level];
        }
        array[row] = text;
        return null;
    }

    private String level(Object value, double[] array, int row) {
        array[row] = Double.NaN;
        String text = textOf(value);
        if (text == null) {
            return MISSING;
        }
        int level = indexOf(text);
        array[row] = level < 0 ? Double.NaN : level;
        return null;
    }

    /** The index of the level that the text means; negative where it means none. */
    private int indexOf(String text) {
        byte[] data = bytes(text);
        return levels.read(data, 0, data.length - Long.BYTES);
    }

    /** The text of a value in a column of text; null where it means a missing value. */
    private String textOf(Object value) {
        if (value == null || value instanceof Double && ((Double) value).isNaN()
                || value instanceof Float && ((Float) value).isNaN()) {
            return null;
        }
        if (value instanceof Boolean && column.truths != null) {
            return column.truths[(Boolean) value ? 0 : 1];
        }
        String text = value instanceof String ? (String) value : ValueTexts.asLevel(value);
        return column.literals.contains(text) ? null : text;
    }

    private static byte[] bytes(String text) {
        byte[] data = text.getBytes(StandardCharsets.UTF_8);
        return Arrays.copyOf(data, data.length + Long.BYTES);
    }

    private static String decoded(byte[] data) {
        try {
            return StandardCharsets.UTF_8.newDecoder().decode(ByteBuffer.wrap(data)).toString();
        } catch (CharacterCodingException e) {
            return null;
        }
    }
}
