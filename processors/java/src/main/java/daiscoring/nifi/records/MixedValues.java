package daiscoring.nifi.records;

import java.math.BigDecimal;
import java.util.Arrays;
import java.util.Collection;
import java.util.Map;
import org.apache.nifi.serialization.record.Record;

/** Values of fields that may have several types, as JSON: it tells {@code true} from the text, and what has parts from both. */
final class MixedValues {
    private static final char SPACE = ' ';

    private MixedValues() {
    }

    /** The JSON of a value that is not null; of one with parts an object with its text, for the reason of its rejection. */
    static String json(Object value) {
        if (value instanceof Double || value instanceof Float) {
            double number = ((Number) value).doubleValue();
            boolean isFinite = !Double.isNaN(number) && !Double.isInfinite(number);
            return isFinite ? BigDecimal.valueOf(number).toPlainString() : Double.toString(number);
        }
        if (value instanceof Boolean || value instanceof Number) {
            return value.toString();
        }
        if (value instanceof Object[]) {
            return withParts(Arrays.deepToString((Object[]) value));
        }
        if (value instanceof Record || value instanceof Map || value instanceof Collection) {
            return withParts(value.toString());
        }
        return quoted(value.toString());
    }

    private static String withParts(String text) {
        return "{\"value\":" + quoted(text) + "}";
    }

    private static String quoted(String text) {
        StringBuilder made = new StringBuilder(text.length() + 2).append('"');
        for (int i = 0; i < text.length(); i++) {
            char letter = text.charAt(i);
            if (letter < SPACE) {
                made.append(String.format("\\u%04x", (int) letter));
                continue;
            }
            if (letter == '"' || letter == '\\') {
                made.append('\\');
            }
            made.append(letter);
        }
        return made.append('"').toString();
    }
}
