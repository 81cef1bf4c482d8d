package daiscoring.bundle;

import java.io.File;
import java.io.IOException;
import java.io.InputStream;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.nio.file.StandardCopyOption;
import java.util.ArrayList;
import java.util.Collections;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.stream.Collectors;
import java.util.zip.ZipEntry;
import java.util.zip.ZipFile;

/**
 * A file with models, their descriptions and the runtimes that score them: what dai_routes/bundle.py writes.
 *
 * <p>It is a zip, which may be the jar that has this class too. {@code dai-score/lib} has the runtimes' jars, and
 * {@code dai-score/models/NAME} a model and its description.
 */
public final class Bundle {
    /** The folder of the models, each in a folder of its name. */
    public static final String MODELS = "dai-score/models/";
    /** The description of a model, in its folder. */
    public static final String DESCRIPTION = "/description.json";

    private static final String MODEL = "/model.mojo";
    private static final String LIBRARIES = "dai-score/lib/";
    /** Models that were loaded last; who scores with another one holds it. */
    private static final int KEPT = 4;
    private static final Map<String, Model> LOADED = new LinkedHashMap<>(8, 0.75f, true) {
        private static final long serialVersionUID = 1L;

        @Override
        protected boolean removeEldestEntry(Map.Entry<String, Model> eldest) {
            return size() > KEPT;
        }
    };
    private static final Map<String, Runtimes> RUNTIMES = new LinkedHashMap<>();

    private Bundle() {
    }

    /**
     * Load a model of a bundle, or take it as it was loaded before in this process.
     *
     * @param name of the model; null where the bundle has one alone
     * @param missing texts that mean a missing value, beside those of the model
     * @param settings may have licence_key and licence_file
     * @throws IllegalArgumentException where the file is no bundle, or has no such model
     * @throws IllegalStateException where the model cannot be loaded, saying why
     */
    public static Model open(File file, String name, List<String> missing, Map<String, String> settings)
            throws IOException {
        try (ZipFile zip = new ZipFile(file)) {
            String folder = MODELS + (name == null ? onlyModel(zip, file) : name);
            String description = text(zip, folder + DESCRIPTION, file);
            String key = description + missing + settings;
            synchronized (LOADED) {
                Model known = LOADED.get(key);
                if (known == null) {
                    known = load(zip, folder, description, missing, settings);
                    LOADED.put(key, known);
                }
                return known;
            }
        }
    }

    private static Model load(
            ZipFile zip, String folder, String description, List<String> missing, Map<String, String> settings)
            throws IOException {
        Runtimes runtimes = runtimes(zip);
        Path model = Files.createTempFile("dai-score-", ".mojo");
        try {
            extract(zip, zip.getEntry(folder + MODEL), model);
            return new Model(runtimes.load(model.toFile(), description, missing.toArray(new String[0]), settings));
        } finally {
            Files.delete(model);
        }
    }

    /** The runtimes of a bundle; those of two bundles that are the same are one, as far as they share this class. */
    private static Runtimes runtimes(ZipFile zip) throws IOException {
        List<ZipEntry> jars = zip.stream()
                .filter(one -> one.getName().startsWith(LIBRARIES) && one.getName().endsWith(".jar"))
                .collect(Collectors.toCollection(ArrayList::new));
        String key = jars.stream().map(one -> one.getName() + one.getCrc()).collect(Collectors.joining());
        if (!RUNTIMES.containsKey(key)) {
            Path target = Files.createTempDirectory("dai-score-");
            target.toFile().deleteOnExit();
            List<File> files = new ArrayList<>();
            for (ZipEntry jar : jars) {
                Path file = target.resolve(jar.getName().substring(LIBRARIES.length()).replace('/', '_'));
                extract(zip, jar, file);
                file.toFile().deleteOnExit();
                files.add(file.toFile());
            }
            RUNTIMES.put(key, new Runtimes(files));
        }
        return RUNTIMES.get(key);
    }

    private static String onlyModel(ZipFile zip, File file) {
        List<String> names = Collections.list(zip.entries()).stream()
                .map(ZipEntry::getName)
                .filter(one -> one.startsWith(MODELS) && one.endsWith(DESCRIPTION))
                .map(one -> one.substring(MODELS.length(), one.length() - DESCRIPTION.length()))
                .collect(Collectors.toList());
        if (names.size() == 1) {
            return names.get(0);
        }
        String problem = names.isEmpty()
                ? " has no model: make it with dai-score hive jar."
                : " has several models: put # and one of these names behind the path: " + String.join(", ", names);
        throw new IllegalArgumentException(file + problem);
    }

    private static String text(ZipFile zip, String name, File file) throws IOException {
        ZipEntry entry = zip.getEntry(name);
        if (entry == null) {
            throw new IllegalArgumentException(file + " has no model of that name: there is no " + name + " in it.");
        }
        try (InputStream in = zip.getInputStream(entry)) {
            return new String(in.readAllBytes(), StandardCharsets.UTF_8);
        }
    }

    private static void extract(ZipFile zip, ZipEntry entry, Path target) throws IOException {
        try (InputStream in = zip.getInputStream(entry)) {
            Files.copy(in, target, StandardCopyOption.REPLACE_EXISTING);
        }
    }
}
