package daiscoring.nifi;

import java.lang.reflect.Field;
import java.lang.reflect.Method;
import org.apache.nifi.processor.ProcessContext;

/**
 * Keeps FlowFiles in their queue while NiFi makes a new Python process for one that died.
 *
 * <p>NiFi goes on calling the processor meanwhile, and sends each of its FlowFiles to failure ("is not finished
 * initializing"). A processor that yields is not called.
 */
final class Pause implements Runnable {
    private static final long STEP_MILLIS = 100;
    /** NiFi needs this long to see that the process died, and to say that the processor is being loaded. */
    private static final long LEAST_MILLIS = 2_000;
    /** As long as it may take; a NiFi that does not tell its state is given less. */
    private static final long MOST_MILLIS = 120_000;
    private static final long MOST_MILLIS_UNTOLD = 15_000;

    private final ProcessContext context;

    private Pause(ProcessContext context) {
        this.context = context;
    }

    /** Pause the processor of this context when the process ends. */
    static void after(long pid, ProcessContext context) {
        ProcessHandle.of(pid).ifPresent(process -> process.onExit().thenRun(() -> {
            Thread thread = new Thread(new Pause(context), "dai-scoring-pause");
            thread.setDaemon(true);
            thread.start();
        }));
    }

    @Override
    public void run() {
        try {
            Object processor = processor();
            for (long passed = 0; passed < (processor == null ? MOST_MILLIS_UNTOLD : MOST_MILLIS); passed += STEP_MILLIS) {
                if (passed >= LEAST_MILLIS && processor != null && isLoaded(processor)) {
                    return;
                }
                // For a second, by default. To a processor that was stopped or removed meanwhile it makes no difference.
                context.yield();
                Thread.sleep(STEP_MILLIS);
            }
        } catch (InterruptedException e) {
            Thread.currentThread().interrupt();
        }
    }

    /** NiFi's own object of the processor, to which the context has no public way; null where it cannot be reached. */
    private Object processor() {
        try {
            Field field = context.getClass().getDeclaredField("procNode");
            field.setAccessible(true);
            Object node = field.get(context);
            Object processor = node.getClass().getMethod("getProcessor").invoke(node);
            isLoaded(processor);
            return processor;
        } catch (ReflectiveOperationException | RuntimeException e) {
            return null;
        }
    }

    /** Whether NiFi has made its Python object; AsyncLoadedProcessor, which says so, is not in NiFi's API. */
    private static boolean isLoaded(Object processor) {
        try {
            Method state = processor.getClass().getMethod("getState");
            return state.invoke(processor).toString().equals("FINISHED_LOADING");
        } catch (ReflectiveOperationException e) {
            throw new IllegalStateException(e);
        }
    }
}
