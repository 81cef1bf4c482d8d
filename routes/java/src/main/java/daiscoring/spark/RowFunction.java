package daiscoring.spark;

import daiscoring.bundle.Model;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.List;
import org.apache.spark.sql.Row;
import org.apache.spark.sql.RowFactory;
import org.apache.spark.sql.api.java.UDF1;
import org.apache.spark.sql.types.StructType;

/** A function of Spark's SQL: scores a struct with the values of the model's columns. */
public final class RowFunction implements UDF1<Row, Row> {
    private static final long serialVersionUID = 1L;

    private final Shipped shipped;
    private final boolean allowsMissingColumns;
    private transient Model model;
    private transient StructType known;
    /** For each of the model's columns where it is in a row of the known type; -1 where it is absent. */
    private transient int[] inputs;

    RowFunction(Shipped shipped, boolean allowsMissingColumns) {
        this.shipped = shipped;
        this.allowsMissingColumns = allowsMissingColumns;
    }

    @Override
    public Row call(Row row) {
        if (model == null) {
            model = shipped.model();
        }
        Object[] values = new Object[model.inputs().length];
        if (row != null) {
            if (row.schema() != known) {
                inputs = inputs(row.schema());
                known = row.schema();
            }
            Frames.fill(values, row, inputs);
        }
        return RowFactory.create(Frames.spark(model.score(new Object[][] {values})[0]));
    }

    private int[] inputs(StructType type) {
        List<String> names = Arrays.asList(type.fieldNames());
        int[] found = Arrays.stream(model.inputs()).mapToInt(names::indexOf).toArray();
        List<String> absent = new ArrayList<>();
        for (int c = 0; c < found.length; c++) {
            if (found[c] < 0) {
                absent.add(model.inputs()[c]);
            }
        }
        if (!absent.isEmpty() && !allowsMissingColumns) {
            throw new IllegalArgumentException(absent.size() + " column(s) of the model are missing from the struct: "
                    + String.join(", ", absent));
        }
        return found;
    }
}
