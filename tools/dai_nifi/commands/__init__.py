"""The verbs of dai-nifi: one a file, thin; what they do is in the packages beside this one."""
