#!/usr/bin/python3
# SPDX-License-Identifier: MIT
"""tests/large/broker_down.py [MINUTES [CHANGES]]: the broker is down for that long (10) while so many changes of metadata (10000)
come in, spread over the time. None may be refused or slow; after the broker's return every change has its event once at
least, per media in order, and seq has no gaps. Needs the programs (MEDIASTORE_BIN_DIR)."""

import pathlib
import sys
import time

sys.path.insert(0, str(pathlib.Path(__file__).resolve().parents[1]))

from support.client import Client, store_config
from support.system import System, wait_until

MEDIA = 100
CATCH_UP_SECONDS = 300


class Run:
    def __init__(self, system, seconds, changes):
        self.system, self.seconds, self.changes = system, seconds, changes
        self.client = Client(system)
        self.slowest = 0
        self.begun = time.monotonic()

    def say(self, text):
        print(f"{time.monotonic() - self.begun:7.1f} s  {text}", flush=True)

    def create(self):
        store = store_config(self.client.filesystem())
        for number in range(MEDIA):
            status, answer = self.client.call("POST", "/media", {"pid": f"m{number}", "pid_type": "DEFAULT", "store_config": store})
            assert status == 200, (status, answer)

    def change(self, number):
        begun = time.monotonic()
        update = [{"pid": f"m{number % MEDIA}", "keys": ["run"], "data": number}]
        status, answer = self.client.call("PUT", "/media/update/metadata", update)
        assert status == 200 and not answer["failures"], f"change {number} was refused: {status} {answer}"
        self.slowest = max(self.slowest, time.monotonic() - begun)

    def change_while_down(self):
        started = time.monotonic()
        for number in range(self.changes):
            pause = started + self.seconds * number / self.changes - time.monotonic()
            if pause > 0:
                time.sleep(pause)
            self.change(number)
            if number % (self.changes // 10) == 0:
                self.say(f"{number} changes, the slowest {self.slowest * 1000:.0f} ms")
        time.sleep(max(0, started + self.seconds - time.monotonic()))

    def check(self, subscriber):
        """How many events there were: every version of every media, in order where first seen, and no gap in seq."""
        wanted, end = MEDIA + self.changes, time.monotonic() + CATCH_UP_SECONDS
        while len({message.properties.message_id for message in subscriber.messages if "version" in message.json}) < wanted:
            assert time.monotonic() < end, f"{len(subscriber.messages)} of {wanted} events came in {CATCH_UP_SECONDS} s"
            subscriber.collect(1)
        versions, seqs = {}, set()
        for event in (message.json for message in subscriber.messages):
            if event["seq"] not in seqs:
                seqs.add(event["seq"])
                if "version" in event:
                    versions.setdefault(event["pid"], []).append(int(event["version"]))
        for pid, seen in versions.items():
            assert seen == list(range(1, len(seen) + 1)), f"{pid}: {seen}"
        assert sorted(seqs) == list(range(min(seqs), max(seqs) + 1)), "seq has a gap"
        return len(seqs)


def main():
    minutes, changes = float(sys.argv[1]) if len(sys.argv) > 1 else 10, int(sys.argv[2]) if len(sys.argv) > 2 else 10000
    system = System()
    try:
        run = Run(system, minutes * 60, changes)
        subscriber = system.subscribe("#")
        run.create()
        run.say("the broker is stopped")
        system.broker_stop()
        run.change_while_down()
        run.say(f"{changes} changes, none refused, the slowest {run.slowest * 1000:.0f} ms; the broker is started")
        system.broker_start()
        back = time.monotonic()
        wait_until(lambda: system.request("GET", "/readyz")[0] == 200, 120, "the gateway is ready")
        subscriber.reopen()
        count = run.check(subscriber)
        run.say(f"all {count} events came within {time.monotonic() - back:.1f} s of the broker's start, seq without gaps;"
                f" peak RSS of the gateway {system.peak_rss('api-gateway-1') / (1 << 20):.1f} MiB")
    finally:
        system.stop()


if __name__ == "__main__":
    main()
