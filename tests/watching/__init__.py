"""Watching the operator: the real Prometheus, its promtool, and a picture of the dashboard that ships."""
