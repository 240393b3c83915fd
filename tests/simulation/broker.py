"""A broker that does all that a broker may do to messages, short of losing one."""

from collections.abc import Sequence
from random import Random

from msgspec import Struct

from shared.contracts import Submission


class Delivery(Struct, frozen=True, eq=False):
    """A message in the hands of a worker."""

    submissions: Sequence[Submission]


class Broker:
    """Delivers messages in any order, some of them twice, and again until they are acknowledged.

    `faults` bounds the mischief, so that the queue runs dry in the end.
    """

    def __init__(self, random: Random, faults: int) -> None:
        self._random = random
        self._faults = faults
        self._waiting: list[Sequence[Submission]] = []

    def publish(self, submissions: Sequence[Submission]) -> None:
        """Take a message; one whose confirm is lost on the way back is published again, cut anew."""
        self._waiting.append(submissions)
        if len(submissions) > 1 and self.misbehaves(0.1):
            middle = self._random.randrange(1, len(submissions))
            self._waiting += [submissions[middle:], submissions[:middle]]
        elif self.misbehaves(0.1):
            self._waiting.append(submissions)

    def misbehaves(self, probability: float) -> bool:
        """Decide whether something goes wrong now, as often as may still be."""
        if self._faults and self._random.random() < probability:
            self._faults -= 1
            return True
        return False

    @property
    def is_empty(self) -> bool:
        """Whether no message waits."""
        return not self._waiting

    def deliver(self) -> Delivery:
        """Hand over a message: mostly the oldest, often any."""
        position = 0 if self._random.random() < 0.4 else self._random.randrange(len(self._waiting))
        return Delivery(self._waiting.pop(position))

    def acknowledge(self, delivery: Delivery) -> None:
        """Forget a message, unless its acknowledgement is lost."""
        if self.misbehaves(0.1):
            self.take_back(delivery)

    def take_back(self, delivery: Delivery) -> None:
        """Put the message of a worker that died back into the queue."""
        self._waiting.append(delivery.submissions)
