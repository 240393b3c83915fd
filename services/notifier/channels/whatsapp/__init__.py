"""WhatsApp by Meta's Cloud API: template messages, whose fate is told later by a status webhook."""
