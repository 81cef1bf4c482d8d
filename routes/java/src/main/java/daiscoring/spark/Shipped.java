package daiscoring.spark;

import daiscoring.bundle.Bundle;
import daiscoring.bundle.Model;
import java.io.File;
import java.io.IOException;
import java.io.Serializable;
import java.util.HashMap;
import java.util.List;
import org.apache.spark.SparkEnv;
import org.apache.spark.SparkFiles;

/** A model in a file that Spark sends to its workers. */
final class Shipped implements Serializable {
    private static final long serialVersionUID = 1L;

    private final String bundle;
    private final String[] missing;
    private final HashMap<String, String> settings = new HashMap<>();

    /**
     * @param bundle the name of the file
     * @param missing further texts that mean a missing value
     * @param licence licence_key or licence_file, each followed by its value
     */
    Shipped(String bundle, List<String> missing, List<String> licence) {
        this.bundle = bundle;
        this.missing = missing.toArray(new String[0]);
        for (int i = 0; i < licence.size(); i += 2) {
            settings.put(licence.get(i), licence.get(i + 1));
        }
    }

    /**
     * The model; the first task of an executor loads it.
     *
     * @throws IllegalStateException if it cannot, saying why and on which machine
     */
    Model model() {
        try {
            return Bundle.open(new File(SparkFiles.get(bundle)), null, List.of(missing), settings);
        } catch (IOException | IllegalArgumentException | IllegalStateException e) {
            throw new IllegalStateException(
                    "The model cannot be loaded on " + SparkEnv.get().blockManager().blockManagerId().host() + ": " + e.getMessage(), e);
        }
    }
}
