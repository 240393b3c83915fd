"""How much of everything is done: enough to see ratios in minutes, or all of it."""

from msgspec import Struct


class Scale(Struct, frozen=True, kw_only=True):
    """Sizes of a run; `rounds` is how often contenders take turns, of which the middle counts."""

    name: str
    rounds: int
    seconds: float
    queue: int
    sizes: tuple[int, ...]
    memory_orders: int
    events: int
    mails: int


QUICK = Scale(
    name="quick",
    rounds=2,
    seconds=3.0,
    queue=20_000,
    sizes=(1_000, 10_000, 100_000),
    memory_orders=60_000,
    events=10_000,
    mails=1_000,
)
FULL = Scale(
    name="full",
    rounds=5,
    seconds=10.0,
    queue=100_000,
    sizes=(1_000, 10_000, 100_000, 1_000_000, 10_000_000),
    memory_orders=1_000_000,
    events=100_000,
    mails=10_000,
)
SCALES = {scale.name: scale for scale in (QUICK, FULL)}
