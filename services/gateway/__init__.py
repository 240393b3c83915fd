"""HTTP in, RabbitMQ out: takes submissions, and answers once the broker holds them."""
