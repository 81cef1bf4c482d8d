package daiscoring.records;

import daiscoring.Bytes;
import daiscoring.DeclinedException;

/**
 * Goes through values of JSON, as strictly as RFC 8259 has them. Where they end, for those that begin at {@code at}.
 *
 * <p>A text with an escaped code point is declined, as is a value with very many parts in each other. Eight bytes of 0
 * follow the text, and none is within it.
 */
final class JsonText {
    private static final int DEEPEST = 100;
    private static final long QUOTES = Bytes.eightOf((byte) '"');
    private static final long BACKSLASHES = Bytes.eightOf((byte) '\\');
    private static final long SPACES = Bytes.eightOf((byte) ' ');
    private static final long HIGH = Bytes.eightOf((byte) 0x40) << 1;

    private static final int TRUE = 'e' << 24 | 'u' << 16 | 'r' << 8 | 't';
    private static final int NULL = 'l' << 24 | 'l' << 16 | 'u' << 8 | 'n';
    private static final long FALSE = (long) 'e' << 32 | 's' << 24 | 'l' << 16 | 'a' << 8 | 'f';
    private static final long FIVE = (1L << 40) - 1;

    private JsonText() {
    }

    /** After the space. */
    static int space(byte[] data, int at) {
        int i = at;
        while (data[i] == ' ' || data[i] == '\n' || data[i] == '\r' || data[i] == '\t') {
            i++;
        }
        return i;
    }

    /** A text: after its closing quote. */
    static int text(byte[] data, int at) throws DeclinedException {
        int i = at + 1;
        while (true) {
            long eight = Bytes.eight(data, i);
            // A character below the space has to be escaped; the lowest bit that is found is of the first byte.
            long found = Bytes.zeros(eight ^ QUOTES) | Bytes.zeros(eight ^ BACKSLASHES) | (eight - SPACES) & ~eight & HIGH;
            if (found == 0) {
                i += Long.BYTES;
                continue;
            }
            i += Long.numberOfTrailingZeros(found) >>> 3;
            if (data[i] == '"') {
                return i + 1;
            }
            if (data[i] != '\\' || unescaped(data[i + 1]) == 0) {
                throw DeclinedException.INSTANCE;
            }
            i += 2;
        }
    }

    /** What the character after a backslash means; 0 if it means nothing, or is the {@code u} of a code point. */
    private static byte unescaped(byte one) {
        switch (one) {
            case '"':
            case '\\':
            case '/':
                return one;
            case 'n':
                return '\n';
            case 't':
                return '\t';
            case 'r':
                return '\r';
            case 'b':
                return '\b';
            case 'f':
                return '\f';
            default:
                return 0;
        }
    }

    /** Leave in place what a text between its quotes means; where that ends. */
    static int meant(byte[] data, int from, int to) {
        int end = from;
        while (end < to && data[end] != '\\') {
            end++;
        }
        for (int i = end; i < to; i++) {
            data[end++] = data[i] == '\\' ? unescaped(data[++i]) : data[i];
        }
        return end;
    }

    /** A number. */
    static int number(byte[] data, int at) throws DeclinedException {
        int i = data[at] == '-' ? at + 1 : at;
        i = data[i] == '0' ? i + 1 : digits(data, i);
        if (data[i] == '.') {
            i = digits(data, i + 1);
        }
        if ((data[i] | 0x20) == 'e') {
            i++;
            i = digits(data, data[i] == '-' || data[i] == '+' ? i + 1 : i);
        }
        return i;
    }

    private static int digits(byte[] data, int at) throws DeclinedException {
        int i = at;
        while (Bytes.isDigit(data[i])) {
            i++;
        }
        if (i == at) {
            throw DeclinedException.INSTANCE;
        }
        return i;
    }

    /** Whether the value is {@code null}; it has four bytes. */
    static boolean isNull(byte[] data, int at) {
        return (int) Bytes.eight(data, at) == NULL;
    }

    /** Whether the value is {@code true}; it has four bytes. */
    static boolean isTrue(byte[] data, int at) {
        return (int) Bytes.eight(data, at) == TRUE;
    }

    /** Whether the value is {@code false}; it has five bytes. */
    static boolean isFalse(byte[] data, int at) {
        return (Bytes.eight(data, at) & FIVE) == FALSE;
    }

    /** Any value. */
    static int value(byte[] data, int at) throws DeclinedException {
        return value(data, at, 0);
    }

    private static int value(byte[] data, int at, int depth) throws DeclinedException {
        switch (data[at]) {
            case '"':
                return text(data, at);
            case '{':
            case '[':
                return parts(data, at, depth + 1);
            case 't':
                return after(at + 4, isTrue(data, at));
            case 'f':
                return after(at + 5, isFalse(data, at));
            case 'n':
                return after(at + 4, isNull(data, at));
            default:
                return number(data, at);
        }
    }

    private static int after(int end, boolean isIt) throws DeclinedException {
        if (!isIt) {
            throw DeclinedException.INSTANCE;
        }
        return end;
    }

    private static int parts(byte[] data, int at, int depth) throws DeclinedException {
        boolean named = data[at] == '{';
        byte close = (byte) (named ? '}' : ']');
        int i = space(data, at + 1);
        if (data[i] == close) {
            return i + 1;
        }
        if (depth > DEEPEST) {
            throw DeclinedException.INSTANCE;
        }
        while (true) {
            if (named) {
                i = space(data, colon(data, space(data, after(text(data, i), data[i] == '"'))));
            }
            i = space(data, value(data, i, depth));
            if (data[i] == close) {
                return i + 1;
            }
            i = space(data, after(i + 1, data[i] == ','));
        }
    }

    /** The colon after a name. */
    static int colon(byte[] data, int at) throws DeclinedException {
        return after(at + 1, data[at] == ':');
    }
}
