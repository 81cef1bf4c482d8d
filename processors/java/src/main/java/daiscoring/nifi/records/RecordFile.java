package daiscoring.nifi.records;

import daiscoring.nifi.Packed;
import java.io.BufferedOutputStream;
import java.io.Closeable;
import java.io.FileOutputStream;
import java.io.IOException;
import java.io.OutputStream;
import java.util.ArrayList;
import java.util.HashMap;
import java.util.List;
import java.util.Map;
import org.apache.nifi.logging.ComponentLog;
import org.apache.nifi.schema.access.SchemaNotFoundException;
import org.apache.nifi.serialization.RecordSetWriter;
import org.apache.nifi.serialization.RecordSetWriterFactory;
import org.apache.nifi.serialization.SimpleRecordSchema;
import org.apache.nifi.serialization.WriteResult;
import org.apache.nifi.serialization.record.MapRecord;
import org.apache.nifi.serialization.record.Record;
import org.apache.nifi.serialization.record.RecordField;
import org.apache.nifi.serialization.record.RecordSchema;

/** A file of records that a Record Writer writes; it is opened for the first record. */
final class RecordFile implements Closeable {
    private final RecordSetWriterFactory writers;
    private final ComponentLog log;
    private final String path;
    private final List<RecordField> fields;
    private final RecordSchema schema;
    private final Map<String, String> attributes;
    private OutputStream out;
    private RecordSetWriter writer;
    private int count;

    /**
     * @param kept fields of the records that are read
     * @param added fields after them
     * @param attributes those of the FlowFile
     */
    RecordFile(
            RecordSetWriterFactory writers,
            ComponentLog log,
            String path,
            List<RecordField> kept,
            List<RecordField> added,
            Map<String, String> attributes) {
        this.writers = writers;
        this.log = log;
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

    /** The values of a record's fields that this file keeps. */
    Map<String, Object> values(Record record) {
        Map<String, Object> values = new HashMap<>(schema.getFieldCount() * 2);
        for (RecordField field : fields) {
            values.put(field.getFieldName(), record.getValue(field));
        }
        return values;
    }

    /** Write a record with this file's schema: some writers take the fields from the record, not from the writer. */
    void write(Map<String, Object> values) throws IOException {
        writer.write(new MapRecord(schema, values));
        count++;
    }

    /** Finish the file; append to the answer the number of its records and the attributes that the writer gives. */
    void finish(Packed.Writer answer) throws IOException {
        answer.number(count);
        Map<String, String> given = new HashMap<>();
        if (writer != null) {
            WriteResult result = writer.finishRecordSet();
            given.putAll(result.getAttributes());
            given.put("mime.type", writer.getMimeType());
            close();
        }
        answer.number(given.size());
        for (Map.Entry<String, String> one : given.entrySet()) {
            answer.text(one.getKey());
            answer.text(one.getValue());
        }
    }

    @Override
    public void close() throws IOException {
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
