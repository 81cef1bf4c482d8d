"""The command dai-nifi: a local NiFi, archives, models and flows. Its verbs are functions in the packages here."""
