package daiscoring.nifi.records;

import daiscoring.nifi.Packed;
import java.io.Closeable;
import java.io.IOException;
import java.util.List;
import java.util.Set;
import org.apache.nifi.flowfile.FlowFile;
import org.apache.nifi.processor.ProcessSession;

/** The records of several FlowFiles, one FlowFile at a time. While one is scored, the next one is opened. */
public final class RecordSequence implements Closeable {
    private final Records records;
    private final ProcessSession session;
    private final List<FlowFile> flowFiles;
    private Set<String> wanted;
    private boolean asRows;
    private RecordStream current;
    private int following;
    /** Null if none is opened in advance. */
    private Opening opening;

    RecordSequence(Records records, ProcessSession session, List<FlowFile> flowFiles) {
        this.records = records;
        this.session = session;
        this.flowFiles = flowFiles;
    }

    /**
     * Open a FlowFile's records instead of those that are open.
     *
     * @param following the FlowFile that is opened next, if it is known, otherwise -1
     * @param request how many fields Python gets, and their names; 1 if it wants them as rows, otherwise 0
     */
    public RecordStream open(int index, int following, Packed.Reader request) throws Exception {
        closeCurrent();
        Set<String> names = request.names(request.number());
        boolean inRows = request.number() != 0;
        boolean isOpened = opening != null && this.following == index && inRows == asRows && names.equals(wanted);
        wanted = names;
        asRows = inRows;
        Opening opened = opening;
        opening = null;
        if (!isOpened) {
            closeQuietly(opened);
            opened = begin(index);
        }
        // Before anybody waits for this one.
        if (following >= 0) {
            this.following = following;
            try {
                opening = begin(following);
            } catch (IOException | RuntimeException | OutOfMemoryError e) {
                // It is tried again, and the error is told, when its turn comes.
            }
        }
        current = opened.records();
        return current;
    }

    /** The records that were opened last. */
    public RecordStream current() {
        return current;
    }

    /** Close the records that are open, as must be done before their FlowFile is opened again. */
    public void closeCurrent() {
        RecordStream open = current;
        current = null;
        closeQuietly(open);
    }

    /** Close all, as must be done before the FlowFiles are sent on. */
    @Override
    public void close() {
        closeCurrent();
        Opening open = opening;
        opening = null;
        closeQuietly(open);
    }

    /** They are closed because of another error, were read and written as a whole, or nobody wants them. */
    private static void closeQuietly(Closeable records) {
        try {
            if (records != null) {
                records.close();
            }
        } catch (IOException | RuntimeException e) {
            // An error here must not become one of another FlowFile.
        }
    }

    private Opening begin(int index) throws IOException {
        return records.open(session, flowFiles.get(index), wanted, asRows);
    }
}
