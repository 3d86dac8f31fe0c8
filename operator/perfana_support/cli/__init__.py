"""The command line: parse arguments, call, print, exit. Starts in milliseconds, so the operator is imported only to run it."""
