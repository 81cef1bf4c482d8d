"""The models of a deployed flow: which processors score with them, and how one takes the place of another."""
