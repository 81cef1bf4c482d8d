package daiscoring;

import java.lang.invoke.MethodHandle;
import java.lang.invoke.MethodHandles;
import java.lang.invoke.MethodType;
import java.nio.ByteBuffer;
import java.nio.ByteOrder;
import java.nio.charset.StandardCharsets;
import java.util.Arrays;

/**
 * Fills the object columns of a frame from Arrow's buffers, so that a column crosses from Python in one call.
 *
 * <p>Buffers are direct and little-endian. {@code validity} is Arrow's bitmap (bit set: value present), or
 * null where no value is missing. All functions leave a missing value's element as null.
 */
public final class Columns {
    private Columns() {
    }

    /**
     * Decode {@code target.length} strings.
     *
     * @param bytes UTF-8 text of all values, one after the other
     * @param offsets int32 start of each value in {@code bytes}, and the end of the last
     * @param first index of the first value, in offsets and bitmap, that belongs to target[0]
     */
    public static void strings(String[] target, ByteBuffer bytes, ByteBuffer offsets, ByteBuffer validity, int first) {
        ByteBuffer starts = offsets.order(ByteOrder.LITTLE_ENDIAN);
        int base = starts.getInt(first * 4);
        byte[] data = new byte[starts.getInt((first + target.length) * 4) - base];
        bytes.position(base);
        bytes.get(data);
        CachedStrings texts = new CachedStrings();
        int end = 0;
        for (int i = 0; i < target.length; i++) {
            int start = end;
            end = starts.getInt((first + i + 1) * 4) - base;
            if (!isMissing(validity, first + i)) {
                target[i] = texts.of(data, start, end);
            }
        }
    }

    /**
     * Make objects of {@code type} from milliseconds since 1970, through its constructor that takes a long.
     *
     * @throws ReflectiveOperationException where type has no such constructor
     */
    public static void times(Object[] target, Class<?> type, long[] millis, boolean[] present)
            throws ReflectiveOperationException {
        MethodHandle make = MethodHandles.publicLookup()
                .findConstructor(type, MethodType.methodType(void.class, long.class))
                .asType(MethodType.methodType(Object.class, long.class));
        for (int i = 0; i < target.length; i++) {
            if (present[i]) {
                try {
                    target[i] = make.invokeExact(millis[i]);
                } catch (RuntimeException | Error e) {
                    throw e;
                } catch (Throwable e) {
                    throw new ReflectiveOperationException(e);
                }
            }
        }
    }

    /** Join strings as UTF-8 into one array, for the way back; missing ones are empty. */
    public static byte[] join(String[] source, int[] offsets) {
        byte[] all = new byte[Math.max(16, source.length * 8)];
        int end = 0;
        for (int i = 0; i < source.length; i++) {
            offsets[i] = end;
            if (source[i] != null) {
                byte[] one = source[i].getBytes(StandardCharsets.UTF_8);
                if (end + one.length > all.length) {
                    all = Arrays.copyOf(all, Math.max(end + one.length, all.length * 2));
                }
                System.arraycopy(one, 0, all, end, one.length);
                end += one.length;
            }
        }
        offsets[source.length] = end;
        return Arrays.copyOf(all, end);
    }

    private static boolean isMissing(ByteBuffer validity, int index) {
        return validity != null && (validity.get(index >> 3) >> (index & 7) & 1) == 0;
    }
}
