package daiscoring.nifi;

import java.io.BufferedInputStream;
import java.io.Closeable;
import java.io.DataInputStream;
import java.io.EOFException;
import java.io.FileInputStream;
import java.io.IOException;
import java.nio.ByteBuffer;
import java.nio.ByteOrder;
import java.nio.charset.StandardCharsets;
import java.sql.Timestamp;

/** Reads predictions and reasons for rejections, chunk by chunk, from the file that {@code column_files.py} writes. */
final class ResultReader implements Closeable {
    private final DataInputStream in;
    private final char[] kinds;
    private final byte[][] present;
    private final ByteBuffer[] values;
    private final byte[][] texts;
    private int[] rejectedRows = new int[0];
    private String[][] reasons = new String[0][];
    private int left;
    private int row;
    private int scored;
    private int reject;

    /** @param kinds the letters of the prediction columns */
    ResultReader(String path, String kinds) throws IOException {
        in = new DataInputStream(new BufferedInputStream(new FileInputStream(path), 1 << 16));
        this.kinds = kinds.toCharArray();
        present = new byte[this.kinds.length][];
        values = new ByteBuffer[this.kinds.length];
        texts = new byte[this.kinds.length][];
    }

    /** Go to the next record. Returns null if it was scored, otherwise its reject code, column and value. */
    String[] next() throws IOException {
        while (left == 0) {
            readChunk();
        }
        left--;
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

    private void readChunk() throws IOException {
        left = in.readInt();
        row = 0;
        scored = 0;
        reject = 0;
        rejectedRows = new int[in.readInt()];
        reasons = new String[rejectedRows.length][];
        for (int i = 0; i < rejectedRows.length; i++) {
            rejectedRows[i] = in.readInt();
            reasons[i] = new String[] {text(), text(), text()};
        }
        for (int i = 0; i < kinds.length; i++) {
            present[i] = bytes();
            values[i] = ByteBuffer.wrap(bytes()).order(ByteOrder.LITTLE_ENDIAN);
            texts[i] = kinds[i] == 's' ? bytes() : null;
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

    @Override
    public void close() throws IOException {
        in.close();
    }
}
