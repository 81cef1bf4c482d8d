package daiscoring.nifi.records;

import daiscoring.nifi.Packed;
import java.io.Closeable;
import java.io.IOException;
import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import java.util.Set;
import java.util.stream.Collectors;
import org.apache.nifi.logging.ComponentLog;
import org.apache.nifi.schema.access.SchemaNotFoundException;
import org.apache.nifi.serialization.RecordSetWriterFactory;
import org.apache.nifi.serialization.record.DataType;
import org.apache.nifi.serialization.record.Record;
import org.apache.nifi.serialization.record.RecordField;
import org.apache.nifi.serialization.record.RecordFieldType;
import org.apache.nifi.serialization.record.RecordSchema;

/**
 * Writes chunks of records with their predictions to one file. Rejected records go with their reasons to another file, or
 * stay among the others. Every other field keeps its type and value.
 */
final class ChunkWriter implements Closeable {
    private static final List<String> REASONS = List.of("_reject_code", "_reject_column", "_reject_value");
    private static final List<RecordField> REASON_FIELDS = REASONS.stream()
            .map(name -> new RecordField(name, RecordFieldType.STRING.getDataType()))
            .collect(Collectors.toUnmodifiableList());

    private final List<String> predictions = new ArrayList<>();
    private final String kinds;
    private final RecordFile scored;
    private final RecordFile rejected;
    private final RecordFile forRejected;

    /**
     * @param schema that of the records
     * @param attributes those of the FlowFile
     * @param given the number of prediction columns, and for each its name and kind; the number of fields to keep (-1: all)
     *     and their names; the paths of the scored and of the rejected records; 1 if rejected records stay among the scored
     *     ones, otherwise 0
     */
    ChunkWriter(
            RecordSetWriterFactory writers,
            ComponentLog log,
            RecordSchema schema,
            Map<String, String> attributes,
            Packed.Reader given)
            throws IOException, SchemaNotFoundException {
        List<RecordField> added = new ArrayList<>();
        StringBuilder letters = new StringBuilder();
        for (long left = given.number(); left > 0; left--) {
            String name = given.text();
            String kind = given.text();
            predictions.add(name);
            letters.append(kind);
            added.add(new RecordField(name, type(kind.charAt(0))));
        }
        kinds = letters.toString();
        long count = given.number();
        Set<String> kept = count < 0 ? null : given.names(count);
        List<RecordField> fields = new ArrayList<>(schema.getFields());
        fields.removeIf(field -> kept != null && !kept.contains(field.getFieldName()));
        List<RecordField> allFields = new ArrayList<>(schema.getFields());
        allFields.removeIf(field -> REASONS.contains(field.getFieldName()));
        String scoredPath = given.text();
        String rejectedPath = given.text();
        boolean keepsRejected = given.number() != 0;
        if (keepsRejected) {
            fields.removeIf(field -> REASONS.contains(field.getFieldName()));
            added.addAll(REASON_FIELDS);
        }
        scored = new RecordFile(writers, log, scoredPath, fields, added, attributes);
        rejected = new RecordFile(writers, log, rejectedPath, allFields, REASON_FIELDS, attributes);
        forRejected = keepsRejected ? scored : rejected;
        scored.open();
    }

    /** The letters of the prediction columns. */
    String kinds() {
        return kinds;
    }

    void write(List<Record> records, Results results) throws IOException, SchemaNotFoundException {
        for (Record record : records) {
            String[] reasons = results.next();
            if (reasons == null) {
                // The fields of the reasons get no value here: they are null.
                Map<String, Object> values = scored.values(record);
                for (int i = 0; i < predictions.size(); i++) {
                    values.put(predictions.get(i), results.value(i));
                }
                scored.write(values);
            } else {
                Map<String, Object> values = forRejected.values(record);
                for (int i = 0; i < REASONS.size(); i++) {
                    values.put(REASONS.get(i), reasons[i]);
                }
                forRejected.open();
                forRejected.write(values);
            }
        }
    }

    /** Finish both files; append, for the scored and then for the rejected records, how many, and the writer's attributes. */
    void finish(Packed.Writer answer) throws IOException {
        scored.finish(answer);
        rejected.finish(answer);
    }

    @Override
    public void close() throws IOException {
        try (rejected) {
            scored.close();
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
