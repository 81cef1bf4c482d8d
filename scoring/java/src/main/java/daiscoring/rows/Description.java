package daiscoring.rows;

import com.google.gson.JsonArray;
import com.google.gson.JsonElement;
import com.google.gson.JsonObject;
import com.google.gson.JsonParser;
import java.util.ArrayList;
import java.util.List;

/**
 * What the library knows of a model beside its file: its columns, what means a missing value, how it is called.
 *
 * <p>Python writes it, as JSON (dai_scoring/runtimes/java/row_description.py): it takes the model's runtime and some
 * hundred lines to find it out, which are not repeated here.
 */
public final class Description {
    /** One output of the model. */
    static final class Output {
        final String name;
        final String type;
        /** The levels of a prediction that the model gives as the index of one, else null. */
        final String[] levels;

        Output(JsonObject json) {
            name = json.get("name").getAsString();
            type = json.get("type").getAsString();
            levels = strings(json.get("levels"));
        }
    }

    final JsonObject json;
    final Column[] columns;
    final Output[] outputs;

    private Description(JsonObject json) {
        this.json = json;
        columns = columns(json.getAsJsonArray("columns"));
        List<Output> found = new ArrayList<>();
        json.getAsJsonArray("outputs").forEach(one -> found.add(new Output(one.getAsJsonObject())));
        outputs = found.toArray(new Output[0]);
    }

    static Description of(String json) {
        return new Description(JsonParser.parseString(json).getAsJsonObject());
    }

    /** The columns of a JSON array. */
    public static Column[] columns(String json) {
        return columns(JsonParser.parseString(json).getAsJsonArray());
    }

    private static Column[] columns(JsonArray array) {
        Column[] found = new Column[array.size()];
        for (int c = 0; c < found.length; c++) {
            JsonObject one = array.get(c).getAsJsonObject();
            found[c] = new Column(
                    one.get("name").getAsString(),
                    one.get("type").getAsString(),
                    strings(one.get("missing")),
                    strings(one.get("levels")),
                    strings(one.get("truths")),
                    one.get("required").getAsBoolean(),
                    one.get("with_signs").getAsBoolean());
        }
        return found;
    }

    static String[] strings(JsonElement array) {
        if (array == null || array.isJsonNull()) {
            return null;
        }
        List<String> found = new ArrayList<>();
        array.getAsJsonArray().forEach(one -> found.add(one.getAsString()));
        return found.toArray(new String[0]);
    }
}
