"""A verdict as others read it: a terminal's table, a JSON document, the status of a resource. Pure."""
