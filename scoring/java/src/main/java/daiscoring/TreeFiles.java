package daiscoring;

import hex.genmodel.MojoReaderBackend;
import java.io.BufferedReader;
import java.io.IOException;
import java.util.HashMap;
import java.util.Map;
import java.util.regex.Matcher;
import java.util.regex.Pattern;

/**
 * The files of trees that genmodel asked for while it read a model, and which of them are missing.
 *
 * <p>genmodel passes over a tree that is not there, since H2O-3 makes none for a class of the response that has no rows
 * in the training data. All trees of such a class are missing, and its prior probability is 0. A model of several
 * models, such as a Stacked Ensemble, has trees in several folders.
 */
final class TreeFiles {
    private static final Pattern NAME = Pattern.compile("(.*)trees/t(\\d+)_\\d+\\.bin");
    private static final String PRIORS = "prior_class_distrib";

    private final Map<String, OfClass> classes = new HashMap<>();

    void asked(String name, boolean exists) {
        Matcher found = NAME.matcher(name);
        if (!found.matches()) {
            return;
        }
        String folder = found.group(1);
        int number = Integer.parseInt(found.group(2));
        OfClass one = classes.computeIfAbsent(folder + "/" + number, key -> new OfClass(folder, number));
        if (exists) {
            one.hasTrees = true;
        } else if (one.missing == null) {
            one.missing = name;
        }
    }

    /** Throws MissingTreeException if a tree is missing that the training has made. */
    void check(MojoReaderBackend file) throws IOException {
        for (OfClass one : classes.values()) {
            if (one.missing != null && (one.hasTrees || !isWithoutRows(file, one))) {
                throw new MissingTreeException(one.missing);
            }
        }
    }

    /** Whether the training data has no rows of a class. */
    private static boolean isWithoutRows(MojoReaderBackend file, OfClass one) throws IOException {
        try (BufferedReader lines = file.getTextFile(one.folder + "model.ini")) {
            for (String line = lines.readLine(); line != null; line = lines.readLine()) {
                String[] pair = line.split("=", 2);
                if (pair.length == 2 && pair[0].trim().equals(PRIORS)) {
                    String[] priors = pair[1].replaceAll("[\\[\\]\\s]", "").split(",");
                    return one.number < priors.length && priors[one.number].matches("0(\\.0*)?");
                }
            }
        }
        return false;
    }

    private static final class OfClass {
        final String folder;
        final int number;
        boolean hasTrees;
        String missing;

        OfClass(String folder, int number) {
            this.folder = folder;
            this.number = number;
        }
    }
}
