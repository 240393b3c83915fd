"""`bugalou demo-data`: a believable year of a small Dutch studio, the same each time for the same seed and day."""
