#!/usr/bin/python3
# SPDX-License-Identifier: MIT
"""Uploads in parts that a client sends to the S3 server itself, with presigned URLs: all the way, ended, cut short, and left
behind."""

import hashlib
import time
import unittest
import urllib.error
import urllib.parse
import urllib.request

from support.client import Client, s3_list, s3_multiparts, store_config
from support.system import System, wait_until

MIB = 1 << 20
PART = 5 * MIB


def part(number, size=PART):
    return bytes([number]) * size


class Multipart(unittest.TestCase):
    @classmethod
    def setUpClass(cls):
        cls.system = System(settings={"MEDIASTORE_RECONCILE_INTERVAL": "1s"})
        cls.addClassCleanup(cls.system.stop)
        cls.client = Client(cls.system)
        cls.bucket = cls.client.bucket()

    def call(self, method, path, body=None):
        return self.client.call(method, path, body)

    def media(self, pid, store=None):
        status, answer = self.call("POST", "/media", {"pid": pid, "pid_type": "DEFAULT", "store_config": store_config(store or self.bucket)})
        self.assertEqual(status, 200, answer)
        return f"/media/{urllib.parse.quote(pid)}/multipart"

    def begin(self, pid, **wish):
        path = self.media(pid)
        status, answer = self.call("POST", path, {"part_size": PART, **wish})
        self.assertEqual(status, 201, answer)
        return path, answer

    def urls(self, path, *numbers, query=""):
        status, answer = self.call("POST", path + "/urls" + query, {"parts": list(numbers)})
        self.assertEqual(status, 200, answer)
        self.assertEqual([one["number"] for one in answer], list(numbers))
        return [one["url"] for one in answer]

    def send(self, url, body):
        request = urllib.request.Request(url, data=body, method="PUT")
        with urllib.request.urlopen(request, timeout=60) as response:
            return response.status

    def send_all(self, path, *bodies):
        for number, body in enumerate(bodies, 1):
            self.assertEqual(self.send(self.urls(path, number)[0], body), 200)

    def uploads(self):
        """The keys that have one at the S3 server."""
        return [line.split("\t")[-1] for line in s3_multiparts(self.system.s3(), self.bucket["bucket"])]

    def objects(self):
        return s3_list(self.system.s3(), self.bucket["bucket"])

    def assert_holds(self, pid, whole):
        self.assertEqual(self.client.get(pid), (200, len(whole), hashlib.sha256(whole).hexdigest()))

    def test_parts_become_the_object(self):
        bodies = [part(1), part(2), part(3, 1000)]
        whole = b"".join(bodies)
        path, begun = self.begin("whole", size=len(whole), sha256=hashlib.sha256(whole).hexdigest())
        self.assertEqual((begun["part_size"], begun["part_count"], begun["size"], begun["parts"]), (PART, 3, len(whole), []))
        urls = self.urls(path, 3, 1, 2)
        for url, body in zip(urls, (bodies[2], bodies[0], bodies[1])):
            self.send(url, body)
        status, read = self.call("GET", path)
        self.assertEqual((status, [(one["number"], one["size"]) for one in read["parts"]]), (200, [(1, PART), (2, PART), (3, 1000)]))
        self.assertEqual(self.client.status_of("whole"), "PENDING")
        status, media = self.call("POST", path + "/complete")
        self.assertEqual((status, media["store_status"], media["size"]), (200, "READY", len(whole)), media)
        self.assertEqual(media["checksums"]["sha256"], hashlib.sha256(whole).hexdigest())
        self.assert_holds("whole", whole)
        self.assertEqual(self.call("POST", path + "/complete")[1]["version"], media["version"])
        self.assertEqual(self.call("GET", path)[0], 404)
        self.assertEqual(self.call("POST", path, {})[0], 409)

    def test_what_is_missing_or_small_is_told_and_can_be_sent(self):
        path, begun = self.begin("gap")
        self.assertIsNone(begun["part_count"])
        self.assertEqual(self.call("POST", path + "/complete")[1]["detail"], "no part is there")
        self.send(self.urls(path, 2)[0], part(2, 10))
        status, answer = self.call("POST", path + "/complete")
        self.assertEqual((status, answer["detail"]), (409, "part 1 is not there"))
        self.send(self.urls(path, 1)[0], part(1, 100))
        status, answer = self.call("POST", path + "/complete")
        self.assertEqual((status, answer["detail"]), (409, "part 1 is smaller than 5 MiB and not the last"))
        self.send(self.urls(path, 1)[0], part(1))
        self.assertEqual(self.call("POST", path + "/complete")[1]["store_status"], "READY")
        self.assert_holds("gap", part(1) + part(2, 10))

    def test_only_what_was_announced_becomes_ready(self):
        path, _ = self.begin("other size", size=PART + 7)
        self.send_all(path, part(1), part(2, 8))
        status, answer = self.call("POST", path + "/complete")
        self.assertEqual((status, self.client.status_of("other size")), (409, "PENDING"), answer)
        self.send(self.urls(path, 2)[0], part(2, 7))
        self.assertEqual(self.call("POST", path + "/complete")[0], 200)

        path, _ = self.begin("other bytes", sha256=hashlib.sha256(b"these").hexdigest())
        self.send_all(path, b"those")
        self.assertEqual(self.call("POST", path + "/complete")[0], 422)
        self.assertEqual(self.client.status_of("other bytes"), "FAILED")
        key = self.client.media("other bytes")["store_key"]
        wait_until(lambda: key not in self.uploads() + self.objects(), 20, "nothing is left")

    def test_a_url_that_has_expired_is_given_anew(self):
        path, _ = self.begin("slow")
        url = self.urls(path, 1, query="?expires=1")[0]
        self.assertIn("X-Amz-Expires=1&", url + "&")
        time.sleep(2.5)
        with self.assertRaises(urllib.error.HTTPError) as refused:
            self.send(url, b"late")
        self.assertEqual(refused.exception.code, 403)
        self.send_all(path, b"in time")
        self.assertEqual(self.call("POST", path + "/complete")[0], 200)

    def test_an_end_leaves_nothing_and_the_media_can_be_sent_anew(self):
        path, _ = self.begin("ended")
        self.send_all(path, part(1))
        key = self.client.media("ended")["store_key"]
        self.assertIn(key, self.uploads())
        self.assertEqual(self.call("DELETE", path)[0], 204)
        self.assertNotIn(key, self.uploads())
        self.assertEqual((self.client.status_of("ended"), self.call("DELETE", path)[0]), ("FAILED", 404))
        self.assertEqual(self.call("POST", path + "/complete")[0], 404)
        status, _ = self.call("POST", path, {})
        self.assertEqual(status, 201)
        self.send_all(path, b"at last")
        self.assertEqual(self.call("POST", path + "/complete")[0], 200)
        self.assert_holds("ended", b"at last")

    def test_what_nobody_waits_for_any_more_is_ended(self):
        """The time is over, the media deleted, the bytes sent another way."""
        over, _ = self.begin("time over", expires=2)
        self.begin("deleted")
        self.begin("sent otherwise")
        keys = [self.client.media(pid)["store_key"] for pid in ("time over", "deleted", "sent otherwise")]
        self.assertLessEqual(set(keys[1:]), set(self.uploads()))  # the first may be over by now
        self.assertEqual(self.call("DELETE", "/media/deleted")[0], 204)
        self.assertEqual(self.client.put("sent otherwise", b"bytes", self.bucket)[0], 200)
        wait_until(lambda: not set(keys) & set(self.uploads()), 60, "no upload is left")
        wait_until(lambda: self.client.status_of("time over") == "FAILED", 60, "the media is FAILED")
        self.assertEqual(self.call("POST", over + "/urls", {"parts": [1]})[0], 404)
        self.assert_holds("sent otherwise", b"bytes")

    def test_a_gateway_that_dies_changes_nothing(self):
        """Between parts, and while it completes."""
        path, _ = self.begin("killed")
        self.send(self.urls(path, 1)[0], part(1))
        self.system.restart("api-gateway-1", 9)
        self.send(self.urls(path, 2)[0], part(2, 5))
        self.assertEqual(len(self.call("GET", path)[1]["parts"]), 2)
        self.system.pause("store-worker-1")
        self.cut_complete(path)
        self.system.kill("api-gateway-1")
        self.system.resume("store-worker-1")
        self.system.start("api-gateway-1")
        wait_until(lambda: self.client.status_of("killed") == "READY", 60, "the watch has found the object")
        self.assertEqual(self.call("POST", path + "/complete")[0], 200)
        self.assert_holds("killed", part(1) + part(2, 5))
        key = self.client.media("killed")["store_key"]
        wait_until(lambda: not self.system.psql("SELECT 1 FROM multipart WHERE store_key = $1", key), 20, "it is forgotten")

    def cut_complete(self, path):
        """Asks, and does not wait for the answer: the job is on its way."""
        connection = self.system.connect()
        connection.request("POST", f"/api{path}/complete", headers={"Authorization": f"Bearer {self.client.token}"})
        time.sleep(1)
        connection.close()

    def test_what_is_wrong_is_told(self):
        path = self.media("limits")
        for wish in ({"part_size": PART - 1}, {"size": -1}, {"size": 10001 * PART, "part_size": PART}, {"sha256": "A" * 64},
                     {"expires": 604801}, {"expires": 10 ** 30}, {"size": 10 ** 30}, {"size": (5 << 40) + 1}, {"part_size": (5 << 30) + 1}):
            self.assertEqual(self.call("POST", path, wish)[0], 422, wish)
        self.assertEqual(self.client.status_of("limits"), "PENDING")
        status, begun = self.call("POST", path, {"size": 5 << 40})
        self.assertEqual((status, begun["part_size"] % MIB, begun["part_count"] <= 10000), (201, 0, True), begun)
        for parts in ([], [0], [begun["part_count"] + 1], ["1"], [10 ** 30], list(range(1, 1002))):
            self.assertEqual(self.call("POST", path + "/urls", {"parts": parts})[0], 422, parts[:3])
        self.assertEqual(self.call("POST", "/media/nobody/multipart", {})[0], 404)
        self.assertEqual(self.call("GET", "/media/nobody/multipart")[0], 404)
        self.assertEqual(self.call("POST", self.media("in files", self.client.filesystem()), {})[0], 422)
        self.assertEqual(self.client.status_of("in files"), "PENDING")

    def test_readers_may_not(self):
        path, _ = self.begin("not theirs")
        self.assertEqual(self.call("POST", "/users", {"name": "looker", "password": "only looks on", "role": "reader"})[0], 200)
        reader = Client(self.system)
        reader.token = self.system.login("looker", "only looks on")
        for method, tail in (("POST", ""), ("GET", ""), ("DELETE", ""), ("POST", "/urls"), ("POST", "/complete")):
            self.assertEqual(reader.call(method, path + tail, {"parts": [1]} if tail == "/urls" else None)[0], 403, method + tail)


if __name__ == "__main__":
    unittest.main()
