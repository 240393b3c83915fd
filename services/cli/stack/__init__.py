"""The local stack: private servers, every service as a process of its own, and their supervisor."""
