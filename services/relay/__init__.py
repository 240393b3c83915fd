"""What has fallen due in Postgres goes out to RabbitMQ: the outbox's events, each at least once, and reminders."""
