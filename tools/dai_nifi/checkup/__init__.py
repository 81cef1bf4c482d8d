"""A look at a NiFi and at what is deployed there: what is wrong, and how to put it right."""
