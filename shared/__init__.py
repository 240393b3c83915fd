"""What two services need, or what stands on the wire; services never import each other."""
