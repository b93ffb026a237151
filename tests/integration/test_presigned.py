#!/usr/bin/python3
# SPDX-License-Identifier: MIT
"""Presigned uploads: nobody tells the gateway when the client has put the bytes; it looks after them until the URL ends."""

import base64
import unittest
import urllib.error
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

    def ask_for_url(self, pid):
        media = {"pid": pid, "pid_type": "DEFAULT", "store_config": store_config(self.bucket)}
        status, answer = self.client.call("POST", "/upload", {"mediadata": media})
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
