#!/usr/bin/python3
# SPDX-License-Identifier: MIT
"""A broker that is stopped, and comes back: metadata goes on, transfers say 503 in time, no event is lost. Workers that
are not there: transfers say so in time."""

import time
import unittest

from support.bodies import Body
from support.client import Client, store_config
from support.system import System, wait_until


class BrokerDown(unittest.TestCase):
    @classmethod
    def setUpClass(cls):
        cls.system = System(settings={"MEDIASTORE_QUICK_DEADLINE": "10s"})
        cls.addClassCleanup(cls.system.stop)
        cls.client = Client(cls.system)
        cls.store = cls.client.filesystem()

    def create(self, pid):
        status, answer = self.client.call("POST", "/media", {"pid": pid, "pid_type": "DEFAULT",
                                                             "store_config": store_config(self.store)})
        self.assertEqual(status, 200, answer)

    def test_metadata_goes_on_and_everything_else_after(self):
        client = self.client
        subscriber = self.system.subscribe()
        self.assertEqual(client.put("before", b"bytes", self.store)[0], 201)
        self.system.broker_stop()

        started = time.monotonic()
        for number in range(200):
            self.create(f"while down {number}")
        self.assertEqual(client.call("GET", "/media/before")[0], 200)
        self.assertEqual(client.call("DELETE", "/media/while%20down%200")[0], 204)
        self.assertLess(time.monotonic() - started, 30)

        for answer in (client.put("not now", b"bytes", self.store), client.call("GET", "/media/before/content"),
                       client.put("not now either", Body(1 << 20), self.store)):
            self.assertEqual((answer[0], answer[1]["code"]), (503, "unavailable"))
        self.assertLess(time.monotonic() - started, 60)
        status, _, ready = self.system.request("GET", "/readyz")
        self.assertEqual(status, 503, ready)
        self.assertEqual(self.system.request("GET", "/livez")[0], 200)

        self.system.broker_start()
        wait_until(lambda: self.system.request("GET", "/readyz")[0] == 200, 60, "the gateway is ready again")
        wait_until(lambda: client.get("before")[0] == 200, 60, "downloads work again")
        wait_until(lambda: client.put("not now", b"bytes", self.store)[0] in (200, 201), 60, "uploads work again")

        subscriber.reopen()
        for number in range(200):
            pid = f"while down {number}"
            subscriber.wait_for(lambda m: m.json.get("pid") == pid and m.json.get("op") == "insert", 60)
        subscriber.wait_for(lambda m: m.json.get("pid") == "while down 0" and "deleted" in m.routing_key)
        seqs = [message.json["seq"] for message in subscriber.collect()]
        self.assertEqual(sorted(set(seqs)), list(range(min(seqs), max(seqs) + 1)), "seq has a gap")

    def test_without_a_worker_transfers_say_so_in_time(self):
        client = self.client
        self.assertEqual(client.put("while there is one", b"bytes", self.store)[0], 201)
        self.system.kill("store-worker-1")
        self.addCleanup(self.system.start, "store-worker-1")
        for pid, size in (("small", 10), ("large", 1 << 20)):
            started = time.monotonic()
            status, answer = client.put(f"no worker, {pid}", Body(size), self.store)
            self.assertEqual((status, answer["code"]), (503, "unavailable"))
            self.assertIn("no store-worker", answer["detail"])
            self.assertLess(time.monotonic() - started, 30)
            self.assertEqual(client.status_of(f"no worker, {pid}"), "FAILED")
        self.assertEqual(client.call("GET", "/media/while%20there%20is%20one/content")[0], 503)


if __name__ == "__main__":
    unittest.main()
