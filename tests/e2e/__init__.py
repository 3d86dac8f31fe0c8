"""The whole of it where it is meant to run: installed by Helm, the operator's own image in a pod of a real node."""
