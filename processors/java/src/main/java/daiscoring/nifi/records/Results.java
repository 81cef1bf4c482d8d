package daiscoring.nifi.records;

import java.io.ByteArrayInputStream;
import java.io.DataInputStream;
import java.io.EOFException;
import java.io.IOException;
import java.nio.ByteBuffer;
import java.nio.ByteOrder;
import java.nio.charset.StandardCharsets;
import java.sql.Timestamp;

/** Predictions and reasons for rejections of some records, as {@code column_files.py} writes them. */
final class Results {
    private final DataInputStream in;
    private final char[] kinds;
    private final byte[][] present;
    private final ByteBuffer[] values;
    private final byte[][] texts;
    private final int[] rejectedRows;
    private final String[][] reasons;
    private int row;
    private int scored;
    private int reject;

    /** @param kinds the letters of the prediction columns */
    Results(byte[] data, String kinds, int records) throws IOException {
        in = new DataInputStream(new ByteArrayInputStream(data));
        this.kinds = kinds.toCharArray();
        present = new byte[this.kinds.length][];
        values = new ByteBuffer[this.kinds.length];
        texts = new byte[this.kinds.length][];
        if (in.readInt() != records) {
            throw new IOException("the scores are those of other records");
        }
        rejectedRows = new int[in.readInt()];
        reasons = new String[rejectedRows.length][];
        for (int i = 0; i < rejectedRows.length; i++) {
            rejectedRows[i] = in.readInt();
            reasons[i] = new String[] {text(), text(), text()};
        }
        for (int i = 0; i < this.kinds.length; i++) {
            present[i] = bytes();
            values[i] = ByteBuffer.wrap(bytes()).order(ByteOrder.LITTLE_ENDIAN);
            texts[i] = this.kinds[i] == 's' ? bytes() : null;
        }
    }

    /** Go to the next record. Returns null if it was scored, otherwise its reject code, column and value. */
    String[] next() {
        int current = row++;
        if (reject < rejectedRows.length && rejectedRows[reject] == current) {
            return reasons[reject++];
        }
        scored++;
        return null;
    }

    /** A prediction of the record that {@link #next} went to. */
    Object value(int column) {
        int at = scored - 1;
        if (present[column].length > 0 && present[column][at] == 0) {
            return null;
        }
        ByteBuffer buffer = values[column];
        switch (kinds[column]) {
            case 'b':
                return buffer.get(at) != 0;
            case 'i':
                return buffer.getInt(at * 4);
            case 'l':
                return buffer.getLong(at * 8);
            case 'f':
                return buffer.getFloat(at * 4);
            case 'd':
                return buffer.getDouble(at * 8);
            case 'T':
                return new Timestamp(buffer.getLong(at * 8));
            default:
                int start = buffer.getInt(at * 4);
                int end = buffer.getInt(at * 4 + 4);
                return new String(texts[column], start, end - start, StandardCharsets.UTF_8);
        }
    }

    private String text() throws IOException {
        int length = in.readInt();
        return length < 0 ? null : new String(exactly(length), StandardCharsets.UTF_8);
    }

    private byte[] bytes() throws IOException {
        return exactly(in.readInt());
    }

    private byte[] exactly(int length) throws IOException {
        byte[] found = in.readNBytes(length);
        if (found.length < length) {
            throw new EOFException("the scored records end too early");
        }
        return found;
    }
}
