"""What dai-nifi does with a NiFi: one verb a module; what the verbs are made of is in the folders."""
