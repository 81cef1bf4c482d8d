package daiscoring.nifi;

import java.io.BufferedOutputStream;
import java.io.DataOutputStream;
import java.io.FileOutputStream;
import java.io.IOException;
import java.io.InputStream;
import java.io.OutputStream;
import java.util.ArrayList;
import java.util.HashMap;
import java.util.HashSet;
import java.util.List;
import java.util.Map;
import java.util.Set;
import java.util.stream.Collectors;
import org.apache.nifi.flowfile.FlowFile;
import org.apache.nifi.logging.ComponentLog;
import org.apache.nifi.processor.ProcessSession;
import org.apache.nifi.schema.access.SchemaNotFoundException;
import org.apache.nifi.serialization.MalformedRecordException;
import org.apache.nifi.serialization.RecordReader;
import org.apache.nifi.serialization.RecordReaderFactory;
import org.apache.nifi.serialization.RecordSetWriter;
import org.apache.nifi.serialization.RecordSetWriterFactory;
import org.apache.nifi.serialization.SimpleRecordSchema;
import org.apache.nifi.serialization.WriteResult;
import org.apache.nifi.serialization.record.DataType;
import org.apache.nifi.serialization.record.MapRecord;
import org.apache.nifi.serialization.record.Record;
import org.apache.nifi.serialization.record.RecordField;
import org.apache.nifi.serialization.record.RecordFieldType;
import org.apache.nifi.serialization.record.RecordSchema;

/**
 * Reads and writes records with NiFi's own record services, all records of a FlowFile in one call.
 *
 * <p>Only the model's columns go to Python. To write, the FlowFile is read again and each record gets its predictions:
 * so every other field keeps its type and value, whatever it is.
 */
final class Records {
    private static final int CHUNK_ROWS = 20_000;
    private static final int CHUNK_TEXT = 32 << 20;
    private static final List<String> REASONS = List.of("_reject_code", "_reject_column", "_reject_value");
    private static final List<RecordField> REASON_FIELDS = REASONS.stream()
            .map(name -> new RecordField(name, RecordFieldType.STRING.getDataType()))
            .collect(Collectors.toUnmodifiableList());

    private final RecordReaderFactory readers;
    private final RecordSetWriterFactory writers;
    private final ComponentLog log;

    Records(Object readers, Object writers, ComponentLog log) {
        this.readers = (RecordReaderFactory) readers;
        this.writers = (RecordSetWriterFactory) writers;
        this.log = log;
    }

    /**
     * Write the wanted fields of all records to a file, in chunks: the number of rows, and a column for each field that
     * there is.
     *
     * @return packed: the number of records, that of the fields and their names, the number of wanted fields that there
     *     are, and for each its name and kind
     */
    String read(ProcessSession session, FlowFile flowFile, Set<String> wanted, String path)
            throws IOException, MalformedRecordException, SchemaNotFoundException {
        // The stream as it is: to infer a schema, readers mark it and go back further than a buffer would let them.
        try (InputStream in = session.read(flowFile);
                RecordReader reader = readers.createRecordReader(flowFile, in, log);
                DataOutputStream out = new DataOutputStream(
                        new BufferedOutputStream(new FileOutputStream(path), 1 << 16))) {
            Packed.Writer answer = new Packed.Writer();
            RecordSchema schema = reader.getSchema();
            List<String> names = new ArrayList<>();
            List<ColumnWriter> columns = new ArrayList<>();
            for (RecordField field : schema.getFields()) {
                if (wanted.contains(field.getFieldName())) {
                    names.add(field.getFieldName());
                    columns.add(new ColumnWriter(ColumnWriter.Kind.of(field.getDataType()), CHUNK_ROWS));
                }
            }
            answer.number(copy(reader, names, columns, out));
            answer.number(schema.getFieldNames().size());
            for (String name : schema.getFieldNames()) {
                answer.text(name);
            }
            answer.number(names.size());
            for (int i = 0; i < names.size(); i++) {
                answer.text(names.get(i));
                answer.text(String.valueOf(columns.get(i).kind().letter));
            }
            return answer.toString();
        }
    }

    private static long copy(RecordReader reader, List<String> names, List<ColumnWriter> columns, DataOutputStream out)
            throws IOException, MalformedRecordException {
        long records = 0;
        int rows = 0;
        Record record;
        while ((record = reader.nextRecord()) != null) {
            int text = 0;
            for (int i = 0; i < names.size(); i++) {
                ColumnWriter column = columns.get(i);
                column.add(record.getValue(names.get(i)));
                text = Math.max(text, column.textBytes());
            }
            records++;
            rows++;
            if (rows == CHUNK_ROWS || text > CHUNK_TEXT) {
                flush(rows, columns, out);
                rows = 0;
            }
        }
        if (rows > 0) {
            flush(rows, columns, out);
        }
        return records;
    }

    private static void flush(int rows, List<ColumnWriter> columns, DataOutputStream out) throws IOException {
        out.writeInt(rows);
        for (ColumnWriter column : columns) {
            column.writeTo(out);
        }
    }

    /**
     * Read the records again, and write them with their predictions to one file, rejected ones with the reason to
     * another, or among the others.
     *
     * @param packed the path of the results, the number of prediction columns, for each its name and kind; the number
     *     of fields to keep (-1: all) and their names; the path of the scored records, and of the rejected ones; 1 where
     *     these are kept among the scored ones, else 0
     * @return packed twice, for the scored and the rejected records: how many, the attributes that the writer gives
     */
    String write(ProcessSession session, FlowFile flowFile, String packed)
            throws IOException, MalformedRecordException, SchemaNotFoundException {
        Packed.Reader given = new Packed.Reader(packed);
        String results = given.text();
        List<RecordField> predictions = new ArrayList<>();
        StringBuilder kinds = new StringBuilder();
        for (long left = given.number(); left > 0; left--) {
            String name = given.text();
            String kind = given.text();
            kinds.append(kind);
            predictions.add(new RecordField(name, type(kind.charAt(0))));
        }
        long count = given.number();
        Set<String> kept = count < 0 ? null : names(given, count);
        try (InputStream in = session.read(flowFile);
                RecordReader reader = readers.createRecordReader(flowFile, in, log);
                ResultReader scores = new ResultReader(results, kinds.toString())) {
            RecordSchema schema = reader.getSchema();
            List<RecordField> fields = new ArrayList<>(schema.getFields());
            fields.removeIf(field -> kept != null && !kept.contains(field.getFieldName()));
            List<RecordField> whole = new ArrayList<>(schema.getFields());
            whole.removeIf(field -> REASONS.contains(field.getFieldName()));
            Map<String, String> attributes = flowFile.getAttributes();
            String scoredPath = given.text();
            String rejectedPath = given.text();
            boolean together = given.number() != 0;
            List<RecordField> added = new ArrayList<>(predictions);
            if (together) {
                fields.removeIf(field -> REASONS.contains(field.getFieldName()));
                added.addAll(REASON_FIELDS);
            }
            Target scored = new Target(scoredPath, fields, added, attributes);
            Target rejected = new Target(rejectedPath, whole, REASON_FIELDS, attributes);
            try {
                scored.open();
                merge(reader, scores, predictions, scored, together ? scored : rejected);
                Packed.Writer answer = new Packed.Writer();
                scored.finish(answer);
                rejected.finish(answer);
                return answer.toString();
            } finally {
                scored.close();
                rejected.close();
            }
        }
    }

    private static Set<String> names(Packed.Reader given, long count) throws IOException {
        Set<String> found = new HashSet<>();
        for (; count > 0; count--) {
            found.add(given.text());
        }
        return found;
    }

    private static void merge(
            RecordReader reader, ResultReader scores, List<RecordField> predictions, Target scored, Target rejected)
            throws IOException, MalformedRecordException, SchemaNotFoundException {
        Record record;
        while ((record = reader.nextRecord()) != null) {
            String[] reasons = scores.next();
            if (reasons == null) {
                // Fields that get no value here, the reasons, are null.
                Map<String, Object> values = scored.values(record);
                for (int i = 0; i < predictions.size(); i++) {
                    values.put(predictions.get(i).getFieldName(), scores.value(i));
                }
                scored.write(values);
            } else {
                Map<String, Object> values = rejected.values(record);
                for (int i = 0; i < REASONS.size(); i++) {
                    values.put(REASONS.get(i), reasons[i]);
                }
                rejected.open();
                rejected.write(values);
            }
        }
    }

    private static DataType type(char kind) {
        switch (kind) {
            case 'b':
                return RecordFieldType.BOOLEAN.getDataType();
            case 'i':
                return RecordFieldType.INT.getDataType();
            case 'l':
                return RecordFieldType.LONG.getDataType();
            case 'f':
                return RecordFieldType.FLOAT.getDataType();
            case 'd':
                return RecordFieldType.DOUBLE.getDataType();
            case 'T':
                return RecordFieldType.TIMESTAMP.getDataType();
            default:
                return RecordFieldType.STRING.getDataType();
        }
    }

    /** A file of records that is opened when the first one comes. */
    private final class Target {
        private final String path;
        private final List<RecordField> fields;
        private final RecordSchema schema;
        private final Map<String, String> attributes;
        private OutputStream out;
        private RecordSetWriter writer;
        private int count;

        /**
         * @param kept fields of the records
         * @param added what comes after them
         */
        Target(String path, List<RecordField> kept, List<RecordField> added, Map<String, String> attributes) {
            this.path = path;
            fields = kept;
            List<RecordField> all = new ArrayList<>(kept);
            all.addAll(added);
            schema = new SimpleRecordSchema(all);
            this.attributes = attributes;
        }

        void open() throws IOException, SchemaNotFoundException {
            if (writer == null) {
                RecordSchema written = writers.getSchema(attributes, schema);
                out = new BufferedOutputStream(new FileOutputStream(path), 1 << 16);
                writer = writers.createWriter(log, written, out, attributes);
                writer.beginRecordSet();
            }
        }

        /** The values of a record that this file keeps. */
        Map<String, Object> values(Record record) {
            Map<String, Object> values = new HashMap<>(fields.size() * 2);
            for (RecordField field : fields) {
                values.put(field.getFieldName(), record.getValue(field));
            }
            return values;
        }

        /** Write a record of this file's schema: some writers take the fields from the record, not from the writer. */
        void write(Map<String, Object> values) throws IOException {
            writer.write(new MapRecord(schema, values));
            count++;
        }

        void finish(Packed.Writer answer) throws IOException {
            answer.number(count);
            Map<String, String> found = new HashMap<>();
            if (writer != null) {
                WriteResult result = writer.finishRecordSet();
                found.putAll(result.getAttributes());
                found.put("mime.type", writer.getMimeType());
                close();
            }
            answer.number(found.size());
            for (Map.Entry<String, String> one : found.entrySet()) {
                answer.text(one.getKey());
                answer.text(one.getValue());
            }
        }

        void close() throws IOException {
            if (writer != null) {
                writer.close();
                writer = null;
            }
            if (out != null) {
                out.close();
                out = null;
            }
        }
    }
}
