package daiscoring;

import daiscoring.records.RecordLayout;
import daiscoring.records.RowRequests;
import daiscoring.records.RowTarget;
import hex.genmodel.GenModel;
import hex.genmodel.algos.glrm.GlrmMojoModel;
import hex.genmodel.easy.EasyPredictModelWrapper;
import hex.genmodel.easy.RowData;
import hex.genmodel.easy.exception.PredictException;
import java.nio.ByteBuffer;
import java.util.Arrays;

/** Scores columns of rows with an H2O-3 model: the loops over rows that genmodel leaves to its caller. */
public final class H2o3 {
    private H2o3() {
    }

    /**
     * Scores of rows whose categories are indices into the model's domains already; {@link Scores#addAll} adds them.
     *
     * @param size how many predictions the model gives for a row
     * @param calibrated whether calibrated probabilities, one a class, follow them
     */
    public static Scores scores(GenModel shared, int rows, int size, boolean calibrated) {
        return new Scores(shared, rows, size, calibrated);
    }

    /**
     * Score rows whose categories are indices into the model's domains already.
     *
     * @param columns one array a feature, in the model's order; NaN is a missing value
     * @param offset the rows' offset, or null for a model without
     * @return the scores; a row for which the model raises an error is refused, and NaN
     */
    public static Scores score(
            GenModel shared, double[][] columns, double[] offset, int rows, int size, boolean calibrated) {
        double[] row = new double[columns.length];
        Scores scores = new Scores(shared, rows, size, calibrated);
        for (int i = 0; i < rows; i++) {
            // A fresh copy each time: score0 may impute in place.
            for (int j = 0; j < row.length; j++) {
                row[j] = columns[j][i];
            }
            scores.add(row, offset);
        }
        return scores;
    }

    /**
     * Score records with a model that has no offset and does not encode its categories itself.
     *
     * @param layout how they are read
     * @param records all of them, and nothing else
     * @return as {@link #score}; null if something was declined
     */
    public static Scores scoreRecords(
            GenModel shared, RecordLayout layout, ByteBuffer records, int rows, int size, boolean calibrated) {
        Scores scores = new Scores(shared, rows, size, calibrated);
        RowTarget row = layout.row();
        // score0 may impute in place: each record sets all values.
        scores.ends = layout.read(records, rows, row, () -> scores.add(row.values));
        scores.unseen = row.unseen();
        return scores.ends == null ? null : scores;
    }

    /**
     * Score requests with such a model.
     *
     * @param requests how they are read; {@code data} and {@code ends} are as it takes them
     * @return with {@code flat}: for each request 1, or 0 if it was declined; then the predictions of all, by output
     */
    public static Scores scoreRequests(
            GenModel shared, RowRequests requests, byte[] data, int[] ends, int size, boolean calibrated) {
        int rows = ends.length;
        Scores scores = new Scores(shared, rows, size, calibrated);
        RowTarget row = requests.row();
        boolean[] read = new boolean[rows];
        requests.read(data, ends, row, isRead -> {
            if (isRead) {
                read[scores.row] = true;
                scores.add(row.values);
            } else {
                scores.skip();
            }
        });
        for (int refused : scores.refused.rows()) {
            read[refused] = false;
        }
        scores.unseen = row.unseen();
        scores.flatten(read);
        return scores;
    }

    /** Scores one row after the other. */
    public static final class Scores {
        /** Arrays of rows, by output. */
        public final double[][] out;
        /** The rows for which the model raised an error. */
        public final RefusedRows refused = new RefusedRows();
        /** By column the rows with a level that the model has not seen; null where levels were not looked for. */
        public int[][] unseen;
        /** Where each record ends; null where it was no record. */
        public int[] ends;
        /** What {@link H2o3#scoreRequests} returns. */
        public double[] flat;
        /** Whether a row has a level that the model has not seen. */
        public boolean hasUnseen;
        private final GenModel model;
        private final double[] prediction;
        private final boolean calibrated;
        private int row;

        Scores(GenModel shared, int rows, int size, boolean calibrated) {
            // Some algorithms keep scratch space in the model; this gives one that no other thread uses.
            model = shared.internal_threadSafeInstance();
            out = new double[calibrated ? 2 * size - 1 : size][rows];
            prediction = new double[size];
            this.calibrated = calibrated;
        }

        void add(double[] values) {
            Arrays.fill(prediction, 0);
            try {
                store(score(values));
            } catch (RuntimeException e) {
                refuse(e);
            }
        }

        private double[] score(double[] values) {
            if (model instanceof GlrmMojoModel) {
                // It would seed each row by how many rows it has scored so far: the same row, another result.
                GlrmMojoModel glrm = (GlrmMojoModel) model;
                return glrm.score0(values, prediction, glrm._seed);
            }
            return model.score0(values, prediction);
        }

        /**
         * Score the next rows.
         *
         * @param columns one column a feature, in the model's order, one after the other; NaN is a missing value
         * @param width how many features
         * @param offset the offset of all rows, or null for a model without
         * @param count how many rows
         */
        public void addAll(ByteBuffer columns, int width, double[] offset, int count) {
            FeatureRows features = new FeatureRows(columns, width, count);
            for (int i = 0; i < count; i++) {
                add(features.next(), offset);
            }
        }

        private void add(double[] values, double[] offset) {
            if (offset == null) {
                add(values);
                return;
            }
            Arrays.fill(prediction, 0);
            try {
                store(model.score0(values, offset[row], prediction));
            } catch (RuntimeException e) {
                refuse(e);
            }
        }

        private void refuse(RuntimeException error) {
            refused.add(row, error);
            skip();
        }

        /** Leave a row without predictions. */
        void skip() {
            for (double[] output : out) {
                output[row] = Double.NaN;
            }
            row++;
        }

        private void flatten(boolean[] read) {
            int rows = read.length;
            flat = new double[rows * (1 + out.length)];
            for (int i = 0; i < rows; i++) {
                flat[i] = read[i] ? RowRequests.SCORED : RowRequests.DECLINED;
            }
            for (int k = 0; k < out.length; k++) {
                System.arraycopy(out[k], 0, flat, rows * (1 + k), rows);
            }
            for (int[] column : unseen) {
                hasUnseen |= column.length > 0;
            }
        }

        private void store(double[] scored) {
            int size = prediction.length;
            H2o3.store(scored, out, size, row);
            if (calibrated) {
                // In place, after the uncalibrated ones were stored; the first element is the label.
                model.calibrateClassProbabilities(scored);
                for (int k = 1; k < size; k++) {
                    out[size + k - 1][row] = scored[k];
                }
            }
            row++;
        }
    }

    /**
     * Score rows of a model that encodes its categories itself (one-hot, binary, eigen and the like).
     *
     * @param numbers one array a column, or null where {@code texts} has the column; NaN is missing
     * @param texts one array a column, or null where {@code numbers} has it; null is missing
     * @param size how many predictions the model gives for a row
     * @param refused takes the rows for which the model raises an error
     * @return arrays of rows, by output
     */
    public static double[][] scoreEncoded(
            EasyPredictModelWrapper model, String[] names, double[][] numbers, String[][] texts, double[] offset,
            int rows, int size, RefusedRows refused) {
        double[][] out = new double[size][rows];
        for (int i = 0; i < rows; i++) {
            RowData row = rowData(names, numbers, texts, i);
            try {
                store(model.predictRaw(row, offset == null ? 0 : offset[i]), out, size, i);
            } catch (PredictException | RuntimeException e) {
                refused.add(i, e);
            }
        }
        return out;
    }

    static RowData rowData(String[] names, double[][] numbers, String[][] texts, int i) {
        RowData row = new RowData();
        for (int j = 0; j < names.length; j++) {
            if (numbers[j] != null) {
                if (!Double.isNaN(numbers[j][i])) {
                    row.put(names[j], numbers[j][i]);
                }
            } else if (texts[j][i] != null) {
                row.put(names[j], texts[j][i]);
            }
        }
        return row;
    }

    private static void store(double[] scored, double[][] out, int size, int row) {
        for (int k = 0; k < size; k++) {
            out[k][row] = scored[k];
        }
    }
}
