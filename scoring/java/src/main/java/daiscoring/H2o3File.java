package daiscoring;

import hex.genmodel.MojoModel;
import hex.genmodel.MojoReaderBackend;
import hex.genmodel.MojoReaderBackendFactory;
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
    private final MojoReaderBackend file;

    private H2o3File(MojoReaderBackend file) {
        this.file = file;
    }

    /** The model in a file. */
    public static MojoModel load(String path) throws IOException {
        return MojoModel.load(new H2o3File(MojoReaderBackendFactory.createReaderBackend(path)));
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
        return file.exists(name);
    }

    @Override
    public void close() throws IOException {
        if (file instanceof Closeable) {
            ((Closeable) file).close();
        }
    }
}
