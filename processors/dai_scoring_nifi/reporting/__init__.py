"""What users and tools are shown: bulletins, validation messages, errors at the start and the component state."""
