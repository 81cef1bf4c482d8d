package daiscoring;

/** Some value is not plainly written: the readers in Python judge it, and the rows with it. */
public final class NotPlainException extends Exception {
    /** The only one; it says nothing of the value. */
    static final NotPlainException IT = new NotPlainException();

    private static final long serialVersionUID = 1L;

    private NotPlainException() {
        super(null, null, false, false);
    }
}
