package daiscoring;

import java.time.DateTimeException;
import java.time.LocalDate;

/** Dates and times as programs usually write them. */
final class UsualTimes {
    private static final long DAY = 86_400_000L;

    private UsualTimes() {
    }

    /** Milliseconds since 1970 UTC of yyyy-mm-dd, alone or with hh:mm:ss. */
    static long millis(byte[] data, int from, int to) throws DeclinedException {
        int length = to - from;
        if (length != 10 && length != 19 || data[from + 4] != '-' || data[from + 7] != '-') {
            throw DeclinedException.INSTANCE;
        }
        int year = two(data, from) * 100 + two(data, from + 2);
        if (year == 0) {
            throw DeclinedException.INSTANCE;
        }
        long millis;
        try {
            millis = LocalDate.of(year, two(data, from + 5), two(data, from + 8)).toEpochDay() * DAY;
        } catch (DateTimeException e) {
            throw DeclinedException.INSTANCE;
        }
        if (length == 10) {
            return millis;
        }
        int at = from + 10;
        int hours = two(data, at + 1);
        int minutes = two(data, at + 4);
        int seconds = two(data, at + 7);
        boolean isSeparated = (data[at] == ' ' || data[at] == 'T') && data[at + 3] == ':' && data[at + 6] == ':';
        if (!isSeparated || hours > 23 || minutes > 59 || seconds > 59) {
            throw DeclinedException.INSTANCE;
        }
        return millis + ((hours * 60 + minutes) * 60L + seconds) * 1000;
    }

    private static int two(byte[] data, int at) throws DeclinedException {
        if (!Bytes.isDigit(data[at]) || !Bytes.isDigit(data[at + 1])) {
            throw DeclinedException.INSTANCE;
        }
        return (data[at] - '0') * 10 + data[at + 1] - '0';
    }
}
