"""Files scored on this machine: which file goes where, and the scoring of each."""
