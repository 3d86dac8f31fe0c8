"""The tests: unit (fast, pure), integration (a real API server), and what they stand on."""
