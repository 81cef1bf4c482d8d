package daiscoring.nifi;

import java.io.FileInputStream;
import java.io.IOException;
import java.io.InputStream;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import org.apache.nifi.flowfile.FlowFile;
import org.apache.nifi.processor.ProcessSession;

/** Where Python sends a FlowFile, and the attributes and contents that it gets. */
final class Outcome {
    private static final String FAILURE = "failure";

    final String relationship;
    final Map<String, String> attributes;
    final long micros;
    private final byte[] contents;
    private final String file;
    private final String details;

    private Outcome(String relationship, Packed.Reader in) throws IOException {
        this.relationship = relationship;
        attributes = in.texts();
        contents = in.bytes();
        file = in.text();
        details = in.text();
        micros = in.number();
    }

    /** So many outcomes of a packed list; null where there is null in the place of one. */
    static List<Outcome> all(Packed.Reader in, int count) throws IOException {
        List<Outcome> found = new ArrayList<>();
        for (int i = 0; i < count; i++) {
            String relationship = in.text();
            found.add(relationship == null ? null : new Outcome(relationship, in));
        }
        return found;
    }

    /** Whether the FlowFile goes to 'failure', with its contents unchanged. */
    boolean isFailure() {
        return relationship.equals(FAILURE);
    }

    /** Replace the contents of a FlowFile, and record that in its provenance. */
    FlowFile replaceContents(ProcessSession session, FlowFile flowFile) throws IOException {
        FlowFile written = write(session, flowFile);
        session.getProvenanceReporter().modifyContent(written, details, micros / 1000);
        return written;
    }

    /** Write the contents into a FlowFile. A file that holds them is deleted afterwards, also after an error. */
    FlowFile write(ProcessSession session, FlowFile flowFile) throws IOException {
        if (contents != null) {
            return session.write(flowFile, out -> out.write(contents));
        }
        try (InputStream in = new FileInputStream(file)) {
            return session.write(flowFile, out -> Streams.copy(in, out));
        } finally {
            discard();
        }
    }

    /** Delete the file that holds the contents, if there is one. */
    void discard() throws IOException {
        if (file != null) {
            Files.deleteIfExists(Path.of(file));
        }
    }
}
