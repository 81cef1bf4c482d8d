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
 * Starts a Python process anew where NiFi cannot: when the process that was to take a dead one's place dies as well.
 *
 * <p>Each death of a process has NiFi kill the process of now and start another (PythonProcess.handlePythonProcessDied), even
 * where the dead one is not the process of now any more. So after the second death the restarts end each other for ever; and
 * while NiFi waits for an answer of a process that is dead, up to 60 s, it restarts none. Here, what NiFi still has to do
 * about deaths is let come to nothing (it does nothing while the process is being shut down), and then NiFi's own restart is
 * called once.
 */
final class Restart {
    private static final String REGISTERED = "daiscoring.nifi.restart.";
    private static final long END_SECONDS = 10;
    // NiFi's threads that learn of a death do nothing but see that it was meant.
    private static final long SETTLE_MILLIS = 1500;

    private final Object python;

    /** @param python NiFi's PythonProcess */
    Restart(Object python) {
        this.python = python;
    }

    /** The process of now, null for the moment in which NiFi starts another. */
    Process process() throws ReflectiveOperationException {
        return (Process) NodeAccess.field(python.getClass(), "process").get(python);
    }

    /** Start anew after the death of that process, unless somebody does; returns whether it was done here. */
    boolean run(Process dead) throws ReflectiveOperationException, InterruptedException {
        // Several processors share a process, and each has classes of its own: the system's properties they share.
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
            // It waits until the process answers, and the next may end meanwhile.
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

    /** End the wait of a thread that starts the process, which would take up to 60 s. */
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
            // It was interrupted, since its process ended as well: whoever did that starts the next.
            Thread.currentThread().interrupt();
        }
    }
}
