#!/usr/bin/python3
# SPDX-License-Identifier: MIT
"""What stands on the broker already when the services come: exchanges that the lab's helper library has declared, and
queues of another version, with other arguments."""

import json
import time
import unittest

import pika

from support.client import Client
from support.pipeline import Pipeline
from support.system import System, wait_until

REQUESTS, EVENTS = "mediastore.requests.fanout", "mediastore.events.fanout"


class Helper:
    """Just what the lab's library does: an exchange of its own declaring, not durable; bare JSON, no properties; an
    exclusive queue, consumed with auto_ack."""

    def __init__(self, url):
        self.connection = pika.BlockingConnection(pika.URLParameters(url))
        self.channel = self.connection.channel()

    def publish(self, exchange, message):
        self.channel.exchange_declare(exchange=exchange, exchange_type="fanout", durable=False)
        self.channel.basic_publish(exchange=exchange, routing_key="", body=json.dumps(message))

    def subscribe(self, exchange):
        self.channel.exchange_declare(exchange=exchange, exchange_type="fanout", durable=False)
        self.queue = self.channel.queue_declare(queue="", exclusive=True).method.queue
        self.channel.queue_bind(exchange=exchange, queue=self.queue)

    def wait_for(self, wanted, seconds=30):
        end = time.monotonic() + seconds
        while time.monotonic() < end:
            method, _, body = self.channel.basic_get(self.queue, auto_ack=True)
            if method is None:
                self.connection.sleep(0.1)
            elif wanted(json.loads(body)):
                return json.loads(body)
        raise AssertionError(f"no such message within {seconds} s")

    def close(self):
        self.connection.close()


class Topology(unittest.TestCase):
    @classmethod
    def setUpClass(cls):
        cls.system = System()
        cls.addClassCleanup(cls.system.stop)
        cls.client = Client(cls.system)

    def helper(self):
        helper = Helper(self.system.amqp_url)
        self.addCleanup(helper.close)
        return helper

    def media(self, pid):
        return {"pid": pid, "pid_type": "DEFAULT", "store_config": {"type": "FilesystemStore", "bucket": "files"}}

    def change(self, actions):
        """With the services down."""
        for name in ("api-gateway-1", "store-worker-1"):
            self.system.kill(name)
        connection = self.system.amqp()
        actions(connection.channel())
        connection.close()
        for name in ("api-gateway-1", "store-worker-1"):
            self.system.start(name)

    def round_trip(self, pid):
        subscriber, publisher = self.helper(), self.helper()
        subscriber.subscribe(EVENTS)
        publisher.publish(REQUESTS, {"kind": "media.create", "token": self.client.token, "data": self.media(pid)})
        event = subscriber.wait_for(lambda message: message.get("pid") == pid)
        self.assertEqual((event["store_status"], event["pid_type"]), ("PENDING", "DEFAULT"))
        self.assertEqual(self.client.status_of(pid), "PENDING")

    def test_the_helper_publishes_and_subscribes(self):
        self.round_trip("helper-1")

    def test_the_helper_may_come_first(self):
        early = self.helper()

        def declare(channel):
            channel.exchange_delete(REQUESTS)
            channel.exchange_delete(EVENTS)
            early.subscribe(EVENTS)
            early.publish(REQUESTS, {"kind": "media.read", "data": "nobody is there to hear it"})
        self.change(declare)
        self.round_trip("helper-2")
        early.wait_for(lambda message: message.get("pid") == "helper-2")

    def test_the_exchanges_come_back_after_a_restart_of_the_broker(self):
        self.system.broker_stop()
        self.system.broker_start()
        self.wait_until_ready()
        self.round_trip("helper-3")

    def wait_until_ready(self):
        wait_until(lambda: self.system.request("GET", "/readyz")[0] == 200, 60, "the gateway is ready")

    def test_queues_with_other_arguments_stop_no_start(self):
        """As another version might have declared them: they are used as they are."""
        queues = ("mediastore.requests.gateway", "mediastore.results.shared", "mediastore.dead.letters",
                  "mediastore.jobs.site.default.quick.v2", "mediastore.jobs.site.default.background")

        def declare(channel):
            for queue in queues:
                channel.queue_delete(queue)
                channel.queue_declare(queue, durable=True, arguments={"x-max-length": 100_000})
        self.change(declare)
        self.wait_until_ready()
        pipeline = Pipeline(self.system, self.client.token)
        self.addCleanup(pipeline.close)
        answer = pipeline.ask("media.upload", {"mediadata": self.media("old queues"), "base64": "aGVsbG8="})
        self.assertEqual((answer["status"], answer["result"]["status"]), (200, "READY"), answer)
        key = self.client.media("old queues")["store_key"]
        path = self.system.store_root / "files" / key
        wait_until(path.exists, 10, "the object is there")
        self.assertEqual(pipeline.ask("media.delete", "old queues")["status"], 204)
        wait_until(lambda: not path.exists(), 60, "a background job has removed it")
        for name in ("api-gateway-1", "store-worker-1"):
            self.assertIn("broker refused a declaration", self.system.log(name))

    def test_a_queue_that_vanishes_costs_nobody_an_error(self):
        """As with a broker node: workers are told, and declare it again; who puts meanwhile waits for that."""
        for store_type, queue, size in (("FilesystemStore", "mediastore.jobs.site.default.quick.v2", 5),
                                        ("FilesystemStore", "mediastore.jobs.site.default.stream.v2", 3 << 20),
                                        ("DictStore", "mediastore.jobs.ram.default.v2", 5)):
            connection = self.system.amqp()
            connection.channel().queue_delete(queue)
            status, answer = self.client.put(queue, bytes(size), {"store_type": store_type, "bucket": "files"})
            connection.close()
            self.assertEqual(status, 201, answer)
            self.assertEqual(self.client.get(queue)[:2], (200, size))

    def test_queues_of_an_earlier_version_are_removed(self):
        """Under the names and with the arguments that they had; but not the one in which a promised job still waits."""
        empty = ("mediastore.jobs.shared.quick", "mediastore.jobs.site.default.stream", "mediastore.progress")
        full = "mediastore.jobs.ram.default"

        def declare(channel):
            for queue in (*empty, full):
                channel.queue_declare(queue, durable=True,
                                      arguments={"x-single-active-consumer": True} if queue == full else None)
            channel.basic_publish("", full, b"a job", pika.BasicProperties(delivery_mode=2))
        self.change(declare)
        self.round_trip("former queues")
        self.assertEqual([queue for queue in (*empty, full) if self.queue_exists(queue)], [full])
        self.assertIn("a queue of an earlier version is still in use", self.system.log("store-worker-1"))

    def queue_exists(self, queue):
        connection = self.system.amqp()
        try:
            connection.channel().queue_declare(queue, passive=True)
            return True
        except pika.exceptions.ChannelClosedByBroker:
            return False
        finally:
            connection.close()


if __name__ == "__main__":
    unittest.main()
