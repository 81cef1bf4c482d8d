package daiscoring.hive;

import java.time.Instant;
import java.util.ArrayList;
import java.util.HashSet;
import java.util.List;
import java.util.Locale;
import java.util.Set;
import org.apache.hadoop.hive.common.type.Timestamp;
import org.apache.hadoop.hive.ql.exec.UDFArgumentException;
import org.apache.hadoop.hive.serde2.objectinspector.ObjectInspector;
import org.apache.hadoop.hive.serde2.objectinspector.ObjectInspectorFactory;
import org.apache.hadoop.hive.serde2.objectinspector.primitive.PrimitiveObjectInspectorFactory;

/** The struct that dai_score returns. */
final class Results {
    private static final List<String> REASON = List.of("reject_code", "reject_column", "reject_value");

    private final ObjectInspector inspector;

    Results(String[] names, String[] types, String prefix) throws UDFArgumentException {
        List<String> all = new ArrayList<>();
        List<ObjectInspector> inspectors = new ArrayList<>();
        for (int c = 0; c < names.length; c++) {
            // Hive takes what is before a point for a column, wherever it looks for the name again.
            all.add((prefix + names[c]).replace('.', '_'));
            inspectors.add(inspectorOf(types[c]));
        }
        for (String name : REASON) {
            all.add(name);
            inspectors.add(PrimitiveObjectInspectorFactory.javaStringObjectInspector);
        }
        Set<String> known = new HashSet<>();
        for (String name : all) {
            if (!known.add(name.toLowerCase(Locale.ROOT))) {
                throw new UDFArgumentException("The result would have two columns " + name + ", since Hive does not "
                        + "distinguish case. Set prediction_prefix, or score with TRANSFORM and dai-score file.");
            }
        }
        inspector = ObjectInspectorFactory.getStandardStructObjectInspector(all, inspectors);
    }

    private static ObjectInspector inspectorOf(String type) {
        switch (type) {
            case "Bool":
                return PrimitiveObjectInspectorFactory.javaBooleanObjectInspector;
            case "Int32":
                return PrimitiveObjectInspectorFactory.javaIntObjectInspector;
            case "Int64":
                return PrimitiveObjectInspectorFactory.javaLongObjectInspector;
            case "Float32":
            case "Float64":
                return PrimitiveObjectInspectorFactory.javaDoubleObjectInspector;
            case "Time64":
                return PrimitiveObjectInspectorFactory.javaTimestampObjectInspector;
            default:
                return PrimitiveObjectInspectorFactory.javaStringObjectInspector;
        }
    }

    ObjectInspector inspector() {
        return inspector;
    }

    /** A scored row as Hive's struct. */
    Object of(Object[] row) {
        for (int c = 0; c < row.length; c++) {
            if (row[c] instanceof Float) {
                // In double precision, so that Hive shows the digits that the library's files have.
                row[c] = ((Float) row[c]).doubleValue();
            } else if (row[c] instanceof Instant) {
                row[c] = Timestamp.ofEpochMilli(((Instant) row[c]).toEpochMilli());
            }
        }
        return row;
    }
}
