package daiscoring.rows;

import java.util.Locale;
import java.util.Set;

/** Judges the values of a column of truth values. */
final class Truths {
    private static final Set<String> YES = Set.of("true", "t", "yes", "1", "1.0");
    private static final Set<String> NO = Set.of("false", "f", "no", "0", "0.0");
    private static final byte MISSING_BOOL = -128;

    private Truths() {
    }

    /** Put what a value means into an array; returns the reject code, or {@link Judge#MISSING}, or null. */
    static String put(Object value, TextNumbers numbers, byte[] array, int row) {
        array[row] = MISSING_BOOL;
        if (value instanceof Boolean) {
            array[row] = (byte) ((Boolean) value ? 1 : 0);
            return null;
        }
        if (value instanceof Number) {
            double number = ((Number) value).doubleValue();
            array[row] = number == 1 || number == 0 ? (byte) number : MISSING_BOOL;
            return Double.isNaN(number) ? Judge.MISSING : number == 1 || number == 0 ? null : "not_a_boolean";
        }
        if (value == null || !(value instanceof String)) {
            return value == null ? Judge.MISSING : "wrong_type";
        }
        String text = numbers.present((String) value);
        if (text == null) {
            return Judge.MISSING;
        }
        String word = text.toLowerCase(Locale.ROOT);
        array[row] = YES.contains(word) ? 1 : NO.contains(word) ? 0 : MISSING_BOOL;
        return array[row] == MISSING_BOOL ? "not_a_boolean" : null;
    }
}
