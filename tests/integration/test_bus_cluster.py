#!/usr/bin/python3
# SPDX-License-Identifier: MIT
"""A cluster of three brokers of which one falls silent, then one is gone for good: the services find their way."""

import pathlib
import shutil
import tempfile
import time
import unittest

from chaos.cluster import Cluster
from support.bodies import Body, sha256_of
from support.client import Client
from support.system import System, wait_until

SMALL, LARGE = 700, 3 << 20  # with the message; over a ticket
HEARTBEAT = 2
QUEUE = "mediastore.jobs.site.default.quick"
IN_MEMORY = 30  # more than a worker takes from its queue at once


class BusCluster(unittest.TestCase):
    @classmethod
    def setUpClass(cls):
        directory = pathlib.Path(tempfile.mkdtemp(prefix="mediastore-cluster."))
        cls.addClassCleanup(shutil.rmtree, directory, ignore_errors=True)
        directory.chmod(0o755)
        cls.cluster = Cluster(directory / "brokers")
        cls.addClassCleanup(cls.cluster.stop)
        cls.system = System(settings={
            "AMQP_URL": cls.cluster.url, "MEDIASTORE_AMQP_HEARTBEAT": f"{HEARTBEAT}s", "MEDIASTORE_QUICK_DEADLINE": "5s",
            "MEDIASTORE_TRANSFER_DEADLINE": "15s"})
        cls.addClassCleanup(cls.system.stop)
        cls.client = Client(cls.system)

    def ready(self):
        return all(self.system.request("GET", "/readyz", url=url)[0] == 200
                   for url in self.system.gateway_urls + self.system.worker_urls)

    def lost(self, name):
        return self.system.log(name).count("broker connection lost")

    def test_a_broker_that_falls_silent_is_noticed_by_its_heartbeats(self):
        """Its connections stay open and nothing comes over them: both services go on with the next of the list."""
        names = ("api-gateway-1", "store-worker-1")
        silent = self.cluster.nodes[0].proxy
        before = {name: self.lost(name) for name in names}
        connected = silent.connections()
        self.assertGreater(connected, len(names))
        silent.freeze()
        self.addCleanup(silent.thaw)
        began = time.monotonic()
        wait_until(lambda: all(self.lost(name) > before[name] for name in names), 2 * HEARTBEAT + 5, "both have noticed")
        self.assertGreater(time.monotonic() - began, HEARTBEAT / 2)
        wait_until(lambda: sum(self.lost(name) - before[name] for name in names) >= connected and self.ready(),
                   2 * HEARTBEAT + 8, "all their connections are at the next broker")
        self.put_and_get("after silence", self.client.filesystem(), LARGE)

    def test_transfers_go_on_while_the_broker_node_that_had_their_queues_is_down(self):
        """The last of these tests: the node does not come back."""
        self.system.restart("api-gateway-1")  # the first node of the list has its connections again, and not the worker's
        wait_until(self.ready, 20, "both are ready")
        self.put_and_get("kept", self.client.filesystem(), LARGE)
        self.put_and_get("kept in memory", self.client.ram(), SMALL)
        in_memory = [f"memory {number}" for number in range(IN_MEMORY)]
        for pid in in_memory:
            self.put_and_get(pid, self.client.ram(), SMALL)
        host = self.host_of(QUEUE)
        self.system.pause("store-worker-1")
        status, answer = self.client.call("POST", "/media/delete", in_memory)
        self.assertEqual(status, 200, answer)
        wait_until(lambda: self.open_jobs("queued") == 0, 10, "the promised deletions wait in the queue")
        host.kill()
        self.system.resume("store-worker-1")

        began = time.monotonic()
        for store in (self.client.filesystem(), self.client.ram()):
            for size in (SMALL, LARGE):
                pid = f"{store['bucket']} {size}"
                wait_until(lambda pid=pid, store=store, size=size: self.client.put(pid, Body(size), store)[0] in (200, 201),
                           20, f"{pid} is stored")
                self.assertEqual(self.client.get(pid), (200, size, sha256_of(size)))
        self.assertLess(time.monotonic() - began, 25)
        for number in range(10):
            self.put_and_get(f"small {number}", self.client.filesystem(), SMALL)
            self.put_and_get(f"large {number}", self.client.ram(), LARGE)
        for pid, size in (("kept", LARGE), ("kept in memory", SMALL)):
            self.assertEqual(self.client.get(pid), (200, size, sha256_of(size)))
        wait_until(lambda: self.open_jobs("queued", "running") == 0, 30, "what was promised is done")
        wait_until(self.ready, 10, "both are ready")
        self.assertIsNotNone(host.process.poll())

    def put_and_get(self, pid, store, size):
        status, answer = self.client.put(pid, Body(size), store)
        self.assertIn(status, (200, 201), answer)
        self.assertEqual(self.client.get(pid), (200, size, sha256_of(size)))

    def open_jobs(self, *states):
        listed = ", ".join(f"'{state}'" for state in states)
        return int(self.system.psql(f"SELECT count(*) FROM job WHERE state IN ({listed})")[0][0])

    def host_of(self, queue):
        """The node that has it."""
        for line in self.cluster.nodes[1].ctl("list_queues", "--no-table-headers", "name", "pid").splitlines():
            name, pid = line.split("\t")
            if name.startswith(queue):
                return next(node for node in self.cluster.nodes if node.node_name in pid)
        raise AssertionError(f"no queue {queue}")


if __name__ == "__main__":
    unittest.main()
