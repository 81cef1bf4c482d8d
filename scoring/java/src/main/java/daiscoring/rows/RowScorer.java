package daiscoring.rows;

import java.io.File;
import java.util.Arrays;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.function.Function;
import java.util.function.Supplier;

/**
 * A model that scores rows of objects, without Python. Safe for threads.
 *
 * <p>It gives the predictions and rejects the rows that the library does. Its caller may be in another class loader, so
 * all that crosses is of the JDK. {@link #apply} takes rows with the values of the model's inputs, in their order, as
 * {@link Judge} describes them, and gives for each the predictions, then the reject code, column and value: the
 * predictions are null where there is a code. {@link #get} has the names of both and the types of the predictions.
 */
public final class RowScorer implements Function<Object[][], Object[][]>, Supplier<Map<String, String[]>> {
    /** How many values follow the predictions of a row: the reject code, column and value. */
    private static final int REASON = 3;

    private final Description description;
    private final RowModel model;
    private final Judge[] judges;

    /**
     * Load a model.
     *
     * @param description of the model, as JSON
     * @param missing further texts that mean a missing value
     * @param settings may have licence_key and licence_file
     * @throws IllegalStateException where the model cannot be loaded, saying why
     */
    public RowScorer(File file, String description, String[] missing, Map<String, String> settings) {
        this.description = Description.of(description);
        try {
            model = this.description.json.get("kind").getAsString().equals("h2o3")
                    ? new H2o3Rows(file, this.description)
                    : new DriverlessAi(file, this.description, settings);
        } catch (java.io.IOException | ReflectiveOperationException e) {
            throw new IllegalStateException("The model cannot be loaded: " + e, e);
        }
        List<String> further = Arrays.asList(missing);
        judges = Arrays.stream(this.description.columns)
                .map(column -> new Judge(column.withMissing(further), text -> model.time(column.name, text)))
                .toArray(Judge[]::new);
    }

    @Override
    public Map<String, String[]> get() {
        Map<String, String[]> found = new LinkedHashMap<>();
        found.put("inputs", Arrays.stream(description.columns).map(one -> one.name).toArray(String[]::new));
        found.put("outputs", Arrays.stream(description.outputs).map(one -> one.name).toArray(String[]::new));
        found.put("types", Arrays.stream(description.outputs).map(one -> one.type).toArray(String[]::new));
        return found;
    }

    @Override
    public Object[][] apply(Object[][] rows) {
        int outputs = description.outputs.length;
        Object[][] results = new Object[rows.length][outputs + REASON];
        Object[] arrays = new Object[judges.length];
        for (int c = 0; c < judges.length; c++) {
            arrays[c] = judges[c].newArray(rows.length);
        }
        int[] kept = new int[rows.length];
        int count = 0;
        for (int row = 0; row < rows.length; row++) {
            if (read(rows[row], arrays, count, results[row])) {
                kept[count++] = row;
            }
        }
        if (count > 0) {
            predict(arrays, kept, count, rows.length, results);
        }
        return results;
    }

    /** Whether all values fit; if not, the result has the reason for the first column that does not. */
    private boolean read(Object[] values, Object[] arrays, int at, Object[] result) {
        for (int c = 0; c < judges.length; c++) {
            String code = judges[c].read(values[c], arrays[c], at);
            if (code != null) {
                reject(result, code, description.columns[c].name, ValueTexts.shown(values[c]));
                return false;
            }
        }
        return true;
    }

    private void predict(Object[] arrays, int[] kept, int count, int rows, Object[][] results) {
        if (count < rows) {
            for (int c = 0; c < arrays.length; c++) {
                Object shorter = judges[c].newArray(count);
                System.arraycopy(arrays[c], 0, shorter, 0, count);
                arrays[c] = shorter;
            }
        }
        RowModel.Scored scored = model.score(arrays, count);
        int outputs = description.outputs.length;
        for (int i = 0; i < count; i++) {
            Object[] result = results[kept[i]];
            String refusal = scored.refusal(i);
            if (refusal != null) {
                reject(result, "refused_by_model", null, refusal);
                continue;
            }
            for (int c = 0; c < outputs; c++) {
                result[c] = scored.prediction(i, c);
            }
        }
    }

    private void reject(Object[] result, String code, String column, String value) {
        int first = description.outputs.length;
        result[first] = code;
        result[first + 1] = column;
        result[first + 2] = value;
    }
}
