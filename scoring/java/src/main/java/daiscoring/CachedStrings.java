package daiscoring;

import java.nio.charset.StandardCharsets;
import java.util.Arrays;

/**
 * Makes strings of UTF-8 bytes, one object for a text that repeats: columns of levels do, and so a level is decoded
 * once here and hashed once in the model. For one thread.
 */
public final class CachedStrings {
    /** Slots of the cache; a power of two. */
    private static final int CACHE = 4096;
    /** Longer texts are no levels. */
    private static final int LONGEST = 64;

    private final String[] texts = new String[CACHE];
    private final byte[][] bytes = new byte[CACHE][];

    /** The text of some bytes. */
    public String of(byte[] data, int from, int to) {
        if (to - from > LONGEST) {
            return new String(data, from, to - from, StandardCharsets.UTF_8);
        }
        int slot = hash(data, from, to) & (CACHE - 1);
        byte[] known = bytes[slot];
        if (known == null || !Arrays.equals(known, 0, known.length, data, from, to)) {
            bytes[slot] = Arrays.copyOfRange(data, from, to);
            texts[slot] = new String(data, from, to - from, StandardCharsets.UTF_8);
        }
        return texts[slot];
    }

    /** A hash of the bytes whose lowest bits depend on all of them. */
    static int hash(byte[] data, int from, int to) {
        int hash = to - from;
        for (int i = from; i < to; i++) {
            hash = 31 * hash + data[i];
        }
        return hash ^ (hash >>> 15);
    }
}
