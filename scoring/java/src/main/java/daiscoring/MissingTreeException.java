package daiscoring;

import java.io.IOException;

/** The file of a model lacks a tree of it. */
public final class MissingTreeException extends IOException {
    private static final long serialVersionUID = 1L;

    MissingTreeException(String name) {
        super("the tree " + name + " is not in the file");
    }
}
