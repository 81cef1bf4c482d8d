package daiscoring;

import hex.genmodel.ModelMojoReader;
import hex.genmodel.MojoModel;
import hex.genmodel.MojoReaderBackend;
import hex.genmodel.MojoReaderBackendFactory;
import hex.genmodel.algos.drf.DrfMojoModel;
import java.io.BufferedReader;
import java.io.ByteArrayInputStream;
import java.io.Closeable;
import java.io.IOException;
import java.io.InputStreamReader;
import java.nio.charset.StandardCharsets;

/**
 * The file of an H2O-3 MOJO, whose texts are UTF-8.
 *
 * <p>genmodel reads them in the encoding of the platform: up to Java 17 columns and levels beyond ASCII then have other
 * names where the locale is C, and on Windows.
 */
public final class H2o3File implements MojoReaderBackend, Closeable {
    private static final String DETAILS = "experimental/modelDetails.json";

    private final MojoReaderBackend file;
    private final TreeFiles trees = new TreeFiles();

    private H2o3File(MojoReaderBackend file) {
        this.file = file;
    }

    /**
     * The model in a file.
     *
     * <p>Contributions of a DRF need what the file says about the model's training, which genmodel skips unless asked.
     *
     * @throws MissingTreeException if the file lacks a tree that genmodel would score without
     */
    public static MojoModel load(String path) throws IOException {
        H2o3File read = open(path);
        MojoModel model = ModelMojoReader.readFrom(read, false);
        try (H2o3File file = open(path)) {
            read.trees.check(file);
            boolean isReadAgain = model instanceof DrfMojoModel && file.exists(DETAILS);
            return isReadAgain ? ModelMojoReader.readFrom(file, true) : model;
        }
    }

    private static H2o3File open(String path) throws IOException {
        return new H2o3File(MojoReaderBackendFactory.createReaderBackend(path));
    }

    @Override
    public BufferedReader getTextFile(String name) throws IOException {
        byte[] bytes = file.getBinaryFile(name);
        return new BufferedReader(new InputStreamReader(new ByteArrayInputStream(bytes), StandardCharsets.UTF_8));
    }

    @Override
    public byte[] getBinaryFile(String name) throws IOException {
        return file.getBinaryFile(name);
    }

    @Override
    public boolean exists(String name) {
        boolean exists = file.exists(name);
        trees.asked(name, exists);
        return exists;
    }

    @Override
    public void close() throws IOException {
        if (file instanceof Closeable) {
            ((Closeable) file).close();
        }
    }
}
