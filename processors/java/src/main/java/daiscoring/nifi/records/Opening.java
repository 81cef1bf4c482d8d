package daiscoring.nifi.records;

import java.io.Closeable;
import java.io.IOException;
import java.io.InputStream;
import java.util.concurrent.Future;

/** A FlowFile whose records another thread opens, and of which it reads the first ones. */
final class Opening implements Closeable {
    private final InputStream in;
    private final Future<RecordStream> made;

    /** @param in the contents, which the records close once they are open */
    Opening(InputStream in, Future<RecordStream> made) {
        this.in = in;
        this.made = made;
    }

    /** Wait for the records, or for the error; then the contents are closed. */
    RecordStream records() throws Exception {
        try {
            return RecordStream.outcome(made);
        } catch (Exception | Error e) {
            // Also if this thread is interrupted while the other one still reads.
            close();
            throw e;
        }
    }

    @Override
    public void close() throws IOException {
        RecordStream.await(made);
        RecordStream opened = null;
        try {
            opened = RecordStream.outcome(made);
        } catch (Exception | Error e) {
            in.close();
        }
        if (opened != null) {
            opened.close();
        }
    }
}
