package daiscoring.bundle;

import java.io.File;
import java.lang.reflect.InvocationTargetException;
import java.net.MalformedURLException;
import java.net.URL;
import java.net.URLClassLoader;
import java.util.List;
import java.util.Map;

/**
 * Runtimes in a class loader of their own, which sees the JDK and their jars alone.
 *
 * <p>Platforms bring other versions of the libraries that the runtimes use. And H2O's MOJO runtime makes classes with
 * javassist, which remembers those of another class loader that has the runtime too, and fails.
 */
final class Runtimes {
    private static final String SCORER = "daiscoring.rows.RowScorer";

    private final ClassLoader loader;

    Runtimes(List<File> jars) throws MalformedURLException {
        URL[] urls = new URL[jars.size()];
        for (int i = 0; i < urls.length; i++) {
            urls[i] = jars.get(i).toURI().toURL();
        }
        loader = new URLClassLoader("dai-score", urls, ClassLoader.getPlatformClassLoader());
    }

    /** A daiscoring.rows.RowScorer; see there. */
    Object load(File model, String description, String[] missing, Map<String, String> settings) {
        Thread thread = Thread.currentThread();
        ClassLoader before = thread.getContextClassLoader();
        // The runtimes look for their parts through it.
        thread.setContextClassLoader(loader);
        try {
            return Class.forName(SCORER, true, loader)
                    .getConstructor(File.class, String.class, String[].class, Map.class)
                    .newInstance(model, description, missing, settings);
        } catch (InvocationTargetException e) {
            if (e.getCause() instanceof IllegalStateException) {
                throw (IllegalStateException) e.getCause();
            }
            throw new IllegalStateException("The model cannot be loaded: " + e.getCause(), e.getCause());
        } catch (ReflectiveOperationException e) {
            throw new IllegalStateException("The bundle has not all jars that its model needs: " + e, e);
        } finally {
            thread.setContextClassLoader(before);
        }
    }
}
