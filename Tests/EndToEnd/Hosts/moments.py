"""Moments of an installation at which it is killed: drawn by a seed, and spread over all that it comes by."""
import random
from dataclasses import dataclass


@dataclass
class Moment:
    # How much of the installation is to be behind us, from 0 to 1.
    share: float
    # The longest time after that, in seconds, for moments at which nothing is written for long.
    delay: float
    # Whether all that the installer has started is killed with it.
    whole: bool
    # What dpkg must be at then, as its database says it; none: whatever it is.
    aim: str | None = None


# A package that is being unpacked, one that waits for its configuration, and one whose script runs.
AIMS = ["install reinstreq half-installed", "install ok unpacked", "install ok half-configured"]


def draw(seed: int, count: int) -> list[Moment]:
    """One in each of `count` equal parts, but for the very end, which is over when it is seen. Some of the first half, in
    which packages come, are aimed at what dpkg does."""
    chance = random.Random(seed)
    moments = [Moment(0.97 * (number + chance.random()) / count, chance.choice([0, 0.05, 0.5]) * chance.random(), chance.random() < 0.5)
               for number in range(count)]
    for aim, moment in zip(AIMS, chance.sample(moments[2:count // 2 - 2], len(AIMS))):
        moment.aim, moment.whole, moment.delay = aim, True, 0
    return moments
