"""Runs one worker."""

import sys

from services.worker.app import graph
from services.worker.settings import fill
from shared.lifecycle import run_service

if __name__ == "__main__":
    sys.exit(run_service("worker", fill, graph))
