package daiscoring.nifi.records;

import daiscoring.nifi.Packed;
import java.io.Closeable;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.List;
import java.util.concurrent.Callable;
import java.util.concurrent.ExecutionException;
import java.util.concurrent.ExecutorService;
import java.util.concurrent.Future;
import org.apache.nifi.schema.access.SchemaNotFoundException;
import org.apache.nifi.serialization.record.Record;

/**
 * The records of one FlowFile on their way through the model, each of them read once. While Python scores a chunk, the next
 * one is read and the one before is written.
 */
public final class RecordStream implements Closeable {
    /** Makes the writer of the records once Python has said what to write. */
    interface WriterMaker {
        ChunkWriter make(Packed.Reader request) throws IOException, SchemaNotFoundException;
    }

    /** The records cannot be written; other errors are those of reading. */
    public static final class NotWrittenException extends Exception {
        private static final long serialVersionUID = 1;

        NotWrittenException(Throwable cause) {
            super(cause);
        }
    }

    private final ChunkReader reader;
    /** The first records, or the error of reading them; null once they were handed over. */
    private Callable<List<Record>> first;
    private final WriterMaker writers;
    private final ExecutorService threads;
    private ChunkWriter writer;
    private List<Record> inPython = List.of();
    private Future<List<Record>> reading;
    private Future<Void> writing;

    RecordStream(ChunkReader reader, WriterMaker writers, ExecutorService threads) {
        this.reader = reader;
        this.writers = writers;
        this.threads = threads;
    }

    /** Read the first records; {@link #begin} tells an error, so that these records can be closed like others. */
    void readFirst() {
        try {
            List<Record> records = reader.next();
            first = () -> records;
        } catch (Exception | LinkageError e) {
            first = () -> {
                throw e;
            };
        }
    }

    /** Hand over the first records, and begin with the next ones. Appends their number, and {@link ChunkReader#describe}. */
    public void begin(Packed.Writer answer, String fields) throws Exception {
        Callable<List<Record>> read = first;
        first = null;
        handOver(read.call(), answer, fields);
        reader.describe(answer);
    }

    /**
     * Take the results of the last records, and hand over the next ones. After the last records, finish.
     *
     * @param results the file with the results
     * @param request what to write, see {@link ChunkWriter}; in the first call
     * @param fields where the wanted fields of the next records go
     * @param answer gets the number of records in the file; at the end, what {@link ChunkWriter#finish} appends
     */
    public void next(Path results, Packed.Reader request, String fields, Packed.Writer answer) throws Exception {
        write(results, request);
        List<Record> next = reading == null ? List.of() : outcome(reading);
        reading = null;
        handOver(next, answer, fields);
        if (next.isEmpty()) {
            writing(() -> {
                settled(writing);
                writer.finish(answer);
                return null;
            });
            close();
        }
    }

    /** Write the columns of the records that were handed over last as rows. */
    public void columns(String path) throws IOException {
        reader.writeColumns(inPython, path);
    }

    private void write(Path results, Packed.Reader request) throws NotWrittenException {
        List<Record> records = inPython;
        writing(() -> {
            if (writer == null) {
                writer = writers.make(request);
            }
            settled(writing);
            Results found = new Results(Files.readAllBytes(results), writer.kinds(), records.size());
            Callable<Void> write = () -> {
                writer.write(records, found);
                return null;
            };
            if (reading == null) {
                write.call();
            } else {
                writing = threads.submit(write);
            }
            return null;
        });
    }

    private void handOver(List<Record> records, Packed.Writer answer, String fields) throws IOException {
        inPython = records;
        answer.number(records.size());
        if (!records.isEmpty()) {
            reader.writeFields(fields);
            if (!reader.isAtEnd()) {
                reading = threads.submit(reader::next);
            }
        }
    }

    private static void writing(Callable<Void> call) throws NotWrittenException {
        try {
            call.call();
        } catch (Exception | LinkageError e) {
            throw new NotWrittenException(e);
        }
    }

    private static void settled(Future<Void> future) throws Exception {
        if (future != null) {
            outcome(future);
        }
    }

    /** What a thread has made, or its error. */
    static <T> T outcome(Future<T> future) throws Exception {
        try {
            return future.get();
        } catch (ExecutionException e) {
            if (e.getCause() instanceof Error) {
                throw (Error) e.getCause();
            }
            throw e;
        }
    }

    /** Wait until nothing is read or written any more, and close everything. */
    @Override
    public void close() throws IOException {
        await(reading);
        await(writing);
        try (reader) {
            if (writer != null) {
                writer.close();
            }
        }
    }

    /** Wait until a thread has done its work, or failed. */
    static void await(Future<?> future) {
        boolean interrupted = false;
        while (future != null && !future.isDone()) {
            try {
                future.get();
            } catch (ExecutionException e) {
                // It is over, which is all that is asked for here.
            } catch (InterruptedException e) {
                interrupted = true;
            }
        }
        if (interrupted) {
            Thread.currentThread().interrupt();
        }
    }
}
