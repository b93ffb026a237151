#!/usr/bin/python3
# SPDX-License-Identifier: MIT
"""Idempotency-Key on two gateways: carried out once, answered alike, also at once, after restarts and after a crash."""

import base64
import concurrent.futures
import json
import signal
import subprocess
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

    # --- kill -9 between any two steps

    def killed_when(self, reached, key):
        wait_until(reached, 20, "the request has come that far")
        self.system.kill("api-gateway-1")
        self.come_back(key)

    def come_back(self, key):
        """The gateway starts again, and the lease of what it had begun ends now instead of in half a minute."""
        self.system.start("api-gateway-1")
        self.system.psql("UPDATE idempotency SET leased_until = now() WHERE key = $1 AND status IS NULL", key)

    def waits_for_a_lock(self, statement):
        return self.system.psql("SELECT 1 FROM pg_stat_activity WHERE wait_event_type = 'Lock' AND query LIKE $1", statement)

    def test_killed_before_the_effect_it_is_carried_out_again(self):
        with concurrent.futures.ThreadPoolExecutor(1) as pool, Lock(self.system, "LOCK TABLE media IN SHARE MODE"):
            pool.submit(self.post, "kill-1", "/media", self.media("killed 1"))
            self.killed_when(lambda: self.waits_for_a_lock("%INSERT INTO media%"), "kill-1")
        self.assertIsNone(self.client.media("killed 1"))
        self.assertEqual(self.post("kill-1", "/media", self.media("killed 1"), gateway=1)[0], 200)

    def test_killed_between_effect_and_answer_it_has_done_nothing(self):
        for key, path, body in (("kill-2", "/media", self.media("killed 2")), ("kill-3", "/media/create", [self.media("killed 3")])):
            with concurrent.futures.ThreadPoolExecutor(1) as pool:
                before = Lock(self.system, "LOCK TABLE media IN SHARE MODE")
                pool.submit(self.post, key, path, body)
                wait_until(lambda: self.waits_for_a_lock("%INSERT INTO media%"), 20, "the effect is about to be")
                with Lock(self.system, f"SELECT 1 FROM idempotency WHERE key = '{key}' FOR UPDATE"):
                    before.release()
                    wait_until(lambda: self.waits_for_a_lock("%UPDATE idempotency SET status%"), 20, "only the answer is missing")
                    self.system.kill("api-gateway-1")
                self.come_back(key)
            self.assertIsNone(self.client.media(key.replace("kill-", "killed ")))
            status, headers, _ = self.post(key, path, body, gateway=1)
            self.assertEqual((status, headers["Idempotency-Replayed"]), (200, None))

    def test_killed_before_the_answer_is_read_it_is_answered_alike(self):
        connection = self.system.connect(self.gateways[0])
        connection.request("POST", "/api/media", body=json.dumps(self.media("killed 4")), headers={
            "Authorization": f"Bearer {self.client.token}", "Idempotency-Key": "kill-4"})
        self.killed_when(lambda: self.system.psql("SELECT 1 FROM idempotency WHERE key = 'kill-4' AND status IS NOT NULL"), "kill-4")
        connection.close()
        status, headers, answer = self.post("kill-4", "/media", self.media("killed 4"), gateway=1)
        self.assertEqual((status, headers["Idempotency-Replayed"], answer), (200, "true", self.client.media("killed 4")))

    def test_killed_while_a_worker_stores_the_bytes_the_next_one_waits_for_them(self):
        self.system.pause("store-worker-1")
        with concurrent.futures.ThreadPoolExecutor(1) as pool:
            try:
                pool.submit(self.post, "kill-5", "/upload", self.upload("killed 5"))
                wait_until(lambda: self.client.status_of("killed 5") == "PENDING", 20, "the upload has begun")
                time.sleep(1)  # its job is on its way
                self.killed_when(lambda: self.client.status_of("killed 5") == "PENDING", "kill-5")
                second = pool.submit(self.post, "kill-5", "/upload", self.upload("killed 5"), 1)
                time.sleep(0.5)
            finally:
                self.system.resume("store-worker-1")
            status, _, answer = second.result()
        self.assertEqual((status, answer), (200, {"status": "READY", "presigned_put": None}))
        self.assertEqual(self.client.status_of("killed 5"), "READY")
        self.assertEqual(self.system.psql("SELECT count(*) FROM job WHERE pid = 'killed 5' AND kind = 'put'"), [["1"]])

    def test_killed_when_the_bytes_are_stored_it_is_answered_alike(self):
        with concurrent.futures.ThreadPoolExecutor(1) as pool:
            self.system.pause("store-worker-1")
            try:
                pool.submit(self.post, "kill-6", "/upload", self.upload("killed 6"))
                wait_until(lambda: self.client.status_of("killed 6") == "PENDING", 20, "the upload has begun")
                lock = Lock(self.system, "SELECT 1 FROM idempotency WHERE key = 'kill-6' FOR UPDATE")
            finally:
                self.system.resume("store-worker-1")
            with lock:
                self.client.wait_for_status("killed 6", "READY")
                self.system.kill("api-gateway-1")
            self.come_back("kill-6")
        status, _, answer = self.post("kill-6", "/upload", self.upload("killed 6"), gateway=1)
        self.assertEqual((status, answer), (200, {"status": "READY", "presigned_put": None}))


class Lock:
    """Rows or tables locked by another session."""

    def __init__(self, system, sql):
        self.session = subprocess.Popen(["psql", "-X", "-q", "-A", "-t", "-d", system.database_url], text=True,
                                        stdin=subprocess.PIPE, stdout=subprocess.PIPE)
        self.session.stdin.write(f"BEGIN;\n{sql};\nSELECT 'locked';\n")
        self.session.stdin.flush()
        while "locked" not in self.session.stdout.readline():
            pass

    def release(self):
        self.session.stdin.close()
        self.session.wait(20)
        self.session.stdout.close()

    def __enter__(self):
        return self

    def __exit__(self, *exception):
        self.release()


if __name__ == "__main__":
    unittest.main()
