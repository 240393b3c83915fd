"""Webhooks: an account's events, sent to addresses of its own, signed as Standard Webhooks 1.0.0 says."""
