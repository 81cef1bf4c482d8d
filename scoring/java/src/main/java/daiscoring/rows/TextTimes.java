package daiscoring.rows;

import java.math.BigDecimal;
import java.time.DateTimeException;
import java.time.Instant;
import java.time.LocalDate;
import java.util.regex.Matcher;
import java.util.regex.Pattern;

/** Times as milliseconds since 1970-01-01T00:00 UTC, as dai_scoring/values/times.py reads them. */
final class TextTimes {
    static final long DAY = 86_400_000L;

    private static final Pattern ISO = Pattern.compile(
            "([0-9]{4})-([0-9]{2})-([0-9]{2})(?:[T ]([0-9]{2}):([0-9]{2})(?::([0-9]{2})(?:[.,]([0-9]+))?)?"
                    + "[\\t\\n\\f\\r ]?(?:[Zz]|([+-])([0-9]{2})(?::?([0-9]{2}))?)?)?");
    private static final Pattern NUMBER = Pattern.compile("[+-]?[0-9]{1,19}(?:\\.[0-9]{0,9})?(?:[eE]\\+?[0-9]{1,2})?");
    private static final BigDecimal MOST = BigDecimal.valueOf(2).pow(63);
    private static final int LAST_HOUR = 23;
    private static final int LAST_MINUTE = 59;

    private TextTimes() {
    }

    /** Of yyyy-mm-dd, alone or with a time, a fraction and a zone; null for other texts and days that do not exist. */
    static Long iso(String text) {
        Matcher read = ISO.matcher(text);
        if (!read.matches()) {
            return null;
        }
        int hour = number(read.group(4));
        int minute = number(read.group(5));
        int second = number(read.group(6));
        int zoneHour = number(read.group(9));
        int zoneMinute = number(read.group(10));
        if (Math.max(hour, zoneHour) > LAST_HOUR || Math.max(Math.max(minute, second), zoneMinute) > LAST_MINUTE) {
            return null;
        }
        long day;
        try {
            day = LocalDate.of(number(read.group(1)), number(read.group(2)), number(read.group(3))).toEpochDay();
        } catch (DateTimeException e) {
            return null;
        }
        // Of a fraction three digits count.
        int millis = read.group(7) == null ? 0 : number((read.group(7) + "00").substring(0, 3));
        long zone = (zoneHour * 60L + zoneMinute) * 60_000;
        long found = day * DAY + ((hour * 60L + minute) * 60 + second) * 1000 + millis;
        return "-".equals(read.group(8)) ? found + zone : found - zone;
    }

    /** Of a whole number of milliseconds; null for other texts. */
    static Long milliseconds(String text) {
        if (!NUMBER.matcher(text).matches()) {
            return null;
        }
        BigDecimal number = new BigDecimal(text);
        boolean isWhole = number.stripTrailingZeros().scale() <= 0;
        return isWhole && number.abs().compareTo(MOST) < 0 ? number.longValueExact() : null;
    }

    /** What is less than a millisecond is cut off, towards 1970. */
    static long millis(Instant time) {
        long floor = time.toEpochMilli();
        boolean isCut = floor < 0 && time.getNano() % 1_000_000 != 0;
        return isCut ? floor + 1 : floor;
    }

    private static int number(String digits) {
        return digits == null ? 0 : Integer.parseInt(digits);
    }
}
