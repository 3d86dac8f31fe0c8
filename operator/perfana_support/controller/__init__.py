"""The operator. Kopf carries the project's own resources, the life cycle and the probes; see docs/adr/0001."""
