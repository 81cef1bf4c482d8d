"""The Java virtual machine of this process, its jars and options, and what crosses between it and Arrow."""
