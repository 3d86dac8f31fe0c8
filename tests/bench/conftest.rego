package main

import rego.v1

# The rule that users write instead: no snapshots, no lines that are at their end.
ended := {"0", "1", "2"}

images contains container.image if {
	some container in input.spec.template.spec.containers
}

images contains container.image if {
	some container in input.spec.template.spec.initContainers
}

deny contains message if {
	some image in images
	contains(image, "SNAPSHOT")
	message := sprintf("%s %s: %s is a snapshot", [input.kind, input.metadata.name, image])
}

deny contains message if {
	some image in images
	startswith(image, "perfana/")
	found := regex.find_all_string_submatch_n(`:(?:[a-z-]+-)?(\d+)\.`, image, 1)
	found[0][1] in ended
	message := sprintf("%s %s: %s is at its end of life", [input.kind, input.metadata.name, image])
}
