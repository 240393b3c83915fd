"""What the services that speak HTTP share: the server with its deadlines, errors as problem documents, and API keys."""
