"""One change of a deployed flow at a time: a lease says who changes it, a journal what was begun and not finished."""
