package daiscoring.nifi;

import java.io.IOException;
import java.lang.reflect.InvocationHandler;
import java.lang.reflect.Method;
import java.lang.reflect.Proxy;
import java.util.Arrays;
import org.apache.nifi.flowfile.FlowFile;
import org.apache.nifi.processor.ProcessSession;
import org.apache.nifi.processor.exception.ProcessException;

/** Makes what NiFi takes for the FlowFileTransformResult of a Python processor. */
final class TransformResults {
    private static final String AFTERWARDS = "free";

    private final Class<?> type;
    private final boolean saysWhenDone;

    /** @param loader a class loader of NiFi's that has the type of the result */
    TransformResults(ClassLoader loader) throws ClassNotFoundException {
        type = Class.forName("org.apache.nifi.python.processor.FlowFileTransformResult", true, loader);
        saysWhenDone = Arrays.stream(type.getMethods()).anyMatch(method -> method.getName().equals(AFTERWARDS));
    }

    /**
     * The result for the FlowFile that NiFi gave to Python. NiFi clones that FlowFile for 'original' before it asks for
     * the contents, so they are replaced only then.
     *
     * @param afterwards is done once NiFi has sent this FlowFile on, or at once if this NiFi does not say when
     */
    Object of(ProcessSession session, FlowFile flowFile, Outcome outcome, Runnable afterwards) {
        if (!saysWhenDone) {
            afterwards.run();
        }
        return proxy((self, method, arguments) -> {
            if (method.getName().equals(AFTERWARDS)) {
                afterwards.run();
                return null;
            }
            return answer(method, session, flowFile, outcome);
        });
    }

    /**
     * A result with which NiFi leaves the FlowFile in its queue.
     *
     * @param reason what the canvas shows
     */
    Object keep(String reason) {
        return proxy((self, method, arguments) -> {
            if (method.getName().equals("getRelationship")) {
                throw new ProcessException(reason);
            }
            return null;
        });
    }

    private Object proxy(InvocationHandler handler) {
        return Proxy.newProxyInstance(type.getClassLoader(), new Class<?>[] {type}, handler);
    }

    private static Object answer(Method method, ProcessSession session, FlowFile flowFile, Outcome outcome)
            throws IOException {
        switch (method.getName()) {
            case "getRelationship":
                return outcome.relationship;
            case "getAttributes":
                return outcome.attributes;
            case "getContents":
                outcome.replaceContents(session, flowFile);
                return null;
            case "toString":
                return "scored FlowFile";
            case "hashCode":
                return System.identityHashCode(outcome);
            default:
                return null;
        }
    }
}
