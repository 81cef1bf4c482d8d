package daiscoring.records;

import daiscoring.CachedStrings;
import daiscoring.Columns;
import daiscoring.DeclinedException;
import daiscoring.Levels;
import daiscoring.TextColumn;
import daiscoring.TextColumn.Kind;

/**
 * The columns of a frame: arrays of the types that MojoFrame has for the columns' types, of double for levels.
 *
 * <p>Missing values are NaN, null, or the smallest number of a type.
 */
final class FrameTarget extends Target {
    private static final byte MISSING_BOOL = -128;

    private final TextColumn[] columns;
    private final Object[] arrays;
    /** As {@code arrays}, but for times, which are milliseconds until all are known. */
    private final Object[] into;
    private final CachedStrings texts;
    private int row;

    FrameTarget(TextColumn[] columns, int rows, Object[] arrays, CachedStrings texts) {
        this.texts = texts;
        this.columns = columns;
        this.arrays = arrays;
        into = arrays.clone();
        for (int c = 0; c < columns.length; c++) {
            if (columns[c].kind == Kind.TIME64) {
                into[c] = new long[rows];
            }
        }
    }

    /** Make the times, after all records. */
    void end() throws ReflectiveOperationException {
        for (int c = 0; c < columns.length; c++) {
            if (into[c] != arrays[c]) {
                times((Object[]) arrays[c], (long[]) into[c]);
            }
        }
    }

    private static void times(Object[] target, long[] millis) throws ReflectiveOperationException {
        boolean[] present = new boolean[millis.length];
        for (int i = 0; i < millis.length; i++) {
            present[i] = millis[i] != Long.MIN_VALUE;
        }
        Columns.times(target, target.getClass().getComponentType(), millis, present);
    }

    @Override
    void begin(int number) {
        row = number;
    }

    @Override
    void text(int column, TextColumn reader, byte[] data, int from, int to) throws DeclinedException {
        Object target = into[column];
        switch (reader.kind) {
            case LEVEL:
                double level = reader.asDouble(data, from, to);
                ((double[]) target)[row] = level == Levels.UNSEEN ? Double.NaN : level;
                break;
            case FLOAT64:
                ((double[]) target)[row] = reader.asDouble(data, from, to);
                break;
            case FLOAT32:
                ((float[]) target)[row] = (float) reader.number(data, from, to);
                break;
            case INT32:
                long number = reader.integer(data, from, to, Integer.MAX_VALUE);
                ((int[]) target)[row] = number == Long.MIN_VALUE ? Integer.MIN_VALUE : (int) number;
                break;
            case INT64:
                ((long[]) target)[row] = reader.integer(data, from, to, Long.MAX_VALUE);
                break;
            case BOOL:
                int truth = reader.truth(data, from, to);
                ((byte[]) target)[row] = truth < 0 ? MISSING_BOOL : (byte) truth;
                break;
            case STR:
                ((String[]) target)[row] = reader.isMissing(data, from, to) ? null : texts.of(data, from, to);
                break;
            case TIME64:
                ((long[]) target)[row] = reader.time(data, from, to);
                break;
            default:
                throw new IllegalStateException(reader.kind.toString());
        }
    }

    @Override
    void number(int column, double value) throws DeclinedException {
        switch (columns[column].kind) {
            case FLOAT64:
                ((double[]) into[column])[row] = value;
                break;
            case FLOAT32:
                ((float[]) into[column])[row] = (float) value;
                break;
            case INT32:
            case INT64:
                if (Double.isNaN(value)) {
                    missing(column);
                } else if (value == Math.rint(value) && Math.abs(value) <= TextColumn.EXACT) {
                    integer(column, (long) value);
                } else {
                    throw DeclinedException.INSTANCE;
                }
                break;
            default:
                throw DeclinedException.INSTANCE;
        }
    }

    @Override
    void integer(int column, long value) throws DeclinedException {
        switch (columns[column].kind) {
            case FLOAT64:
                ((double[]) into[column])[row] = value;
                break;
            case FLOAT32:
                // Through double precision always, as everywhere.
                ((float[]) into[column])[row] = (float) (double) value;
                break;
            case INT32:
                if (value != (int) value || value == Integer.MIN_VALUE) {
                    throw DeclinedException.INSTANCE;
                }
                ((int[]) into[column])[row] = (int) value;
                break;
            case INT64:
            case TIME64:
                if (value == Long.MIN_VALUE) {
                    throw DeclinedException.INSTANCE;
                }
                ((long[]) into[column])[row] = value;
                break;
            case BOOL:
                if (value != 0 && value != 1) {
                    throw DeclinedException.INSTANCE;
                }
                ((byte[]) into[column])[row] = (byte) value;
                break;
            default:
                throw DeclinedException.INSTANCE;
        }
    }

    @Override
    void level(int column, int level) {
        ((double[]) into[column])[row] = level < 0 ? Double.NaN : level;
    }

    @Override
    void missing(int column) {
        switch (columns[column].kind) {
            case LEVEL:
            case FLOAT64:
                ((double[]) into[column])[row] = Double.NaN;
                break;
            case FLOAT32:
                ((float[]) into[column])[row] = Float.NaN;
                break;
            case INT32:
                ((int[]) into[column])[row] = Integer.MIN_VALUE;
                break;
            case INT64:
            case TIME64:
                ((long[]) into[column])[row] = Long.MIN_VALUE;
                break;
            case BOOL:
                ((byte[]) into[column])[row] = MISSING_BOOL;
                break;
            default:
                ((Object[]) into[column])[row] = null;
        }
    }
}
