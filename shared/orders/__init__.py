"""What an order is made of: its fields, how they are read from a request, and how money is written."""
