package daiscoring.rows;

import java.time.DateTimeException;
import java.time.LocalDateTime;
import java.time.ZoneOffset;
import java.util.List;
import java.util.Locale;
import java.util.regex.Matcher;
import java.util.regex.Pattern;

/** Texts that H2O-3's parser reads as times, beyond ISO 8601; as dai_scoring/values/h2o_times.py reads them. */
final class H2oTimes {
    private static final List<String> MONTHS = List.of(
            "january", "february", "march", "april", "may", "june", "july", "august", "september", "october",
            "november", "december");
    private static final String YEAR = "(?<year>[0-9]{4}|[0-9]{2})";
    private static final String TIME = "(?<hour>[0-9]{1,2}):(?<minute>[0-9]{1,2}):(?<second>[0-9]{1,2})"
            + "(?:[.:](?<fraction>[0-9]{0,9}))?(?: ?(?<half>AM|PM))?";
    private static final List<String> DATES = List.of(
            "(?<year>[0-9]{4})-(?<month>[0-9]{1,2})-(?<day>[0-9]{1,2})",
            "(?<month>[0-9]{1,2})(?<mark>[/-])(?<day>[0-9]{1,2})\\k<mark>" + YEAR,
            "(?<day>[0-9]{1,2})(?<mark>-?)(?<month>[A-Za-z]{3,9})\\k<mark>" + YEAR);
    private static final Pattern[] WITH_DATES = DATES.stream()
            .map(date -> Pattern.compile(date + "(?: +" + TIME + ")?"))
            .toArray(Pattern[]::new);
    private static final Pattern MONTH = Pattern.compile("(?<year>[0-9]{4})-(?<month>[0-9]{1,2})");
    private static final Pattern ONLY_TIME = Pattern.compile(TIME);
    private static final int FIRST_OF_CENTURY = 69;
    private static final int NOON = 12;

    private H2oTimes() {
    }

    /** Milliseconds since 1970 of a date, a date with a time, a month, or a time of 1970-01-01; null for other texts. */
    static Long parse(String text) {
        for (Pattern form : WITH_DATES) {
            Matcher found = form.matcher(text);
            if (found.matches()) {
                return millis(found.group("year"), found.group("month"), found.group("day"), found);
            }
        }
        Matcher month = MONTH.matcher(text);
        if (month.matches()) {
            return millis(month.group("year"), month.group("month"), null, null);
        }
        Matcher time = ONLY_TIME.matcher(text);
        return time.matches() ? millis(null, null, null, time) : null;
    }

    private static Long millis(String year, String month, String day, Matcher time) {
        boolean hasTime = time != null && time.group("hour") != null;
        int hour = hasTime ? number(time.group("hour")) : 0;
        String half = hasTime ? time.group("half") : null;
        if (half != null) {
            if (hour < 1 || hour > NOON) {
                return null;
            }
            // Noon, 12:00:00 PM, is midnight to H2O-3.
            hour = half.equals("PM") ? (hour + NOON) % (2 * NOON) : hour;
        }
        try {
            LocalDateTime found = LocalDateTime.of(
                    year == null ? 1970 : year(year),
                    month == null ? 1 : month(month),
                    day == null ? 1 : number(day),
                    hour,
                    hasTime ? number(time.group("minute")) : 0,
                    hasTime ? number(time.group("second")) : 0);
            if (found.getYear() < 1) {
                return null;
            }
            String fraction = hasTime ? time.group("fraction") : null;
            int millis = fraction == null || fraction.isEmpty()
                    ? 0
                    : number(fraction.substring(0, Math.min(3, fraction.length())));
            return found.toEpochSecond(ZoneOffset.UTC) * 1000 + millis;
        } catch (DateTimeException e) {
            return null;
        }
    }

    private static int year(String text) {
        int year = number(text);
        return text.length() > 2 ? year : year + (year >= FIRST_OF_CENTURY ? 1900 : 2000);
    }

    /** From 1 to 12; 0 if the text names no month. */
    private static int month(String text) {
        if (Character.isDigit(text.charAt(0))) {
            return number(text);
        }
        String lower = text.toLowerCase(Locale.ROOT);
        for (int m = 0; m < MONTHS.size(); m++) {
            if (lower.equals(MONTHS.get(m)) || lower.equals(MONTHS.get(m).substring(0, 3))) {
                return m + 1;
            }
        }
        return 0;
    }

    private static int number(String digits) {
        return Integer.parseInt(digits);
    }
}
