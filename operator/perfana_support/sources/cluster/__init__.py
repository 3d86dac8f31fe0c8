"""A live cluster: the connection, reflectors that follow it, and the store of what they saw."""
