package daiscoring.nifi;

import java.io.IOException;
import java.io.InputStream;
import java.io.OutputStream;

/** Copies contents between NiFi and files. */
final class Streams {
    private static final int BUFFER_BYTES = 256 << 10;

    private Streams() {
    }

    /** Copy everything. NiFi's session copies files itself too, but 8 KB at a time, which takes twice as long. */
    static void copy(InputStream in, OutputStream out) throws IOException {
        byte[] buffer = new byte[BUFFER_BYTES];
        for (int count = in.read(buffer); count >= 0; count = in.read(buffer)) {
            out.write(buffer, 0, count);
        }
    }
}
