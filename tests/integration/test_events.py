#!/usr/bin/python3
# SPDX-License-Identifier: MIT
"""Change events: none is lost, numbered without gaps, in order per media, whichever gateway relays them and whatever the
broker does."""

import json
import signal
import threading
import time
import unittest

from support.client import Client, quote, store_config
from support.system import System, wait_until

DUTY = 'a duty is taken duty="relaying events"'


class Events(unittest.TestCase):
    @classmethod
    def setUpClass(cls):
        cls.system = System(gateways=2, settings={"MEDIASTORE_EVENT_HEARTBEAT": "1s", "MEDIASTORE_EVENT_STREAMS_MAX": "3"})
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
            self.assertLess(time.monotonic() - started, 120)  # each would wait for ten seconds
            wait_until(lambda: "broker blocks publishing" in self.system.log("api-gateway-1") + self.system.log("api-gateway-2"), 30,
                       "the broker blocks")
            self.assertNotIn({"n": 299}, [message.json.get("metadata") for message in subscriber.collect()])
        finally:
            self.system.broker_unblock()
        subscriber.wait_for(lambda m: m.json.get("metadata") == {"n": 299}, 60)
        events = [message.json for message in self.check(subscriber.collect()).values()]
        self.assertEqual([event["metadata"]["n"] for event in events if event.get("pid") == "blocked" and event["metadata"]],
                         list(range(300)))

    def stream(self, query="", headers=None, client=None):
        """A connection that follows events, and its response."""
        connection = self.system.connect((client or self.client).url, timeout=20)
        connection.request("GET", "/api/events" + query, headers={
            "Authorization": f"Bearer {(client or self.client).token}", "Accept": "text/event-stream", **(headers or {})})
        self.addCleanup(connection.close)
        response = connection.getresponse()
        response.close_all = lambda: (response.close(), connection.close())
        return response

    def follow(self, query="", headers=None, client=None):
        """The same, once there is room: that a client has gone shows at the next heartbeat."""
        def once():
            stream = self.stream(query, headers, client)
            if stream.status == 200:
                return stream
            stream.close_all()
            time.sleep(0.2)
            return None
        return wait_until(once, 20, "there is room for a stream")

    def frames(self, response, count):
        """The next events as (id, kind, data), and how many heartbeats came between."""
        events, heartbeats, fields = [], 0, {}
        while len(events) < count:
            line = response.readline().decode()
            if not line:
                raise AssertionError("the stream ended")
            name, _, value = line.rstrip("\n").partition(": ")
            if line == ": here\n":
                heartbeats += 1
            elif line == "\n" and "data" in fields:
                events.append((int(fields["id"]), fields["event"], json.loads(fields["data"])))
                fields = {}
            elif line != "\n":
                fields[name] = value
        return events, heartbeats

    def last_seq(self):
        return int(self.system.psql("SELECT last FROM event_sequence")[0][0])

    def test_events_are_followed_over_rest(self):
        other = Client(self.system, self.system.gateway_urls[1])
        follower = self.follow("?pattern=media.%23", client=other)
        self.assertEqual((follower.status, follower.getheader("Content-Type")), (200, "text/event-stream"))
        for number in range(3):
            self.create(f"followed {number}")
        events, _ = self.frames(follower, 3)
        self.assertEqual([event[2]["subject"] for event in events], [f"followed {number}" for number in range(3)])
        self.assertEqual({event[1] for event in events}, {"media.created"})
        self.assertEqual([event[0] for event in events], [event[2]["data"]["seq"] for event in events])
        # from where it broke off, whatever the query says, also on another gateway
        again = self.follow("?after=0&pattern=media.%23", {"Last-Event-ID": str(events[0][0])})
        self.assertEqual(self.frames(again, 2)[0], events[1:])
        self.create("followed 3")
        self.assertEqual(self.frames(again, 1)[0][0][2]["subject"], "followed 3")
        # a stream that has nothing to say says so, and keeps no connection of the database
        time.sleep(2.5)
        self.create("followed 4")
        events, heartbeats = self.frames(again, 1)
        self.assertEqual(events[0][2]["subject"], "followed 4")
        self.assertGreaterEqual(heartbeats, 1)
        status, answer = self.client.call("GET", f"/events?after={events[0][0] - 1}&limit=1")
        self.assertEqual((status, answer), (200, [events[0][2]]))

    def test_a_long_backlog_is_streamed_whole(self):
        pids = [f"backlog {number:04}" for number in range(1500)]
        before = self.last_seq()
        status, _ = self.client.call("POST", "/media/create", [
            {"pid": pid, "pid_type": "DEFAULT", "store_config": store_config(self.store)} for pid in pids])
        self.assertEqual(status, 200)
        follower = self.follow(f"?after={before}&pattern=media.created.%23")
        self.assertEqual([event[2]["subject"] for event in self.frames(follower, 1500)[0]], pids)

    def test_streams_are_few_and_end_with_their_token(self):
        streams = [self.follow() for _ in range(3)]
        refused = self.stream()
        self.assertEqual((refused.status, json.loads(refused.read())["code"]), (503, "unavailable"))
        status, made = self.client.call("POST", "/tokens", {"name": "follower", "role": "reader"})
        self.assertEqual(status, 200)
        streams.pop().close_all()
        client = Client(self.system)
        client.token = made["token"]
        follower = self.follow(client=client)
        self.assertEqual(self.client.call("DELETE", f"/tokens/{made['pk']}")[0], 204)
        time.sleep(1.2)
        self.create("not for a revoked token")
        self.assertNotIn(b"not for a revoked token", follower.read())  # it ends

    def test_a_gateway_that_stops_ends_its_streams(self):
        follower = self.follow(client=Client(self.system, self.system.gateway_urls[1]))
        started = time.monotonic()
        self.system.kill("api-gateway-2", signal.SIGTERM)
        self.assertLess(time.monotonic() - started, 15)
        self.assertTrue(follower.read().startswith(b"retry:"))  # and is whole
        self.system.start("api-gateway-2")

    def test_events_are_published_once_more(self):
        before = self.last_seq()
        subscriber = self.system.subscribe()
        for number in range(5):
            self.create(f"replayed {number}")
        first = {message.properties.message_id: message.body for message in
                 [subscriber.wait_for(lambda m: m.json.get("pid") == f"replayed {number}") for number in range(5)]}
        connection = self.system.amqp()
        self.addCleanup(connection.close)
        channel = connection.channel()
        queue = channel.queue_declare("", exclusive=True).method.queue
        status, replay = self.client.call("POST", "/events/replay",
                                          {"after": before, "pattern": "media.created.#", "queue": queue})
        self.assertEqual(status, 200, replay)
        self.wait_for_replay(replay["pk"], "succeeded")
        messages = [channel.basic_get(queue, auto_ack=True) for _ in range(6)]
        self.assertIsNone(messages[5][0])
        self.assertEqual({properties.message_id: body for _, properties, body in messages[:5]}, first)
        self.assertEqual(messages[0][1].headers["cloudEvents:specversion"], "1.0")
        # where nothing takes them it says so, and disturbs nobody
        for target in ({"queue": "not there"}, {"exchange": "not.there"}):
            status, replay = self.client.call("POST", "/events/replay", {"after": before, **target})
            self.assertEqual(status, 200, replay)
            self.assertTrue(self.wait_for_replay(replay["pk"], "failed")["error"])

    def wait_for_replay(self, pk, state):
        return wait_until(lambda: (lambda replay: replay if replay["state"] == state else None)(
            self.client.call("GET", f"/events/replays/{pk}")[1]), 60, f"replay {pk} has {state}")

    def test_jobs_stores_and_identifier_types_are_told_of(self):
        subscriber = self.system.subscribe()
        self.assertEqual(self.client.call("POST", "/identifier", {"name": "told"})[0], 200)
        self.assertEqual(self.client.call("PUT", "/identifier", {"name": "told", "pattern": "[a-z]+"})[0], 204)
        self.assertEqual(self.client.call("DELETE", "/identifier/told")[0], 204)
        status, store = self.client.call("POST", "/store", {"type": "DictStore", "bucket": "told"})
        self.assertEqual(status, 200, store)
        self.assertEqual(self.client.call("DELETE", f"/store/{store['pk']}")[0], 204)
        self.assertEqual(self.client.put("told", b"bytes", self.store)[0], 201)
        self.assertEqual(self.client.put("told on the way", b"bytes", self.client.filesystem("made by a put"))[0], 201)
        self.assertEqual(self.client.call("POST", "/media/" + quote("told on the way") + "/copy", {
            "new_pid": "told again", "store_config": {"type": "DictStore", "bucket": "made by a copy"}})[0], 202)
        self.assertEqual(self.client.call("DELETE", "/media/" + quote("told"))[0], 204)
        for key in ("identifier.created", "identifier.updated", "identifier.deleted", "store.created", "store.deleted",
                    "media.created.DEFAULT.FilesystemStore", "job.running.put", "job.succeeded.put",
                    "media.ready.DEFAULT.FilesystemStore", "media.deleted.DEFAULT.FilesystemStore",
                    "job.queued.delete", "job.running.delete", "job.succeeded.delete"):
            message = subscriber.wait_for(lambda m: m.routing_key == key)
            self.assertEqual(message.headers["cloudEvents:type"], "mediastore." + message.properties.type)
        for bucket in ("told", "made by a put", "made by a copy"):
            made = subscriber.wait_for(lambda m: m.routing_key == "store.created" and m.json["store"]["bucket"] == bucket)
            self.assertEqual(made.json["actor"], self.system.env["MEDIASTORE_ADMIN_USERNAME"], bucket)
        self.check(subscriber.collect())

    def test_every_kind_of_event_is_published(self):
        """Those that no request brings about at will, as the triggers write them: coverage/asyncapi holds each by its schema."""
        subscriber = self.system.subscribe()
        _, store = self.client.call("POST", "/store", {"type": "FilesystemStore", "bucket": "elsewhere"})
        self.assertEqual(self.client.put("every kind", b"bytes", self.store)[0], 201)
        for change in ("store_status = 'LOST'", "store_status = 'PENDING'", "store_status = 'READY'", "store_status = 'CORRUPT'",
                       "store_status = 'FAILED'", f"store = {store['pk']}", "store_key = 'another'", "content_type = 'text/x'",
                       "pid = 'every kind, renamed'", "identifiers = '{\"DEFAULT\": \"x\"}'", "tags = '{a}'", "metadata = '{\"a\": 1.10}'"):
            self.system.psql(f"UPDATE media SET {change} WHERE pid LIKE 'every kind%'")
        self.system.psql("DELETE FROM media WHERE pid LIKE 'every kind%'")
        for state in ("cancelled", "failed", "dead"):
            self.system.psql("INSERT INTO job (id, kind, class, state, error_code, error_message)"
                             f" VALUES (gen_random_uuid(), 'copy', 'background', '{state}', 'unavailable', 'for a test')")
        for what in ("created", "ready", "lost", "restored", "corrupt", "failed", "moved", "updated.storekey", "updated.content",
                     "updated.pid", "updated.identifiers", "updated.tags", "updated.metadata", "deleted"):
            subscriber.wait_for(lambda m: m.routing_key == f"media.{what}.DEFAULT.FilesystemStore")
        for state in ("cancelled", "failed", "dead"):
            subscriber.wait_for(lambda m: m.routing_key == f"job.{state}.copy")
        self.assertIn(b"1.10", subscriber.wait_for(lambda m: "updated.metadata" in m.routing_key).body)


if __name__ == "__main__":
    unittest.main()
