"""The notifier: events in, the outside world out."""
