package daiscoring.records;

import daiscoring.Bytes;
import daiscoring.DeclinedException;
import daiscoring.TextColumn;
import daiscoring.TextColumn.Kind;
import java.nio.ByteBuffer;
import java.nio.charset.CharacterCodingException;
import java.nio.charset.CodingErrorAction;
import java.nio.charset.StandardCharsets;

/** Records of Avro, one after the other, without the container around them. */
public final class AvroRecords extends RecordLayout {
    private static final int LONGEST = 63;

    private final AvroField[] fields;

    /**
     * @param columns one for each of the model's columns; all are among the fields
     * @param fields of each record, in order
     * @param truths for each category the indices of the levels that false and true mean; null for other columns
     */
    public AvroRecords(TextColumn[] columns, AvroField[] fields, int[][] truths) {
        super(columns, truths);
        this.fields = fields;
    }

    @Override
    Walk walk(byte[] data) {
        return new Records(data);
    }

    private final class Records extends Walk {
        private final byte[] data;
        private int at;

        Records(byte[] data) {
            this.data = data;
        }

        @Override
        int record(int start, int row, Target target) throws DeclinedException {
            at = start;
            for (AvroField field : fields) {
                if (field.nullBranch != AvroField.NO_NULL) {
                    int branch = data[at++];
                    check((branch | 2) == 2);
                    if (branch == field.nullBranch) {
                        if (field.column >= 0) {
                            target.missing(field.column);
                        }
                        continue;
                    }
                }
                if (field.column < 0) {
                    pass(field);
                } else {
                    read(field, target);
                }
            }
            return at;
        }

        private void pass(AvroField field) throws DeclinedException {
            switch (field.shape) {
                case FIXED:
                    at += field.size;
                    break;
                case COUNTED:
                    int size = count();
                    at += size;
                    break;
                default:
                    varint();
            }
        }

        private void read(AvroField field, Target target) throws DeclinedException {
            int column = field.column;
            switch (field.shape) {
                case BOOLEAN:
                    int truth = data[at++];
                    check((truth & ~1) == 0);
                    truth(column, truth, target);
                    break;
                case FLOAT:
                    target.number(column, Float.intBitsToFloat((int) Bytes.eight(data, at)));
                    at += Float.BYTES;
                    break;
                case DOUBLE:
                    target.number(column, Double.longBitsToDouble(Bytes.eight(data, at)));
                    at += Double.BYTES;
                    break;
                case ENUM:
                    long symbol = varint();
                    check(symbol >= 0 && symbol < field.symbols.length);
                    byte[] text = field.symbols[(int) symbol];
                    target.text(column, columns[column], text, 0, text.length - Long.BYTES);
                    break;
                case COUNTED:
                    int size = count();
                    checkText(at, at + size);
                    target.text(column, columns[column], data, at, at + size);
                    at += size;
                    break;
                default:
                    integer(field, target);
            }
        }

        private void integer(AvroField field, Target target) throws DeclinedException {
            long value = varint();
            check(!field.isInt || value == (int) value);
            Kind kind = columns[field.column].kind;
            if (kind == Kind.STR || kind == Kind.LEVEL) {
                byte[] text = Bytes.of(Long.toString(value));
                target.text(field.column, columns[field.column], text, 0, text.length - Long.BYTES);
            } else if (field.millis > 0) {
                target.integer(field.column, value * field.millis);
            } else {
                // What is less than a millisecond is not cut off here.
                check(value % field.millis == 0);
                target.integer(field.column, value / -field.millis);
            }
        }

        /** How many bytes follow. */
        private int count() throws DeclinedException {
            long count = varint();
            check(count >= 0 && count <= data.length - Long.BYTES - at);
            return (int) count;
        }

        /** An integer, zigzag and seven bits a byte. */
        private long varint() throws DeclinedException {
            long one = data[at++];
            long found = one & 127;
            for (int shift = 7; one < 0; shift += 7) {
                check(shift <= LONGEST);
                one = data[at++];
                found |= (one & 127) << shift;
            }
            return found >>> 1 ^ -(found & 1);
        }

        private void checkText(int from, int to) throws DeclinedException {
            for (int i = from; i < to; i++) {
                if (data[i] < 0) {
                    checkUtf8(i, to);
                    return;
                }
            }
        }

        private void checkUtf8(int from, int to) throws DeclinedException {
            try {
                StandardCharsets.UTF_8.newDecoder().onMalformedInput(CodingErrorAction.REPORT)
                        .decode(ByteBuffer.wrap(data, from, to - from));
            } catch (CharacterCodingException e) {
                throw DeclinedException.INSTANCE;
            }
        }
    }
}
