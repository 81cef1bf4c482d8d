package daiscoring.nifi.records;

import daiscoring.nifi.Packed;
import java.io.BufferedOutputStream;
import java.io.Closeable;
import java.io.FileOutputStream;
import java.io.FilterInputStream;
import java.io.IOException;
import java.io.InputStream;
import java.io.OutputStream;
import java.util.ArrayList;
import java.util.List;
import java.util.Set;
import org.apache.nifi.flowfile.FlowFile;
import org.apache.nifi.logging.ComponentLog;
import org.apache.nifi.schema.access.SchemaNotFoundException;
import org.apache.nifi.serialization.MalformedRecordException;
import org.apache.nifi.serialization.RecordReader;
import org.apache.nifi.serialization.RecordReaderFactory;
import org.apache.nifi.serialization.record.Record;
import org.apache.nifi.serialization.record.RecordField;
import org.apache.nifi.serialization.record.RecordSchema;

/**
 * Reads records in chunks, and the wanted fields of each chunk as rows or as columns. Three chunks of a FlowFile may be in memory at a
 * time: the one that is read, the one that is scored and the one that is written; and the first one of the next FlowFile.
 */
final class ChunkReader implements Closeable {
    // Python scores a chunk of fewer rows or values at a noticeable cost for each.
    private static final int MAX_ROWS = 2_500;
    private static final int MAX_VALUES = 200_000;
    private static final int MAX_BYTES = 4 << 20;

    private final InputStream contents;
    private final Counting in;
    private final RecordReader reader;
    private final RecordSchema schema;
    private final List<String> names = new ArrayList<>();
    private final List<ColumnWriter> columns = new ArrayList<>();
    private final int maxRows;
    /** Null if the fields are read as columns. */
    private final RowWriter rows;
    private boolean atEnd;

    /**
     * @param in the contents of the FlowFile, closed with this reader
     * @param asRows whether the wanted fields are read as rows, if that is possible
     */
    ChunkReader(
            RecordReaderFactory readers,
            ComponentLog log,
            FlowFile flowFile,
            InputStream in,
            Set<String> wanted,
            boolean asRows)
            throws IOException, MalformedRecordException, SchemaNotFoundException {
        // No buffer around the stream: to infer a schema, readers mark it and go back further than a buffer allows.
        contents = in;
        this.in = new Counting(in);
        reader = readers.createRecordReader(flowFile, this.in, log);
        schema = reader.getSchema();
        maxRows = Math.max(1, Math.min(MAX_ROWS, MAX_VALUES / Math.max(1, schema.getFieldCount())));
        for (RecordField field : schema.getFields()) {
            if (wanted.contains(field.getFieldName())) {
                names.add(field.getFieldName());
                columns.add(new ColumnWriter(ColumnWriter.Kind.of(field.getDataType()), maxRows));
            }
        }
        boolean areInRows = columns.stream().allMatch(column -> column.kind().isInRows());
        rows = asRows && areInRows ? new RowWriter(names, columns) : null;
    }

    RecordSchema schema() {
        return schema;
    }

    /** Whether all records have been read. */
    boolean isAtEnd() {
        return atEnd;
    }

    /** The next records, none at the end; until the next call {@link #writeFields} can write their wanted fields. */
    List<Record> next() throws IOException, MalformedRecordException {
        List<Record> records = new ArrayList<>(Math.min(maxRows, 64));
        long end = in.count + MAX_BYTES;
        int text = 0;
        while (records.size() < maxRows && text < MAX_BYTES && (records.isEmpty() || in.count < end)) {
            Record record = reader.nextRecord();
            if (record == null) {
                atEnd = true;
                break;
            }
            if (rows != null) {
                rows.add(record);
                text = rows.size();
            } else {
                text = collect(record);
            }
            records.add(record);
        }
        return records;
    }

    /** Add a record to the columns; the result is how many bytes of text one of them has at most. */
    private int collect(Record record) {
        int text = 0;
        for (int i = 0; i < columns.size(); i++) {
            ColumnWriter column = columns.get(i);
            column.add(record.getValue(names.get(i)));
            text = Math.max(text, column.textBytes());
        }
        return text;
    }

    /** Write the wanted fields of the last records that were read: see {@link RowWriter} and {@link ColumnWriter}. */
    void writeFields(String path) throws IOException {
        if (rows == null) {
            writeColumns(List.of(), path);
            return;
        }
        try (OutputStream out = new FileOutputStream(path)) {
            rows.writeTo(out);
        }
    }

    /** Write the columns that were collected, after those of the given records were. */
    void writeColumns(List<Record> records, String path) throws IOException {
        records.forEach(this::collect);
        try (OutputStream out = new BufferedOutputStream(new FileOutputStream(path), 1 << 16)) {
            for (ColumnWriter column : columns) {
                column.writeTo(out);
            }
        }
    }

    /**
     * Append the number of fields and their names; the number of wanted fields that exist, and each one's name and kind; 1 if
     * they are written as rows, otherwise 0.
     */
    void describe(Packed.Writer answer) throws IOException {
        answer.number(schema.getFieldNames().size());
        for (String name : schema.getFieldNames()) {
            answer.text(name);
        }
        answer.number(names.size());
        for (int i = 0; i < names.size(); i++) {
            answer.text(names.get(i));
            answer.text(String.valueOf(columns.get(i).kind().letter));
        }
        answer.number(rows == null ? 0 : 1);
    }

    @Override
    public void close() throws IOException {
        try (contents) {
            reader.close();
        }
    }

    /** Counts the bytes that are read. */
    private static final class Counting extends FilterInputStream {
        private long count;

        Counting(InputStream in) {
            super(in);
        }

        @Override
        public void close() {
            // Some readers close what they have read, in any thread. Closing a session's stream changes the session.
        }

        @Override
        public int read() throws IOException {
            int found = super.read();
            count += found < 0 ? 0 : 1;
            return found;
        }

        @Override
        public int read(byte[] bytes, int offset, int length) throws IOException {
            int found = super.read(bytes, offset, length);
            count += Math.max(0, found);
            return found;
        }
    }
}
