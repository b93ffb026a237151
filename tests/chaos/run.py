#!/usr/bin/python3
# SPDX-License-Identifier: MIT
"""Everything that can go wrong, at random, under a mixed load; then all that was promised must hold.

usage: scripts/chaos [--seconds N] [--seed TEXT] [--clients N]

Two gateways, three workers, a RabbitMQ cluster of three nodes, PostgreSQL, S3, filesystem and RAM stores, a webhook, all private and
on loopback. Prints what it did and every difference; exit status 0 when there is none.
"""

import argparse
import collections
import os
import pathlib
import random
import secrets
import shutil
import signal
import subprocess
import sys
import tempfile
import threading
import time
import urllib.parse

sys.path.insert(0, str(pathlib.Path(__file__).resolve().parents[1]))

from chaos.cluster import Cluster  # noqa: E402
from chaos.faults import Faults  # noqa: E402
from chaos.listener import Listener  # noqa: E402
from chaos.load import Loader  # noqa: E402
from chaos.proxy import Proxy  # noqa: E402
from chaos.receiver import Receiver  # noqa: E402
from chaos.truth import CHECKS  # noqa: E402
from support.client import Client  # noqa: E402
from support.system import System, end, wait_until  # noqa: E402

SETTINGS = {"MEDIASTORE_RECONCILE_INTERVAL": "500ms", "MEDIASTORE_SPOOL_GRACE": "5s", "MEDIASTORE_QUICK_DEADLINE": "10s",
            "MEDIASTORE_TRANSFER_DEADLINE": "30s", "MEDIASTORE_STALL_TIMEOUT": "15s",
            "MEDIASTORE_WEBHOOK_NETWORKS": "127.0.0.1", "MEDIASTORE_WEBHOOK_TIMEOUT": "5s"}
SPOOL_SIZE = "256m"


class Chaos:
    def __init__(self, seed, clients):
        self.began, self.random, self.stopping = time.monotonic(), random.Random(f"{seed} chaos"), threading.Event()
        self.directory = pathlib.Path(tempfile.mkdtemp(prefix="mediastore-chaos."))
        self.directory.chmod(0o755)
        self.cluster = self.system = self.s3_proxy = self.listener = self.receiver = None
        self.seed, self.clients = seed, clients

    def start(self):
        self.say("starting a cluster of three brokers, two gateways, three workers")
        self.cluster = Cluster(self.directory / "brokers")
        self.system = System(gateways=2, workers=3, settings={**SETTINGS, "AMQP_URL": self.cluster.url})
        self.limit_spool()
        self.client = Client(self.system)
        self.s3 = self.proxied_s3()
        self.stores = self.make_stores()
        self.listener = Listener(self.cluster.direct_urls)
        self.listener.start()
        self.receiver = Receiver(self.client, self.seed)
        self.events_before = self.events_given()
        self.descriptors_before = {name: self.descriptors(name) for name in self.services()}
        self.loaders = [Loader(number, self.system.gateway_urls, self.client.token, self.stores, self.seed, self.stopping)
                        for number in range(1, self.clients + 1)]

    def say(self, text):
        print(f"[{time.monotonic() - self.began:6.1f} s] {text}", flush=True)

    @staticmethod
    def sleep(seconds):
        time.sleep(seconds)

    # --- what is there

    def limit_spool(self):
        """A filesystem of its own, so that it can be full without harm to anything else."""
        owner = self.system.spool.stat()
        subprocess.run(["mount", "-t", "tmpfs", "-o",
                        f"size={SPOOL_SIZE},mode=0700,uid={owner.st_uid},gid={owner.st_gid}", "tmpfs", self.system.spool],
                       check=True)

    def proxied_s3(self):
        server = self.system.s3()
        parts = urllib.parse.urlsplit(server["endpoint"])
        self.s3_proxy = Proxy(parts.port)
        return {**server, "endpoint": f"http://127.0.0.1:{self.s3_proxy.port}"}

    def make_stores(self):
        self.bucket = "chaos-" + secrets.token_hex(6)
        self.system.s3_tool("make-bucket", self.bucket)
        status, answer = self.client.call("POST", "/s3cfg", {"url": self.s3["endpoint"], "access_key": self.s3["access_key"],
                                                             "secret_key": self.s3["secret_key"]})
        if status != 200:
            raise RuntimeError(f"POST /s3cfg answered {status}: {answer}")
        return [self.client.filesystem(), self.client.filesystem(), self.client.ram(),
                {"store_type": "BucketStore", "bucket": self.bucket, "s3_url": self.s3["endpoint"]}]

    def events_given(self):
        """The last seq, once nothing waits for one."""
        wait_until(lambda: not self.system.psql("SELECT id FROM outbox LIMIT 1"), 60, "the outbox is empty")
        return int(self.system.psql("SELECT last FROM event_sequence")[0][0])

    def services(self):
        return [f"api-gateway-{number + 1}" for number in range(self.system.gateways)] + \
            [f"store-worker-{number + 1}" for number in range(self.system.workers)]

    def descriptors(self, name):
        return len(os.listdir(f"/proc/{self.system.pid(name)}/fd"))

    def ram_bytes(self):
        rows = self.system.psql("SELECT coalesce(sum(m.size), 0) FROM media m JOIN store s ON s.pk = m.store"
                                " WHERE s.type = 'DictStore' AND m.store_status = 'READY'")
        return int(rows[0][0]) * 2

    def all_media(self):
        for loader in self.loaders:
            yield from loader.media.values()
            yield from loader.gone

    # --- the run

    def run(self, seconds, seed):
        for loader in self.loaders:
            loader.start()
        self.sleep(2)
        faults = Faults(self, seed)
        faults.run(seconds)
        self.stopping.set()
        for loader in self.loaders:
            loader.join(120)
        self.receiver.stop_refusing()
        self.say("the load has ended; waiting for quiet")
        self.wait_until_ready()
        return faults.counts

    def wait_until_ready(self):
        for url in self.system.gateway_urls + self.system.worker_urls:
            wait_until(lambda url=url: self.system.request("GET", "/readyz", url=url)[0] == 200, 120, f"{url} is ready")

    def differences(self):
        found = [fault for loader in self.loaders for fault in loader.faults]
        for check in CHECKS:
            self.say(check.__name__.replace("_", " "))
            found += check(self)
        return found

    def report(self, faults, found):
        answers = sum((loader.counts for loader in self.loaders), collections.Counter())
        print("\nfaults:   " + ", ".join(f"{name} {count}" for name, count in sorted(faults.items())))
        print("answers:  " + ", ".join(f"{name} {count}" for name, count in sorted(answers.items())))
        print(f"media:    {sum(1 for _ in self.all_media())}, events {self.listener.highest()}, resent {self.listener.resent}")
        print(f"webhook:  {len(self.receiver.taken)} events taken, {self.receiver.repeated()} again, "
              f"{self.receiver.refused} refused, {len(self.receiver.failed())} failed")
        for name in self.services():
            print(f"{name}: RSS {self.system.rss(name) >> 20} MiB, {self.descriptors(name)} descriptors")
        for line in found:
            print(f"DIFFERENCE: {line}")
        print(f"{len(found)} differences")

    def close(self, keep):
        self.stopping.set()
        if keep and self.system is not None:
            shutil.copytree(self.system.run / "log", keep, dirs_exist_ok=True)
        if self.listener is not None:
            self.listener.stop()
        if self.system is not None:
            subprocess.run(["umount", "-l", self.system.spool], check=False, stderr=subprocess.DEVNULL)
            self.system.stop()
        if self.receiver is not None:
            self.receiver.close()
        if self.s3_proxy is not None:
            self.s3_proxy.close()
        if self.cluster is not None:
            self.cluster.stop()
        shutil.rmtree(self.directory, ignore_errors=True)


def parse_arguments():
    parser = argparse.ArgumentParser(description="Kills, stops, freezes, cuts and fills at random; then checks all promises.")
    parser.add_argument("--seconds", type=int, default=300)
    parser.add_argument("--seed", default=secrets.token_hex(4))
    parser.add_argument("--clients", type=int, default=6)
    parser.add_argument("--keep-logs", metavar="DIRECTORY", help="copy the services' logs there at the end")
    return parser.parse_args()


def main():
    options = parse_arguments()
    print(f"seed {options.seed}, {options.seconds} s of faults, {options.clients} clients", flush=True)
    found = ["the run did not come to its end"]
    signal.signal(signal.SIGTERM, end)
    chaos = Chaos(options.seed, options.clients)
    try:
        chaos.start()
        faults = chaos.run(options.seconds, options.seed)
        found = chaos.differences()
        chaos.report(faults, found)
    finally:
        chaos.close(options.keep_logs)
    return 1 if found else 0


if __name__ == "__main__":
    sys.exit(main())
