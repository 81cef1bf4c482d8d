"""The program that runs inside the environment of a pipeline."""
