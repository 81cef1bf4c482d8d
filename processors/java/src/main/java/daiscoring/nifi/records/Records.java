package daiscoring.nifi.records;

import java.io.IOException;
import java.io.InputStream;
import java.util.List;
import java.util.Map;
import java.util.Set;
import java.util.concurrent.ExecutorService;
import java.util.concurrent.SynchronousQueue;
import java.util.concurrent.ThreadPoolExecutor;
import java.util.concurrent.TimeUnit;
import org.apache.nifi.flowfile.FlowFile;
import org.apache.nifi.logging.ComponentLog;
import org.apache.nifi.processor.ProcessSession;
import org.apache.nifi.serialization.RecordReaderFactory;
import org.apache.nifi.serialization.RecordSetWriterFactory;

/** Opens FlowFiles whose records NiFi's own record services read and write. */
public final class Records {
    private static final long IDLE_SECONDS = 5;

    private final RecordReaderFactory readers;
    private final RecordSetWriterFactory writers;
    private final ComponentLog log;
    // They end when they are idle: nobody says when the processor ends.
    private final ExecutorService threads = new ThreadPoolExecutor(
            0, Integer.MAX_VALUE, IDLE_SECONDS, TimeUnit.SECONDS, new SynchronousQueue<>(), Records::thread);

    /**
     * @param readers a RecordReaderFactory
     * @param writers a RecordSetWriterFactory
     */
    public Records(Object readers, Object writers, ComponentLog log) {
        this.readers = (RecordReaderFactory) readers;
        this.writers = (RecordSetWriterFactory) writers;
        this.log = log;
    }

    /** The records of FlowFiles of a session. */
    public RecordSequence of(ProcessSession session, List<FlowFile> flowFiles) {
        return new RecordSequence(this, session, flowFiles);
    }

    /**
     * Begin to open a FlowFile in another thread.
     *
     * @param wanted the fields that Python gets; all others stay here
     * @param asRows whether it wants them as rows, if that is possible
     */
    Opening open(ProcessSession session, FlowFile flowFile, Set<String> wanted, boolean asRows) throws IOException {
        // Here, since a session is for one thread at a time; its streams may be read by others.
        InputStream in = session.read(flowFile);
        try {
            return new Opening(in, threads.submit(() -> opened(in, flowFile, wanted, asRows)));
        } catch (RuntimeException | Error e) {
            // No thread can be started.
            in.close();
            throw e;
        }
    }

    private RecordStream opened(InputStream in, FlowFile flowFile, Set<String> wanted, boolean asRows) throws Exception {
        ChunkReader reader = new ChunkReader(readers, log, flowFile, in, wanted, asRows);
        Map<String, String> attributes = flowFile.getAttributes();
        RecordStream made = new RecordStream(
                reader, request -> new ChunkWriter(writers, log, reader.schema(), attributes, request), threads);
        made.readFirst();
        return made;
    }

    private static Thread thread(Runnable work) {
        Thread made = new Thread(work, "dai-scoring-records");
        made.setDaemon(true);
        // If this loader did not know records, NiFi would give each of them in a proxy, and every value by reflection.
        made.setContextClassLoader(Records.class.getClassLoader());
        return made;
    }
}
