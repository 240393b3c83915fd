"""Runs one notifier, for all channels or for those named: `python -m services.notifier --channel email`."""

import argparse
import sys
from functools import partial

from services.notifier.app import CHANNELS, graph
from services.notifier.settings import fill
from shared.lifecycle import run_service

if __name__ == "__main__":
    parser = argparse.ArgumentParser(prog="python -m services.notifier", description=__doc__)
    parser.add_argument("--channel", action="append", choices=CHANNELS, help="serve this channel only (repeatable)")
    channels = parser.parse_args().channel or CHANNELS
    sys.exit(run_service("notifier", fill, partial(graph, channels=channels)))
