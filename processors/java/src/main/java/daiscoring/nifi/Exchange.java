package daiscoring.nifi;

import daiscoring.nifi.records.RecordSequence;
import daiscoring.nifi.records.RecordStream;
import daiscoring.nifi.records.Records;
import java.io.FileOutputStream;
import java.io.IOException;
import java.io.InputStream;
import java.io.OutputStream;
import java.lang.reflect.Field;
import java.lang.reflect.Proxy;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import java.util.concurrent.ConcurrentHashMap;
import java.util.concurrent.atomic.AtomicLong;
import org.apache.nifi.flowfile.FlowFile;
import org.apache.nifi.logging.ComponentLog;
import org.apache.nifi.processor.FlowFileFilter.FlowFileFilterResult;
import org.apache.nifi.processor.ProcessContext;
import org.apache.nifi.processor.ProcessSession;

/**
 * Moves FlowFiles between NiFi and a Python processor, inside NiFi's virtual machine: with one call over the bridge in each
 * direction. Python would need a call for each method of the process session.
 *
 * <p>The contents of small FlowFiles travel within the calls, and as many of them as wait are taken at once. The contents of
 * a large one go through a file. NiFi gives a Python processor neither the session nor more than one FlowFile: both are
 * found in private fields of the FlowFile that it gives.
 */
public final class Exchange {
    private final Map<Long, Batch> batches = new ConcurrentHashMap<>();
    private final AtomicLong tickets = new AtomicLong();
    private Field sessionField;
    private Field flowFileField;
    private TransformResults results;
    private String[] attributes;
    private ProcessContext context;
    private Records records;

    /**
     * Find NiFi's classes and fields from a FlowFile as Python gets it.
     *
     * @param names the attributes of each FlowFile that Python reads, separated by line ends
     * @throws ReflectiveOperationException if this NiFi has other classes
     */
    public void bind(Object input, ProcessContext context, String names) throws ReflectiveOperationException {
        sessionField = accessible(input.getClass(), "session", ProcessSession.class);
        flowFileField = accessible(input.getClass(), "flowFile", FlowFile.class);
        results = new TransformResults(input.getClass().getClassLoader());
        attributes = names.split("\n");
        this.context = context;
    }

    /**
     * Take a FlowFile and, if it is not large, others that wait and are not large either.
     *
     * @param input the FlowFile as NiFi gave it to Python
     * @param small the size in bytes up to which contents are part of the answer
     * @param maxCount how many FlowFiles to take at most, including the given one
     * @param maxBytes how many bytes they may have together; a larger one is taken alone
     * @param file where a long answer goes; then the returned string is empty
     * @return packed: a ticket for further calls, the number of FlowFiles, and for each its size, the attributes that Python
     *     reads, and its contents, which are null if it is not small
     */
    public String take(Object input, int small, int maxCount, long maxBytes, String file)
            throws ReflectiveOperationException, IOException {
        ProcessSession session = (ProcessSession) sessionField.get(input);
        List<FlowFile> flowFiles = new ArrayList<>();
        flowFiles.add((FlowFile) flowFileField.get(input));
        long ticket = tickets.incrementAndGet();
        Batch batch = new Batch(session, flowFiles);
        batches.put(ticket, batch);
        try {
            batch.bytes = flowFiles.get(0).getSize();
            if (maxCount > 1 && batch.bytes < maxBytes) {
                flowFiles.addAll(session.get(next -> batch.accept(next, maxCount - 1, maxBytes)));
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

    /** Write the contents of one of the FlowFiles to a file. The answer is + or the error: see {@link Answers}. */
    public String export(long ticket, int index, String path) {
        Batch batch = batches.get(ticket);
        return Answers.of(() -> {
            try (InputStream in = batch.session.read(batch.flowFiles.get(index));
                    OutputStream out = new FileOutputStream(path)) {
                Streams.copy(in, out);
            }
            return "";
        });
    }

    /**
     * Send the FlowFiles on.
     *
     * @param packed what follows, or "@" and the name of a file with it; for each FlowFile in order: relationship, attributes
     *     to set, contents (null: in the file, or unchanged), the file with the contents (null: none), details for the
     *     provenance event, microseconds; then the same for a further FlowFile made of it, or null as the relationship
     * @return a FlowFileTransformResult for the first FlowFile, which NiFi itself sends on; if NiFi cannot store something, one
     *     with which it leaves all FlowFiles in their queue, as they came
     */
    public Object send(long ticket, String packed) throws IOException {
        Batch batch = batches.get(ticket);
        batch.closeRecords();
        List<Outcome> outcomes = Outcome.all(Packed.Reader.of(packed), 2 * batch.flowFiles.size());
        Transfers transfers = new Transfers(batch.session);
        try {
            for (int i = 0; i < batch.flowFiles.size(); i++) {
                Outcome outcome = outcomes.get(2 * i);
                Outcome further = outcomes.get(2 * i + 1);
                Counters.count(batch.session, outcome.relationship, outcome.attributes, outcome.micros);
                if (further != null) {
                    transfers.addChild(batch.flowFiles.get(i), further);
                }
                if (i > 0) {
                    // If 'original' is not connected, the FlowFile ends here, as NiFi does it for the first FlowFile:
                    // 'original' is terminated by default. isAutoTerminated() does not know that default for a
                    // relationship made here by its name.
                    transfers.add(batch.flowFiles.get(i), outcome, context.hasConnection(Transfers.ORIGINAL));
                }
            }
        } catch (RuntimeException | IOException e) {
            // Some have other contents by now, with which they must not go back: NiFi has to undo all.
            batches.remove(ticket);
            for (Outcome outcome : outcomes) {
                if (outcome != null) {
                    outcome.discard();
                }
            }
            return keep("FlowFiles wait in their queue: NiFi cannot store their scores: " + Answers.reason(e));
        }
        batches.remove(ticket);
        // After the first FlowFile, which NiFi sends on: a queue keeps them in the order in which they are sent.
        return results.of(batch.session, batch.flowFiles.get(0), outcomes.get(0), transfers::run);
    }

    /** Let NiFi leave the FlowFile in its queue; {@code reason} is shown on the canvas. */
    public Object keep(String reason) {
        return results.keep(reason);
    }

    /**
     * Use NiFi's record services. They do not get the processor's log: what they log contains whole records, and their errors
     * would show on the canvas.
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

    /**
     * Open the records of one of the FlowFiles, and close those that are open.
     *
     * @param following the FlowFile that is opened next, if it is known, otherwise -1: it is opened in advance
     * @param wanted packed, or "@" and the name of a file with it: how many fields Python gets, and their names; 1 if it
     *     wants them as rows, otherwise 0
     * @param fields the file for these fields of the first records
     * @param file where a long answer goes; then it is "+" alone
     * @return see {@link Answers}; packed: what {@link RecordStream#begin} appends
     */
    public String openRecords(long ticket, int index, int following, String wanted, String fields, String file) {
        Batch batch = batches.get(ticket);
        return Answers.of(() -> {
            Packed.Writer answer = new Packed.Writer();
            batch.records(records).open(index, following, Packed.Reader.of(wanted)).begin(answer, fields);
            return answer.toStringOr(Path.of(file));
        });
    }

    /**
     * Take results of the records that are open, and hand over further ones: see {@link RecordStream#next}.
     *
     * @param request packed, or "@" and the name of a file with it; empty after the first call
     */
    public String nextRecords(long ticket, String results, String request, String fields, String file) {
        Batch batch = batches.get(ticket);
        return Answers.of(() -> {
            Packed.Writer answer = new Packed.Writer();
            batch.records.current().next(Path.of(results), Packed.Reader.of(request), fields, answer);
            return answer.toStringOr(Path.of(file));
        });
    }

    /** Write the columns of records that were handed over as rows: see {@link RecordStream#columns}. */
    public String columnsOfRecords(long ticket, String columns) {
        Batch batch = batches.get(ticket);
        return Answers.of(() -> {
            batch.records.current().columns(columns);
            return "";
        });
    }

    /** Close the records that are open; others may be opened then, or the same again. */
    public void closeRecords(long ticket) {
        RecordSequence found = batches.get(ticket).records;
        if (found != null) {
            found.closeCurrent();
        }
    }

    /** Put all FlowFiles but the first back into their queue; NiFi handles the first one. */
    public void giveBack(long ticket) {
        Batch batch = batches.remove(ticket);
        if (batch == null) {
            return;
        }
        batch.closeRecords();
        if (batch.flowFiles.size() > 1) {
            batch.session.transfer(batch.flowFiles.subList(1, batch.flowFiles.size()));
        }
    }

    private static byte[] contents(ProcessSession session, FlowFile flowFile) throws IOException {
        if (flowFile.getSize() == 0) {
            return new byte[0];
        }
        try (InputStream in = session.read(flowFile)) {
            return in.readAllBytes();
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

    /** FlowFiles of one session that Python works on. */
    private static final class Batch {
        private final ProcessSession session;
        private final List<FlowFile> flowFiles;
        private int offered;
        private long bytes;
        private RecordSequence records;

        Batch(ProcessSession session, List<FlowFile> flowFiles) {
            this.session = session;
            this.flowFiles = flowFiles;
        }

        FlowFileFilterResult accept(FlowFile next, int maxCount, long maxBytes) {
            offered++;
            bytes += next.getSize();
            if (bytes > maxBytes || offered > maxCount) {
                return FlowFileFilterResult.REJECT_AND_TERMINATE;
            }
            return FlowFileFilterResult.ACCEPT_AND_CONTINUE;
        }

        RecordSequence records(Records services) {
            if (records == null) {
                records = services.of(session, flowFiles);
            }
            return records;
        }

        void closeRecords() {
            if (records != null) {
                records.close();
            }
        }
    }
}
