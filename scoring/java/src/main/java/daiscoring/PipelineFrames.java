package daiscoring;

import java.lang.invoke.MethodHandle;
import java.lang.invoke.MethodHandles;
import java.lang.invoke.MethodType;

/**
 * A loaded MOJO pipeline of Driverless AI, called with frames. Safe for threads.
 *
 * <p>H2O's runtime comes under its own licence, so it is not there when this is compiled: its public API is called by
 * name.
 */
public final class PipelineFrames {
    private static final String PACKAGE = "ai.h2o.mojos.runtime.";

    /** The description of the inputs, a MojoFrameMeta. */
    public final Object meta;
    private final Object pipeline;
    private final MethodHandle newFrame;
    private final MethodHandle dataOf;
    private final MethodHandle transform;

    /** @param pipeline a MojoPipeline */
    public PipelineFrames(Object pipeline) throws ReflectiveOperationException {
        this.pipeline = pipeline;
        ClassLoader loader = pipeline.getClass().getClassLoader();
        Class<?> frame = Class.forName(PACKAGE + "frame.MojoFrame", true, loader);
        Class<?> pipelineType = Class.forName(PACKAGE + "MojoPipeline", true, loader);
        Class<?> metaType = Class.forName(PACKAGE + "frame.MojoFrameMeta", true, loader);
        Class<?> builder = Class.forName(PACKAGE + "frame.MojoFrameBuilder", true, loader);
        meta = pipelineType.getMethod("getInputMeta").invoke(pipeline);
        MethodHandles.Lookup lookup = MethodHandles.publicLookup();
        newFrame = lookup.findStatic(builder, "getEmpty", MethodType.methodType(frame, metaType, int.class))
                .asType(MethodType.methodType(Object.class, Object.class, int.class));
        dataOf = lookup.findVirtual(frame, "getColumnData", MethodType.methodType(Object.class, int.class))
                .asType(MethodType.methodType(Object.class, Object.class, int.class));
        transform = lookup.findVirtual(pipelineType, "transform", MethodType.methodType(frame, frame))
                .asType(MethodType.methodType(Object.class, Object.class, Object.class));
    }

    /** A new frame of inputs for so many rows. */
    public Object empty(int rows) {
        try {
            return (Object) newFrame.invokeExact(meta, rows);
        } catch (Throwable e) {
            throw unchecked(e);
        }
    }

    /** The arrays of the first columns of a frame. */
    public Object[] columns(Object frame, int count) {
        Object[] data = new Object[count];
        try {
            for (int c = 0; c < count; c++) {
                data[c] = (Object) dataOf.invokeExact(frame, c);
            }
        } catch (Throwable e) {
            throw unchecked(e);
        }
        return data;
    }

    /** What the pipeline makes of a frame. */
    public Object transform(Object frame) {
        try {
            return (Object) transform.invokeExact(pipeline, frame);
        } catch (Throwable e) {
            throw unchecked(e);
        }
    }

    private static RuntimeException unchecked(Throwable error) {
        if (error instanceof RuntimeException) {
            return (RuntimeException) error;
        }
        if (error instanceof Error) {
            throw (Error) error;
        }
        return new IllegalStateException(error);
    }
}
