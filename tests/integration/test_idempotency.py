#!/usr/bin/python3
# SPDX-License-Identifier: MIT
"""Idempotency-Key on two gateways: carried out once, answered alike, also at once, after restarts and after a crash."""

import base64
import concurrent.futures
import signal
import time
import unittest

from support.client import Client
from support.system import System, wait_until


class Idempotency(unittest.TestCase):
    @classmethod
    def setUpClass(cls):
        cls.system = System(gateways=2, settings={"MEDIASTORE_IDEMPOTENCY_WAIT": "2s"})
        cls.addClassCleanup(cls.system.stop)
        cls.client = Client(cls.system)
        cls.gateways = cls.system.gateway_urls

    def post(self, key, path, body, gateway=0):
        return self.system.request("POST", "/api" + path, token=self.client.token, body=body, url=self.gateways[gateway],
                                   headers={"Idempotency-Key": key})

    def media(self, pid):
        return {"pid": pid, "pid_type": "DEFAULT", "store_config": {"type": "FilesystemStore", "bucket": "files"}}

    def upload(self, pid):
        return {"mediadata": self.media(pid), "base64": base64.b64encode(b"bytes").decode()}

    def assert_same(self, first, second):
        self.assertEqual((second[0], second[2]), (first[0], first[2]))
        self.assertEqual(second[1]["Idempotency-Replayed"], "true")
        self.assertEqual(second[1]["Content-Type"], first[1]["Content-Type"])

    def test_the_other_gateway_gives_the_same_answer(self):
        first = self.post("key-1", "/media", self.media("once"), gateway=0)
        self.assertEqual(first[0], 200, first[2])
        self.assert_same(first, self.post("key-1", "/media", self.media("once"), gateway=1))
        self.assertEqual(self.post("key-2", "/media", self.media("once"), gateway=1)[0], 409)

    def test_another_body_is_refused(self):
        self.assertEqual(self.post("key-3", "/media", self.media("three"))[0], 200)
        status, _, answer = self.post("key-3", "/media", self.media("four"), gateway=1)
        self.assertEqual((status, answer["code"]), (422, "invalid"))
        self.assertIsNone(self.client.media("four"))

    def test_many_at_once_are_carried_out_once(self):
        with concurrent.futures.ThreadPoolExecutor(16) as pool:
            for round_ in range(5):
                body = {"name": f"token of round {round_}"}
                answers = list(pool.map(lambda i: self.post(f"storm-{round_}", "/tokens", body, gateway=i % 2), range(16)))
                self.assertEqual({answer[0] for answer in answers}, {200})
                self.assertEqual(len({answer[2]["token"] for answer in answers}), 1)
                self.assertEqual(sum(answer[1]["Idempotency-Replayed"] is None for answer in answers), 1)
                self.assertEqual(self.system.psql("SELECT count(*) FROM token WHERE name = $1", body["name"]), [["1"]])

    def test_the_answer_outlives_restarts_and_crashes(self):
        first = self.post("key-5", "/media", self.media("five"))
        self.assertEqual(first[0], 200, first[2])
        for number in (signal.SIGTERM, signal.SIGKILL):
            for name in ("api-gateway-1", "api-gateway-2"):
                self.system.restart(name, number)
            self.assert_same(first, self.post("key-5", "/media", self.media("five"), gateway=1))

    def test_a_request_in_progress_is_told_so_and_then_answered(self):
        self.system.pause("store-worker-1")
        with concurrent.futures.ThreadPoolExecutor(1) as pool:
            try:
                first = pool.submit(self.post, "key-6", "/upload", self.upload("six"))
                time.sleep(0.5)
                started = time.monotonic()
                status, headers, answer = self.post("key-6", "/upload", self.upload("six"), gateway=1)
                self.assertEqual((status, answer["code"], headers["Retry-After"]), (409, "conflict", "1"))
                self.assertGreater(time.monotonic() - started, 1.9)
            finally:
                self.system.resume("store-worker-1")
            first = first.result()
        self.assertEqual((first[0], first[2]["status"]), (200, "READY"), first[2])
        self.assert_same(first, self.post("key-6", "/upload", self.upload("six"), gateway=1))

    def test_what_a_dead_gateway_had_begun_can_be_tried_again(self):
        self.system.pause("store-worker-1")
        with concurrent.futures.ThreadPoolExecutor(1) as pool:
            try:
                first = pool.submit(self.post, "key-7", "/upload", self.upload("seven"))
                wait_until(lambda: self.client.status_of("seven") == "PENDING", 20, "the upload has begun")
                self.system.kill("api-gateway-1")
                self.assertIsNotNone(first.exception(timeout=30))
            finally:
                self.system.resume("store-worker-1")
        self.system.start("api-gateway-1")
        self.assertEqual(self.post("key-7", "/upload", self.upload("seven"), gateway=1)[0], 409)
        answers = []

        def again():
            answers.append(self.post("key-7", "/upload", self.upload("seven"), gateway=1))
            return "in progress" not in str(answers[-1][2].get("detail"))

        wait_until(again, 60, "the dead gateway's lease ends")
        self.assertIn(answers[-1][0], (200, 409), answers[-1][2])
        self.client.wait_for_status("seven", "READY")


if __name__ == "__main__":
    unittest.main()
