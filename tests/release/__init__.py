"""What a release is made of, written into dist/: the wheel, the single files and krew's manifest."""
