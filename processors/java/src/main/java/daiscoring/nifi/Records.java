package daiscoring.nifi;

import java.io.BufferedOutputStream;
import java.io.DataOutputStream;
import java.io.FileOutputStream;
import java.io.IOException;
import java.io.InputStream;
import java.util.ArrayList;
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
import org.apache.nifi.serialization.RecordSetWriterFactory;
import org.apache.nifi.serialization.record.DataType;
import org.apache.nifi.serialization.record.Record;
import org.apache.nifi.serialization.record.RecordField;
import org.apache.nifi.serialization.record.RecordFieldType;
import org.apache.nifi.serialization.record.RecordSchema;

/**
 * Reads and writes records with NiFi's own record services, all records of a FlowFile in one call.
 *
 * <p>Only the model's columns go to Python. To write, the FlowFile is read again and each record gets its predictions, so
 * every other field keeps its type and value.
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
     * Write the wanted fields of all records to a file, in chunks: the number of rows, and a column for each wanted field
     * that exists.
     *
     * @return packed: the number of records; the number of fields and their names; the number of wanted fields that exist,
     *     and for each its name and kind
     */
    String read(ProcessSession session, FlowFile flowFile, Set<String> wanted, String path)
            throws IOException, MalformedRecordException, SchemaNotFoundException {
        // No buffer around the stream: to infer a schema, readers mark it and go back further than a buffer allows.
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
     * Read the records again, and write them with their predictions to one file. Rejected records go with their reasons to
     * another file, or stay among the others.
     *
     * @param packed the path of the results; the number of prediction columns, and for each its name and kind; the number
     *     of fields to keep (-1: all) and their names; the paths of the scored and of the rejected records; 1 if rejected
     *     records stay among the scored ones, otherwise 0
     * @return packed, for the scored and then for the rejected records: how many, and the attributes that the writer gives
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
            List<RecordField> allFields = new ArrayList<>(schema.getFields());
            allFields.removeIf(field -> REASONS.contains(field.getFieldName()));
            Map<String, String> attributes = flowFile.getAttributes();
            String scoredPath = given.text();
            String rejectedPath = given.text();
            boolean keepsRejected = given.number() != 0;
            List<RecordField> added = new ArrayList<>(predictions);
            if (keepsRejected) {
                fields.removeIf(field -> REASONS.contains(field.getFieldName()));
                added.addAll(REASON_FIELDS);
            }
            RecordFile scored = new RecordFile(writers, log, scoredPath, fields, added, attributes);
            RecordFile rejected = new RecordFile(writers, log, rejectedPath, allFields, REASON_FIELDS, attributes);
            try {
                scored.open();
                merge(reader, scores, predictions, scored, keepsRejected ? scored : rejected);
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
            RecordReader reader,
            ResultReader scores,
            List<RecordField> predictions,
            RecordFile scored,
            RecordFile rejected)
            throws IOException, MalformedRecordException, SchemaNotFoundException {
        Record record;
        while ((record = reader.nextRecord()) != null) {
            String[] reasons = scores.next();
            if (reasons == null) {
                // The fields of the reasons get no value here: they are null.
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
}
