package daiscoring.spark;

import daiscoring.bundle.Bundle;
import daiscoring.bundle.Model;
import java.io.File;
import java.io.IOException;
import java.io.Serializable;
import java.util.Arrays;
import java.util.Collections;
import java.util.HashMap;
import java.util.Iterator;
import java.util.List;
import org.apache.spark.SparkFiles;
import org.apache.spark.api.java.function.MapPartitionsFunction;
import org.apache.spark.sql.Row;

/** Scores the rows of a partition in Spark's own virtual machine, a frame of rows at a time. */
public final class FrameScorer implements MapPartitionsFunction<Row, Row> {
    private static final long serialVersionUID = 1L;

    private final Plan plan;

    FrameScorer(Plan plan) {
        this.plan = plan;
    }

    /** What the driver tells the workers. */
    static final class Plan implements Serializable {
        private static final long serialVersionUID = 1L;

        /** The name of the file with the model, which Spark sent. */
        private final String bundle;
        /** For each of the model's columns where it is in a row; -1 where it is absent. */
        final int[] inputs;
        /** The columns of a row that are kept, before the predictions. */
        final int[] kept;
        private final String[] missing;
        private final HashMap<String, String> settings;

        Plan(String bundle, int[] inputs, int[] kept, String[] missing, HashMap<String, String> settings) {
            this.bundle = bundle;
            this.inputs = inputs;
            this.kept = kept;
            this.missing = missing;
            this.settings = settings;
        }

        /** The model; the first task of an executor loads it. */
        Model model() throws IOException {
            return Bundle.open(new File(SparkFiles.get(bundle)), null, List.of(missing), settings);
        }
    }

    @Override
    public Iterator<Row> call(Iterator<Row> rows) throws IOException {
        // A partition without rows needs no model.
        return rows.hasNext() ? new Frames(rows, plan, plan.model()) : Collections.emptyIterator();
    }

    @Override
    public String toString() {
        return "dai_score(" + Arrays.toString(plan.inputs) + ")";
    }
}
