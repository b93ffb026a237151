#!/usr/bin/python3
# SPDX-License-Identifier: MIT
"""What goes over the bus: events from commit to subscriber, jobs and requests with 1, 16 and 64 in flight, and small transfers
beside a thousand waiting jobs and large streams. Beside each its floor in the same run: rabbitmq-c alone, publishing
messages of the same size with confirms, as many in flight, to a subscriber (a job is two such messages, a request three).

usage: scripts/bench bus [--parts events,jobs,requests,quick] [--seconds N] [--rounds N] [--events N] [--requests N] [--jobs N]
                         [--streams N] [--stream-rate 20M] [--background-threads N]
"""

import argparse
import json
import pathlib
import statistics
import subprocess
import sys
import time

import pika

ROOT = pathlib.Path(__file__).resolve().parents[1]
sys.path[:0] = [str(ROOT / "tests"), str(ROOT / "bench")]

from events import Events  # noqa: E402
from quick import Quick  # noqa: E402
from support.client import Client  # noqa: E402
from support.system import System  # noqa: E402

IN_FLIGHT = (1, 16, 64)
SIZE = 1024  # of a job's bytes, and about that of a request
PARTS = ("events", "jobs", "requests", "quick")


class Floor:
    """rabbitmq-c alone."""

    def __init__(self, system):
        self.system, self.program = system, ROOT / "build/bench-bus"
        subprocess.run(["cc", "-O2", "-o", self.program, ROOT / "bench/bus.c", "-lrabbitmq"], check=True)

    def consumer(self, exchange, key, count):
        process = subprocess.Popen([self.program, "consume", self.system.amqp_url, exchange, key, str(count)],
                                   stdout=subprocess.PIPE, text=True)
        if process.stdout.readline().strip() != "ready":
            raise RuntimeError("the subscriber does not start")
        return process

    def rate(self, count, size, window):
        """Messages per second until the last one is confirmed."""
        consumer = self.consumer("amq.topic", "bench.#", count)
        published = subprocess.run([self.program, "publish", self.system.amqp_url, "amq.topic", "bench.updated.metadata",
                                    str(count), str(size), str(window)], check=True, stdout=subprocess.PIPE, text=True)
        consumer.stdout.read()
        consumer.wait(30)
        return float(published.stdout)


class Table:
    """Rounds of ours and the floor in turn, by how many are in flight; prints medians."""

    def __init__(self, what, floor, rounds):
        self.what, self.floor, self.rounds = what, floor, rounds
        print(f"\n{what:<12}{'in flight':>10}{'per s':>10}{'p50 ms':>9}{'p99 ms':>9}{'bare per s':>12}{'ratio':>8}", flush=True)

    def row(self, in_flight, measure):
        runs, floors = [], []
        for _ in range(self.rounds):
            runs.append(measure(in_flight))
            floors.append(self.floor.rate(min(20000, 500 * in_flight + 500), SIZE, in_flight))
        rate, p50, p99 = (statistics.median(run[i] for run in runs) for i in range(3))
        ratio = statistics.median(run[0] / floor for run, floor in zip(runs, floors))
        print(f"{'':<12}{in_flight:>10}{rate:>10.0f}{p50:>9.1f}{p99:>9.1f}{statistics.median(floors):>12.0f}{ratio:>8.2f}", flush=True)


class Jobs:
    """Puts into memory: a job, its result, two transactions."""

    def __init__(self, client, seconds):
        self.client, self.seconds, self.runs = client, seconds, 0
        self.program = ROOT / "build/bench-transfer"
        subprocess.run(["cc", "-O2", "-D_GNU_SOURCE", "-o", self.program, ROOT / "bench/transfer.c", "-lcurl", "-lpthread"], check=True)
        client.put("first in memory", b"", client.ram("bench"))

    def measure(self, in_flight):
        self.runs += 1
        base = f"{self.client.system.url}/api/media/job-{self.runs}"
        urls = "\n".join(f"{base}-{number}/content?store_type=DictStore&bucket=bench" for number in range(20000))
        done = subprocess.run([self.program, "PUT", str(SIZE), str(in_flight), str(self.seconds),
                               f"Authorization: Bearer {self.client.token}"], input=urls, check=True, stdout=subprocess.PIPE, text=True)
        count, errors, seconds, p50, p99 = (float(word) for word in done.stdout.split())
        if errors:
            raise RuntimeError(f"{errors} puts failed")
        return count / seconds, p50, p99


class Requests:
    """media.update.metadata.set, one media each: taken, remembered, carried out, answered twice."""

    def __init__(self, client, seconds):
        self.client, self.seconds, self.sent = client, seconds, 0
        self.begun, self.times = {}, []
        self.connection = client.system.amqp()
        self.channel = self.connection.channel()
        self.queue = self.channel.queue_declare("", exclusive=True).method.queue
        self.channel.basic_consume(self.queue, self.take, auto_ack=True)
        for number in range(100):
            client.call("POST", "/media", {"pid": f"asked-{number}", "pid_type": "DEFAULT",
                                           "store_config": {"type": "FilesystemStore", "bucket": "bench"}})

    def take(self, _channel, _delivery, properties, body):
        answer = json.loads(body)
        if answer["state"] != "final":
            return
        if answer["status"] != 200:
            raise RuntimeError(body.decode())
        self.times.append((time.perf_counter() - self.begun.pop(properties.correlation_id)) * 1000)

    def send(self):
        self.sent += 1
        name = f"request-{self.sent}"
        self.begun[name] = time.perf_counter()
        data = [{"pid": f"asked-{self.sent % 100}", "keys": ["run"], "data": {"number": self.sent, "note": "x" * (SIZE - 300)}}]
        self.channel.basic_publish("mediastore.requests", "media.update.metadata.set",
                                   json.dumps({"kind": "media.update.metadata.set", "token": self.client.token, "data": data}),
                                   pika.BasicProperties(message_id=name, reply_to=self.queue, delivery_mode=2))

    def measure(self, in_flight):
        self.times, started = [], time.perf_counter()
        while time.perf_counter() - started < self.seconds or self.begun:
            while len(self.begun) < in_flight and time.perf_counter() - started < self.seconds:
                self.send()
            self.connection.process_data_events(time_limit=0.5)
        seconds, times = time.perf_counter() - started, sorted(self.times)
        return len(times) / seconds, times[len(times) // 2], times[int(len(times) * 0.99)]


def run(options):
    system = System(settings={"MEDIASTORE_LOG_LEVEL": "warn", "MEDIASTORE_TRANSFERS_MAX": "256",
                              "MEDIASTORE_BACKGROUND_THREADS": str(options.background_threads)})
    verdicts = []
    try:
        client, floor = Client(system), Floor(system)
        if "events" in options.parts:
            ratio = Events(floor, client, options).run()
            verdicts.append(f"events: {ratio:.2f} of the bare confirmed rate (wanted 0.5)")
        for what, part in (("jobs", Jobs), ("requests", Requests)):
            if what in options.parts:
                table, measured = Table(what, floor, options.rounds), part(client, options.seconds)
                for in_flight in IN_FLIGHT:
                    table.row(in_flight, measured.measure)
        if "quick" in options.parts:
            print()
            worst = Quick(client, options).run()
            verdicts.append(f"quick: p99 {worst:.1f} ms beside {options.jobs} jobs and {options.streams} streams of {options.stream_rate}B/s"
                            " (wanted < 50)")
    finally:
        system.stop()
    print("\n" + "\n".join(verdicts))


def main():
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--parts", type=lambda text: text.split(","), default=list(PARTS))
    parser.add_argument("--seconds", type=int, default=3)
    parser.add_argument("--rounds", type=int, default=3)
    parser.add_argument("--events", type=int, default=20000)
    parser.add_argument("--requests", type=int, default=500)
    parser.add_argument("--jobs", type=int, default=1000)
    parser.add_argument("--streams", type=int, default=16)
    parser.add_argument("--stream-rate", default="20M")
    parser.add_argument("--background-threads", type=int, default=4, help="of the worker; 4 is its default too")
    run(parser.parse_args())


if __name__ == "__main__":
    main()
