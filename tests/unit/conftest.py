"""Settings of all unit tests: property tests give the same answer on every run and take no account of a busy machine."""

from hypothesis import HealthCheck, settings

# `pytest --hypothesis-profile=explore` looks for news: random, and a hundred times as long.
settings.register_profile(
    "unit", max_examples=80, derandomize=True, deadline=None, database=None, suppress_health_check=[HealthCheck.too_slow]
)
settings.register_profile("explore", max_examples=8000, deadline=None)
settings.load_profile("unit")
