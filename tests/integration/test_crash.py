#!/usr/bin/python3
# SPDX-License-Identifier: MIT
"""kill -9 of either service in the middle of a transfer: afterwards every READY media has its bytes, no store shows half
an object, and the same upload succeeds when it is sent again."""

import threading
import time
import unittest
import urllib.parse

from support.bodies import Body, BrokenOff
from support.client import Client, quote, s3_list, s3_multiparts
from support.system import System, wait_until

MIB = 1 << 20
SIZE = 64 * MIB
WORKER, GATEWAY = "store-worker-1", "api-gateway-1"


class Upload(threading.Thread):
    """A client that puts 64 MB and waits for the answer."""

    def __init__(self, client, pid, store):
        super().__init__()
        self.client, self.pid, self.store = client, pid, store
        self.body, self.answer = Body(SIZE), None

    def run(self):
        try:
            self.answer = self.client.put(self.pid, self.body, self.store, timeout=120)
        except OSError as error:
            self.answer = (None, error)


class Crash(unittest.TestCase):
    @classmethod
    def setUpClass(cls):
        cls.system = System(settings={"MEDIASTORE_RECONCILE_INTERVAL": "500ms", "MEDIASTORE_SPOOL_GRACE": "3s",
                                      "MEDIASTORE_TRANSFER_DEADLINE": "20s"})
        cls.addClassCleanup(cls.system.stop)
        cls.client = Client(cls.system)
        cls.stores = {"FilesystemStore": cls.client.filesystem(), "DictStore": cls.client.ram(),
                      "BucketStore": cls.client.bucket()}

    # --- what must hold after any crash

    def stored_files(self):
        root = self.system.store_root
        return [path for path in root.rglob("*") if path.is_file()]

    def assert_truthful(self, like="%"):
        """Every READY media (of these pids) gives the bytes it promises; what was in the memory of a dead worker says
        soon that it is lost."""
        def no_lies():
            return all(self.client.get(pid) == (200, int(size), sha256) or self.client.status_of(pid) == "LOST"
                       for pid, size, sha256 in self.system.psql(
                           "SELECT pid, size, sha256 FROM media WHERE store_status = 'READY' AND pid LIKE $1", like))
        wait_until(no_lies, 60, "every READY media has its bytes")

    def assert_no_half_objects(self):
        """What lies in a store belongs to a READY media, whole, or is about to be deleted."""
        known = {key: int(size) for key, size in self.system.psql(
            "SELECT store_key, size FROM media WHERE store_status = 'READY'")}

        def settled():
            return all(self.key_of(path) in known and path.stat().st_size == known[self.key_of(path)]
                       for path in self.stored_files() if ".mediastore-tmp" not in path.parts)
        wait_until(settled, 60, "the filesystem store holds whole, known objects only")
        bucket = self.stores["BucketStore"]["bucket"]
        wait_until(lambda: set(s3_list(self.system.s3(), bucket)) <= set(known), 60, "so does the bucket")

    def key_of(self, path):
        return str(path.relative_to(self.system.store_root / self.stores["FilesystemStore"]["bucket"]))

    def wait_until_decided(self, pid):
        return wait_until(lambda: self.client.status_of(pid) in ("READY", "FAILED", "LOST") and self.client.status_of(pid),
                          90, f"{pid} is decided")

    def assert_can_be_sent_again(self, pid, store):
        if self.client.status_of(pid) == "READY":
            return
        body = Body(SIZE)
        status, answer = self.client.put(pid, body, store)
        self.assertIn(status, (200, 201), answer)
        self.assertEqual(self.client.get(pid), (200, SIZE, body.sha256))

    # --- crashes

    def begin_upload(self, pid, store):
        """An upload whose job the worker has in its queue and will begin when it is resumed."""
        self.system.pause(WORKER)
        upload = Upload(self.client, pid, store)
        upload.start()
        wait_until(lambda: self.jobs_running(pid), 30, "the job is running")
        return upload

    def kill_worker_after(self, seconds):
        self.system.resume(WORKER)
        time.sleep(seconds)
        self.system.kill(WORKER)
        self.system.start(WORKER)

    def test_worker_killed_while_a_client_waits(self):
        for store_type, store in self.stores.items():
            for delay in (0.0, 0.02, 0.05, 0.15, 0.4):
                with self.subTest(store_type=store_type, delay=delay):
                    pid = f"worker dies {store_type} {delay}"
                    upload = self.begin_upload(pid, store)
                    self.kill_worker_after(delay)
                    upload.join()
                    self.assertIn(upload.answer[0], (201, 503, 504), upload.answer)
                    decided = self.wait_until_decided(pid)
                    if upload.answer[0] == 201 and store_type != "DictStore":
                        self.assertEqual(decided, "READY")
                    self.assert_truthful(pid)
                    self.assert_can_be_sent_again(pid, store)
        self.assert_truthful()
        self.assert_no_half_objects()

    def jobs_running(self, pid):
        return self.system.psql("SELECT 1 FROM job WHERE pid = $1 AND state = 'running'", pid)

    def test_worker_killed_after_the_client_has_gone(self):
        pid = "client gone, worker dies"
        self.system.pause(WORKER)
        connection = self.system.connect()
        connection.request("PUT", f"/api/media/{quote(pid)}/content?" + urllib.parse.urlencode(self.stores["FilesystemStore"]),
                           body=Body(SIZE), headers={"Authorization": f"Bearer {self.client.token}", "Content-Length": str(SIZE)})
        wait_until(lambda: self.jobs_running(pid), 30, "the job is running")
        connection.close()
        self.kill_worker_after(0.02)
        self.assertEqual(self.wait_until_decided(pid), "READY")
        self.assert_truthful()

    def test_worker_killed_while_it_does_in_the_background_what_a_dead_gateway_began(self):
        for store_type, store in self.stores.items():
            with self.subTest(store_type=store_type):
                pid = f"both die {store_type}"
                upload = self.begin_upload(pid, store)
                self.system.kill(GATEWAY)
                self.system.kill(WORKER)
                upload.join()
                self.system.start(GATEWAY)
                wait_until(lambda: self.system.psql("SELECT 1 FROM job WHERE pid = $1 AND attempt > 1", pid), 60,
                           "the scheduler takes the job over")
                self.system.start(WORKER)
                self.kill_worker_after(0.1)
                self.assertIn(self.wait_until_decided(pid), ("READY", "FAILED"))
                self.assert_truthful(pid)
                self.assert_can_be_sent_again(pid, store)
        self.assert_no_half_objects()

    def test_gateway_killed_while_it_receives(self):
        for store_type, store in self.stores.items():
            with self.subTest(store_type=store_type):
                pid = f"gateway dies receiving {store_type}"
                upload = Upload(self.client, pid, store)
                upload.body = SlowBody(SIZE, lambda: self.spool_bytes() > 4 * MIB)
                upload.start()
                wait_until(upload.body.reached.is_set, 30, "half of the body has arrived")
                self.system.kill(GATEWAY)
                upload.body.go_on.set()
                upload.join()
                self.assertIsNone(upload.answer[0], upload.answer)
                self.system.start(GATEWAY)
                self.assertIn(self.client.status_of(pid), (None, "FAILED", "PENDING"))
                wait_until(lambda: self.spool_bytes() == 0, 30, "the broken upload is swept from the spool")
                self.assert_can_be_sent_again(pid, store)

    def spool_bytes(self):
        def size(path):
            try:
                return path.stat().st_size
            except FileNotFoundError:
                return 0
        return sum(size(path) for path in self.system.spool.iterdir())

    def test_gateway_killed_while_the_worker_stores(self):
        for store_type, store in self.stores.items():
            with self.subTest(store_type=store_type):
                pid = f"gateway dies storing {store_type}"
                upload = self.begin_upload(pid, store)
                self.system.kill(GATEWAY)
                self.system.resume(WORKER)
                upload.join()
                self.system.start(GATEWAY)
                decided = self.wait_until_decided(pid)
                self.assertIn(decided, ("READY", "FAILED"))
                self.assert_truthful(pid)
                self.assert_can_be_sent_again(pid, store)
        self.assert_no_half_objects()

    def test_client_that_breaks_off_leaves_nothing(self):
        for store_type, store in self.stores.items():
            with self.subTest(store_type=store_type):
                pid = f"client breaks off {store_type}"
                with self.assertRaises(BrokenOff):
                    self.client.put(pid, Body(SIZE, breaks_off_after=10 * MIB), store)
                wait_until(lambda: self.spool_bytes() == 0, 30, "the spool is empty")
                self.assertIsNone(self.client.media(pid))

    def test_no_multipart_upload_is_left_by_a_killed_worker(self):
        store, server = self.stores["BucketStore"], self.system.s3()
        upload = threading.Thread(target=self.client.put, args=("multipart is killed", Body(8 * SIZE), store))
        upload.start()
        wait_until(lambda: s3_multiparts(server, store["bucket"]), 30, "a multipart upload goes on")
        self.system.restart(WORKER, 9)
        upload.join()
        self.assertIn(self.wait_until_decided("multipart is killed"), ("READY", "FAILED"))
        wait_until(lambda: not s3_multiparts(server, store["bucket"]), 60, "no upload is left")
        self.assert_truthful("multipart is killed")

    def test_no_multipart_upload_is_left_by_a_failed_put(self):
        store = self.stores["BucketStore"]
        with self.assertRaises(BrokenOff):
            self.client.put("multipart breaks off", Body(SIZE, breaks_off_after=30 * MIB), store)
        self.assertEqual(s3_multiparts(self.system.s3(), store["bucket"]), [])


class SlowBody(Body):
    """Waits in the middle until it is told to go on."""

    def __init__(self, size, is_reached):
        super().__init__(size)
        self.is_reached, self.reached, self.go_on = is_reached, threading.Event(), threading.Event()

    def read(self, size=1 << 16):
        if self._given >= self.size // 2 and not self.reached.is_set():
            wait_until(self.is_reached, 30, "the gateway has received a part")
            self.reached.set()
            self.go_on.wait(60)
        return super().read(size)


if __name__ == "__main__":
    unittest.main()
