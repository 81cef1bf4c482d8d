package daiscoring.nifi;

import daiscoring.nifi.records.RecordStream;
import java.util.concurrent.Callable;

/** Answers of calls over the bridge, which an exception would cross as a stack trace. */
final class Answers {
    private Answers() {
    }

    /** "+" and what the call returns, or its error: after "!" if records cannot be written, otherwise after "-". */
    static String of(Callable<String> call) {
        try {
            return "+" + call.call();
        } catch (Exception | LinkageError e) {
            Throwable cause = e;
            while (cause.getCause() != null && cause.getCause() != cause) {
                cause = cause.getCause();
            }
            // The innermost error says what is wrong; those around it say what could not be done because of it.
            String message = cause.getMessage() == null ? "" : cause.getMessage();
            return (e instanceof RecordStream.NotWrittenException ? "!" : "-") + message;
        }
    }
}
