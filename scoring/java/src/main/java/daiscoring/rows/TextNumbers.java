package daiscoring.rows;

import java.math.BigDecimal;
import java.math.BigInteger;
import java.math.MathContext;
import java.util.Locale;
import java.util.Set;
import java.util.regex.Matcher;
import java.util.regex.Pattern;

/** Numbers in texts that {@link daiscoring.TextColumn} leaves; as dai_scoring/values/numbers.py reads them. */
final class TextNumbers {
    private static final String UNSIGNED = "(?:[0-9]+\\.?[0-9]*|\\.[0-9]+)(?:[eE][+-]?[0-9]+)?";
    private static final Pattern NUMBER = Pattern.compile("[+-]?" + UNSIGNED);
    private static final Pattern SIGNED = Pattern.compile("(\\$?)([+-]?" + UNSIGNED + ")( *%)?");
    private static final Pattern SPECIAL = Pattern.compile("([+-]?)(?:(nan)|inf(?:inity)?)");
    private static final Pattern INTEGER = Pattern.compile("[+-]?[0-9]+");
    /** The precision and the largest exponent of Python's decimals. */
    private static final MathContext DECIMAL = new MathContext(28);
    private static final int LARGEST_EXPONENT = 999_999;
    private static final int LONGEST_INTEGER = 19;

    private final Set<String> literals;
    private final boolean withSigns;

    TextNumbers(Set<String> literals, boolean withSigns) {
        this.literals = literals;
        this.withSigns = withSigns;
    }

    /** The text without white space around it; null where it means a missing value. */
    String present(String text) {
        String trimmed = trimmed(text);
        return trimmed.isEmpty() || literals.contains(trimmed) ? null : trimmed;
    }

    /** The number that a present text is; NaN where it is "nan", null where it is no number. */
    Double number(String text) {
        if (isNumber(text)) {
            return Double.valueOf(text);
        }
        String lower = text.toLowerCase(Locale.ROOT);
        if (lower.equals("true") || lower.equals("false")) {
            return lower.equals("true") ? 1.0 : 0.0;
        }
        Matcher special = SPECIAL.matcher(lower);
        if (special.matches()) {
            double infinite = special.group(1).equals("-") ? Double.NEGATIVE_INFINITY : Double.POSITIVE_INFINITY;
            return special.group(2) != null ? Double.NaN : infinite;
        }
        return withSigns ? signed(text) : null;
    }

    private static Double signed(String text) {
        Matcher read = SIGNED.matcher(text);
        if (!read.matches()) {
            return null;
        }
        if (read.group(3) == null) {
            return Double.valueOf(read.group(2));
        }
        try {
            BigDecimal percent = new BigDecimal(read.group(2)).scaleByPowerOfTen(-2).round(DECIMAL);
            boolean isTooLarge = percent.signum() != 0 && percent.precision() - percent.scale() - 1L > LARGEST_EXPONENT;
            return isTooLarge ? null : percent.doubleValue();
        } catch (ArithmeticException | NumberFormatException e) {
            return null;
        }
    }

    /** Digits and an exponent or a point, as Double.parseDouble reads them. */
    static boolean isNumber(String text) {
        return NUMBER.matcher(text).matches();
    }

    /** Digits alone, with a sign or without. */
    static boolean isInteger(String text) {
        return INTEGER.matcher(text).matches();
    }

    /** The integer; null where it has more than 64 bits. */
    static Long integer(String text) {
        int first = 0;
        while (first < text.length() && "+-0".indexOf(text.charAt(first)) >= 0) {
            first++;
        }
        if (text.length() - first > LONGEST_INTEGER) {
            return null;
        }
        BigInteger number = new BigInteger(text);
        return number.bitLength() < Long.SIZE ? number.longValue() : null;
    }

    private static String trimmed(String text) {
        int from = 0;
        int to = text.length();
        while (from < to && isSpace(text.charAt(from))) {
            from++;
        }
        while (to > from && isSpace(text.charAt(to - 1))) {
            to--;
        }
        return text.substring(from, to);
    }

    /** White space as Unicode has it. */
    private static boolean isSpace(char one) {
        if (one < 0x80) {
            return one == ' ' || one >= '\t' && one <= '\r' || one >= 0x1C && one <= 0x1F;
        }
        return one == 0x85 || Character.isSpaceChar(one);
    }
}
