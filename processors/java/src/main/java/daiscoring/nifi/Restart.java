package daiscoring.nifi;

import java.lang.management.ManagementFactory;
import java.lang.management.MonitorInfo;
import java.lang.management.ThreadInfo;
import java.lang.reflect.Method;
import java.util.Arrays;
import java.util.Map;
import java.util.concurrent.ExecutionException;
import java.util.concurrent.TimeUnit;
import java.util.concurrent.TimeoutException;

/**
 * Starts a new Python process when NiFi cannot: when the process that replaces a dead one dies too.
 *
 * <p>For each process that dies, NiFi kills the current process and starts another (PythonProcess.handlePythonProcessDied),
 * even if the dead one is no longer the current one. So after a second death the restarts end each other for ever. And while
 * NiFi waits for an answer of a dead process, up to 60 s, it restarts nothing. This class sets the flag that NiFi sets when it
 * shuts a process down, so that restarts under way do nothing, and then calls NiFi's own restart once.
 */
final class Restart {
    private static final String REGISTERED = "daiscoring.nifi.restart.";
    private static final long END_SECONDS = 10;
    // Meanwhile NiFi's threads that notice a death find the flag set, and do nothing.
    private static final long SETTLE_MILLIS = 1500;

    private final Object python;

    /** @param python NiFi's PythonProcess */
    Restart(Object python) {
        this.python = python;
    }

    /** The current process; null for the moment in which NiFi starts another. */
    Process process() throws ReflectiveOperationException {
        return (Process) NodeAccess.field(python.getClass(), "process").get(python);
    }

    /** Start a new process after the death of this one, unless another thread does. Returns whether this call did it. */
    boolean run(Process dead) throws ReflectiveOperationException, InterruptedException {
        // Several processors share a process, but each has its own copy of this class: they share the system properties.
        Map<Object, Object> properties = System.getProperties();
        String key = REGISTERED + System.identityHashCode(python);
        if (properties.putIfAbsent(key, "") != null) {
            return false;
        }
        try {
            setShutdown(true);
            interruptStart();
            Process last = process();
            if (last != null) {
                last.destroyForcibly();
                try {
                    last.onExit().get(END_SECONDS, TimeUnit.SECONDS);
                } catch (ExecutionException | TimeoutException e) {
                    return false;
                }
            }
            Thread.sleep(SETTLE_MILLIS);
            Method restart = python.getClass().getDeclaredMethod("handlePythonProcessDied", Process.class);
            restart.setAccessible(true);
            setShutdown(false);
            // In a thread: it waits until the process answers, and that process may end meanwhile.
            new Thread(() -> call(restart, dead), "dai-scoring-restart").start();
            return true;
        } finally {
            setShutdown(false);
            properties.remove(key);
        }
    }

    private void setShutdown(boolean value) throws ReflectiveOperationException {
        NodeAccess.field(python.getClass(), "shutdown").setBoolean(python, value);
    }

    /** Interrupt a thread that waits for the process to start, which can take up to 60 s. */
    private void interruptStart() {
        int lock = System.identityHashCode(python);
        for (ThreadInfo one : ManagementFactory.getThreadMXBean().dumpAllThreads(true, false)) {
            boolean holds = Arrays.stream(one.getLockedMonitors())
                    .mapToInt(MonitorInfo::getIdentityHashCode)
                    .anyMatch(hash -> hash == lock);
            if (holds) {
                Thread.getAllStackTraces().keySet().stream()
                        .filter(thread -> thread.getId() == one.getThreadId())
                        .forEach(Thread::interrupt);
            }
        }
    }

    private void call(Method restart, Process dead) {
        try {
            restart.invoke(python, dead);
        } catch (ReflectiveOperationException e) {
            // It was interrupted because its process ended too: whoever interrupted it starts the next one.
            Thread.currentThread().interrupt();
        }
    }
}
