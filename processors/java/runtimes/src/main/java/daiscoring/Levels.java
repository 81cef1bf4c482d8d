package daiscoring;

import java.nio.charset.StandardCharsets;
import java.util.Arrays;

/** The levels of a category, found by their UTF-8 bytes. Safe for threads. */
final class Levels {
    private static final long MIXER = 0x9E3779B97F4A7C15L;

    private final byte[][] levels;
    /** By hash, the number of a level plus one, 0 where there is none; the next slots where one is taken. */
    private final int[] slots;
    /** Of the level in each slot its length and first bytes: all of most levels. */
    private final long[] starts;
    private final int shift;
    /** Whether a level may be a number with decimals, as 1.0 is. */
    final boolean haveDecimals;

    Levels(String[] texts) {
        levels = new byte[texts.length][];
        slots = new int[Integer.highestOneBit(Math.max(1, texts.length)) * 4];
        starts = new long[slots.length];
        shift = Long.numberOfLeadingZeros(slots.length) + 1;
        haveDecimals = Arrays.stream(texts).anyMatch(text -> text.endsWith(".0"));
        for (int level = 0; level < texts.length; level++) {
            byte[] bytes = texts[level].getBytes(StandardCharsets.UTF_8);
            byte[] padded = Arrays.copyOf(bytes, bytes.length + Long.BYTES);
            levels[level] = bytes;
            int slot = -1 - find(padded, 0, bytes.length);
            // Of two alike the first counts.
            if (slot >= 0) {
                slots[slot] = level + 1;
                starts[slot] = start(padded, 0, bytes.length);
            }
        }
    }

    /** The index of the level that the bytes are; negative where they are none. Eight bytes follow them. */
    int find(byte[] data, int from, int to) {
        long start = start(data, from, to);
        // The highest bits of the product depend on all bits.
        int slot = (int) (start * MIXER >>> shift);
        while (slots[slot] != 0) {
            if (starts[slot] == start && (to - from < Long.BYTES || isLevel(slots[slot] - 1, data, from, to))) {
                return slots[slot] - 1;
            }
            slot = (slot + 1) & (slots.length - 1);
        }
        return -1 - slot;
    }

    private boolean isLevel(int index, byte[] data, int from, int to) {
        byte[] level = levels[index];
        return Arrays.equals(level, 0, level.length, data, from, to);
    }

    /** Up to seven bytes and, in the highest, how many there are: different for all texts shorter than eight. */
    private static long start(byte[] data, int from, int to) {
        int length = to - from;
        long bytes = Bytes.eight(data, from);
        return length < Long.BYTES
                ? bytes & ((1L << 8 * length) - 1) | (long) length << 56
                : (bytes & 0x00FFFFFFFFFFFFFFL) ^ (long) (length & 0xFF | 0x80) << 56 ^ Bytes.eight(data, to - Long.BYTES) >>> 8;
    }
}
