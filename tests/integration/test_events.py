#!/usr/bin/python3
# SPDX-License-Identifier: MIT
"""Change events: none is lost, numbered without gaps, in order per media, whichever gateway relays them and whatever the
broker does."""

import threading
import time
import unittest

from support.client import Client, quote, store_config
from support.system import System, wait_until

DUTY = 'a duty is taken duty="relaying events"'


class Events(unittest.TestCase):
    @classmethod
    def setUpClass(cls):
        cls.system = System(gateways=2)
        cls.addClassCleanup(cls.system.stop)
        cls.client = Client(cls.system)
        cls.store = cls.client.filesystem()

    def create(self, pid, client=None):
        status, answer = (client or self.client).call("POST", "/media", {
            "pid": pid, "pid_type": "DEFAULT", "store_config": store_config(self.store)})
        self.assertEqual(status, 200, answer)

    def change(self, pid, number, client=None):
        status, answer = (client or self.client).call("PUT", "/media/update/metadata", [{"pid": pid, "data": {"n": number}}])
        self.assertEqual((status, answer["failures"]), (200, []))

    def relaying(self):
        """The gateway that took the duty last and lives."""
        took = {}
        for name in filter(self.system.is_alive, ("api-gateway-1", "api-gateway-2")):
            for line in self.system.log(name).splitlines():
                if DUTY in line:
                    took[name] = line  # which begins with the time
        return max(took, key=took.get) if took else None

    def check(self, messages):
        """No gap in seq, one message_id and body per seq, versions of each media in the order of first arrival."""
        first = {}
        for message in messages:
            event = message.json
            known = first.setdefault(event["seq"], message)
            self.assertEqual((known.properties.message_id, known.body), (message.properties.message_id, message.body))
            self.assertEqual(message.headers["cloudEvents:id"], message.properties.message_id)
            self.assertEqual(message.headers["cloudEvents:specversion"], "1.0")
        self.assertEqual(sorted(first), list(range(min(first), max(first) + 1)), "seq has a gap")
        versions = {}
        for message in first.values():
            event = message.json
            if "version" in event:
                self.assertGreaterEqual(int(event["version"]), versions.get(event["pid"], 0), event["pid"])
                versions[event["pid"]] = int(event["version"])
        return first

    def test_another_gateway_takes_over_when_the_relaying_one_dies(self):
        wait_until(self.relaying, 30, "some gateway relays")
        subscriber = self.system.subscribe()
        leader = self.relaying()
        other = {"api-gateway-1": 1, "api-gateway-2": 0}[leader]
        client = Client(self.system, self.system.gateway_urls[other])
        pids = [f"handed over {number}" for number in range(4)]
        for pid in pids:
            self.create(pid, client)
        threads = [threading.Thread(target=lambda pid=pid: [self.change(pid, n, client) for n in range(100)]) for pid in pids]
        for thread in threads:
            thread.start()
        time.sleep(0.3)
        self.system.kill(leader)
        for thread in threads:
            thread.join()
        for pid in pids:
            subscriber.wait_for(lambda m: m.json.get("pid") == pid and m.json.get("metadata") == {"n": 99}, 60)
        self.assertNotEqual(self.relaying(), leader)
        events = [message.json for message in self.check(subscriber.collect()).values()]
        for pid in pids:
            self.assertEqual([event["metadata"]["n"] for event in events if event.get("pid") == pid and event["metadata"]],
                             list(range(100)))
        self.system.start(leader)

    def test_a_broker_that_blocks_delays_events_and_nothing_else(self):
        subscriber = self.system.subscribe()
        self.create("blocked")
        subscriber.wait_for(lambda m: m.json.get("pid") == "blocked")
        self.system.broker_block()
        try:
            started = time.monotonic()
            for number in range(300):
                self.change("blocked", number)
            self.assertLess(time.monotonic() - started, 30)
            wait_until(lambda: "broker blocks publishing" in self.system.log("api-gateway-1") + self.system.log("api-gateway-2"), 30,
                       "the broker blocks")
            self.assertNotIn({"n": 299}, [message.json.get("metadata") for message in subscriber.collect()])
        finally:
            self.system.broker_unblock()
        subscriber.wait_for(lambda m: m.json.get("metadata") == {"n": 299}, 60)
        events = [message.json for message in self.check(subscriber.collect()).values()]
        self.assertEqual([event["metadata"]["n"] for event in events if event.get("pid") == "blocked" and event["metadata"]],
                         list(range(300)))

    def test_jobs_stores_and_identifier_types_are_told_of(self):
        subscriber = self.system.subscribe()
        self.assertEqual(self.client.call("POST", "/identifier", {"name": "told"})[0], 200)
        self.assertEqual(self.client.call("PUT", "/identifier", {"name": "told", "pattern": "[a-z]+"})[0], 204)
        self.assertEqual(self.client.call("DELETE", "/identifier/told")[0], 204)
        status, store = self.client.call("POST", "/store", {"type": "DictStore", "bucket": "told"})
        self.assertEqual(status, 200, store)
        self.assertEqual(self.client.call("DELETE", f"/store/{store['pk']}")[0], 204)
        self.assertEqual(self.client.put("told", b"bytes", self.store)[0], 201)
        self.assertEqual(self.client.call("DELETE", "/media/" + quote("told"))[0], 204)
        for key in ("identifier.created", "identifier.updated", "identifier.deleted", "store.created", "store.deleted",
                    "media.created.DEFAULT.FilesystemStore", "job.running.put", "job.succeeded.put",
                    "media.ready.DEFAULT.FilesystemStore", "media.deleted.DEFAULT.FilesystemStore",
                    "job.queued.delete", "job.running.delete", "job.succeeded.delete"):
            message = subscriber.wait_for(lambda m: m.routing_key == key)
            self.assertEqual(message.headers["cloudEvents:type"], "mediastore." + message.properties.type)
        self.check(subscriber.collect())


if __name__ == "__main__":
    unittest.main()
