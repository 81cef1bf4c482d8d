package daiscoring.rows;

/** A loaded model that scores columns of values which were judged. Safe for threads. */
interface RowModel {
    /**
     * Score rows.
     *
     * @param arrays for each input an array of {@link Judge#newArray}, with exactly so many elements
     */
    Scored score(Object[] arrays, int rows);

    /** Milliseconds since 1970 for a text in a form of the model's own; null where it has none for it. */
    Long time(String column, String text);

    /** Predictions of rows. */
    interface Scored {
        /** A prediction as an object of the JDK; null where missing. */
        Object prediction(int row, int output);

        /** Why the model refused the row; null where it did not. */
        String refusal(int row);
    }
}
