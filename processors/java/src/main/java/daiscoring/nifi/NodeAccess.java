package daiscoring.nifi;

import java.lang.reflect.Field;
import java.lang.reflect.InvocationTargetException;
import java.lang.reflect.Method;
import java.util.Optional;
import java.util.concurrent.TimeUnit;
import org.apache.nifi.logging.ComponentLog;
import org.apache.nifi.processor.ProcessContext;

/**
 * Private fields and methods in which NiFi keeps a Python processor, and which the processor itself does not see. They are
 * the same from NiFi 2.0.0 to 2.12.0-SNAPSHOT.
 */
final class NodeAccess {
    private final Object node;
    private final Object proxy;
    private final Field bridge;
    private final Method yields;
    private final Method state;

    /** @throws ReflectiveOperationException if this NiFi has other classes */
    NodeAccess(ProcessContext context) throws ReflectiveOperationException {
        node = field(context.getClass(), "procNode").get(context);
        proxy = node.getClass().getMethod("getProcessor").invoke(node);
        bridge = field(proxy.getClass(), "bridge");
        yields = node.getClass().getMethod("yield", long.class, TimeUnit.class);
        state = node.getClass().getMethod("getScheduledState");
        if (bridge() == null) {
            throw new NoSuchFieldException(bridge + " has no value yet");
        }
    }

    /** NiFi's PythonProcessorBridge, which stays while Python processes come and go. */
    Object bridge() throws ReflectiveOperationException {
        return bridge.get(proxy);
    }

    void setBridge(Object other) throws ReflectiveOperationException {
        bridge.set(proxy, other);
    }

    /** NiFi's PythonProcess, which stays the same object when a process of the operating system replaces another. */
    Object python() throws ReflectiveOperationException {
        Object original = QueueKeeper.unwrapped(bridge());
        Object workflow = field(original.getClass(), "creationWorkflow").get(original);
        return field(workflow.getClass(), "this$0").get(workflow);
    }

    /** Set which process watches the processor. A system property, since each process has its own copy of these classes. */
    void setWatcher(String pid) {
        System.setProperty("daiscoring.nifi.watched." + System.identityHashCode(node), pid);
    }

    /** The process that was set last. */
    String watcher() {
        return System.getProperty("daiscoring.nifi.watched." + System.identityHashCode(node));
    }

    /** NiFi's adapter of the current Python object; null while there is no object. */
    Object adapter() throws ReflectiveOperationException {
        Method method = method(bridge().getClass(), "getProcessorAdapter");
        return ((Optional<?>) method.invoke(bridge())).orElse(null);
    }

    boolean isRunning() throws ReflectiveOperationException {
        return "RUNNING".equals(String.valueOf(state.invoke(node)));
    }

    /** Keep NiFi from triggering the processor for this long. */
    void pause(long millis) throws ReflectiveOperationException {
        yields.invoke(node, millis, TimeUnit.MILLISECONDS);
    }

    /** Have NiFi give the current Python object its context, as before a FlowFile. To be called in a separate thread. */
    void giveContext() throws ReflectiveOperationException {
        // The bridge looks for the classes that Python names through it.
        Thread.currentThread().setContextClassLoader(proxy.getClass().getClassLoader());
        method(proxy.getClass(), "getTransform").invoke(proxy);
    }

    ComponentLog log() throws ReflectiveOperationException {
        return (ComponentLog) method(proxy.getClass(), "getLogger").invoke(proxy);
    }

    /** What a reflective call threw. */
    static Throwable cause(Throwable error) {
        return error instanceof InvocationTargetException && error.getCause() != null ? error.getCause() : error;
    }

    static Field field(Class<?> type, String name) throws NoSuchFieldException {
        for (Class<?> each = type; each != null; each = each.getSuperclass()) {
            for (Field one : each.getDeclaredFields()) {
                if (one.getName().equals(name)) {
                    one.setAccessible(true);
                    return one;
                }
            }
        }
        throw new NoSuchFieldException(type.getName() + " has no field " + name);
    }

    private static Method method(Class<?> type, String name) throws NoSuchMethodException {
        for (Class<?> each = type; each != null; each = each.getSuperclass()) {
            for (Method one : each.getDeclaredMethods()) {
                if (one.getName().equals(name) && one.getParameterCount() == 0) {
                    one.setAccessible(true);
                    return one;
                }
            }
        }
        throw new NoSuchMethodException(type.getName() + " has no method " + name);
    }
}
