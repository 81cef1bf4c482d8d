"""Files scored on this machine, without NiFi: which file goes where, and the scoring of each."""
