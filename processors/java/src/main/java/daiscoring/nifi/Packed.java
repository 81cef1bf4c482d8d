package daiscoring.nifi;

import java.io.ByteArrayInputStream;
import java.io.ByteArrayOutputStream;
import java.io.DataInputStream;
import java.io.DataOutputStream;
import java.io.IOException;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.HashSet;
import java.util.LinkedHashMap;
import java.util.Map;
import java.util.Set;

/**
 * Values packed into one string for the bridge to Python, which moves a string by value and at little cost. Each value is a
 * big-endian int32 length and its bytes, as ISO 8859-1; a length of -1 stands for null. {@code bridge/encoding.py} is the
 * other side.
 */
public final class Packed {
    /**
     * Longer answers go through a file. The bridge sends a string of more than some 8,000 bytes in several parts, and each
     * part after the first waits 40 ms until TCP has acknowledged the one before.
     */
    private static final int MAX_BYTES = 3000;

    private static final String FILE = "@";

    private Packed() {
    }

    /** Collects values. */
    public static final class Writer {
        private final ByteArrayOutputStream bytes = new ByteArrayOutputStream(512);
        private final DataOutputStream out = new DataOutputStream(bytes);

        public void number(long value) throws IOException {
            out.writeLong(value);
        }

        public void text(String value) throws IOException {
            bytes(value == null ? null : value.getBytes(StandardCharsets.UTF_8));
        }

        void bytes(byte[] value) throws IOException {
            out.writeInt(value == null ? -1 : value.length);
            if (value != null) {
                out.write(value);
            }
        }

        @Override
        public String toString() {
            return bytes.toString(StandardCharsets.ISO_8859_1);
        }

        /** The values, if they are short; otherwise they are written to the file, and the string is empty. */
        String toStringOr(Path file) throws IOException {
            if (bytes.size() <= MAX_BYTES) {
                return toString();
            }
            Files.write(file, bytes.toByteArray());
            return "";
        }
    }

    /** Gives the values back in the order in which they were added. */
    public static final class Reader {
        private final DataInputStream in;

        Reader(String packed) {
            this(packed.getBytes(StandardCharsets.ISO_8859_1));
        }

        private Reader(byte[] packed) {
            in = new DataInputStream(new ByteArrayInputStream(packed));
        }

        /** A reader of these values, or of those in the file whose name follows {@link #FILE}. */
        static Reader of(String packed) throws IOException {
            return packed.startsWith(FILE)
                    ? new Reader(Files.readAllBytes(Path.of(packed.substring(FILE.length()))))
                    : new Reader(packed);
        }

        public long number() throws IOException {
            return in.readLong();
        }

        public String text() throws IOException {
            byte[] value = bytes();
            return value == null ? null : new String(value, StandardCharsets.UTF_8);
        }

        byte[] bytes() throws IOException {
            int length = in.readInt();
            return length < 0 ? null : in.readNBytes(length);
        }

        /** So many texts that differ. */
        public Set<String> names(long count) throws IOException {
            Set<String> found = new HashSet<>();
            for (; count > 0; count--) {
                found.add(text());
            }
            return found;
        }

        Map<String, String> texts() throws IOException {
            Map<String, String> found = new LinkedHashMap<>();
            for (long left = number(); left > 0; left--) {
                found.put(text(), text());
            }
            return found;
        }
    }
}
