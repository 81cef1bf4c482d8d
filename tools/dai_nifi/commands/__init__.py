"""The verbs of dai-nifi: one a module, thin; what they do is in the packages of the tool."""
