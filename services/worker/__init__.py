"""RabbitMQ in, Postgres out: settles submissions into history, orders and outbox, one transaction a batch."""
