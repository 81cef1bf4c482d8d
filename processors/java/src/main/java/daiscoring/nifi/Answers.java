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
            return (e instanceof RecordStream.NotWrittenException ? "!" : "-") + reason(e);
        }
    }

    /** The message of the innermost error, which says what is wrong; those around it say what could not be done then. */
    static String reason(Throwable error) {
        Throwable cause = error;
        while (cause.getCause() != null && cause.getCause() != cause) {
            cause = cause.getCause();
        }
        return cause.getMessage() == null ? "" : cause.getMessage();
    }
}
