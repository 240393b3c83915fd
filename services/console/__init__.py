"""Postgres out: reads orders and receipts over HTTP, and keeps accounts, keys and settings."""
