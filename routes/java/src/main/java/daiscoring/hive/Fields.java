package daiscoring.hive;

import java.util.ArrayList;
import java.util.List;
import org.apache.hadoop.hive.ql.exec.UDFArgumentException;
import org.apache.hadoop.hive.serde2.objectinspector.StructField;
import org.apache.hadoop.hive.serde2.objectinspector.StructObjectInspector;

/** Finds the model's columns in a struct, whose names Hive has in lower case. */
final class Fields {
    private Fields() {
    }

    static StructField[] of(String[] inputs, StructObjectInspector struct, boolean allowsMissing)
            throws UDFArgumentException {
        StructField[] found = new StructField[inputs.length];
        List<String> absent = new ArrayList<>();
        for (int c = 0; c < inputs.length; c++) {
            for (StructField field : struct.getAllStructFieldRefs()) {
                if (field.getFieldName().equalsIgnoreCase(inputs[c])) {
                    if (found[c] != null) {
                        throw new UDFArgumentException("The struct has two columns " + inputs[c] + ".");
                    }
                    found[c] = field;
                }
            }
            if (found[c] == null) {
                absent.add(inputs[c]);
            } else {
                Values.check(inputs[c], found[c].getFieldObjectInspector());
            }
        }
        checkCase(inputs);
        if (!absent.isEmpty() && !allowsMissing) {
            throw new UDFArgumentException(absent.size() + " column(s) of the model are missing from the struct: "
                    + String.join(", ", absent) + ". Add them, or take them for missing values with "
                    + "map('missing_columns', 'as-missing').");
        }
        return found;
    }

    private static void checkCase(String[] inputs) throws UDFArgumentException {
        for (int c = 0; c < inputs.length; c++) {
            for (int d = 0; d < c; d++) {
                if (inputs[c].equalsIgnoreCase(inputs[d])) {
                    throw new UDFArgumentException("The model has the columns " + inputs[d] + " and " + inputs[c]
                            + ", which are one to Hive. Score with TRANSFORM and dai-score file.");
                }
            }
        }
    }
}
