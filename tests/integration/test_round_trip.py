#!/usr/bin/python3
# SPDX-License-Identifier: MIT
"""Bytes of every size go round through every store type and come back the same; subscribers hear of it."""

import base64
import contextlib
import hashlib
import pathlib
import sqlite3
import unittest
import urllib.parse
import zipfile

from support.bodies import Body
from support.client import Client, quote, store_config
from support.system import System

MIB = 1 << 20
SIZES = {"nothing": 0, "one byte": 1, "300 KB": 300000, "64 MB": 64 * MIB}


def leave_file(root, name, content):
    path = root / "left" / name
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_bytes(content)


def leave_row(root, key, content):
    with contextlib.closing(sqlite3.connect(root / "left/SqliteStore")) as database, database:
        database.execute("CREATE TABLE IF NOT EXISTS objects (key TEXT PRIMARY KEY, data BLOB)")
        database.execute("INSERT OR REPLACE INTO objects (key, data) VALUES (?, ?)", (key, content))


def leave_entry(root, key, content):
    with zipfile.ZipFile(root / "left/ZipStore", "a") as archive:
        archive.writestr(key, content)


def hashed(key):
    digest = hashlib.sha256(key.encode()).hexdigest()
    return f"{digest[:2]}/{digest[2:4]}/{digest[4:6]}/{digest[6:]}"


LEFT_BY_OTHERS = {
    "FilesystemStore": lambda root, key, content: leave_file(root, "FilesystemStore/" + key, content),
    "HashdirStore": lambda root, key, content: leave_file(root, "HashdirStore/" + hashed(key), content),
    "SqliteStore": leave_row,
    "ZipStore": leave_entry,
}


class RoundTrip(unittest.TestCase):
    @classmethod
    def setUpClass(cls):
        cls.system = System()
        cls.addClassCleanup(cls.system.stop)
        cls.client = Client(cls.system)
        cls.stores = cls.client.stores()

    def go_round(self, pid, store, size):
        body = Body(size)
        status, answer = self.client.put(pid, body, store)
        self.assertEqual(status, 201, answer)
        self.assertEqual((answer["store_status"], answer["size"]), ("READY", size))
        self.assertEqual(answer["checksums"]["sha256"], body.sha256)
        self.assertEqual(self.client.get(pid), (200, size, body.sha256))

    def test_every_size_survives_every_store(self):
        for store_type, store in self.stores.items():
            for name, size in SIZES.items():
                with self.subTest(store_type=store_type, size=name):
                    self.go_round(f"{store_type} {name}", store, size)

    def test_chunked_bodies_of_unknown_length_survive(self):
        for store_type, store in self.stores.items():
            for size in (0, 1, 300000, 10 * MIB):
                with self.subTest(store_type=store_type, size=size):
                    pid, body = f"chunked {store_type} {size}", Body(size)
                    status, answer = self.put_chunked(pid, body, store)
                    self.assertEqual(status, 201, answer)
                    self.assertEqual(self.client.get(pid), (200, size, body.sha256))

    def put_chunked(self, pid, body, store):
        connection = self.system.connect()
        try:
            connection.request("PUT", f"/api/media/{quote(pid)}/content?" + urllib.parse.urlencode(store),
                               body=iter(lambda: body.read(50000), b""), encode_chunked=True,
                               headers={"Authorization": f"Bearer {self.client.token}", "Transfer-Encoding": "chunked"})
            response = connection.getresponse()
            return response.status, response.read()
        finally:
            connection.close()

    def test_base64_goes_up_and_down(self):
        content = bytes(range(256)) * 4000
        for store_type, store in self.stores.items():
            with self.subTest(store_type=store_type):
                pid = f"base64/{store_type}"
                media = {"pid": pid, "pid_type": "DEFAULT", "store_config": store_config(store), "tags": ["b", "a"],
                         "metadata": {"n": 1}}
                status, answer = self.client.call(
                    "POST", "/upload", {"mediadata": media, "base64": base64.b64encode(content).decode()})
                self.assertEqual((status, answer), (200, {"status": "READY", "presigned_put": None}))
                status, answer = self.client.call("GET", "/download/" + pid)
                self.assertEqual(status, 200, answer)
                self.assertEqual(base64.b64decode(answer["base64"]), content)
                self.assertEqual((answer["mediadata"]["pid"], answer["mediadata"]["tags"]), (pid, ["b", "a"]))
                self.assertEqual(answer["presigned_get"], "")

    def test_part_of_an_object_comes_as_206(self):
        content = bytes(range(256)) * 4000
        for store_type, store in self.stores.items():
            pid = f"part {store_type}"
            self.assertEqual(self.client.put(pid, content, store)[0], 201)
            for header, first, last in (("bytes=0-0", 0, 0), ("bytes=100-1123", 100, 1123), ("bytes=-5", 1023995, 1023999),
                                        ("bytes=700000-", 700000, 1023999)):
                with self.subTest(store_type=store_type, range=header):
                    status, headers, body = self.system.request(
                        "GET", f"/api/media/{quote(pid)}/content", token=self.client.token, headers={"Range": header})
                    self.assertEqual((status, body), (206, content[first:last + 1]))
                    self.assertEqual(headers["Content-Range"], f"bytes {first}-{last}/1024000")

    def test_a_client_can_follow_events(self):
        subscriber = self.system.subscribe("media.#")
        for store_type, store in self.stores.items():
            with self.subTest(store_type=store_type):
                pid = f"told {store_type}"
                self.client.put(pid, b"bytes", store)
                status, answer = self.client.call("DELETE", "/media/" + quote(pid))
                self.assertEqual(status, 409 if store_type == "ZipStore" else 204, answer)
                for what in ("created", "ready") if status == 409 else ("created", "ready", "deleted"):
                    message = subscriber.wait_for(
                        lambda m: m.json["pid"] == pid and m.routing_key == f"media.{what}.DEFAULT.{store_type}")
                    self.assertEqual(message.headers["cloudEvents:type"], f"mediastore.media.{what}")
                    self.assertEqual(message.headers["cloudEvents:id"], message.properties.message_id)

    def test_what_an_archive_holds_stays(self):
        pid, store = "archived", self.stores["ZipStore"]
        self.assertEqual(self.client.put(pid, b"for ever", store)[0], 201)
        status, answer = self.client.put(pid, b"something else", store)
        self.assertEqual((status, answer["code"]), (409, "conflict"), answer)
        self.assertIn("ZipStore", str(answer["detail"]))
        etag = self.system.request("GET", f"/api/media/{pid}/content", token=self.client.token)[1]["ETag"]
        self.assertEqual(self.client.put(pid, b"something else", headers={"If-Match": etag})[0], 409)
        status, answer = self.client.call("DELETE", "/media/" + pid)
        self.assertEqual((status, answer["code"]), (409, "conflict"), answer)
        status, _, body = self.system.request("GET", f"/api/media/{pid}/content", token=self.client.token)
        self.assertEqual((status, body), (200, b"for ever"))

    def test_what_other_programs_left_in_a_store_is_served(self):
        """Stores as the Python library writes them, written here by Python itself: a media is pointed at what they hold."""
        content = b"left by another program" * 1000
        for store_type, leave in LEFT_BY_OTHERS.items():
            with self.subTest(store_type=store_type):
                pid = f"left in {store_type}"
                self.assertEqual(self.client.put(pid, content, self.client.filesystem("new"))[0], 201)
                key = self.client.media(pid)["store_key"]
                leave(pathlib.Path(self.system.env["MEDIASTORE_STORE_ROOT"]), key, content)
                status, answer = self.client.call("PATCH", "/media/" + quote(pid),
                                                  {"store_config": {"type": store_type, "bucket": f"left/{store_type}"}})
                self.assertEqual(status, 204, answer)
                self.assertEqual(self.client.media(pid)["store_config"]["type"], store_type)
                status, _, body = self.system.request("GET", f"/api/media/{quote(pid)}/content", token=self.client.token)
                self.assertEqual((status, body), (200, content))


if __name__ == "__main__":
    unittest.main()
