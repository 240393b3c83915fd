"""Runs one gateway."""

import sys

from services.gateway.app import graph
from services.gateway.settings import fill
from shared.lifecycle import run_service

if __name__ == "__main__":
    sys.exit(run_service("gateway", fill, graph))
