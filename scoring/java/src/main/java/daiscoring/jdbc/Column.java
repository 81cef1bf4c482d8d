package daiscoring.jdbc;

import java.nio.charset.StandardCharsets;
import java.util.Arrays;

/**
 * The values of a column in primitive arrays, which cross to Python and back as a whole.
 *
 * <p>{@code missing} has 1 for each null. The other arrays are used as the kind says: {@code longs}, {@code doubles},
 * or {@code bytes} with {@code offsets}, the start of each value and the end of the last.
 */
public final class Column {
    private static final int FIRST_ROWS = 1024;

    public final Kind kind;
    public byte[] missing;
    public long[] longs;
    public double[] doubles;
    public byte[] bytes;
    public int[] offsets;

    /** A column without values, to be filled. */
    Column(Kind kind) {
        this.kind = kind;
        missing = new byte[FIRST_ROWS];
        if (kind.isLong()) {
            longs = new long[FIRST_ROWS];
        } else if (kind == Kind.DOUBLE) {
            doubles = new double[FIRST_ROWS];
        } else {
            bytes = new byte[FIRST_ROWS];
            offsets = new int[FIRST_ROWS + 1];
        }
    }

    private Column(Kind kind, byte[] missing) {
        this.kind = kind;
        this.missing = missing;
    }

    /** A column of whole numbers, truths, days or microseconds. */
    public static Column ofLongs(String kind, byte[] missing, long[] values) {
        Column made = new Column(Kind.valueOf(kind), missing);
        made.longs = values;
        return made;
    }

    /** A column of numbers. */
    public static Column ofDoubles(byte[] missing, double[] values) {
        Column made = new Column(Kind.DOUBLE, missing);
        made.doubles = values;
        return made;
    }

    /** A column of texts or bytes. */
    public static Column ofBytes(String kind, byte[] missing, byte[] values, int[] offsets) {
        Column made = new Column(Kind.valueOf(kind), missing);
        made.bytes = values;
        made.offsets = offsets;
        return made;
    }

    /** Make room for a value at {@code row}. */
    void ensure(int row) {
        if (row < missing.length) {
            return;
        }
        int size = missing.length * 2;
        missing = Arrays.copyOf(missing, size);
        if (longs != null) {
            longs = Arrays.copyOf(longs, size);
        } else if (doubles != null) {
            doubles = Arrays.copyOf(doubles, size);
        } else {
            offsets = Arrays.copyOf(offsets, size + 1);
        }
    }

    void putMissing(int row) {
        missing[row] = 1;
        if (offsets != null) {
            offsets[row + 1] = offsets[row];
        }
    }

    void putText(int row, String text) {
        putBytes(row, text.getBytes(StandardCharsets.UTF_8));
    }

    void putBytes(int row, byte[] value) {
        int start = offsets[row];
        int end = Math.addExact(start, value.length);
        if (end > bytes.length) {
            bytes = Arrays.copyOf(bytes, (int) Math.max(end, Math.min(Integer.MAX_VALUE - 8, bytes.length * 2L)));
        }
        System.arraycopy(value, 0, bytes, start, value.length);
        offsets[row + 1] = end;
    }

    /** The bytes of all values before {@code rows}; 0 for numbers. */
    int size(int rows) {
        return offsets == null ? 0 : offsets[rows];
    }

    String text(int row) {
        return new String(bytes, offsets[row], offsets[row + 1] - offsets[row], StandardCharsets.UTF_8);
    }

    byte[] value(int row) {
        return Arrays.copyOfRange(bytes, offsets[row], offsets[row + 1]);
    }
}
