package daiscoring.nifi;

import java.lang.StackWalker.StackFrame;
import java.lang.reflect.InvocationHandler;
import java.lang.reflect.Method;
import java.lang.reflect.Proxy;
import java.util.Optional;

/**
 * Wraps the bridge of NiFi's Python processor, so that a FlowFile goes back into its queue if the Python process is gone.
 *
 * <p>NiFi itself does so for only one kind of error, Py4JNetworkException. For "Cannot obtain a new communication channel",
 * "Error while sending a command" and "is not finished initializing" it sends the FlowFile to 'failure'. This class turns
 * these errors into that kind. Errors that Python raises stay as they are.
 */
final class QueueKeeper implements InvocationHandler {
    private static final String LOST_CONNECTION = "py4j.Py4JNetworkException";
    private static final String RAISED_BY_PYTHON = "An exception was raised by the Python Proxy";

    private static final long PAUSE_MILLIS = 500;

    private final NodeAccess access;
    private final Object bridge;
    private Object adapter;
    private Object wrapped;

    private QueueKeeper(NodeAccess access, Object bridge) {
        this.access = access;
        this.bridge = bridge;
    }

    /** Wrap the bridge, unless an earlier Python process of the same processor has done so. */
    static void install(NodeAccess access) throws ReflectiveOperationException {
        Object bridge = access.bridge();
        if (unwrapped(bridge) == bridge) {
            access.setBridge(proxy(bridge, new QueueKeeper(access, bridge)));
        }
    }

    /** NiFi's own bridge inside a wrapper, which may come from an earlier Python process. */
    static Object unwrapped(Object bridge) throws ReflectiveOperationException {
        Object found = bridge;
        while (Proxy.isProxyClass(found.getClass())) {
            InvocationHandler handler = Proxy.getInvocationHandler(found);
            if (!handler.getClass().getName().equals(QueueKeeper.class.getName())) {
                break;
            }
            found = NodeAccess.field(handler.getClass(), "bridge").get(handler);
        }
        return found;
    }

    @Override
    public Object invoke(Object self, Method method, Object[] arguments) throws Throwable {
        Object found = call(bridge, method, arguments);
        if (!method.getName().equals("getProcessorAdapter")) {
            return found;
        }
        Optional<?> given = (Optional<?>) found;
        if (given.isPresent()) {
            return Optional.of(wrap(given.get()));
        }
        if (isForFlowFile()) {
            throw lostConnection("the Python process is being restarted", null);
        }
        return given;
    }

    /** The same object for the same adapter: NiFi compares them. */
    private synchronized Object wrap(Object given) {
        if (given != adapter) {
            adapter = given;
            wrapped = proxy(given, (self, method, arguments) -> {
                Object answer = guarded(given, method, arguments);
                return method.getName().equals("getProcessor") ? wrapTransform(answer) : answer;
            });
        }
        return wrapped;
    }

    private Object wrapTransform(Object transform) {
        return proxy(transform, (self, method, arguments) -> guarded(transform, method, arguments));
    }

    private Object guarded(Object target, Method method, Object[] arguments) throws Throwable {
        try {
            return call(target, method, arguments);
        } catch (Throwable e) {
            String type = e.getClass().getName();
            boolean isRaised = String.valueOf(e.getMessage()).startsWith(RAISED_BY_PYTHON);
            if (type.equals("py4j.Py4JException") && !isRaised) {
                throw lostConnection(e.getMessage(), e);
            }
            throw e;
        }
    }

    private static boolean isForFlowFile() {
        return StackWalker.getInstance().walk(frames ->
                frames.map(StackFrame::getMethodName).limit(30).anyMatch("getTransform"::equals));
    }

    /** The error for which NiFi keeps a FlowFile. NiFi penalizes it too, so the next FlowFile should not follow soon. */
    private Throwable lostConnection(String message, Throwable cause) throws ReflectiveOperationException {
        access.pause(PAUSE_MILLIS);
        ClassLoader loader = bridge.getClass().getClassLoader();
        return (Throwable) Class.forName(LOST_CONNECTION, true, loader)
                .getConstructor(String.class, Throwable.class)
                .newInstance(message, cause);
    }

    private static Object proxy(Object target, InvocationHandler handler) {
        Class<?> type = target.getClass();
        return Proxy.newProxyInstance(type.getClassLoader(), type.getInterfaces(), handler);
    }

    private static Object call(Object target, Method method, Object[] arguments) throws Throwable {
        try {
            return method.invoke(target, arguments);
        } catch (ReflectiveOperationException e) {
            throw NodeAccess.cause(e);
        }
    }
}
