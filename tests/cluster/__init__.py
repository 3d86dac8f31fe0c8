"""A real Kubernetes API server for tests and demos, without Docker; see README.md beside this file."""
