"""A real registry for tests, images made for it, and a proxy that makes the faults that a good registry never shows."""
