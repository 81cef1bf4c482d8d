"""H2O-3 MOJOs on h2o-genmodel."""
