package daiscoring.nifi.records;

import java.io.IOException;
import java.io.OutputStream;
import java.nio.ByteBuffer;
import java.nio.ByteOrder;
import java.nio.charset.StandardCharsets;
import java.sql.Date;
import java.util.Arrays;
import org.apache.nifi.serialization.record.DataType;
import org.apache.nifi.serialization.record.type.ChoiceDataType;

/**
 * Collects the values of one field of many records, and writes them in Arrow's layout of a column: a bitmap of the values
 * that are not null, and little-endian values. {@code column_files.py} reads it.
 */
final class ColumnWriter {
    /** How a value is written; the letter stands for it in what Python gets. */
    enum Kind {
        BOOLEAN('b', 1), INT('i', 4), LONG('l', 8), FLOAT('f', 4), DOUBLE('d', 8), DATE('D', 4), TIMESTAMP('T', 8),
        TEXT('s', 4), NESTED('n', 4), MIXED('m', 4);

        final char letter;
        final int width;

        Kind(char letter, int width) {
            this.letter = letter;
            this.width = width;
        }

        static Kind of(DataType type) {
            switch (type.getFieldType()) {
                case BOOLEAN:
                    return BOOLEAN;
                case BYTE:
                case SHORT:
                case INT:
                    return INT;
                case LONG:
                    return LONG;
                case FLOAT:
                    return FLOAT;
                case DOUBLE:
                    return DOUBLE;
                case DATE:
                    return DATE;
                case TIMESTAMP:
                    return TIMESTAMP;
                case RECORD:
                case ARRAY:
                case MAP:
                    return NESTED;
                case CHOICE:
                    return type instanceof ChoiceDataType ? ofSeveral((ChoiceDataType) type) : TEXT;
                default:
                    // Decimals and large integers with all their digits, times and texts.
                    return TEXT;
            }
        }

        /** Of several types: a truth value, and what has parts, is not the text that stands for it. */
        private static Kind ofSeveral(ChoiceDataType type) {
            boolean isMixed = type.getPossibleSubTypes().stream()
                    .map(Kind::of)
                    .anyMatch(kind -> kind == BOOLEAN || kind == NESTED || kind == MIXED);
            return isMixed ? MIXED : TEXT;
        }

        /** Whether values are written as text. */
        boolean isText() {
            return this == TEXT || this == NESTED || this == MIXED;
        }

        /** Whether {@link RowWriter} can write values. */
        boolean isInRows() {
            return this != NESTED && this != MIXED;
        }
    }

    private final Kind kind;
    private final byte[] bitmap;
    private final ByteBuffer values;
    private byte[] text = new byte[1 << 16];
    private int textEnd;
    private int rows;

    ColumnWriter(Kind kind, int maxRows) {
        this.kind = kind;
        bitmap = new byte[(maxRows + 7) / 8];
        values = ByteBuffer.allocate((maxRows + 1) * kind.width).order(ByteOrder.LITTLE_ENDIAN);
        clear();
    }

    Kind kind() {
        return kind;
    }

    /** How many bytes of text were collected: a chunk with too many ends early. */
    int textBytes() {
        return textEnd;
    }

    void add(Object value) {
        if (value != null) {
            bitmap[rows >> 3] |= (byte) (1 << (rows & 7));
        }
        rows++;
        switch (kind) {
            case BOOLEAN:
                values.put((byte) (Boolean.TRUE.equals(value) ? 1 : 0));
                break;
            case INT:
                values.putInt(value == null ? 0 : ((Number) value).intValue());
                break;
            case LONG:
                values.putLong(value == null ? 0 : ((Number) value).longValue());
                break;
            case FLOAT:
                values.putFloat(value == null ? 0 : ((Number) value).floatValue());
                break;
            case DOUBLE:
                values.putDouble(value == null ? 0 : ((Number) value).doubleValue());
                break;
            case DATE:
                values.putInt(value == null ? 0 : (int) ((Date) value).toLocalDate().toEpochDay());
                break;
            case TIMESTAMP:
                values.putLong(value == null ? 0 : ((java.util.Date) value).getTime());
                break;
            default:
                if (value != null) {
                    append(kind == Kind.MIXED ? MixedValues.json(value) : value.toString());
                }
                values.putInt(textEnd);
        }
    }

    void writeTo(OutputStream out) throws IOException {
        out.write(bitmap, 0, (rows + 7) / 8);
        out.write(values.array(), 0, values.position());
        if (kind.isText()) {
            out.write(text, 0, textEnd);
        }
        clear();
    }

    private void clear() {
        Arrays.fill(bitmap, (byte) 0);
        values.clear();
        rows = 0;
        textEnd = 0;
        if (kind.isText()) {
            values.putInt(0);
        }
    }

    private void append(String value) {
        int length = value.length();
        if (textEnd + length * 3 > text.length) {
            text = Arrays.copyOf(text, Math.max(text.length * 2, textEnd + length * 3));
        }
        for (int i = 0; i < length; i++) {
            char letter = value.charAt(i);
            if (letter >= 0x80) {
                byte[] whole = value.getBytes(StandardCharsets.UTF_8);
                System.arraycopy(whole, 0, text, textEnd, whole.length);
                textEnd += whole.length;
                return;
            }
            text[textEnd + i] = (byte) letter;
        }
        textEnd += length;
    }
}
