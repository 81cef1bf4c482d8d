package daiscoring.rows;

import com.google.gson.JsonObject;
import daiscoring.H2o3;
import daiscoring.H2o3File;
import daiscoring.RefusedRows;
import hex.genmodel.MojoModel;
import hex.genmodel.easy.EasyPredictModelWrapper;
import java.io.File;
import java.io.IOException;
import java.util.Arrays;

/** A MOJO of H2O-3 on h2o-genmodel, called as dai_scoring/runtimes/h2o3/mojo.py calls it. */
final class H2o3Rows implements RowModel {
    private final MojoModel model;
    private final EasyPredictModelWrapper encoder;
    private final Description description;
    private final String[] features;
    /** For each feature the input that it is, or -1 where the model does not need it from the records. */
    private final int[] places;
    /** The input that is the offset, or -1. */
    private final int offset;
    private final int size;
    private final boolean calibrated;

    H2o3Rows(File file, Description description) throws IOException {
        this.description = description;
        JsonObject json = description.json;
        features = Description.strings(json.get("features"));
        places = new int[features.length];
        for (int f = 0; f < places.length; f++) {
            places[f] = json.getAsJsonArray("places").get(f).getAsInt();
        }
        offset = json.get("offset").getAsInt();
        size = json.get("size").getAsInt();
        calibrated = json.get("calibrated").getAsBoolean();
        model = H2o3File.load(file.getPath());
        encoder = json.get("encoded").getAsBoolean() ? encoder() : null;
    }

    private EasyPredictModelWrapper encoder() throws IOException {
        EasyPredictModelWrapper.Config config = new EasyPredictModelWrapper.Config();
        return new EasyPredictModelWrapper(config.setModel(model).setConvertUnknownCategoricalLevelsToNa(true));
    }

    @Override
    public Scored score(Object[] arrays, int rows) {
        double[] offsets = offset < 0 ? null : numbers(arrays[offset], rows);
        double[][] numbers = new double[features.length][];
        String[][] texts = new String[features.length][];
        for (int f = 0; f < features.length; f++) {
            Object array = places[f] < 0 ? null : arrays[places[f]];
            if (array instanceof String[]) {
                texts[f] = (String[]) array;
            } else {
                numbers[f] = numbers(array, rows);
            }
        }
        if (encoder != null) {
            RefusedRows refused = new RefusedRows();
            double[][] out = H2o3.scoreEncoded(encoder, features, numbers, texts, offsets, rows, size, refused);
            return new Predictions(out, refused);
        }
        H2o3.Scores scores = H2o3.score(model, numbers, offsets, rows, size, calibrated);
        return new Predictions(scores.out, scores.refused);
    }

    /** Numbers, indices of levels, or times as milliseconds; NaN where missing. */
    private static double[] numbers(Object array, int rows) {
        if (array instanceof double[]) {
            return (double[]) array;
        }
        double[] found = new double[rows];
        Arrays.fill(found, Double.NaN);
        if (array != null) {
            long[] times = (long[]) array;
            for (int row = 0; row < rows; row++) {
                found[row] = times[row] == Long.MIN_VALUE ? Double.NaN : times[row];
            }
        }
        return found;
    }

    @Override
    public Long time(String column, String text) {
        return H2oTimes.parse(text);
    }

    /** Arrays of rows by output, and the rows that the model refused. */
    private final class Predictions implements Scored {
        private final double[][] out;
        private final int[] refused;
        private final String[] reasons;

        Predictions(double[][] out, RefusedRows refused) {
            this.out = out;
            this.refused = refused.rows();
            this.reasons = refused.reasons();
        }

        @Override
        public Object prediction(int row, int output) {
            double found = out[output][row];
            String[] levels = description.outputs[output].levels;
            // H2O-3's NaN is a missing value.
            return Double.isNaN(found) ? null : levels == null ? (Object) found : levels[(int) found];
        }

        @Override
        public String refusal(int row) {
            int found = Arrays.binarySearch(refused, row);
            return found < 0 ? null : reasons[found];
        }
    }
}
