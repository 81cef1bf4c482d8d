package daiscoring.nifi.records;

import java.io.IOException;
import java.io.OutputStream;
import java.nio.charset.StandardCharsets;
import java.sql.Date;
import java.util.Arrays;
import java.util.List;
import org.apache.nifi.serialization.record.Record;

/**
 * Collects some fields of records as Avro has them, each as a union with null before its type: the byte 0, or 2 and the
 * value. The Java beside Python reads them straight into what a model takes.
 */
final class RowWriter {
    private final String[] names;
    private final ColumnWriter.Kind[] kinds;
    private byte[] bytes = new byte[1 << 16];
    private int end;

    RowWriter(List<String> names, List<ColumnWriter> columns) {
        this.names = names.toArray(new String[0]);
        kinds = columns.stream().map(ColumnWriter::kind).toArray(ColumnWriter.Kind[]::new);
    }

    /** How many bytes were collected. */
    int size() {
        return end;
    }

    void add(Record record) {
        for (int i = 0; i < kinds.length; i++) {
            Object value = record.getValue(names[i]);
            ensure(1 + Long.BYTES);
            if (value == null) {
                bytes[end++] = 0;
            } else {
                bytes[end++] = 2;
                add(kinds[i], value);
            }
        }
    }

    private void add(ColumnWriter.Kind kind, Object value) {
        switch (kind) {
            case BOOLEAN:
                bytes[end++] = (byte) (Boolean.TRUE.equals(value) ? 1 : 0);
                break;
            case INT:
                integer(((Number) value).intValue());
                break;
            case LONG:
                integer(((Number) value).longValue());
                break;
            case FLOAT:
                fixed(Float.floatToRawIntBits(((Number) value).floatValue()), Float.BYTES);
                break;
            case DOUBLE:
                fixed(Double.doubleToRawLongBits(((Number) value).doubleValue()), Double.BYTES);
                break;
            case DATE:
                integer(((Date) value).toLocalDate().toEpochDay());
                break;
            case TIMESTAMP:
                integer(((java.util.Date) value).getTime());
                break;
            default:
                text(value.toString());
        }
    }

    /** An integer, zigzag and seven bits a byte. */
    private void integer(long value) {
        ensure(10);
        long left = value << 1 ^ value >> 63;
        for (; (left & ~127L) != 0; left >>>= 7) {
            bytes[end++] = (byte) (left | 128);
        }
        bytes[end++] = (byte) left;
    }

    private void fixed(long bits, int size) {
        for (int i = 0; i < size; i++) {
            bytes[end++] = (byte) (bits >> 8 * i);
        }
    }

    private void text(String value) {
        int length = value.length();
        ensure(10 + length);
        int before = end;
        integer(length);
        for (int i = 0; i < length; i++) {
            char letter = value.charAt(i);
            if (letter >= 0x80) {
                byte[] whole = value.getBytes(StandardCharsets.UTF_8);
                end = before;
                integer(whole.length);
                ensure(whole.length);
                System.arraycopy(whole, 0, bytes, end, whole.length);
                end += whole.length;
                return;
            }
            bytes[end++] = (byte) letter;
        }
    }

    private void ensure(int more) {
        if (end + more > bytes.length) {
            bytes = Arrays.copyOf(bytes, Math.max(bytes.length * 2, end + more));
        }
    }

    void writeTo(OutputStream out) throws IOException {
        out.write(bytes, 0, end);
        end = 0;
    }
}
