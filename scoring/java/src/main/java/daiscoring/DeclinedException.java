package daiscoring;

/** A value that Java does not judge: the readers in Python judge it, and the rows read with it. */
public final class DeclinedException extends Exception {
    /** The only one; it says nothing of the value. */
    public static final DeclinedException INSTANCE = new DeclinedException();

    private static final long serialVersionUID = 1L;

    private DeclinedException() {
        super(null, null, false, false);
    }
}
