package daiscoring.records;

import daiscoring.Bytes;
import daiscoring.CachedStrings;
import daiscoring.DeclinedException;
import daiscoring.TextColumn;
import java.nio.ByteBuffer;

/**
 * How records of one format are read straight into what the runtimes take, so that no value of theirs becomes an object
 * of Python's or a column of Arrow's on its way. Safe for threads.
 *
 * <p>It reads what programs usually write, and gives the same values as dai_scoring/values/coerce.py. Anything else is
 * declined.
 */
public abstract class RecordLayout {
    private static final byte[][] TRUTHS = {Bytes.of("false"), Bytes.of("true")};

    /** One for each of the model's columns. */
    final TextColumn[] columns;
    private final int[][] truths;

    /** {@code truths} has for each category the indices of the levels that false and true mean; null for others. */
    RecordLayout(TextColumn[] columns, int[][] truths) {
        this.columns = columns;
        this.truths = truths;
    }

    /** What goes through the records of {@code data}, after which eight bytes follow. */
    abstract Walk walk(byte[] data);

    /** Goes through records. For one thread. */
    abstract class Walk {
        /** Read the record that begins at {@code at} and has this number; where the next one begins. */
        abstract int record(int at, int row, Target target) throws DeclinedException;

        /** All records were read. */
        void end() throws DeclinedException {
        }

        /** Give the target a truth value: 1 for true, 0 for false. */
        final void truth(int column, int truth, Target target) throws DeclinedException {
            switch (columns[column].kind) {
                case LEVEL:
                    target.level(column, truths[column][truth]);
                    break;
                case STR:
                    byte[] text = TRUTHS[truth];
                    target.text(column, columns[column], text, 0, text.length - Long.BYTES);
                    break;
                case TIME64:
                    throw DeclinedException.INSTANCE;
                default:
                    target.integer(column, truth);
            }
        }

        /** Decline the records if this is not so. */
        final void check(boolean isUsual) throws DeclinedException {
            if (!isUsual) {
                throw DeclinedException.INSTANCE;
            }
        }
    }

    /** What is done with the records, one after the other, in order. */
    public interface Each {
        /** The next record is in the target. */
        void record();
    }

    /**
     * Fill the columns of a frame: arrays of the types that MojoFrame has for the columns' types.
     *
     * @param records all of them, and nothing else
     * @return where each record ends; null if something was declined, and then the arrays are of no use
     */
    public int[] fill(ByteBuffer records, int rows, Object[] targets) throws ReflectiveOperationException {
        FrameTarget target = new FrameTarget(columns, rows, targets, new CachedStrings());
        int[] ends = read(records, rows, target, () -> { });
        if (ends != null) {
            target.end();
        }
        return ends;
    }

    /** The target for {@link #read}. */
    public RowTarget row() {
        return new RowTarget(columns);
    }

    /** Read records into a row, and call {@code each} after each of them; as {@link #fill}. */
    public int[] read(ByteBuffer records, int rows, RowTarget row, Each each) {
        return read(records, rows, (Target) row, each);
    }

    private int[] read(ByteBuffer records, int rows, Target target, Each each) {
        int size = records.remaining();
        int[] ends = new int[rows];
        Walk walk = walk(Bytes.of(records));
        try {
            int at = 0;
            for (int row = 0; row < rows; row++) {
                target.begin(row);
                at = walk.record(at, row, target);
                ends[row] = at;
                each.record();
            }
            walk.end();
            return at == size ? ends : null;
        } catch (DeclinedException | IndexOutOfBoundsException e) {
            // Records that are cut off or damaged go on after the end.
            return null;
        }
    }
}
