package daiscoring.nifi;

import java.io.IOException;
import java.util.ArrayList;
import java.util.List;
import org.apache.nifi.flowfile.FlowFile;
import org.apache.nifi.processor.ProcessSession;
import org.apache.nifi.processor.Relationship;

/** FlowFiles that are ready, and where each of them goes: all are sent on later, in the order in which they were added. */
final class Transfers {
    static final Relationship ORIGINAL = relationship("original");

    private final ProcessSession session;
    private final List<FlowFile> flowFiles = new ArrayList<>();
    private final List<Relationship> targets = new ArrayList<>();

    Transfers(ProcessSession session) {
        this.session = session;
    }

    /** Give a FlowFile its attributes and contents; {@code original} says whether a copy of it as it came goes along. */
    void add(FlowFile flowFile, Outcome outcome, boolean original) throws IOException {
        if (!outcome.isFailure() && original) {
            later(session.clone(flowFile), ORIGINAL);
        }
        FlowFile changed = session.putAllAttributes(flowFile, outcome.attributes);
        if (!outcome.isFailure()) {
            changed = outcome.replaceContents(session, changed);
        }
        later(changed, relationship(outcome.relationship));
    }

    /** Make a FlowFile of another one. */
    void addChild(FlowFile parent, Outcome outcome) throws IOException {
        FlowFile child = session.create(parent);
        child = session.putAllAttributes(outcome.write(session, child), outcome.attributes);
        later(child, relationship(outcome.relationship));
    }

    /** Send them on; a second call does nothing. */
    void run() {
        for (int i = 0; i < flowFiles.size(); i++) {
            session.transfer(flowFiles.get(i), targets.get(i));
        }
        flowFiles.clear();
        targets.clear();
    }

    private void later(FlowFile flowFile, Relationship target) {
        flowFiles.add(flowFile);
        targets.add(target);
    }

    private static Relationship relationship(String name) {
        return new Relationship.Builder().name(name).build();
    }
}
