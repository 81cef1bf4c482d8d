package daiscoring;

import java.lang.invoke.MethodHandles;
import java.lang.invoke.VarHandle;
import java.nio.ByteBuffer;
import java.nio.ByteOrder;
import java.nio.charset.StandardCharsets;
import java.util.Arrays;

/** Reads bytes of ASCII text, eight at once where that is quicker. */
public final class Bytes {
    private static final VarHandle EIGHT = MethodHandles.byteArrayViewVarHandle(long[].class, ByteOrder.LITTLE_ENDIAN);
    private static final long ONES = 0x0101010101010101L;

    private Bytes() {
    }

    /** What a buffer holds, with eight bytes more, so that {@link #eight} may be called wherever it does not end. */
    public static byte[] of(ByteBuffer buffer) {
        int size = buffer.remaining();
        byte[] data = new byte[size + Long.BYTES];
        buffer.get(data, 0, size);
        return data;
    }

    /** A text as UTF-8, with eight bytes more. */
    public static byte[] of(String text) {
        byte[] bytes = text.getBytes(StandardCharsets.UTF_8);
        return Arrays.copyOf(bytes, bytes.length + Long.BYTES);
    }

    /** The eight bytes at {@code at}, the first of them the lowest. */
    public static long eight(byte[] data, int at) {
        return (long) EIGHT.get(data, at);
    }

    /** Eight times the same, which is ASCII. */
    public static long eightOf(byte one) {
        return ONES * one;
    }

    /** The highest bit of the first byte that is 0, and maybe of some after it; 0 if none is. */
    public static long zeros(long bytes) {
        return (bytes - ONES) & ~bytes & (ONES << 7);
    }

    /**
     * The number that up to eight ASCII digits are, with one point among them or none; -1 where they are anything else.
     *
     * @param bytes as {@link #eight} gives them
     * @param length how many of them count
     * @param point the index of the point among them; {@code length} where there is none
     */
    static long digits(long bytes, int length, int point) {
        int count = length;
        if (point < length) {
            // The digits after the point, moved down to those before it.
            bytes = bytes & (1L << 8 * point) - 1 | bytes >>> 8 * point >>> 8 << 8 * point;
            count--;
        }
        if (count <= 0) {
            return -1;
        }
        int unused = 8 * (Long.BYTES - count);
        // As if zeros stood in front: the first digit is in the lowest byte.
        bytes = bytes << unused | ONES * '0' & (1L << unused) - 1;
        boolean areDigits = (bytes & ONES * 0xF0) == ONES * '0' && (bytes + ONES * 6 & ONES * 0xF0) == ONES * '0';
        if (!areDigits) {
            return -1;
        }
        bytes -= ONES * '0';
        // Two digits in each second byte, then four and eight by sums of products in the halves.
        bytes = bytes * 10 + (bytes >>> 8);
        long first = (bytes & 0xFF000000FFL) * (100 + (1_000_000L << 32));
        long second = (bytes >>> 16 & 0xFF000000FFL) * (1 + (10_000L << 32));
        return first + second >>> 32;
    }

    /** The index of the first of {@code length} bytes that is a point; {@code length} where none is. */
    static int point(long bytes, int length) {
        return Math.min(Long.numberOfTrailingZeros(zeros(bytes ^ ONES * '.')) >>> 3, length);
    }

    /** Whether a byte is one of the ASCII digits. */
    public static boolean isDigit(byte one) {
        return one >= '0' && one <= '9';
    }

    /** Whether all bytes of a range are ASCII digits. */
    public static boolean areDigits(byte[] data, int from, int to) {
        for (int i = from; i < to; i++) {
            if (!isDigit(data[i])) {
                return false;
            }
        }
        return true;
    }
}
