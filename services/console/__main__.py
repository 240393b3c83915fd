"""Runs one console."""

import sys

from services.console.app import graph
from services.console.settings import fill
from shared.lifecycle import run_service

if __name__ == "__main__":
    sys.exit(run_service("console", fill, graph))
