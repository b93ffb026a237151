#!/usr/bin/python3
# SPDX-License-Identifier: MIT
"""Requests over the bus: every kind, in JSON and msgpack, answered as REST answers, carried out once whatever dies."""

import base64
import concurrent.futures
import hashlib
import json
import secrets
import signal
import time
import unittest

import msgpack
import pika

from support.client import Client
from support.pipeline import DECIMAL, Pipeline
from support.system import System, wait_until

NUMBERS = '{"whole":12345678901234567890,"long":123456789012345678901234567890,"tiny":1e-400,"half":0.5,"price":1.10}'


class Requests(unittest.TestCase):
    @classmethod
    def setUpClass(cls):
        cls.system = System(gateways=2, settings={"MEDIASTORE_REQUEST_PATIENCE": "4s", "MEDIASTORE_REQUEST_MAX": "1MiB",
                                                  "MEDIASTORE_IDEMPOTENCY_WAIT": "2s", "MEDIASTORE_QUICK_DEADLINE": "10s"})
        cls.addClassCleanup(cls.system.stop)
        cls.client = Client(cls.system)

    def setUp(self):
        self.pipeline = Pipeline(self.system, self.client.token)
        self.addCleanup(self.pipeline.close)
        self.ask = self.pipeline.ask

    def media(self, pid, **more):
        return {"pid": pid, "pid_type": "DEFAULT", "store_config": {"type": "FilesystemStore", "bucket": "files"}, **more}

    def create(self, *pids):
        answer = self.ask("media.create", [self.media(pid) for pid in pids])
        self.assertEqual(answer["status"], 200, answer)

    def user(self, name, role):
        status, answer = self.client.call("POST", "/users", {"name": name, "password": "password-1", "role": role})
        self.assertEqual(status, 200, answer)
        return self.system.login(name, "password-1")

    def dead_letters(self):
        connection = self.system.amqp()
        channel = connection.channel()
        try:
            letters = []
            while True:
                method, properties, body = channel.basic_get("mediastore.dead.parked", auto_ack=True)
                if method is None:
                    return letters
                letters.append((properties, body))
        finally:
            connection.close()

    def wait_for_dead_letter(self, message_id):
        found = []

        def look():
            found.extend(self.dead_letters())
            return any(properties.message_id == message_id for properties, _ in found)
        wait_until(look, 30, f"{message_id} is a dead letter")
        return next(letter for letter in found if letter[0].message_id == message_id)

    def forget_jobs(self, queue):
        """As if they had never been sent. Its dead consumer's come back first."""
        connection = self.system.amqp()
        channel = connection.channel()
        try:
            wait_until(lambda: channel.queue_declare(queue, passive=True).method.consumer_count == 0, 30, "its consumers are gone")
            channel.queue_purge(queue)
        finally:
            connection.close()

    def history(self, pid):
        return self.system.psql("SELECT op, actor, request_id FROM media_history WHERE pid = $1 ORDER BY at, version", pid)

    # --- kinds

    def test_every_kind_does_what_rest_does(self):
        for packed in (False, True):
            with self.subTest(packed=packed):
                self.life_of_a_media(packed, f"life-{packed}")

    def life_of_a_media(self, packed, pid):
        def ask(kind, data, **options):
            answer = self.ask(kind, data, packed=packed, **options)
            self.assertLess(answer["status"], 300, answer)
            self.assertEqual(answer["kind"], kind)
            return answer.get("result")

        done = {"successes": [pid], "failures": []}
        content = b"bytes \x00\xff of " + pid.encode()
        bytes_ = content if packed else base64.b64encode(content).decode()
        self.assertEqual(ask("media.create", self.media(pid, metadata={"a": {"b": 1}}))["pid"], pid)
        self.assertEqual(ask("media.upload", {"mediadata": self.media(pid), "base64": bytes_})["status"], "READY")
        self.assertEqual(ask("media.update.tags.add", [{"pid": pid, "tags": ["x"]}]), done)
        self.assertEqual(ask("media.update.tags.set", [{"pid": pid, "tags": ["y", "z"]}]), done)
        self.assertEqual(ask("media.update.metadata.set", [{"pid": pid, "keys": ["a", "b"], "data": 2}]), done)
        self.assertEqual(ask("media.update.metadata.merge", [{"pid": pid, "keys": ["a"], "data": {"c": 3}}]), done)
        self.assertEqual(ask("media.update.metadata.remove", [{"pid": pid, "keys": ["a", "b"]}]), done)
        self.assertEqual(ask("media.update.identifiers", [{"pid": pid, "identifiers": {}}]), done)
        media = ask("media.read", pid)
        self.assertEqual((media["tags"], media["metadata"], media["store_status"]), (["y", "z"], {"a": {"c": 3}}, "READY"))
        self.assertEqual(ask("media.read", [pid, "no such"])[0], media)
        key = media["store_key"]
        self.assertEqual(ask("media.update.storekey", [{"pid": pid, "store_key": key}]), done)
        renamed = f"{pid} / é"
        self.assertEqual(ask("media.update.pid", {"pids": [pid], "medias": [{"new_pid": renamed}]}), done)
        download = ask("media.download", renamed)
        self.assertEqual(download["mediadata"]["size"], len(content))
        self.assertEqual(download["base64"] if packed else base64.b64decode(download["base64"]), content)
        self.assertIsNone(ask("media.delete", renamed))
        self.assertIsNone(self.client.media(renamed))
        self.create(pid)
        self.assertEqual(ask("media.delete", [pid]), done)

    def test_answers_come_in_order_with_what_they_belong_to(self):
        message_id = self.pipeline.send("media.create", self.media("ordered"), correlation_id="mine")
        self.assertEqual(self.pipeline.wait("mine")[0]["message_id"], message_id)
        self.assertEqual(self.pipeline.states("mine"), ["accepted", "final"])
        properties = self.pipeline.answers[-1][0]
        self.assertEqual((properties.type, properties.app_id, properties.content_type),
                         ("final", "api-gateway", "application/json"))

    def test_the_kind_may_stand_in_the_type_or_the_routing_key(self):
        self.create("named")
        body = json.dumps({"data": "named", "token": self.client.token}).encode()
        for number, (routing_key, type_) in enumerate([("media.read", None), ("anything", "media.read")]):
            self.pipeline.channel.basic_publish("mediastore.requests", routing_key, body, pika.BasicProperties(
                type=type_, message_id=f"named-{number}", reply_to=self.pipeline.queue))
            self.assertEqual(self.pipeline.wait(f"named-{number}")[0]["result"]["pid"], "named")

    # --- documents as they were sent

    def test_documents_come_back_as_they_were_sent(self):
        document = json.dumps(self.media("exact", metadata="M")).replace('"M"', NUMBERS)
        body = f'{{"kind":"media.create","token":"{self.client.token}","data":{document}}}'.encode()
        message_id = self.pipeline.send("media.create", body=body)
        self.assertEqual(self.pipeline.wait(message_id)[0]["status"], 200)
        text = json.dumps(json.loads(NUMBERS, parse_int=str, parse_float=str))

        def numbers(raw):
            return json.dumps(json.loads(raw, parse_int=str, parse_float=str)["result"]["metadata"], sort_keys=True)
        read = self.pipeline.send("media.read", "exact")
        self.pipeline.wait(read)
        expected = json.dumps(json.loads(text), sort_keys=True)
        self.assertEqual(numbers(self.pipeline.raw(read)).replace("0." + "0" * 399 + "1", "1e-400"), expected)

    def test_msgpack_carries_every_number(self):
        metadata = {"whole": 12345678901234567890, "negative": -2**63, "half": 0.5,
                    "long": msgpack.ExtType(DECIMAL, b"123456789012345678901234567890")}
        self.assertEqual(self.ask("media.create", self.media("packed", metadata=metadata), packed=True)["status"], 200)
        stored = self.system.psql("SELECT metadata->>'long', metadata->>'whole' FROM media WHERE pid = 'packed'")
        self.assertEqual(stored, [["123456789012345678901234567890", "12345678901234567890"]])
        self.assertEqual(self.ask("media.read", "packed", packed=True)["result"]["metadata"], metadata)

    # --- who may

    def test_a_token_has_its_role(self):
        reader = self.user("bus-reader", "reader")
        self.create("guarded")
        self.assertEqual(self.ask("media.read", "guarded", fields={"token": reader})["status"], 200)
        refused = self.ask("media.delete", "guarded", fields={"token": reader})
        self.assertEqual((refused["status"], refused["error"]["code"]), (403, "forbidden"))
        in_header = self.ask("media.read", "guarded", fields={"token": "wrong"}, headers={"token": reader})
        self.assertEqual(in_header["status"], 200)
        for token in ("wrong", "", "a b"):
            answer = self.ask("media.read", "guarded", fields={"token": token})
            self.assertEqual((answer["status"], answer["error"]["detail"]), (401, "Unauthorized"))

    def test_the_user_that_the_broker_has_checked_is_an_account(self):
        nobody = Pipeline(self.system)
        self.addCleanup(nobody.close)
        self.assertEqual(nobody.ask("media.create", self.media("by-user"))["status"], 401)
        self.assertEqual(nobody.ask("media.create", self.media("by-user"), user_id="mediastore")["status"], 401)
        self.user("mediastore", "writer")
        self.assertEqual(nobody.ask("media.create", self.media("by-user"), user_id="mediastore")["status"], 200)
        self.assertEqual(self.history("by-user")[0][1], "mediastore")
        status, answer = self.client.call("PATCH", "/users/mediastore", {"active": False})
        self.assertEqual(status, 200, answer)
        self.assertEqual(nobody.ask("media.read", "by-user", user_id="mediastore")["status"], 401)

    # --- what is wrong

    def test_errors_are_those_of_rest(self):
        self.create("taken")
        cases = [("media.create", self.media("taken"), 409), ("media.create", {"pid": 1}, 422), ("media.read", "none", 404),
                 ("media.create", [self.media("taken")], 422), ("media.download", "taken", 409),
                 ("media.update.tags.add", [{"tags": ["x"]}], 422), ("media.create", "x", 422)]
        for kind, data, status in cases:
            with self.subTest(kind=kind, data=data):
                path = {"media.read": "GET /media?pid=none", "media.download": "GET /download/taken",
                        "media.update.tags.add": "PATCH /media/update/tags"}.get(kind, "POST /media")
                if isinstance(data, list) and kind == "media.create":
                    path = "POST /media/create"
                method, target = path.split()
                expected = self.client.call(method, target, None if method == "GET" else data)
                answer = self.ask(kind, data)
                self.assertEqual((answer["status"], expected[0]), (status, status))
                self.assertEqual((answer["error"]["detail"], answer["error"]["code"]), (expected[1]["detail"], expected[1]["code"]))
                self.assertEqual(answer["error"]["request_id"], answer["request_id"])

    def test_what_is_no_request_is_told_so(self):
        token = json.dumps(self.client.token).encode()
        cases = [(b"", 400), (b"{", 400), (b"[]", 422), (b'{"kind":"media.burn","data":1}', 422), (b'{"data":"x"}', 422),
                 (b'{"kind":"media.read","data":5}', 422), (b'{"kind":"media.read"}', 422), (b'{"kind":1}', 422),
                 (b'{"kind":"media.create","token":' + token + b'}', 422),
                 (b'{"kind":"media.read","data":"a\\u0000"}', 422), (b"\xff", 400),
                 (b"[" * 300 + b"]" * 300, 413), (b'{"data":"' + b"x" * (1 << 20) + b'"}', 413)]
        for number, (body, status) in enumerate(cases):
            with self.subTest(body=body[:60]):
                message_id = self.pipeline.send("", body=body, message_id=f"bad-{number}")
                answer = self.pipeline.wait(message_id)[0]
                self.assertEqual(answer["status"], status, answer)
                self.assertIn("detail", answer["error"])
        for body in (b"\xc1", b"\x81\x01\x02", b"\xdd\xff\xff\xff\xff", b"\x91" * 60 + b"\x01"):
            message_id = self.pipeline.send("media.read", body=body, packed=True)
            self.assertEqual(self.pipeline.wait(message_id)[0]["status"], 400)

    def test_an_error_that_nobody_wants_to_hear_is_a_dead_letter(self):
        for body in (b"nonsense", json.dumps({"token": self.client.token, "data": "no such media"}).encode()):
            message_id = self.pipeline.send("media.read", body=body, reply_to=None)
            properties, parked = self.wait_for_dead_letter(message_id)
            self.assertEqual(properties.headers["x-first-death-queue"], "mediastore.requests.gateway")
            self.assertEqual(properties.headers["x-first-death-reason"], "rejected")
            self.assertEqual(parked, body.replace(self.client.token.encode(), b"*" * len(self.client.token)))
        message_id = self.pipeline.send("media.read", "no such media", packed=True, reply_to=None)
        parked = msgpack.unpackb(self.wait_for_dead_letter(message_id)[1])
        self.assertEqual((parked["data"], set(parked["token"])), ("no such media", {"*"}))
        # answers go to no queue of the services' own
        message_id = self.pipeline.send("media.read", "none", reply_to="mediastore.results.shared")
        self.wait_for_dead_letter(message_id)

    def test_a_message_that_is_too_large_for_anybody_is_answered_or_a_dead_letter(self):
        body = b"x" * (65 << 20)
        self.assertEqual(self.ask("media.read", body=body)["status"], 413)
        message_id = self.pipeline.send("media.read", body=body, reply_to=None)
        properties, parked = self.wait_for_dead_letter(message_id)
        self.assertEqual((parked, properties.headers["x-body-left-out"]), (b"", "larger than 64 MiB"))
        state = self.pipeline.channel.queue_declare("mediastore.requests.gateway", passive=True)
        self.assertEqual(state.method.message_count, 0)

    def test_a_message_that_nobody_acknowledges_is_parked_with_the_reason(self):
        """Its consumers die of it, again and again."""
        gateways = ("api-gateway-1", "api-gateway-2")
        try:
            for name in gateways:
                self.system.kill(name)
            message_id = self.pipeline.send("media.read", "poison", reply_to=None)
            deliveries = self.deliveries_without_an_end()
        finally:
            for name in gateways:
                self.system.start(name)
        self.assertEqual(deliveries, [message_id] * 6 + [None])
        properties, parked = self.wait_for_dead_letter(message_id)
        self.assertEqual(properties.headers["x-first-death-reason"], "delivery_limit")
        self.assertNotIn(self.client.token.encode(), parked)

    def deliveries_without_an_end(self):
        """What a consumer is given that loses its connection over each, until there is no more."""
        deliveries, end = [], time.monotonic() + 30
        while len(deliveries) < 6 or deliveries[-1]:
            self.assertLess(time.monotonic(), end, deliveries)
            connection = self.system.amqp()
            method, properties, _ = connection.channel().basic_get("mediastore.requests.gateway")
            connection.close()
            if method:
                deliveries.append(properties.message_id)
            elif len(deliveries) >= 6:
                deliveries.append(None)
            time.sleep(0.1)
        return deliveries

    # --- once

    def test_the_same_message_does_nothing_twice(self):
        first = self.ask("media.create", self.media("once"), message_id="once-1")
        again = self.ask("media.create", self.media("once"), message_id="once-1")
        again = self.pipeline.wait("once-1", count=2)[1]
        self.assertEqual((again["status"], again["result"], again["replayed"]), (200, first["result"], True))
        other = self.ask("media.create", self.media("twice"), message_id="once-1")
        other = self.pipeline.wait("once-1", count=3)[2]
        self.assertEqual(other["result"], first["result"])
        self.assertIsNone(self.client.media("twice"))
        self.assertEqual(len(self.history("once")), 1)

    def test_many_copies_at_once_have_one_effect(self):
        self.create("copies")
        for _ in range(20):
            self.pipeline.send("media.update.tags.add", [{"pid": "copies", "tags": ["t"]}], message_id="copies-1")
        answers = self.pipeline.wait("copies-1", count=20)
        self.assertEqual({answer["status"] for answer in answers}, {200})
        self.assertEqual(sum("replayed" not in answer for answer in answers), 1)
        self.assertEqual(len(self.history("copies")), 2)

    def test_the_memory_outlives_restarts(self):
        first = self.ask("media.create", self.media("kept"), message_id="kept-1")
        for name in ("api-gateway-1", "api-gateway-2"):
            self.system.restart(name)
        self.ask("media.create", self.media("kept"), message_id="kept-1")
        again = self.pipeline.wait("kept-1", count=2)[1]
        self.assertEqual((again["result"], again["replayed"]), (first["result"], True))
        deleted = self.ask("media.delete", "kept", message_id="kept-2")
        self.ask("media.delete", "kept", message_id="kept-2")
        self.assertEqual((deleted["status"], self.pipeline.wait("kept-2", count=2)[1]["status"]), (204, 204))

    def test_gateways_that_are_killed_in_the_middle_leave_one_effect(self):
        pids = [f"crash-{number}" for number in range(150)]
        for number, pid in enumerate(pids):
            self.pipeline.send("media.create", self.media(pid), message_id=f"create {pid}")
            self.pipeline.send("media.update.metadata.merge", [{"pid": f"other-{number % 3}", "data": {str(number): 1}}],
                               message_id=f"merge {number}")
            if number % 50 == 20:
                self.system.kill(f"api-gateway-{1 + number // 50 % 2}")
                self.system.start(f"api-gateway-{1 + number // 50 % 2}")
        for number, pid in enumerate(pids):
            self.assertEqual(self.pipeline.wait(f"create {pid}", seconds=120)[0]["status"], 200)
            self.pipeline.wait(f"merge {number}")
        effects = self.system.psql("SELECT pid, count(*) FROM media_history WHERE pid LIKE 'crash-%' GROUP BY pid")
        self.assertEqual(sorted(effects), sorted([pid, "1"] for pid in pids))

    def test_an_upload_survives_the_gateway_that_began_it(self):
        content = secrets.token_bytes(300_000)
        for name in ("store-worker-1",):
            self.system.pause(name)
        try:
            message_id = self.pipeline.send("media.upload", {"mediadata": self.media("interrupted"),
                                                             "base64": base64.b64encode(content).decode()})
            self.pipeline.wait(message_id, "accepted")
            wait_until(lambda: self.client.media("interrupted"), 20, "its row is there")
            for name in ("api-gateway-1", "api-gateway-2"):
                self.system.kill(name)
        finally:
            self.system.resume("store-worker-1")
        for name in ("api-gateway-1", "api-gateway-2"):
            self.system.start(name)
        answer = self.pipeline.wait(message_id, seconds=90)[0]
        self.assertEqual((answer["status"], answer.get("result", {}).get("status")), (200, "READY"), answer)
        self.assertEqual(self.client.get("interrupted")[2], hashlib.sha256(content).hexdigest())
        self.assertEqual(len([row for row in self.history("interrupted") if row[0] == "insert"]), 1)

    def test_an_upload_whose_job_was_lost_with_its_gateway_is_sent_again(self):
        content = secrets.token_bytes(300_000)
        self.system.pause("store-worker-1")
        message_id = self.pipeline.send("media.upload", {"mediadata": self.media("lost-job"),
                                                         "base64": base64.b64encode(content).decode()})
        wait_until(lambda: self.client.media("lost-job"), 20, "its row is there")
        for name in ("api-gateway-1", "api-gateway-2", "store-worker-1"):
            self.system.kill(name)
        self.forget_jobs("mediastore.jobs.site.default.stream.v2")
        for name in ("store-worker-1", "api-gateway-1", "api-gateway-2"):
            self.system.start(name)
        answer = self.pipeline.wait(message_id, seconds=90)[0]
        self.assertEqual((answer["status"], answer.get("result", {}).get("status")), (200, "READY"), answer)
        self.assertEqual(self.client.get("lost-job")[2], hashlib.sha256(content).hexdigest())

    # --- what is away

    def test_requests_wait_for_the_database(self):
        self.create("patient")
        self.system._service("stop", "postgres")
        try:
            sent = [self.pipeline.send("media.update.tags.add", [{"pid": "patient", "tags": [str(i)]}]) for i in range(5)]
            time.sleep(7)  # longer than MEDIASTORE_REQUEST_PATIENCE
        finally:
            self.system._service("start", "postgres")
        self.assertEqual({self.pipeline.wait(message_id)[0]["status"] for message_id in sent}, {200})
        self.assertEqual(sorted(self.client.media("patient")["tags"]), list("01234"))

    def test_what_workers_would_do_is_tried_again_and_then_told(self):
        self.system.kill("store-worker-1", signal.SIGTERM)
        try:
            upload = {"mediadata": self.media("workerless"), "base64": "aGVsbG8="}
            answer = self.pipeline.wait(self.pipeline.send("media.upload", upload, message_id="workerless-1"), seconds=90)[0]
            self.assertEqual(answer["status"], 503, answer)
        finally:
            self.system.start("store-worker-1")
        self.pipeline.send("media.upload", upload, message_id="workerless-1")  # was not carried out: may be now
        again = self.pipeline.wait("workerless-1", count=2, seconds=90)[1]
        self.assertEqual((again["status"], again["result"]["status"]), (200, "READY"), again)


if __name__ == "__main__":
    unittest.main()
