package daiscoring;

import hex.genmodel.PredictContributions;
import hex.genmodel.easy.EasyPredictModelWrapper;
import hex.genmodel.easy.exception.PredictException;
import java.nio.ByteBuffer;

/** Contributions (Shapley values) of rows to predictions of an H2O-3 model. */
public final class H2o3Contributions {
    /** Arrays of rows, by contribution. */
    public final float[][] out;
    /** The rows for which the model raised an error. */
    public final RefusedRows refused = new RefusedRows();
    private int row;

    /** @param size how many contributions there are for a row, the bias included */
    public H2o3Contributions(int rows, int size) {
        out = new float[size][rows];
    }

    /** Add those of the next rows, whose categories are indices into the model's domains: see {@link H2o3.Scores#addAll}. */
    public void addAll(PredictContributions model, ByteBuffer columns, int width, int count) {
        FeatureRows features = new FeatureRows(columns, width, count);
        for (int i = 0; i < count; i++) {
            double[] values = features.next();
            try {
                store(model.calculateContributions(values));
            } catch (RuntimeException e) {
                refused.add(row, e);
            }
            row++;
        }
    }

    /** Add those of all rows of a model that encodes its categories itself; see {@link H2o3#scoreEncoded}. */
    public void addEncoded(EasyPredictModelWrapper model, String[] names, double[][] numbers, String[][] texts, int count) {
        for (int i = 0; i < count; i++) {
            try {
                store(model.predictContributions(H2o3.rowData(names, numbers, texts, i)));
            } catch (PredictException | RuntimeException e) {
                refused.add(row, e);
            }
            row++;
        }
    }

    private void store(float[] given) {
        for (int k = 0; k < out.length; k++) {
            out[k][row] = given[k];
        }
    }
}
