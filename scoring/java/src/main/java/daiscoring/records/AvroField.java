package daiscoring.records;

import daiscoring.Bytes;

/** A field of Avro records: how its values are written, and which column of the model it is. Immutable. */
public final class AvroField {
    /** How values are written; FIXED ones are passed over. */
    enum Shape { FIXED, VARINT, COUNTED, BOOLEAN, FLOAT, DOUBLE, ENUM }

    /** A missing value cannot be written. */
    static final int NO_NULL = -1;

    final Shape shape;
    final int size;
    final int nullBranch;
    final int column;
    /** The milliseconds of a unit, for integers that are times; if negative, the units of a millisecond. */
    final long millis;
    final boolean isInt;
    /** The texts of an enumeration, eight bytes after each. */
    final byte[][] symbols;

    /**
     * @param shape one of {@link Shape}
     * @param size of FIXED values, in bytes
     * @param nullBranch the byte that is written for a missing value; -1 without a union
     * @param column the model's column; -1 if the model does not have it
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
            this.symbols[i] = Bytes.of(symbols[i]);
        }
    }
}
