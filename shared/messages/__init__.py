"""The words of a notification: composed from an order in the client's language, rendered as text and as HTML."""
