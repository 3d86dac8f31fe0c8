"""Where facts come from: manifests, clusters, policy documents, the clock. Foreign errors are translated here."""
