"""What a single file runs first; it is copied into the file and imports nothing of the repository."""
