"""The notifier's metrics, a closed list."""

from typing import Final

from prometheus_client import Counter, Histogram

DELIVERIES: Final = Counter(
    "bugalou_notifier_deliveries_total", "Delivery attempts by their outcome", ("channel", "outcome")
)

LAG_SECONDS: Final = Histogram(
    "bugalou_notifier_lag_seconds",
    "From the moment a message fell due to its hand-over",
    ("channel",),
    buckets=(0.1, 0.5, 1, 2, 5, 10, 30, 60, 300, 1800, 7200),
)
