"""Two and three operators through minutes of bad weather: never two of them write at once.

`PERFANA_SIMULATIONS=5000 pytest tests/unit/controller/test_lease_simulation.py` plays as many schedules.
"""

import os
from random import Random

import pytest

from tests.unit.controller.world import Process, Weather, World

SCHEDULES = int(os.environ.get("PERFANA_SIMULATIONS", "60"))
SECONDS = 90.0
CALM_SECONDS = 60.0


def _play(seed: int) -> World:
    """Play one schedule: weather, stops, sleeps, deaths and other people's hands, then calm."""
    random = Random(seed)  # noqa: S311 - no secret
    worst = random.choice([0.02, 0.5, 3.0])
    weather = Weather(worst, *(random.choice([0.0, 0.02, 0.15]) for _ in range(3)))
    world = World(random, weather)
    durations = random.choice([(12.0, 12.0), (12.0, 30.0), (3.0, 12.0), (1.4, 1.4), (12.4, 12.4), (5.0, 5.0, 5.0)])
    for number, duration in enumerate(durations):
        # Clocks that differ by one in a hundred are broken; by less, usual.
        Process(world, f"p{number}", duration, random.uniform(0.995, 1.005))
    for _ in range(random.randrange(12)):
        world.at(random.uniform(0, SECONDS), lambda: _happen(world))
    world.go(SECONDS)
    world.weather = Weather()
    world.forbidden.clear()
    world.go(CALM_SECONDS)
    return world


def _happen(world: World) -> None:
    random = world.random
    process = random.choice(world.processes)
    what = random.randrange(8)
    if what <= 3:
        world.stop(process, random.choice([0.5, 3.0, 13.0, 40.0]) * random.random(), sleeps=what < 2)
    elif what == 4:
        world.forbidden.symmetric_difference_update({process.identity})
    elif what in (5, 6) and world.lease is not None:
        world.write({**world.lease, "metadata": {**world.lease["metadata"], "labels": {"touched": str(random.random())}}})
    elif sum(one.goes_on for one in world.processes) > 1 and process.goes_on and world.now >= process.stopped_until:
        (process.release if random.random() < 0.5 else process.end)()


@pytest.mark.parametrize("seed", range(SCHEDULES))
def test_never_two_write_at_once_and_one_does_in_the_end(seed: int) -> None:
    world = _play(seed)
    leaders = world.leaders
    world.close()
    assert world.double == []
    assert len(leaders) == 1
