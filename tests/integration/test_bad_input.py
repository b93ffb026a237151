#!/usr/bin/python3
# SPDX-License-Identifier: MIT
"""What is wrong is refused with a clear JSON error, and nothing is stored."""

import json
import os
import socket
import subprocess
import unittest
import urllib.parse

from support.client import Client, quote, store_config
from support.system import System, wait_until


class BadInput(unittest.TestCase):
    @classmethod
    def setUpClass(cls):
        cls.system = System()
        cls.addClassCleanup(cls.system.stop)
        cls.client = Client(cls.system)
        cls.store = cls.client.filesystem()

    def mediadata(self, pid, **changes):
        return {"pid": pid, "pid_type": "DEFAULT", "store_config": store_config(self.store), **changes}

    def assert_error(self, answer, status, code):
        self.assertEqual((answer[0], answer[1]["code"]), (status, code), answer)
        self.assertIn("detail", answer[1])
        self.assertTrue(answer[1]["request_id"])

    def assert_nothing_left(self, pid):
        self.assertIsNone(self.client.media(pid))
        wait_until(lambda: not list(self.system.spool.iterdir()), 10, "the spool is empty")

    def test_wrong_or_missing_token(self):
        for headers in ({}, {"Authorization": "Bearer wrong"}, {"Authorization": "Basic YTpi"}):
            for method, path in (("GET", "/api/media/x"), ("PUT", "/api/media/x/content"), ("POST", "/api/upload")):
                with self.subTest(headers=headers, path=path):
                    status, _, answer = self.system.request(method, path, body=b"{}", headers=headers)
                    self.assertEqual((status, answer["detail"]), (401, "Unauthorized"))

    def test_unknown_pid(self):
        for method, path in (("GET", "/media/none"), ("GET", "/media/none/content"), ("GET", "/download/none"),
                             ("GET", "/download/url/none"), ("DELETE", "/media/none"), ("PUT", "/media/none/content")):
            with self.subTest(method=method, path=path):
                self.assert_error(self.client.call(method, path), 404, "not_found")

    def test_malformed_json(self):
        for body in (b"{", b"nonsense", b'{"a":1}x', b'{"a":01}', b'{"a":"\xff"}', b"[" * 5000):
            with self.subTest(body=body[:20]):
                status, _, answer = self.system.request("POST", "/api/media", token=self.client.token, body=body)
                self.assertIn(status, (400, 413), answer)
                if status == 400:
                    self.assertEqual(answer["detail"], "Cannot parse request body")

    def test_numbers_that_are_none_are_named(self):
        status, answer = self.client.call("POST", "/media", self.mediadata("nan", metadata={"a": [1, float("nan")]}))
        self.assertEqual((status, answer["detail"]), (422, [{"error": "a number cannot be NaN or infinite: /metadata/a/1"}]))

    def test_what_cannot_be_parsed_has_an_id_too(self):
        head, _, body = self.raw("NONSENSE /api/hello HTTP/1.1\r\nHost: x\r\n\r\n").partition(b"\r\n\r\n")
        answer = json.loads(body)
        self.assertEqual(answer["code"], "bad_request")
        self.assertIn(f"X-Request-Id: {answer['request_id']}".encode(), head)

    def test_no_body_at_all(self):
        status, _, answer = self.system.request("POST", "/api/media", token=self.client.token)
        self.assertEqual((status, answer["detail"][0]["type"]), (422, "missing"))

    def test_wrong_types_are_named(self):
        status, answer = self.client.call("POST", "/media", self.mediadata(7, tags="x", identifiers=[], metadata="m"))
        self.assertEqual(status, 422)
        told = {(problem["type"], problem["loc"][-1]) for problem in answer["detail"]}
        self.assertLessEqual({("string_type", "pid"), ("list_type", "tags"), ("dict_type", "identifiers"),
                              ("dict_type", "metadata")}, told)
        status, answer = self.client.call("POST", "/media", {})
        self.assertEqual({problem["loc"][-1] for problem in answer["detail"] if problem["type"] == "missing"},
                         {"pid", "pid_type", "store_config"})

    def test_unknown_types(self):
        status, answer = self.client.call("POST", "/media", self.mediadata("x", pid_type="NONE"))
        self.assertEqual((status, answer["detail"]), (422, [{"error": "bad pid_type: NONE"}]))
        status, answer = self.client.call("POST", "/media", self.mediadata("x", identifiers={"NONE": "1"}))
        self.assertEqual((status, answer["detail"]), (422, [{"error": "bad identifier_type: NONE"}]))

    def test_malformed_base64(self):
        for text in ("%%%", "YQ", "YQ=", "YR==", "YQ==\n", "YQ==YQ==", "====", "Y Q="):
            with self.subTest(text=text):
                answer = self.client.call("POST", "/upload", {"mediadata": self.mediadata("b64"), "base64": text})
                self.assert_error(answer, 422, "invalid")
                self.assert_nothing_left("b64")

    def raw(self, head, body=b""):
        """Sends bytes as they are, says no more, and returns everything that comes back."""
        parts = urllib.parse.urlsplit(self.system.url)
        with socket.create_connection((parts.hostname, parts.port), timeout=60) as connection:
            connection.sendall(head.encode() + body)
            connection.shutdown(socket.SHUT_WR)
            answer = b""
            while piece := connection.recv(65536):
                answer += piece
            return answer

    def test_a_body_shorter_than_its_content_length(self):
        for length in (10, 300000, 5000000):
            with self.subTest(length=length):
                self.raw(f"PUT /api/media/short/content?{urllib.parse.urlencode(self.store)} HTTP/1.1\r\nHost: x\r\n"
                         f"Authorization: Bearer {self.client.token}\r\nContent-Length: {length}\r\n\r\n", b"x" * (length - 1))
                self.assert_nothing_left("short")

    def test_smuggled_lengths(self):
        for lines in ("Content-Length: 5\r\nContent-Length: 6", "Content-Length: 5\r\nTransfer-Encoding: chunked",
                      "Content-Length: 5x", "Content-Length: +5", "Content-Length: 99999999999999999999"):
            with self.subTest(lines=lines):
                answer = self.raw(f"POST /api/login HTTP/1.1\r\nHost: x\r\n{lines}\r\n\r\n", b"hello")
                self.assertTrue(answer.startswith(b"HTTP/1.1 4"), answer[:100])

    def test_buckets_that_lead_out(self):
        for bucket in ("../x", "a/../../x", "..", "x\0y"):
            with self.subTest(bucket=bucket):
                media = self.mediadata("out", store_config={"type": "FilesystemStore", "bucket": bucket})
                self.assert_error(self.client.call("POST", "/media", media), 422, "invalid")
                self.assertIsNone(self.client.media("out"))

    def test_pids_that_cannot_be(self):
        for pid in ("", "x" * 256, "a\0b", "a\nb"):
            with self.subTest(pid=pid[:10]):
                self.assert_error(self.client.call("POST", "/media", self.mediadata(pid)), 422, "invalid")
        status, _, answer = self.system.request(
            "PUT", f"/api/media/a%00b/content?{urllib.parse.urlencode(self.store)}", token=self.client.token, body=b"x")
        self.assertIn(status, (400, 422), answer)

    def test_awkward_pids_are_fine(self):
        for pid in ("a/b c", "../../etc/passwd", "ü€😀", "%2F", "?#&=", "dump", "a" * 255, ".", "~"):
            with self.subTest(pid=pid):
                self.assertEqual(self.client.put(pid, b"bytes", self.store)[0], 201)
                self.assertEqual(self.client.get(pid)[0:2], (200, 5))
                self.assertEqual(self.client.media(pid)["pid"], pid)
                self.assertEqual(self.client.call("DELETE", "/media?pid=" + quote(pid))[0], 204)

    def test_a_ready_media_is_not_overwritten(self):
        self.assertEqual(self.client.put("once", b"first", self.store)[0], 201)
        self.assert_error(self.client.put("once", b"second"), 409, "conflict")
        self.assert_error(self.client.put("once", b"second", headers={"If-Match": '"0"'}), 412, "precondition_failed")
        status, headers, body = self.system.request("GET", "/api/media/once/content", token=self.client.token)
        self.assertEqual((status, body), (200, b"first"))
        self.assertEqual(self.client.put("once", b"second", headers={"If-Match": headers["ETag"]})[0], 200)
        self.assertEqual(self.system.request("GET", "/api/media/once/content", token=self.client.token)[2], b"second")


@unittest.skipUnless(os.geteuid() == 0, "mounting a small file system needs root")
class DiskFull(unittest.TestCase):
    """The spool, and the store, on file systems of 16 MiB."""

    @classmethod
    def setUpClass(cls):
        cls.system = System()
        cls.addClassCleanup(cls.system.stop)
        cls.client = Client(cls.system)

    def mount(self, path):
        path.mkdir(parents=True, exist_ok=True)
        owner = path.parent.stat()
        subprocess.run(["mount", "-t", "tmpfs", "-o", f"size=16m,mode=0777,uid={owner.st_uid},gid={owner.st_gid}", "tmpfs", path],
                       check=True)
        self.addCleanup(subprocess.run, ["umount", "-l", path], check=True)

    def assert_full(self, pid, store):
        status, answer = self.client.put(pid, b"x" * (20 << 20), store)
        self.assertEqual((status, answer["code"]), (507, "storage_full"))
        self.assertNotEqual(self.client.status_of(pid), "READY")

    def test_a_full_store_keeps_nothing(self):
        self.mount(self.system.store_root / "small")
        store = self.client.filesystem("small")
        self.assert_full("store full", store)
        left = [path for path in (self.system.store_root / "small").rglob("*") if path.is_file()]
        self.assertEqual(left, [])
        self.assertEqual(self.client.put("store full", b"x" * 1000, store)[0], 200)

    def test_a_full_spool_keeps_nothing(self):
        self.system.kill("api-gateway-1")
        self.addCleanup(self.system.restart, "api-gateway-1")  # it still holds the file system that was there
        self.mount(self.system.spool)
        self.system.start("api-gateway-1")
        store = self.client.filesystem("roomy")
        self.assert_full("spool full", store)
        self.assertEqual(list(self.system.spool.iterdir()), [])
        self.assertIn(self.client.put("spool full", b"x" * 1000000, store)[0], (200, 201))


if __name__ == "__main__":
    unittest.main()
