package daiscoring.nifi;

import java.lang.reflect.Field;
import java.lang.reflect.InvocationTargetException;
import java.lang.reflect.Method;
import java.util.Optional;
import java.util.concurrent.TimeUnit;
import org.apache.nifi.logging.ComponentLog;
import org.apache.nifi.processor.ProcessContext;

/**
 * What NiFi keeps of a Python processor in its own virtual machine, and does not show to the processor: private fields and
 * methods, the same from NiFi 2.0.0 to 2.12.0-SNAPSHOT.
 */
final class NodeAccess {
    private final Object node;
    private final Object proxy;
    private final Field bridge;
    private final Method yields;
    private final Method state;

    /** @throws ReflectiveOperationException where this NiFi has other classes */
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

    /** NiFi's PythonProcess, which stays while one process of the system takes the place of another. */
    Object python() throws ReflectiveOperationException {
        Object plain = QueueKeeper.without(bridge());
        Object workflow = field(plain.getClass(), "creationWorkflow").get(plain);
        return field(workflow.getClass(), "this$0").get(workflow);
    }

    /** Put a mark at the processor: each that watches it has classes of its own, and sees the marks of all. */
    void mark(String value) {
        System.setProperty("daiscoring.nifi.watched." + System.identityHashCode(node), value);
    }

    /** The mark that was put last. */
    String mark() {
        return System.getProperty("daiscoring.nifi.watched." + System.identityHashCode(node));
    }

    /** The present Python object as NiFi sees it, null while there is none. */
    Object adapter() throws ReflectiveOperationException {
        Method method = method(bridge().getClass(), "getProcessorAdapter");
        return ((Optional<?>) method.invoke(bridge())).orElse(null);
    }

    boolean isRunning() throws ReflectiveOperationException {
        return "RUNNING".equals(String.valueOf(state.invoke(node)));
    }

    /** Let NiFi not trigger the processor for so long. */
    void pause(long millis) throws ReflectiveOperationException {
        yields.invoke(node, millis, TimeUnit.MILLISECONDS);
    }

    /** Let NiFi give the present Python object its context, as it does before a FlowFile; for a thread of one's own. */
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
