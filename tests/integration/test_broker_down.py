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

    def metrics(self):
        """With those of the database, for which a busy machine may leave no time at once."""
        return wait_until(lambda: (now := self.metrics_now())["mediastore_database_up"] and now, 20, "the database is counted")

    def metrics_now(self):
        status, headers, text = self.system.request("GET", "/metrics")
        self.assertEqual((status, headers["Content-Type"]), (200, "text/plain; version=0.0.4; charset=utf-8"))
        return {name: float(value) for name, value in (line.rsplit(" ", 1) for line in text.decode().splitlines() if line[0] != "#")}

    def test_metrics_tell_what_goes_on(self):
        before = self.metrics()
        self.assertEqual(self.client.put("counted", b"bytes", self.store)[0], 201)
        self.assertEqual(self.client.call("GET", "/media/nobody")[0], 404)
        after = self.metrics()

        def grown(name):
            return after.get(name, 0) - before.get(name, 0)
        route = 'method="PUT",route="/api/media/{pid...}/content"'
        self.assertEqual(grown("mediastore_gateway_requests_total{%s,code=\"201\"}" % route), 1)
        self.assertEqual(grown("mediastore_gateway_request_duration_seconds_count{%s}" % route), 1)
        self.assertEqual(grown('mediastore_gateway_requests_total{method="GET",route="/api/media/{pid...}",code="404"}'), 1)
        for name in ('mediastore_database_connections{pool="requests",state="open"}', "mediastore_database_up", "mediastore_spool_free_bytes",
                     "mediastore_event_seq", 'mediastore_broker_connected{connection="results"}', "mediastore_gateway_relaying"):
            self.assertGreater(after[name], 0, name)
        self.assertEqual(after["mediastore_spool_bytes"], 0)

    def test_readiness_tells_of_workers_by_queue(self):
        def consumers():
            return self.system.request("GET", "/readyz")[2].get("workers", {})
        names = [f"mediastore.jobs.{where}.{kind}" for where in ("shared", "site.default") for kind in ("quick.v2", "stream.v2", "background")]
        wait_until(lambda: all(consumers().get(name, 0) >= 1 for name in names), 20, "the worker is seen")
        self.assertIn("mediastore.jobs.ram.default.v2", consumers())
        self.assertGreaterEqual(self.metrics()['mediastore_queue_consumers{queue="mediastore.jobs.shared.quick.v2"}'], 1)
        self.system.kill("store-worker-1")
        self.addCleanup(self.system.start, "store-worker-1")
        wait_until(lambda: consumers().get("mediastore.jobs.shared.quick.v2") == 0, 40, "it is seen that there is none")
        self.assertEqual(self.system.request("GET", "/readyz")[0], 200)

    def test_metadata_goes_on_and_everything_else_after(self):
        client = self.client
        subscriber = self.system.subscribe()
        self.assertEqual(client.put("before", b"bytes", self.store)[0], 201)
        self.system.broker_stop()
        self.addCleanup(self.system.broker_start)

        started = time.monotonic()
        for number in range(200):
            self.create(f"while down {number}")
        self.assertEqual(client.call("GET", "/media/before")[0], 200)
        self.assertEqual(client.call("DELETE", "/media/while%20down%200")[0], 204)
        self.assertLess(time.monotonic() - started, 120)  # each would wait for ten seconds

        for answer in (client.put("not now", b"bytes", self.store), client.call("GET", "/media/before/content"),
                       client.put("not now either", Body(1 << 20), self.store)):
            self.assertEqual((answer[0], answer[1]["code"]), (503, "unavailable"))
        self.assertLess(time.monotonic() - started, 180)
        status, _, ready = self.system.request("GET", "/readyz")
        self.assertEqual(status, 503, ready)
        wait_until(lambda: self.metrics()["mediastore_outbox_oldest_seconds"] > 1, 10, "what waits grows old")
        metrics = self.metrics()
        self.assertEqual(metrics['mediastore_broker_connected{connection="publish"}'], 0)
        self.assertGreater(metrics["mediastore_outbox_events"], 200)
        self.assertGreater(metrics['mediastore_jobs{state="queued"}'], 0)
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
        wait_until(lambda: self.metrics()["mediastore_outbox_events"] == 0, 30, "no event waits")
        self.assertGreater(self.metrics()["mediastore_gateway_events_relayed_total"], 200)
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
