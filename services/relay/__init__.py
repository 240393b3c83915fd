"""What has fallen due in Postgres goes out to RabbitMQ: the events of the outbox, each at least once."""
