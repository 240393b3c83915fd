"""Runs one relay."""

import sys

from services.relay.app import graph
from services.relay.settings import fill
from shared.lifecycle import run_service

if __name__ == "__main__":
    sys.exit(run_service("relay", fill, graph))
