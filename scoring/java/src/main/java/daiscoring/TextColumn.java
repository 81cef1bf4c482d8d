package daiscoring;

import java.nio.charset.StandardCharsets;
import java.util.Arrays;

/**
 * How the texts of one column of the model are read. Safe for threads.
 *
 * <p>It reads what programs usually write, and must give the same values as dai_scoring/values/coerce.py. Anything else
 * raises a DeclinedException.
 */
public final class TextColumn {
    /** The type of a column, by the name it has in Driverless AI; LEVEL is the index of a category's level. */
    public enum Kind { FLOAT32, FLOAT64, INT32, INT64, BOOL, STR, TIME64, LEVEL }

    /** Integers below are exact in double precision. */
    public static final long EXACT = 1L << 53;
    /** Milliseconds of so many digits are exact in double precision. */
    private static final int TIME_DIGITS = 15;
    /** So many digits fit into a long. */
    private static final int DIGITS = 18;
    private static final double[] POWERS = new double[23];

    static {
        for (int i = 0; i < POWERS.length; i++) {
            POWERS[i] = Double.parseDouble("1e" + i);
        }
    }

    public final Kind kind;
    private final byte[][] missing;
    /** A bit for each length that they have, the last for all from 63 on. */
    private final long missingLengths;
    private final double[] missingNumbers;
    private final Levels levels;

    /**
     * @param type the column's type, or "Level"
     * @param missing the texts that mean a missing value, in addition to the empty one if the column is not text
     * @param missingNumbers those of them that are finite numbers
     * @param levels of a category, in the order of their indices; else null
     */
    public TextColumn(String type, String[] missing, double[] missingNumbers, String[] levels) {
        this.kind = Kind.valueOf(type.toUpperCase(java.util.Locale.ROOT));
        this.missing = new byte[missing.length][];
        long lengths = 0;
        for (int i = 0; i < missing.length; i++) {
            this.missing[i] = missing[i].getBytes(StandardCharsets.UTF_8);
            lengths |= 1L << Math.min(this.missing[i].length, 63);
        }
        this.missingLengths = lengths;
        this.missingNumbers = missingNumbers;
        this.levels = levels == null ? null : new Levels(levels);
    }

    /** Whether it is one of the texts that mean a missing value. */
    public boolean isMissing(byte[] data, int from, int to) {
        if ((missingLengths >> Math.min(to - from, 63) & 1) == 0) {
            return false;
        }
        for (byte[] one : missing) {
            if (Arrays.equals(one, 0, one.length, data, from, to)) {
                return true;
            }
        }
        return false;
    }

    /** A number, a time in milliseconds or a level's index; NaN if missing, {@link Levels#UNSEEN} for an unseen level. */
    public double asDouble(byte[] data, int from, int to) throws DeclinedException {
        switch (kind) {
            case FLOAT64:
                return number(data, from, to);
            case LEVEL:
                if (isMissing(data, from, to)) {
                    return Double.NaN;
                }
                int level = levels.read(data, from, to);
                return level == Levels.MISSING ? Double.NaN : level;
            case TIME64:
                long millis = timeOrMillis(data, from, to);
                return millis == Long.MIN_VALUE ? Double.NaN : millis;
            default:
                throw new IllegalStateException(kind.toString());
        }
    }

    /** A number in double precision, rounded once; NaN where missing. Eight bytes follow it. */
    public double number(byte[] data, int from, int to) throws DeclinedException {
        if (from == to) {
            return Double.NaN;
        }
        int sign = data[from] == '-' ? 1 : 0;
        int length = to - from - sign;
        if (length > Long.BYTES) {
            return longNumber(data, from, to);
        }
        long bytes = Bytes.eight(data, from + sign);
        int point = Bytes.point(bytes, length);
        long digits = Bytes.digits(bytes, length, point);
        if (digits < 0) {
            return longNumber(data, from, to);
        }
        // Both are exact, so that the quotient is rounded once, as the text itself would be.
        double found = digits / POWERS[Math.max(0, length - point - 1)];
        found = sign == 0 ? found : -found;
        return isMissingNumber(found) ? missingOrNot(data, from, to) : found;
    }

    /** The same for numbers of any length and form. */
    private double longNumber(byte[] data, int from, int to) throws DeclinedException {
        int at = data[from] == '-' ? from + 1 : from;
        int first = at;
        long digits = 0;
        while (at < to && Bytes.isDigit(data[at])) {
            digits = digits * 10 + (data[at++] - '0');
        }
        int count = at - first;
        int scale = 0;
        if (at < to && data[at] == '.') {
            first = ++at;
            while (at < to && Bytes.isDigit(data[at])) {
                digits = digits * 10 + (data[at++] - '0');
            }
            scale = at - first;
        }
        count += scale;
        if (count == 0 || at < to && (data[at] | 0x20) != 'e') {
            return missingOrNot(data, from, to);
        }
        double found;
        if (at == to && count <= DIGITS && digits <= EXACT) {
            found = digits / POWERS[scale];
            found = data[from] == '-' ? -found : found;
        } else {
            found = parsed(data, from, at, to);
        }
        return isMissingNumber(found) ? missingOrNot(data, from, to) : found;
    }

    private boolean isMissingNumber(double number) {
        for (double one : missingNumbers) {
            if (number == one) {
                return true;
            }
        }
        return false;
    }

    private double parsed(byte[] data, int from, int exponent, int to) throws DeclinedException {
        if (exponent < to) {
            int at = exponent + 1;
            at += at < to && (data[at] == '-' || data[at] == '+') ? 1 : 0;
            if (at == to || !Bytes.areDigits(data, at, to)) {
                return missingOrNot(data, from, to);
            }
        }
        double found = Double.parseDouble(new String(data, from, to - from, StandardCharsets.ISO_8859_1));
        if (Double.isInfinite(found)) {
            throw DeclinedException.INSTANCE;
        }
        return found;
    }

    private double missingOrNot(byte[] data, int from, int to) throws DeclinedException {
        if (isMissing(data, from, to)) {
            return Double.NaN;
        }
        throw DeclinedException.INSTANCE;
    }

    /** An integer that is at most {@code most}, and at least its opposite; Long.MIN_VALUE where missing. */
    public long integer(byte[] data, int from, int to, long most) throws DeclinedException {
        int at = from < to && data[from] == '-' ? from + 1 : from;
        long found = 0;
        int end = at;
        while (end < to && Bytes.isDigit(data[end])) {
            found = found * 10 + (data[end++] - '0');
        }
        if (end == at || end - at > DIGITS || end < to && !isZeroFraction(data, end, to)) {
            return missingInteger(data, from, to);
        }
        if (found > most || end < to && found >= EXACT) {
            throw DeclinedException.INSTANCE;
        }
        found = at > from ? -found : found;
        return isMissingNumber(found) ? missingInteger(data, from, to) : found;
    }

    private long missingInteger(byte[] data, int from, int to) throws DeclinedException {
        if (from == to || isMissing(data, from, to)) {
            return Long.MIN_VALUE;
        }
        throw DeclinedException.INSTANCE;
    }

    /** 1 for true, 0 for false, -1 where missing. */
    public int truth(byte[] data, int from, int to) throws DeclinedException {
        if (from == to || isMissing(data, from, to)) {
            return -1;
        }
        if (to - from == 1 && (data[from] == '0' || data[from] == '1')) {
            return data[from] - '0';
        }
        if (isWord("true", data, from, to)) {
            return 1;
        }
        if (isWord("false", data, from, to)) {
            return 0;
        }
        throw DeclinedException.INSTANCE;
    }

    /** Milliseconds since 1970 UTC of yyyy-mm-dd, alone or with hh:mm:ss; Long.MIN_VALUE where missing. */
    public long time(byte[] data, int from, int to) throws DeclinedException {
        if (from == to || isMissing(data, from, to)) {
            return Long.MIN_VALUE;
        }
        return UsualTimes.millis(data, from, to);
    }

    /** The same of H2O-3, to which a whole number is the milliseconds themselves. */
    private long timeOrMillis(byte[] data, int from, int to) throws DeclinedException {
        int digits = from < to && data[from] == '-' ? from + 1 : from;
        if (to == digits || to - digits > TIME_DIGITS || !Bytes.areDigits(data, digits, to) || isMissing(data, from, to)) {
            return time(data, from, to);
        }
        long millis = 0;
        for (int i = digits; i < to; i++) {
            millis = millis * 10 + (data[i] - '0');
        }
        return digits == from ? millis : -millis;
    }

    private static boolean isZeroFraction(byte[] data, int from, int to) {
        for (int i = from + 1; i < to; i++) {
            if (data[i] != '0') {
                return false;
            }
        }
        return data[from] == '.';
    }

    private static boolean isWord(String word, byte[] data, int from, int to) {
        if (to - from != word.length()) {
            return false;
        }
        for (int i = from; i < to; i++) {
            if ((data[i] | 0x20) != word.charAt(i - from)) {
                return false;
            }
        }
        return true;
    }
}
