"""Fuzzing: inputs that nobody thought of, for what reads them (`make fuzz`)."""
