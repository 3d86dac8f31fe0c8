"""Settings of all unit tests: property tests give the same answer on every run and take no account of a busy machine."""

from hypothesis import HealthCheck, Phase, settings

# `pytest --hypothesis-profile=explore` looks for news: random, and a hundred times as long.
settings.register_profile(
    "unit", max_examples=80, derandomize=True, deadline=None, database=None, suppress_health_check=[HealthCheck.too_slow]
)
settings.register_profile("explore", max_examples=8000, deadline=None)
# `make mutation`: thousands of runs, of which each asks only whether there is a failure, so nothing is made smaller.
settings.register_profile(
    "mutation", settings.get_profile("unit"), max_examples=4, phases=[Phase.explicit, Phase.reuse, Phase.generate]
)
settings.load_profile("unit")
