package daiscoring.rows;

import java.math.BigDecimal;
import java.math.MathContext;
import java.math.RoundingMode;
import java.nio.charset.StandardCharsets;
import java.time.Instant;
import java.time.LocalDateTime;
import java.time.ZoneOffset;
import java.time.format.DateTimeFormatter;

/** The texts of values: as levels of a category, as values/coerce.py has them, and to be shown, as formats/text.py does. */
final class ValueTexts {
    /** So many characters of a rejected value are shown. */
    private static final int SHOWN = 200;
    private static final DateTimeFormatter TIME = DateTimeFormatter.ofPattern("uuuu-MM-dd HH:mm:ss.SSSSSSSSS");
    private static final double EXACT = 0x1p53;

    private ValueTexts() {
    }

    /** 3.0 is "3": the level of a column of integers that met a missing value before. */
    static String asLevel(Object value) {
        if (value instanceof Instant) {
            return TIME.format(LocalDateTime.ofInstant((Instant) value, ZoneOffset.UTC));
        }
        if (!(value instanceof Double) && !(value instanceof Float)) {
            return value.toString();
        }
        double number = ((Number) value).doubleValue();
        if (value instanceof Double && Math.abs(number) <= EXACT && number == Math.rint(number) && number != 0) {
            return Long.toString((long) number);
        }
        if (Double.isInfinite(number)) {
            return number > 0 ? "inf" : "-inf";
        }
        BigDecimal digits = shortest(number, value instanceof Float);
        int exponent = digits.precision() - digits.scale() - 1;
        String sign = 1 / number < 0 || number < 0 ? "-" : "";
        if (number == 0 || exponent >= -6 && exponent < 10) {
            return sign + (number == 0 ? "0" : digits.toPlainString());
        }
        String unscaled = digits.unscaledValue().toString();
        String point = unscaled.length() > 1 ? "." + unscaled.substring(1) : "";
        return sign + unscaled.charAt(0) + point + "e" + (exponent < 0 ? "-" : "+") + Math.abs(exponent);
    }

    /** A rejected value: null for null, a long text cut off. */
    static String shown(Object value) {
        if (value == null) {
            return null;
        }
        String text = text(value);
        int end = text.length() <= SHOWN ? text.length() : text.offsetByCodePoints(0, Math.min(SHOWN, text.codePointCount(0, text.length())));
        return end == text.length() ? text : text.substring(0, end) + "...";
    }

    private static String text(Object value) {
        if (value instanceof Object[]) {
            return String.valueOf(((Object[]) value)[0]);
        }
        if (value instanceof byte[]) {
            return new String((byte[]) value, StandardCharsets.UTF_8);
        }
        if (value instanceof Instant) {
            return asLevel(value).replace(' ', 'T');
        }
        if (value instanceof Double || value instanceof Float) {
            return number(((Number) value).doubleValue());
        }
        return value.toString();
    }

    private static String number(double number) {
        if (Double.isNaN(number) || Double.isInfinite(number)) {
            return Double.isNaN(number) ? "NaN" : number > 0 ? "inf" : "-inf";
        }
        String sign = 1 / number < 0 || number < 0 ? "-" : "";
        if (number == 0) {
            return sign + "0.0";
        }
        BigDecimal digits = shortest(number, false);
        int exponent = digits.precision() - digits.scale() - 1;
        if (exponent >= -5 && exponent < 16) {
            String plain = digits.toPlainString();
            return sign + plain + (plain.indexOf('.') < 0 ? ".0" : "");
        }
        String unscaled = digits.unscaledValue().toString();
        return sign + unscaled.charAt(0) + (unscaled.length() > 1 ? "." + unscaled.substring(1) : "") + "e" + exponent;
    }

    /** The absolute value with the fewest digits that are read as the same number; Double.toString may give more. */
    private static BigDecimal shortest(double number, boolean isSingle) {
        BigDecimal exact = new BigDecimal(Math.abs(number));
        for (int precision = 1; ; precision++) {
            BigDecimal found = exact.round(new MathContext(precision, RoundingMode.HALF_EVEN));
            boolean isSame = isSingle
                    ? found.floatValue() == (float) Math.abs(number)
                    : found.doubleValue() == Math.abs(number);
            if (isSame) {
                return found.stripTrailingZeros();
            }
        }
    }
}
