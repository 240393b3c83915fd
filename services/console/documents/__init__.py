"""What the console answers, as Structs; its API is described by them, and tests hold them to the real answers."""
