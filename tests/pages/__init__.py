"""The documentation as a site: what builds it, and where its links lead."""
