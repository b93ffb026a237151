#!/usr/bin/python3
# SPDX-License-Identifier: MIT
"""Presigned uploads: nobody tells the gateway when the client has put the bytes; it looks after them until the URL ends."""

import base64
import hashlib
import unittest
import urllib.error
import urllib.parse
import urllib.request

from support.client import Client, s3_list, store_config
from support.system import System, wait_until


class Presigned(unittest.TestCase):
    @classmethod
    def setUpClass(cls):
        cls.system = System(settings={"MEDIASTORE_PRESIGN_EXPIRY": "15s"})
        cls.addClassCleanup(cls.system.stop)
        cls.client = Client(cls.system)
        cls.bucket = cls.client.bucket()

    def ask_for_url(self, pid, **query):
        media = {"pid": pid, "pid_type": "DEFAULT", "store_config": store_config(self.bucket)}
        query = "?" + urllib.parse.urlencode(query) if query else ""
        status, answer = self.client.call("POST", "/upload" + query, {"mediadata": media})
        self.assertEqual((status, answer["status"]), (200, "PENDING"))
        return media, answer["presigned_put"]

    def put(self, url, content):
        with urllib.request.urlopen(urllib.request.Request(url, content, method="PUT"), timeout=30) as response:
            self.assertEqual(response.status, 200)

    def test_what_was_put_becomes_ready_by_itself(self):
        subscriber = self.system.subscribe("media.ready.#")
        url = self.ask_for_url("signed")[1]
        self.put(url, b"bytes of the client's own")
        self.client.wait_for_status("signed", "READY", 60)
        self.assertEqual(self.client.media("signed")["size"], 25)
        self.assertEqual(self.client.get("signed")[:2], (200, 25))
        subscriber.wait_for(lambda message: message.json["pid"] == "signed")

    def test_what_was_never_put_fails_when_the_url_has_ended_and_can_be_sent_again(self):
        media, url = self.ask_for_url("never put")
        wait_until(lambda: self.client.status_of("never put") == "FAILED", 120, "the media is FAILED")
        with self.assertRaises(urllib.error.HTTPError):
            self.put(url, b"too late")
        status, answer = self.client.call(
            "POST", "/upload", {"mediadata": media, "base64": base64.b64encode(b"again").decode()})
        self.assertEqual((status, answer["status"]), (200, "READY"))

    def test_the_client_chooses_how_long_a_url_holds(self):
        for seconds in (1, 120, 604800):
            self.assertIn(f"X-Amz-Expires={seconds}", self.ask_for_url(f"chosen {seconds}", expires=seconds)[1])
        self.assertIn("X-Amz-Expires=15", self.ask_for_url("not chosen")[1])
        for wrong in ("0", "604801", "-1", "soon", "99999999999999999999"):
            media = {"pid": "wrong", "pid_type": "DEFAULT", "store_config": store_config(self.bucket)}
            self.assertEqual(self.client.call("POST", f"/upload?expires={wrong}", {"mediadata": media})[0], 422, wrong)
        self.assertIsNone(self.client.media("wrong"))
        wait_until(lambda: self.client.status_of("chosen 1") == "FAILED", 20, "the shortest URL has ended")

    def test_only_what_was_announced_becomes_ready(self):
        good, evil = b"just these bytes", b"just those bytes"
        url = self.ask_for_url("announced", size=len(good), sha256=hashlib.sha256(good).hexdigest(), expires=60)[1]
        self.put(url, evil)
        self.assertEqual(self.client.call("POST", "/media/announced/complete")[0], 422)
        self.put(url, evil + b"!")
        self.assertEqual(self.client.call("POST", "/media/announced/complete")[0], 422)
        self.assertEqual(self.client.status_of("announced"), "PENDING")
        self.put(url, good)
        self.assertEqual(self.client.call("POST", "/media/announced/complete")[1]["store_status"], "READY")

    def test_what_was_not_announced_fails_and_goes_when_the_url_has_ended(self):
        self.put(self.ask_for_url("other size", size=3, expires=5)[1], b"four")
        key = self.client.media("other size")["store_key"]
        wait_until(lambda: self.client.status_of("other size") == "FAILED", 30, "the media is FAILED")
        wait_until(lambda: key not in s3_list(self.system.s3(), self.bucket["bucket"]), 30, "the object is deleted")

    def test_a_url_to_read_says_what_the_answer_says(self):
        self.assertIn(self.client.put("to read", b"readable", self.bucket)[0], (200, 201))
        query = urllib.parse.urlencode({"expires": 30, "response-content-type": "text/plain; charset=utf-8",
                                        "response-content-disposition": 'attachment; filename="a b.txt"'})
        status, answer = self.client.call("GET", "/download/url/to%20read?" + query)
        self.assertEqual(status, 200)
        with urllib.request.urlopen(answer["presigned_get"], timeout=30) as response:
            self.assertEqual((response.read(), response.headers["Content-Type"], response.headers["Content-Disposition"]),
                             (b"readable", "text/plain; charset=utf-8", 'attachment; filename="a b.txt"'))
        answer = self.client.call("POST", "/download/urls?expires=77", ["to read"])[1]
        self.assertIn("X-Amz-Expires=77", answer[0]["presigned_get"])
        for wrong in ("expires=604801", "response-content-type=a%0Ab", "response-expires="):
            self.assertEqual(self.client.call("GET", "/download/url/to%20read?" + wrong)[0], 422, wrong)
            self.assertEqual(self.client.call("POST", "/download/urls?" + wrong, ["to read"])[0], 422, wrong)

    def test_a_second_request_for_a_url_leaves_nothing_of_the_first(self):
        first = self.ask_for_url("asked twice")[1]
        second = self.ask_for_url("asked twice")[1]
        self.put(first, b"of the first")
        self.put(second, b"of the second one")
        self.client.wait_for_status("asked twice", "READY", 60)
        self.assertEqual(self.client.media("asked twice")["size"], 17)
        key = self.client.media("asked twice")["store_key"]
        directories = key[:6]  # which all keys of one pid share
        wait_until(lambda: [found for found in s3_list(self.system.s3(), self.bucket["bucket"])
                            if found.startswith(directories)] == [key], 60,
                   "the first URL's object is deleted")


if __name__ == "__main__":
    unittest.main()
