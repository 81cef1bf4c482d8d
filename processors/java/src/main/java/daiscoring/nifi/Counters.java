package daiscoring.nifi;

import java.util.Map;
import java.util.regex.Matcher;
import java.util.regex.Pattern;
import org.apache.nifi.processor.ProcessSession;

/** Counts rows and FlowFiles for each model. NiFi shows its counters, and exports them for Prometheus. */
final class Counters {
    /** One column of scoring.unseen.columns; its name may contain a comma or an equals sign. */
    private static final Pattern UNSEEN = Pattern.compile("(.+?)=(\\d+)(?:, |$)", Pattern.DOTALL);

    private Counters() {}

    /** Count a FlowFile that is sent on, as soon as its session is committed; one without a model is not counted. */
    static void count(ProcessSession session, String relationship, Map<String, String> attributes, long micros) {
        String model = attributes.get("scoring.model.id");
        if (model == null) {
            return;
        }
        String of = ", model " + model;
        if (relationship.equals("failure")) {
            session.adjustCounter("FlowFiles failed" + of, 1, false);
            return;
        }
        if (relationship.equals("success")) {
            // If rejected rows are among the scored ones, record.count is the number of both.
            String scored = attributes.get("scoring.scored.count");
            add(session, "rows scored" + of, number(scored == null ? attributes.get("record.count") : scored));
        }
        add(session, "rows rejected" + of, number(attributes.get("scoring.rejected.count")));
        add(session, "levels unseen" + of, number(attributes.get("scoring.unseen.count")));
        Matcher columns = UNSEEN.matcher(attributes.getOrDefault("scoring.unseen.columns", ""));
        while (columns.find()) {
            add(session, "levels unseen in column " + columns.group(1) + of, number(columns.group(2)));
        }
        add(session, "microseconds scoring" + of, micros);
    }

    private static void add(ProcessSession session, String name, long amount) {
        if (amount > 0) {
            session.adjustCounter(name, amount, false);
        }
    }

    private static long number(String text) {
        return text == null ? 0 : Long.parseLong(text);
    }
}
