package daiscoring.nifi;

import java.io.IOException;
import java.util.LinkedHashMap;
import java.util.Map;
import org.apache.nifi.components.state.Scope;
import org.apache.nifi.logging.ComponentLog;
import org.apache.nifi.processor.ProcessContext;

/**
 * Sees to a processor whose Python process ends while it runs. NiFi starts the process and makes the Python object anew, but
 * meanwhile it goes on to trigger the processor, and it does not schedule the new object.
 *
 * <p>From the end of the process on, NiFi is kept from triggering the processor, and the state of the component says that it
 * does not score. Once the new object is there it gets its context, by which it starts: see {@code processing.py}. Where the
 * new process ends as well, NiFi does not get another to run: {@link Restart} does.
 */
public final class Guard {
    private static final long PAUSE_MILLIS = 500;
    private static final long LOOK_MILLIS = 50;

    private ProcessContext context;
    private NodeAccess access;
    private Object adapter;
    private String said;
    private Map<String, String> state;
    private volatile boolean released;
    private String pid;

    /**
     * Watch the process until {@link #release}.
     *
     * @param pid that of the Python process
     * @param said what the canvas shows once the process has ended
     * @param state what the state of the component is then: names and values, separated by line ends
     * @throws ReflectiveOperationException where this NiFi has other classes; then it does all as it does by itself
     */
    public void watch(ProcessContext context, long pid, String said, String state) throws ReflectiveOperationException {
        this.context = context;
        this.said = said;
        this.state = new LinkedHashMap<>();
        String[] lines = state.split("\n");
        for (int i = 0; i + 1 < lines.length; i += 2) {
            this.state.put(lines[i], lines[i + 1]);
        }
        this.pid = Long.toString(pid);
        access = new NodeAccess(context);
        access.mark(this.pid);
        QueueKeeper.install(access);
        adapter = access.adapter();
        ProcessHandle.of(pid).orElseThrow(() -> new ClassNotFoundException("there is no process " + pid)).onExit()
                .thenRun(() -> new Thread(this::ended, "dai-scoring-guard").start());
    }

    /** Watch no more: the processor is being stopped. */
    public void release() {
        released = true;
    }

    private void ended() {
        ComponentLog log = null;
        try {
            if (released || !access.isRunning()) {
                return;
            }
            access.pause(PAUSE_MILLIS);
            log = access.log();
            log.warn(said);
            tell(log);
            Restart restart = new Restart(access.python());
            Process last = null;
            while (access.isRunning() && access.mark().equals(pid)) {
                access.pause(PAUSE_MILLIS);
                Object now = access.adapter();
                Process process = restart.process();
                boolean isAlive = process != null && process.isAlive();
                if (now != null && now != adapter && isAlive) {
                    giveContext(process);
                    adapter = now;
                }
                if (process != null && process != last && process.pid() != Long.parseLong(pid) && !isAlive) {
                    last = process;
                    if (restart.run(process)) {
                        log.warn("The new Python process ended too; it was started once more.");
                    }
                }
                Thread.sleep(LOOK_MILLIS);
            }
        } catch (ReflectiveOperationException e) {
            if (log != null) {
                log.warn("The processor starts again with the next FlowFile: {}", NodeAccess.cause(e).toString());
            }
        } catch (InterruptedException e) {
            Thread.currentThread().interrupt();
        }
    }

    private void giveContext(Process process) throws ReflectiveOperationException {
        try {
            access.giveContext();
        } catch (ReflectiveOperationException e) {
            if (process.isAlive()) {
                throw e;
            }
        }
    }

    private void tell(ComponentLog log) {
        try {
            context.getStateManager().setState(state, Scope.LOCAL);
        } catch (IOException | RuntimeException e) {
            // What it says there is for people and tools; the FlowFiles do not depend on it.
            log.warn("The state of this processor cannot be written: {}", e.toString());
        }
    }
}
