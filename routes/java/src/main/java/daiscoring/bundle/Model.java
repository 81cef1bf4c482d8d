package daiscoring.bundle;

import java.util.Map;
import java.util.function.Function;
import java.util.function.Supplier;

/** A loaded model of a bundle: what daiscoring.rows.RowScorer offers to other class loaders. Safe for threads. */
public final class Model {
    private final Function<Object[][], Object[][]> scorer;
    private final Map<String, String[]> names;

    @SuppressWarnings("unchecked")
    Model(Object scorer) {
        this.scorer = (Function<Object[][], Object[][]>) scorer;
        names = ((Supplier<Map<String, String[]>>) scorer).get();
    }

    /** The names of the model's columns, in the order in which rows have their values. */
    public String[] inputs() {
        return names.get("inputs");
    }

    /** The names of the predictions. */
    public String[] outputs() {
        return names.get("outputs");
    }

    /** Their types, by the names that Driverless AI has for them. */
    public String[] types() {
        return names.get("types");
    }

    /** For each row the predictions, then the reject code, column and value. */
    public Object[][] score(Object[][] rows) {
        return scorer.apply(rows);
    }
}
