package daiscoring.rows;

import daiscoring.Columns;
import daiscoring.PipelineFrames;
import java.io.File;
import java.lang.reflect.InvocationTargetException;
import java.lang.reflect.Method;
import java.util.HashMap;
import java.util.List;
import java.util.Map;

/**
 * A MOJO pipeline of Driverless AI on H2O's runtime (ai.h2o:mojo2-runtime-api).
 *
 * <p>The runtime comes under H2O's own licence, so it is not there when this is compiled: its public API is called by
 * name.
 */
final class DriverlessAi implements RowModel {
    private static final String PACKAGE = "ai.h2o.mojos.runtime.";
    private static final String LICENCE = "ai.h2o.mojos.runtime.license.";
    private static final byte MISSING_BOOL = -128;

    private final Object pipeline;
    private final PipelineFrames frames;
    private final Description description;
    private final Class<?> timeType;
    private final Method millis;

    /** @param settings may have licence_key and licence_file; without them the runtime looks where it always does */
    DriverlessAi(File model, Description description, Map<String, String> settings) throws ReflectiveOperationException {
        this.description = description;
        pipeline = load(model, settings);
        frames = new PipelineFrames(pipeline);
        timeType = known("utils.MojoDateTime");
        millis = timeType.getMethod("getMillis");
    }

    private static Object load(File model, Map<String, String> settings) throws ReflectiveOperationException {
        Map<String, String> before = new HashMap<>();
        // Properties are of the whole process: one model at a time, whichever class loader has this class.
        synchronized (Runtime.getRuntime()) {
            try {
                for (String name : List.of("key", "file")) {
                    String value = settings.get("licence_" + name);
                    if (value != null) {
                        before.put(LICENCE + name, System.setProperty(LICENCE + name, value));
                    }
                }
                return known("api.MojoPipelineService").getMethod("loadPipeline", File.class).invoke(null, model);
            } catch (InvocationTargetException e) {
                throw explained(e.getCause());
            } finally {
                before.forEach((name, value) -> {
                    if (value == null) {
                        System.clearProperty(name);
                    } else {
                        System.setProperty(name, value);
                    }
                });
            }
        }
    }

    private static IllegalStateException explained(Throwable error) {
        String problem = error.getClass().getSimpleName();
        if (error.getClass().getName().startsWith(PACKAGE + "lic.")) {
            return new IllegalStateException("The model needs a Driverless AI licence, and H2O's runtime found none that "
                    + "it accepts (" + problem + ").", error);
        }
        return new IllegalStateException("H2O's MOJO runtime cannot load the model: " + problem + ". The file may be "
                + "damaged, or made by a newer Driverless AI than this runtime knows.", error);
    }

    private static Class<?> known(String name) throws ClassNotFoundException {
        return Class.forName(PACKAGE + name, true, DriverlessAi.class.getClassLoader());
    }

    @Override
    public Scored score(Object[] arrays, int rows) {
        try {
            Object frame = frames.empty(rows);
            Object[] targets = frames.columns(frame, arrays.length);
            for (int c = 0; c < arrays.length; c++) {
                fill(targets[c], arrays[c], rows, description.columns[c].type);
            }
            Object made = frames.transform(frame);
            return new Frame(frames.columns(made, description.outputs.length));
        } catch (ReflectiveOperationException e) {
            throw new IllegalStateException(e);
        }
    }

    private void fill(Object target, Object array, int rows, String type) throws ReflectiveOperationException {
        if (!type.equals("Time64")) {
            System.arraycopy(array, 0, target, 0, rows);
            return;
        }
        long[] times = (long[]) array;
        boolean[] present = new boolean[rows];
        for (int row = 0; row < rows; row++) {
            present[row] = times[row] != Long.MIN_VALUE;
        }
        Columns.times((Object[]) target, timeType, times, present);
    }

    @Override
    public Long time(String column, String text) {
        try {
            Object builder = pipeline.getClass().getMethod("getInputFrameBuilder").invoke(pipeline);
            Object row = builder.getClass().getMethod("getMojoRowBuilder").invoke(builder);
            row.getClass().getMethod("setValue", String.class, String.class).invoke(row, column, text);
            builder.getClass().getMethod("addRow", row.getClass()).invoke(builder, row);
            Object frame = builder.getClass().getMethod("toMojoFrame").invoke(builder);
            Object meta = frames.meta;
            Object index = meta.getClass().getMethod("getColumnIndex", String.class).invoke(meta, column);
            Object[] data = (Object[]) frame.getClass().getMethod("getColumnData", int.class).invoke(frame, index);
            return data[0] == null ? null : (Long) millis.invoke(data[0]);
        } catch (InvocationTargetException e) {
            // The row builder refuses a text that has not the column's form.
            return null;
        } catch (ReflectiveOperationException e) {
            throw new IllegalStateException(e);
        }
    }

    /** The columns of a frame that the pipeline made. */
    private final class Frame implements Scored {
        private final Object[] data;

        Frame(Object[] data) {
            this.data = data;
        }

        @Override
        public Object prediction(int row, int output) {
            Object column = data[output];
            switch (description.outputs[output].type) {
                case "Bool":
                    byte truth = ((byte[]) column)[row];
                    return truth == MISSING_BOOL ? null : (Boolean) (truth == 1);
                case "Int32":
                    int number = ((int[]) column)[row];
                    return number == Integer.MIN_VALUE ? null : (Integer) number;
                case "Int64":
                    long wide = ((long[]) column)[row];
                    return wide == Long.MIN_VALUE ? null : (Long) wide;
                case "Float32":
                    return ((float[]) column)[row];
                case "Float64":
                    return ((double[]) column)[row];
                case "Time64":
                    return time(((Object[]) column)[row]);
                default:
                    return ((String[]) column)[row];
            }
        }

        private Object time(Object time) {
            try {
                return time == null ? null : java.time.Instant.ofEpochMilli((Long) millis.invoke(time));
            } catch (ReflectiveOperationException e) {
                throw new IllegalStateException(e);
            }
        }

        @Override
        public String refusal(int row) {
            return null;
        }
    }
}
