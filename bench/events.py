# SPDX-License-Identifier: MIT
"""Events from the commit of their change to a subscriber, beside rabbitmq-c alone publishing as many messages of the same
size with confirms, through a window of the same size, to the same subscriber."""

import statistics
import subprocess
import time

from support.system import wait_until

WINDOW = 1000  # two batches of the relay
METADATA = '{"instrument":"m1","note":"some words"}'


class Events:
    def __init__(self, floor, client, options):
        self.floor, self.client, self.system = floor, client, client.system
        self.events, self.rounds = options.events, options.rounds

    def quiet(self):
        """Everything that was changed is published."""
        wait_until(lambda: self.system.psql("SELECT NOT EXISTS (SELECT FROM outbox) AND s.last = p.seq"
                                            " FROM event_sequence s, event_published p") == [["t"]], 120, "events are published")

    def relayed(self, number):
        """Events per second from the commit of one transaction to the last one's arrival."""
        self.quiet()
        consumer = self.floor.consumer("mediastore.events", "media.updated.metadata.#", self.events)
        self.system.psql(f"UPDATE media SET metadata = metadata || '{{\"round\": {number}}}' WHERE pid LIKE 'bench-%'")
        committed = time.time()
        arrived = float(consumer.stdout.read())
        consumer.wait(30)
        return self.events / (arrived - committed)

    def run(self):
        self.client.call("POST", "/media", {"pid": "first", "pid_type": "DEFAULT",
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
            ours, floor = self.relayed(number), self.floor.rate(self.events, size, WINDOW)
            ratios.append(ours / floor)
            print(f"{number:<8}{ours:>15.0f}{floor:>13.0f}{ratios[-1]:>8.2f}", flush=True)
        print(f"{'median':<36}{statistics.median(ratios):>8.2f}", flush=True)

        return statistics.median(ratios)
