"""The five services, the composition root that runs several HTTP ones in one process, and the command line."""
