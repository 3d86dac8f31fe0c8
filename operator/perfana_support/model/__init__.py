"""Values: releases, tags, image references, the policy, an installation, findings and verdicts. Pure."""
