package daiscoring;

import java.math.BigDecimal;
import java.nio.charset.StandardCharsets;
import java.util.Arrays;
import java.util.HashMap;
import java.util.Map;
import java.util.regex.Matcher;
import java.util.regex.Pattern;

/**
 * The levels of a category, found by their UTF-8 bytes. Safe for threads.
 *
 * <p>What a text means that is no level as it stands, dai_scoring/values/levels.py says; a test compares the two.
 */
public final class Levels {
    private static final long MIXER = 0x9E3779B97F4A7C15L;

    /** The text is no level of the model. */
    public static final int UNSEEN = -1;
    /** The text is no level and means a missing value. */
    public static final int MISSING = -2;

    private static final Pattern NUMBER =
            Pattern.compile("\\$?([+-]?(?:[0-9]+\\.?[0-9]*|\\.[0-9]+)(?:[eE][+-]?[0-9]{1,2})?)(%?)");
    private static final int LONGEST_NUMBER = 40;
    private static final byte[][] MISSING_TEXTS = bytes("NA", "N/A", "na", "n/a", "NaN", "nan");

    private final byte[][] levels;
    /** By hash, the number of a level plus one, 0 for none; a level whose slot is taken is in the next free one. */
    private final int[] slots;
    /** Of the level in each slot its length and first bytes: all of most levels. */
    private final long[] starts;
    private final int shift;
    /** Made when a text is first met that is no level as it stands. */
    private volatile Map<String, Integer> numbers;

    public Levels(String[] texts) {
        levels = new byte[texts.length][];
        slots = new int[Integer.highestOneBit(Math.max(1, texts.length)) * 4];
        starts = new long[slots.length];
        shift = Long.numberOfLeadingZeros(slots.length) + 1;
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

    /** The index of the level that the bytes are; negative if they are not a level. Eight bytes follow them. */
    public int find(byte[] data, int from, int to) {
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

    /** The index of the level that the bytes mean, {@link #UNSEEN} or {@link #MISSING}. Eight bytes follow them. */
    public int read(byte[] data, int from, int to) {
        if (from == to) {
            return MISSING;
        }
        int found = find(data, from, to);
        return found >= 0 ? found : readOdd(data, from, to);
    }

    private int readOdd(byte[] data, int from, int to) {
        int first = from;
        while (first < to && isBlank(data[first])) {
            first++;
        }
        if (first == to) {
            return MISSING;
        }
        if (first > from) {
            int found = find(data, first, to);
            if (found >= 0) {
                return found;
            }
        }
        int last = to;
        while (isBlank(data[last - 1])) {
            last--;
        }
        String number = canonical(data, first, last);
        if (number != null) {
            return numbers().getOrDefault(number, UNSEEN);
        }
        for (byte[] one : MISSING_TEXTS) {
            if (Arrays.equals(one, 0, one.length, data, from, to)) {
                return MISSING;
            }
        }
        return UNSEEN;
    }

    /** The index of the level that a number means; dai_scoring/values/levels.py says which numbers mean one. */
    private Map<String, Integer> numbers() {
        Map<String, Integer> found = numbers;
        if (found != null) {
            return found;
        }
        found = new HashMap<>();
        boolean asWritten = true;
        boolean allNumbers = true;
        for (int level = 0; level < levels.length; level++) {
            byte[] text = levels[level];
            if (level != find(Arrays.copyOf(text, text.length + Long.BYTES), 0, text.length)) {
                continue;
            }
            boolean plain = text.length > 0 && text[0] != '$' && text[text.length - 1] != '%';
            String number = plain ? canonical(text, 0, text.length) : null;
            if (number == null) {
                allNumbers = false;
            } else {
                allNumbers &= found.put(number, level) == null;
                asWritten &= number.equals(new String(text, StandardCharsets.UTF_8));
            }
        }
        numbers = asWritten || allNumbers ? found : Map.of();
        return numbers;
    }

    /** A number as H2O-3 writes the level of it; null if it is no number. */
    private static String canonical(byte[] data, int from, int to) {
        if (to - from > LONGEST_NUMBER || data[from] > '9') {
            return null;
        }
        String text = new String(data, from, to - from, StandardCharsets.ISO_8859_1);
        Matcher read = NUMBER.matcher(text);
        if (!read.matches()) {
            return null;
        }
        BigDecimal number = new BigDecimal(read.group(1)).scaleByPowerOfTen(-2 * read.group(2).length());
        return number.signum() == 0 ? "0" : number.stripTrailingZeros().toPlainString();
    }

    private static boolean isBlank(byte one) {
        return one == ' ' || one == '\t';
    }

    private static byte[][] bytes(String... texts) {
        byte[][] found = new byte[texts.length][];
        for (int i = 0; i < texts.length; i++) {
            found[i] = texts[i].getBytes(StandardCharsets.UTF_8);
        }
        return found;
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
