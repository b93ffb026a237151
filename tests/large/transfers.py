#!/usr/bin/python3
# SPDX-License-Identifier: MIT
"""tests/large/transfers.py [MIB]: 32 transfers of that many MiB (256) at once, uploads and downloads, files and a bucket; prints
the peak memory of both services and fails when one is above 96 MiB. Needs the programs (MEDIASTORE_BIN_DIR), and room for 20
objects in $TMPDIR and 9 in the memory of the S3 server that it starts."""

import pathlib
import sys

sys.path.insert(0, str(pathlib.Path(__file__).resolve().parents[1]))

from support import transfers
from support.client import Client
from support.system import System

MIB = 1 << 20
ALLOWED = 96 * MIB


def main():
    size = int(sys.argv[1]) if len(sys.argv) > 1 else 256
    with System() as system:
        peaks = transfers.run(system, Client(system), size * MIB)
    print("32 transfers of {} MiB at once: peak RSS gateway {:.1f} MiB, worker {:.1f} MiB".format(size, *(peak / MIB for peak in peaks)))
    return 0 if max(peaks) <= ALLOWED else 1


if __name__ == "__main__":
    sys.exit(main())
