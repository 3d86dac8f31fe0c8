"""A whole Kubernetes node for tests, with real containers and without Docker; see README.md beside this file."""
