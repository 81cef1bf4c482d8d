package daiscoring.nifi;

import java.io.IOException;
import java.util.LinkedHashMap;
import java.util.Map;
import org.apache.nifi.components.state.Scope;
import org.apache.nifi.logging.ComponentLog;
import org.apache.nifi.processor.ProcessContext;

/**
 * Looks after a processor whose Python process ends while it runs. NiFi starts a new process and makes a new Python object,
 * but meanwhile it keeps triggering the processor, and it does not call onScheduled on the new object.
 *
 * <p>From the end of the process on, NiFi is kept from triggering the processor, and the component state says that it does
 * not score. As soon as the new object exists, it gets its context, which starts it: see {@code lifecycle.py}. If the new
 * process ends too, NiFi cannot start another: {@link Restart} does.
 */
public final class Guard {
    private static final long PAUSE_MILLIS = 500;
    private static final long CHECK_MILLIS = 50;

    private ProcessContext context;
    private NodeAccess access;
    private Object adapter;
    private String message;
    private Map<String, String> state;
    private volatile boolean released;
    private String pid;

    /**
     * Watch the process until {@link #release}.
     *
     * @param pid that of the Python process
     * @param message what the canvas shows when the process has ended
     * @param state the component state from then on: names and values, separated by line ends
     * @throws ReflectiveOperationException if this NiFi has other classes; then nothing is watched
     */
    public void watch(ProcessContext context, long pid, String message, String state) throws ReflectiveOperationException {
        this.context = context;
        this.message = message;
        this.state = new LinkedHashMap<>();
        String[] lines = state.split("\n");
        for (int i = 0; i + 1 < lines.length; i += 2) {
            this.state.put(lines[i], lines[i + 1]);
        }
        this.pid = Long.toString(pid);
        access = new NodeAccess(context);
        access.setWatcher(this.pid);
        QueueKeeper.install(access);
        adapter = access.adapter();
        ProcessHandle.of(pid).orElseThrow(() -> new ClassNotFoundException("there is no process " + pid)).onExit()
                .thenRun(() -> new Thread(this::onProcessEnd, "dai-scoring-guard").start());
    }

    /** Stop watching: the processor is being stopped. */
    public void release() {
        released = true;
    }

    private void onProcessEnd() {
        ComponentLog log = null;
        try {
            if (released || !access.isRunning()) {
                return;
            }
            access.pause(PAUSE_MILLIS);
            log = access.log();
            log.warn(message);
            setState(log);
            Restart restart = new Restart(access.python());
            Process last = null;
            while (access.isRunning() && access.watcher().equals(pid)) {
                access.pause(PAUSE_MILLIS);
                Object current = access.adapter();
                Process process = restart.process();
                boolean isAlive = process != null && process.isAlive();
                if (current != null && current != adapter && isAlive) {
                    giveContext(process);
                    adapter = current;
                }
                if (process != null && process != last && process.pid() != Long.parseLong(pid) && !isAlive) {
                    last = process;
                    if (restart.run(process)) {
                        log.warn("The new Python process ended too; it was started once more.");
                    }
                }
                Thread.sleep(CHECK_MILLIS);
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

    private void setState(ComponentLog log) {
        try {
            context.getStateManager().setState(state, Scope.LOCAL);
        } catch (IOException | RuntimeException e) {
            // The state is for people and tools; the FlowFiles do not depend on it.
            log.warn("The state of this processor cannot be written: {}", e.toString());
        }
    }
}
