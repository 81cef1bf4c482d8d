package daiscoring.records;

import java.nio.charset.StandardCharsets;
import java.util.Arrays;

/** A field of Avro records: how its values are written, and which column of the model it is. Immutable. */
public final class AvroField {
    /** How values are written; FIXED ones are passed over. */
    enum Shape { FIXED, VARINT, COUNTED, BOOLEAN, FLOAT, DOUBLE, ENUM }

    /** There is no branch of a union for missing values. */
    static final int NO_NULL = -1;

    final Shape shape;
    final int size;
    final int nullBranch;
    final int column;
    /** Of integers that are times: so many milliseconds are one of them, or, if negative, so many of them a millisecond. */
    final long millis;
    final boolean isInt;
    /** The texts of an enumeration, eight bytes after each. */
    final byte[][] symbols;

    /**
     * @param shape one of {@link Shape}
     * @param size of FIXED values, in bytes
     * @param nullBranch the byte that is written for a missing value; -1 if there is none
     * @param column the model's column; -1 if it is none
     * @param millis for times, see above; else 1
     * @param isInt whether integers have 32 bits
     * @param symbols of an enumeration; else null
     */
    public AvroField(
            String shape, int size, int nullBranch, int column, long millis, boolean isInt, String[] symbols) {
        this.shape = Shape.valueOf(shape);
        this.size = size;
        this.nullBranch = nullBranch;
        this.column = column;
        this.millis = millis;
        this.isInt = isInt;
        this.symbols = symbols == null ? null : new byte[symbols.length][];
        for (int i = 0; symbols != null && i < symbols.length; i++) {
            byte[] text = symbols[i].getBytes(StandardCharsets.UTF_8);
            this.symbols[i] = Arrays.copyOf(text, text.length + Long.BYTES);
        }
    }
}
