#!/usr/bin/python3
# SPDX-License-Identifier: MIT
"""Events from the commit of their change to a subscriber, beside the bare floor in the same run: rabbitmq-c alone publishing
as many messages of the same size with confirms, through a window of the same size, to the same subscriber.

usage: scripts/bench events [--events N] [--rounds N]
"""

import argparse
import pathlib
import statistics
import subprocess
import sys
import time

ROOT = pathlib.Path(__file__).resolve().parents[1]
sys.path.insert(0, str(ROOT / "tests"))

from support.client import Client  # noqa: E402
from support.system import System, wait_until  # noqa: E402

PROGRAM = ROOT / "build/bench-bus"
WINDOW = 1000  # two batches of the relay
METADATA = '{"instrument":"m1","note":"some words"}'


class Bench:
    def __init__(self, options):
        self.events, self.rounds = options.events, options.rounds
        subprocess.run(["cc", "-O2", "-o", PROGRAM, ROOT / "bench/bus.c", "-lrabbitmq"], check=True)
        self.system = System(settings={"MEDIASTORE_LOG_LEVEL": "warn"})

    def consumer(self, exchange, key):
        process = subprocess.Popen([PROGRAM, "consume", self.system.amqp_url, exchange, key, str(self.events)],
                                   stdout=subprocess.PIPE, text=True)
        if process.stdout.readline().strip() != "ready":
            raise RuntimeError("the subscriber does not start")
        return process

    def quiet(self):
        """Everything that was changed is published."""
        wait_until(lambda: self.system.psql("SELECT NOT EXISTS (SELECT FROM outbox) AND s.last = p.seq"
                                            " FROM event_sequence s, event_published p") == [["t"]], 120, "events are published")

    def relayed(self, number):
        """Events per second from the commit of one transaction to the last one's arrival."""
        self.quiet()
        consumer = self.consumer("mediastore.events", "media.updated.metadata.#")
        self.system.psql(f"UPDATE media SET metadata = metadata || '{{\"round\": {number}}}' WHERE pid LIKE 'bench-%'")
        committed = time.time()
        arrived = float(consumer.stdout.read())
        consumer.wait(30)
        return self.events / (arrived - committed)

    def bare(self, size):
        consumer = self.consumer("amq.topic", "bench.#")
        published = subprocess.run([PROGRAM, "publish", self.system.amqp_url, "amq.topic", "bench.updated.metadata",
                                    str(self.events), str(size), str(WINDOW)], check=True, stdout=subprocess.PIPE, text=True)
        consumer.stdout.read()
        consumer.wait(30)
        return float(published.stdout)

    def run(self):
        Client(self.system).call("POST", "/media", {"pid": "first", "pid_type": "DEFAULT",
                                                    "store_config": {"type": "FilesystemStore", "bucket": "bench"}})
        self.system.psql(f"""INSERT INTO media (pid, pid_type, store, store_key, metadata, tags)
            SELECT 'bench-' || n, 'DEFAULT', (SELECT min(pk) FROM store), 'bench-' || n, '{METADATA}', '{{bench,raw}}'
            FROM generate_series(1, {self.events}) n""")
        self.quiet()
        size = int(self.system.psql("SELECT round(avg(octet_length(body::text))) FROM event WHERE what = 'media.created'")[0][0])
        print(f"{self.events} events of {size} bytes, window {WINDOW}, to one subscriber\n"
              f"{'round':<8}{'relayed per s':>15}{'bare per s':>13}{'ratio':>8}", flush=True)
        ratios = []
        for number in range(1, self.rounds + 1):
            ours, floor = self.relayed(number), self.bare(size)
            ratios.append(ours / floor)
            print(f"{number:<8}{ours:>15.0f}{floor:>13.0f}{ratios[-1]:>8.2f}", flush=True)
        print(f"{'median':<36}{statistics.median(ratios):>8.2f}", flush=True)


def main():
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--events", type=int, default=20000)
    parser.add_argument("--rounds", type=int, default=5)
    bench = Bench(parser.parse_args())
    try:
        bench.run()
    finally:
        bench.system.stop()


if __name__ == "__main__":
    main()
