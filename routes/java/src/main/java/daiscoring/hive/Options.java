package daiscoring.hive;

import java.util.Arrays;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.stream.Collectors;
import org.apache.hadoop.hive.ql.exec.UDFArgumentException;
import org.apache.hadoop.hive.serde2.objectinspector.ConstantObjectInspector;
import org.apache.hadoop.hive.serde2.objectinspector.ObjectInspector;

/** The map of options, which is known when a query is compiled. */
final class Options {
    private static final List<String> NAMES =
            List.of("missing_columns", "missing_values", "prediction_prefix", "licence_file");

    private final Map<String, String> given;

    private Options(Map<String, String> given) {
        this.given = given;
    }

    /** @param argument null where there are no options */
    static Options of(ObjectInspector argument) throws UDFArgumentException {
        Map<String, String> given = new LinkedHashMap<>();
        if (argument != null) {
            Object value = constant(argument);
            if (!(value instanceof Map)) {
                throw new UDFArgumentException("The third argument of dai_score must be a map of constant texts, such as "
                        + "map('missing_columns', 'as-missing').");
            }
            ((Map<?, ?>) value).forEach((name, text) -> given.put(String.valueOf(name), String.valueOf(text)));
        }
        for (String name : given.keySet()) {
            if (!NAMES.contains(name)) {
                throw new UDFArgumentException("dai_score has no option " + name + "; there are: "
                        + String.join(", ", NAMES) + ".");
            }
        }
        String columns = given.getOrDefault("missing_columns", "fail");
        if (!columns.equals("fail") && !columns.equals("as-missing")) {
            throw new UDFArgumentException("missing_columns must be fail or as-missing.");
        }
        return new Options(given);
    }

    /** The text of an argument that must be constant; {@code what} begins the sentence that says so. */
    static String text(ObjectInspector argument, String what) throws UDFArgumentException {
        Object value = constant(argument);
        if (value == null || value instanceof Map) {
            throw new UDFArgumentException(what + " must be a constant text.");
        }
        return value.toString();
    }

    private static Object constant(ObjectInspector argument) {
        return argument instanceof ConstantObjectInspector
                ? ((ConstantObjectInspector) argument).getWritableConstantValue()
                : null;
    }

    boolean allowsMissingColumns() {
        return "as-missing".equals(given.get("missing_columns"));
    }

    List<String> missingValues() {
        return Arrays.stream(given.getOrDefault("missing_values", "").split(","))
                .map(String::trim)
                .filter(one -> !one.isEmpty())
                .distinct()
                .collect(Collectors.toList());
    }

    String prefix() {
        return given.getOrDefault("prediction_prefix", "");
    }

    /** The path of the licence, or null. */
    String licenceFile() {
        return given.get("licence_file");
    }
}
