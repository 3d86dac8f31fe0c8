"""OCI registries: what they say of images."""
