package daiscoring.hive;

import daiscoring.bundle.Bundle;
import daiscoring.bundle.Model;
import java.io.File;
import java.io.IOException;
import java.io.InputStream;
import java.net.JarURLConnection;
import java.net.URL;
import java.net.URLConnection;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.util.Collections;
import java.util.HashMap;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import org.apache.hadoop.conf.Configuration;
import org.apache.hadoop.fs.FileUtil;
import org.apache.hadoop.fs.Path;
import org.apache.hadoop.hive.ql.exec.UDFArgumentException;

/** Finds the model that the first argument names. */
final class Models {
    private static final String SETTING = "dai.score.licence.";

    private Models() {
    }

    /** @param place a name, or a path, to which # and a name may be added */
    static Model open(String place, Options options, Configuration configuration) throws UDFArgumentException {
        try {
            Map<String, String> settings = licence(options, configuration);
            boolean isPath = place.indexOf('/') >= 0 || place.endsWith(".jar");
            if (!isPath) {
                return Bundle.open(jarWith(place), place, options.missingValues(), settings);
            }
            int mark = place.indexOf('#');
            String path = mark < 0 ? place : place.substring(0, mark);
            String name = mark < 0 ? null : place.substring(mark + 1);
            if (path.indexOf(':') < 0) {
                return Bundle.open(new File(path), name, options.missingValues(), settings);
            }
            File copy = copied(new Path(path), configuration);
            try {
                return Bundle.open(copy, name, options.missingValues(), settings);
            } finally {
                Files.deleteIfExists(copy.toPath());
            }
        } catch (IOException e) {
            throw new UDFArgumentException("dai_score cannot read the jar of the model " + place + ": " + e);
        } catch (IllegalArgumentException | IllegalStateException e) {
            throw new UDFArgumentException("dai_score, model " + place + ": " + e.getMessage()
                    + (e.getMessage().contains("licence") ? ADVICE : ""));
        }
    }

    private static final String ADVICE = " Set " + SETTING + "file to the path of the license.sig of Driverless AI on all "
            + "machines, HiveServer2's too, or DRIVERLESS_AI_LICENSE_FILE in the environment of Hive.";

    private static Map<String, String> licence(Options options, Configuration configuration) {
        Map<String, String> found = new HashMap<>();
        for (String kind : new String[] {"key", "file"}) {
            String value = configuration.get(SETTING + kind);
            if (value != null) {
                found.put("licence_" + kind, value);
            }
        }
        if (options.licenceFile() != null) {
            found.put("licence_file", options.licenceFile());
        }
        return found;
    }

    /** The jar, of those that were added, that has a model of this name. */
    private static File jarWith(String name) throws IOException {
        String resource = Bundle.MODELS + name + Bundle.DESCRIPTION;
        // By the description, in which is the digest of the model: loaders may find a jar several times.
        Map<String, File> found = new LinkedHashMap<>();
        for (ClassLoader loader : new ClassLoader[] {
            Thread.currentThread().getContextClassLoader(), Models.class.getClassLoader()
        }) {
            for (URL url : loader == null ? List.<URL>of() : Collections.list(loader.getResources(resource))) {
                URLConnection connection = url.openConnection();
                if (connection instanceof JarURLConnection) {
                    // Else a jar that was replaced since would be read as it was.
                    connection.setUseCaches(false);
                    File jar = new File(((JarURLConnection) connection).getJarFileURL().getPath());
                    try (InputStream in = connection.getInputStream()) {
                        found.putIfAbsent(new String(in.readAllBytes(), StandardCharsets.UTF_8), jar);
                    }
                }
            }
        }
        if (found.isEmpty()) {
            throw new IllegalArgumentException("there is no model of that name in the jars that were added. Make one with "
                    + "dai-score hive jar, add it with ADD JAR, or give its path.");
        }
        if (found.size() > 1) {
            throw new IllegalArgumentException("the jars that were added have different models of that name: "
                    + found.values() + ". Give the path of one of them, or add one alone.");
        }
        return found.values().iterator().next();
    }

    private static File copied(Path path, Configuration configuration) throws IOException {
        File target = File.createTempFile("dai-score-", ".jar");
        FileUtil.copy(path.getFileSystem(configuration), path, target, false, configuration);
        return target;
    }
}
