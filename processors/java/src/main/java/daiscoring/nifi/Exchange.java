package daiscoring.nifi;

import java.io.FileInputStream;
import java.io.FileOutputStream;
import java.io.IOException;
import java.io.InputStream;
import java.io.OutputStream;
import java.lang.reflect.Field;
import java.lang.reflect.Method;
import java.lang.reflect.Proxy;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import java.util.Set;
import java.util.concurrent.Callable;
import java.util.concurrent.ConcurrentHashMap;
import java.util.concurrent.atomic.AtomicLong;
import org.apache.nifi.flowfile.FlowFile;
import org.apache.nifi.logging.ComponentLog;
import org.apache.nifi.processor.FlowFileFilter.FlowFileFilterResult;
import org.apache.nifi.processor.ProcessContext;
import org.apache.nifi.processor.ProcessSession;
import org.apache.nifi.processor.Relationship;
import org.apache.nifi.processor.exception.ProcessException;

/**
 * Moves FlowFiles between NiFi and a Python processor, inside NiFi's virtual machine: one call over the bridge for what
 * comes in and one for what goes out, where each method of the process session would be a call of its own.
 *
 * <p>Small FlowFiles travel within the calls, and as many of them as wait are taken at once. The contents of a large one
 * go through a file. NiFi gives a Python processor neither the session nor more than one FlowFile: both are found in
 * private fields of the FlowFile that it does give.
 */
public final class Exchange {
    private static final Relationship ORIGINAL = relationship("original");
    private static final String FAILURE = "failure";
    private static final int COPIED = 256 << 10;

    private final Map<Long, Taken> taken = new ConcurrentHashMap<>();
    private final AtomicLong tickets = new AtomicLong();
    private Field sessionField;
    private Field flowFileField;
    private Class<?> resultType;
    private String[] attributes;
    private ProcessContext context;
    private Records records;

    /**
     * Learn NiFi's classes from a FlowFile as Python gets it.
     *
     * @param names the attributes that Python wants to know of each FlowFile, separated by line ends
     * @throws ReflectiveOperationException where this NiFi has other classes
     */
    public void bind(Object input, ProcessContext context, String names) throws ReflectiveOperationException {
        sessionField = accessible(input.getClass(), "session", ProcessSession.class);
        flowFileField = accessible(input.getClass(), "flowFile", FlowFile.class);
        resultType = Class.forName(
                "org.apache.nifi.python.processor.FlowFileTransformResult", true, input.getClass().getClassLoader());
        attributes = names.split("\n");
        this.context = context;
    }

    /**
     * Take a FlowFile and, if it is not large, others that wait and are not large either.
     *
     * @param input what NiFi gave to Python
     * @param small the size in bytes up to which contents are part of the answer
     * @param most how many FlowFiles to take at most, the given one included
     * @param together how many bytes they may have together, the given one not counted if it has more
     * @param file where a long answer goes; then what is returned is empty
     * @return packed: a ticket for the further calls, the number of FlowFiles, and for each its size, the wanted
     *     attributes and its contents, which are null if it is not small
     */
    public String take(Object input, int small, int most, long together, String file)
            throws ReflectiveOperationException, IOException {
        ProcessSession session = (ProcessSession) sessionField.get(input);
        List<FlowFile> flowFiles = new ArrayList<>();
        flowFiles.add((FlowFile) flowFileField.get(input));
        long ticket = tickets.incrementAndGet();
        Taken own = new Taken(session, flowFiles);
        taken.put(ticket, own);
        try {
            own.bytes = flowFiles.get(0).getSize();
            if (most > 1 && own.bytes < together) {
                flowFiles.addAll(session.get(next -> flowFilter(next, most - 1, together, own)));
            }
            Packed.Writer out = new Packed.Writer();
            out.number(ticket);
            out.number(flowFiles.size());
            for (FlowFile flowFile : flowFiles) {
                out.number(flowFile.getSize());
                for (String name : attributes) {
                    out.text(flowFile.getAttribute(name));
                }
                out.bytes(flowFile.getSize() <= small ? contents(session, flowFile) : null);
            }
            return out.toStringOr(Path.of(file));
        } catch (RuntimeException | IOException e) {
            giveBack(ticket);
            throw e;
        }
    }

    /** Write the contents of one of the FlowFiles to a file; the answer says why it could not be done: see {@link #said}. */
    public String export(long ticket, int index, String path) {
        Taken own = taken.get(ticket);
        return said(() -> {
            try (InputStream in = own.session.read(own.flowFiles.get(index));
                    OutputStream out = new FileOutputStream(path)) {
                copy(in, out);
            }
            return "";
        });
    }

    /**
     * Send the FlowFiles on.
     *
     * @param packed what follows, or the name of a file with it after "@"; for each of them in order: relationship,
     *     attributes to set, contents (null: in the file, or untouched), the file that has the contents (null: none),
     *     what the provenance says, microseconds; then the
     *     same for a further FlowFile made of it, the relationship null if there is none
     * @return a FlowFileTransformResult for the first, which NiFi itself asks for the rest
     */
    public Object send(long ticket, String packed) throws IOException {
        Taken own = taken.get(ticket);
        Packed.Reader in = Packed.Reader.of(packed);
        Outcome first = null;
        for (int i = 0; i < own.flowFiles.size(); i++) {
            Outcome outcome = new Outcome(in);
            Outcome further = new Outcome(in);
            Counters.count(own.session, outcome.relationship, outcome.attributes, outcome.micros);
            if (further.relationship != null) {
                add(own.session, own.flowFiles.get(i), further);
            }
            if (i == 0) {
                first = outcome;
            } else {
                send(own.session, own.flowFiles.get(i), outcome);
            }
        }
        taken.remove(ticket);
        return result(own.session, own.flowFiles.get(0), first);
    }

    /**
     * Use NiFi's record services. They get no log of the processor's: what they log holds whole records, and errors would
     * show on the canvas.
     *
     * @param readers a RecordReaderFactory
     * @param writers a RecordSetWriterFactory
     */
    public void bindRecords(Object readers, Object writers) {
        ComponentLog silent = (ComponentLog) Proxy.newProxyInstance(
                ComponentLog.class.getClassLoader(),
                new Class<?>[] {ComponentLog.class},
                (log, method, arguments) -> method.getReturnType() == boolean.class ? false : null);
        records = new Records(readers, writers, silent);
    }

    /** Read the records of the first FlowFile: see {@link Records#read}; {@code wanted} are separated by line ends. */
    public String readRecords(long ticket, String wanted, String path) {
        Taken own = taken.get(ticket);
        return said(() -> records.read(own.session, own.flowFiles.get(0), Set.of(wanted.split("\n")), path));
    }

    /** Write the records of the first FlowFile: see {@link Records#write}. */
    public String writeRecords(long ticket, String packed) {
        Taken own = taken.get(ticket);
        return said(() -> records.write(own.session, own.flowFiles.get(0), packed));
    }

    /** The answer of a call, or the reason why there is none: an exception would cross the bridge as a stack trace. */
    private static String said(Callable<String> call) {
        try {
            return "+" + call.call();
        } catch (Exception | LinkageError e) {
            Throwable cause = e;
            while (cause.getCause() != null && cause.getCause() != cause) {
                cause = cause.getCause();
            }
            // The innermost says what is wrong; those around it say what could not be done because of it.
            return "-" + (cause.getMessage() == null ? "" : cause.getMessage());
        }
    }

    /** Put the FlowFiles after the first back into their queue; NiFi deals with the first. */
    public void giveBack(long ticket) {
        Taken own = taken.remove(ticket);
        if (own != null && own.flowFiles.size() > 1) {
            own.session.transfer(own.flowFiles.subList(1, own.flowFiles.size()));
        }
    }

    private static FlowFileFilterResult flowFilter(FlowFile next, int most, long together, Taken own) {
        own.seen++;
        own.bytes += next.getSize();
        if (own.bytes > together || own.seen > most) {
            return FlowFileFilterResult.REJECT_AND_TERMINATE;
        }
        return FlowFileFilterResult.ACCEPT_AND_CONTINUE;
    }

    private static byte[] contents(ProcessSession session, FlowFile flowFile) throws IOException {
        if (flowFile.getSize() == 0) {
            return new byte[0];
        }
        try (InputStream in = session.read(flowFile)) {
            return in.readAllBytes();
        }
    }

    private void send(ProcessSession session, FlowFile flowFile, Outcome outcome) throws IOException {
        boolean failed = outcome.relationship.equals(FAILURE);
        // Not connected it ends here, as NiFi has it for that of the first FlowFile: 'original' is terminated by default.
        // NiFi knows of no default for a relationship that was named here, so isAutoTerminated() would not tell.
        if (!failed && context.hasConnection(ORIGINAL)) {
            session.transfer(session.clone(flowFile), ORIGINAL);
        }
        FlowFile changed = session.putAllAttributes(flowFile, outcome.attributes);
        if (!failed) {
            changed = replace(session, changed, outcome);
        }
        session.transfer(changed, relationship(outcome.relationship));
    }

    private static void add(ProcessSession session, FlowFile parent, Outcome outcome) throws IOException {
        FlowFile child = session.create(parent);
        try {
            child = session.putAllAttributes(write(session, child, outcome), outcome.attributes);
            session.transfer(child, relationship(outcome.relationship));
        } catch (RuntimeException | IOException e) {
            // A FlowFile that goes nowhere would make NiFi roll back, and try again for ever.
            session.remove(child);
            throw e;
        }
    }

    private static FlowFile replace(ProcessSession session, FlowFile flowFile, Outcome outcome) throws IOException {
        FlowFile written = write(session, flowFile, outcome);
        session.getProvenanceReporter().modifyContent(written, outcome.details, outcome.micros / 1000);
        return written;
    }

    private static FlowFile write(ProcessSession session, FlowFile flowFile, Outcome outcome) throws IOException {
        if (outcome.contents != null) {
            return session.write(flowFile, out -> out.write(outcome.contents));
        }
        FlowFile written;
        try (InputStream in = new FileInputStream(outcome.file)) {
            written = session.write(flowFile, out -> copy(in, out));
        }
        Files.deleteIfExists(Path.of(outcome.file));
        return written;
    }

    /** What NiFi's session does itself from and to files, 8 KB at a time, which takes twice as long. */
    private static void copy(InputStream in, OutputStream out) throws IOException {
        byte[] part = new byte[COPIED];
        for (int count = in.read(part); count >= 0; count = in.read(part)) {
            out.write(part, 0, count);
        }
    }

    /**
     * What NiFi asks about the first FlowFile. It makes the FlowFile for 'original' as a clone before it asks for the
     * contents, so that these are not put in place earlier.
     */
    private Object result(ProcessSession session, FlowFile flowFile, Outcome outcome) {
        return Proxy.newProxyInstance(resultType.getClassLoader(), new Class<?>[] {resultType},
                (proxy, method, arguments) -> answer(method, session, flowFile, outcome));
    }

    /**
     * Let NiFi leave the FlowFile in its queue for now.
     *
     * @param reason what the canvas shows
     * @return what stands for a FlowFileTransformResult
     */
    public Object keep(String reason) {
        return Proxy.newProxyInstance(resultType.getClassLoader(), new Class<?>[] {resultType},
                (proxy, method, arguments) -> {
                    if (method.getName().equals("getRelationship")) {
                        throw new ProcessException(reason);
                    }
                    return null;
                });
    }

    private static Object answer(Method method, ProcessSession session, FlowFile flowFile, Outcome outcome)
            throws IOException {
        switch (method.getName()) {
            case "getRelationship":
                return outcome.relationship;
            case "getAttributes":
                return outcome.attributes;
            case "getContents":
                replace(session, flowFile, outcome);
                return null;
            case "toString":
                return "scored FlowFile";
            case "hashCode":
                return System.identityHashCode(outcome);
            default:
                return null;
        }
    }

    private static Field accessible(Class<?> owner, String name, Class<?> type) throws ReflectiveOperationException {
        Field field = owner.getDeclaredField(name);
        if (!type.isAssignableFrom(field.getType())) {
            throw new NoSuchFieldException(owner + " has a field " + name + " of another type");
        }
        field.setAccessible(true);
        return field;
    }

    private static Relationship relationship(String name) {
        return new Relationship.Builder().name(name).build();
    }

    /** FlowFiles of one session that are with Python. */
    private static final class Taken {
        private final ProcessSession session;
        private final List<FlowFile> flowFiles;
        private int seen;
        private long bytes;

        Taken(ProcessSession session, List<FlowFile> flowFiles) {
            this.session = session;
            this.flowFiles = flowFiles;
        }
    }

    /** What became of a FlowFile. */
    private static final class Outcome {
        private final String relationship;
        private final Map<String, String> attributes;
        private final byte[] contents;
        private final String file;
        private final String details;
        private final long micros;

        Outcome(Packed.Reader in) throws IOException {
            relationship = in.text();
            attributes = relationship == null ? Map.of() : in.texts();
            contents = relationship == null ? null : in.bytes();
            file = relationship == null ? null : in.text();
            details = relationship == null ? null : in.text();
            micros = relationship == null ? 0 : in.number();
        }
    }
}
