#!/usr/bin/python3
# SPDX-License-Identifier: MIT
"""Raw content over HTTP as other people's clients see it: ranges, conditions, names, checksums."""

import base64
import concurrent.futures
import email
import hashlib
import subprocess
import time
import unittest
import urllib.parse

from support.client import Client, quote
from support.system import System, wait_until

CONTENT = bytes(range(256)) * 4000
MIB = 1 << 20


def base64_of(data):
    return base64.b64encode(data).decode()


def crc32c(data):
    crc = 0xFFFFFFFF
    for byte in data:
        crc ^= byte
        for _ in range(8):
            crc = crc >> 1 ^ (0x82F63B78 if crc & 1 else 0)
    return (crc ^ 0xFFFFFFFF).to_bytes(4, "big")


class Content(unittest.TestCase):
    @classmethod
    def setUpClass(cls):
        cls.system = System()
        cls.addClassCleanup(cls.system.stop)
        cls.client = Client(cls.system)
        cls.files = cls.client.filesystem()
        cls.stores = cls.client.stores()
        for name, store in cls.stores.items():
            status, answer = cls.client.put("shared " + name, CONTENT, store, headers={
                "Content-Type": "image/x-plate; v=1", "Content-Disposition": "attachment; filename*=UTF-8''%E2%82%AC%201.tif"})
            assert status == 201, answer

    def ask(self, method, pid, **headers):
        """Status, headers and body."""
        headers = {name.replace("_", "-"): value for name, value in headers.items()}
        return self.system.request(method, f"/api/media/{quote(pid)}/content", token=self.client.token, headers=headers)

    def put(self, pid, body, store=None, **headers):
        headers = {name.replace("_", "-"): value for name, value in headers.items()}
        query = "?" + urllib.parse.urlencode(store) if store else ""
        return self.system.request("PUT", f"/api/media/{quote(pid)}/content{query}", token=self.client.token, body=body,
                                   headers=headers)

    def curl(self, pid, *arguments):
        done = subprocess.run(["curl", "-sS", "-i", "--max-time", "60", "-H", f"Authorization: Bearer {self.client.token}",
                               *arguments, f"{self.system.url}/api/media/{quote(pid)}/content"],
                              stdout=subprocess.PIPE, check=True, timeout=90)
        head, _, body = done.stdout.partition(b"\r\n\r\n")
        return head, body

    def parts_of(self, head, body):
        """The parts of a multipart/byteranges answer, as Python's email parser finds them."""
        content_type = next(line for line in head.split(b"\r\n") if line.lower().startswith(b"content-type:"))
        message = email.message_from_bytes(content_type + b"\r\n\r\n" + body)
        self.assertTrue(message.is_multipart())
        return [(part["Content-Range"], part["Content-Type"], part.get_payload(decode=True))
                for part in message.get_payload()]

    # --- the way the bytes go

    def served_by_worker(self):
        text = self.system.request("GET", "/metrics", url=self.system.worker_urls[0])[2].decode()
        return int(float(text.split("\nmediastore_worker_served_bytes_total ")[1].split()[0]))

    def test_files_that_the_gateway_sees_need_no_way_through_the_worker(self):
        large = CONTENT * 3 + b"end"
        for name, shared in (("FilesystemStore", True), ("HashdirStore", True), ("DictStore", False)):
            with self.subTest(store=name):
                self.assertEqual(self.put(f"way {name}", large, self.stores[name])[0], 201)
                before = self.served_by_worker()
                self.assertEqual(self.ask("GET", f"way {name}")[2], large)
                self.assertEqual(self.ask("GET", f"way {name}", Range="bytes=1000-2500000")[2], large[1000:2500001])
                self.assertEqual(self.served_by_worker() == before, shared)

    # --- ranges

    def test_several_ranges_come_as_multipart_from_every_store(self):
        for name in self.stores:
            with self.subTest(store=name):
                head, body = self.curl("shared " + name, "-r", "0-1,1000-1499,-3")
                self.assertTrue(head.startswith(b"HTTP/1.1 206"))
                self.assertIn(b"Content-Length: %d" % len(body), head)
                size = len(CONTENT)
                self.assertEqual(self.parts_of(head, body), [
                    (f"bytes {first}-{last}/{size}", "image/x-plate; v=1", CONTENT[first:last + 1])
                    for first, last in ((0, 1), (1000, 1499), (size - 3, size - 1))])

    def test_large_parts_are_relayed_too(self):
        size = len(CONTENT)
        head, body = self.curl("shared BucketStore", "-r", "0-399999,500000-999999")
        self.assertEqual([part[2] for part in self.parts_of(head, body)], [CONTENT[:400000], CONTENT[500000:1000000]])
        self.assertEqual(size, 1024000)

    def test_ranges_that_overlap_or_touch_come_once(self):
        head, body = self.curl("shared DictStore", "-r", ",".join(["0-"] * 30))
        self.assertTrue(head.startswith(b"HTTP/1.1 206"))
        self.assertIn(b"Content-Range: bytes 0-%d/%d" % (len(CONTENT) - 1, len(CONTENT)), head)
        self.assertEqual(body, CONTENT)
        status, headers, body = self.ask("GET", "shared DictStore", Range="bytes=10-19,0-4,5-9")
        self.assertEqual((status, headers["Content-Range"], body), (206, f"bytes 0-19/{len(CONTENT)}", CONTENT[:20]))

    def test_what_cannot_be_given_is_416_with_the_size(self):
        for ranges in ("bytes=1024000-", "bytes=-0", "bytes=2000000-3000000,4000000-", "bytes=" + ",".join(
                f"{i}-{i}" for i in range(0, 66, 2))):
            status, headers, body = self.ask("GET", "shared DictStore", Range=ranges)
            self.assertEqual((status, headers["Content-Range"], body["code"]), (416, "bytes */1024000", "range"))

    def test_if_range_holds_by_tag_and_by_date(self):
        _, headers, _ = self.ask("HEAD", "shared DictStore")
        for condition, expected in ((headers["ETag"], 206), (headers["Last-Modified"], 206), ("W/" + headers["ETag"], 200),
                                    ('"other"', 200), ("Sun, 06 Nov 1994 08:49:37 GMT", 200)):
            with self.subTest(condition=condition):
                status, _, body = self.ask("GET", "shared DictStore", Range="bytes=0-9", If_Range=condition)
                self.assertEqual((status, len(body)), (expected, 10 if expected == 206 else len(CONTENT)))

    def test_head_has_the_headers_of_the_whole(self):
        status, headers, body = self.ask("HEAD", "shared FilesystemStore", Range="bytes=0-9")
        self.assertEqual((status, headers["Content-Length"], body), (200, str(len(CONTENT)), b""))
        self.assertEqual(headers["Accept-Ranges"], "bytes")
        self.assertNotIn("Content-Range", headers)

    # --- conditions

    def test_conditions_on_reading(self):
        _, headers, _ = self.ask("HEAD", "shared DictStore")
        etag, date, old = headers["ETag"], headers["Last-Modified"], "Sun, 06 Nov 1994 08:49:37 GMT"
        for expected, conditions in (
                (304, {"If_None_Match": etag}), (304, {"If_None_Match": "*"}), (304, {"If_Modified_Since": date}),
                (200, {"If_Modified_Since": old}), (200, {"If_None_Match": '"x"', "If_Modified_Since": date}),
                (200, {"If_Match": etag}), (412, {"If_Match": '"x"'}), (412, {"If_Match": "W/" + etag}),
                (200, {"If_Unmodified_Since": date}), (412, {"If_Unmodified_Since": old})):
            for method in ("GET", "HEAD"):
                with self.subTest(method=method, **conditions):
                    status, headers, _ = self.ask(method, "shared DictStore", **conditions)
                    self.assertEqual(status, expected)
                    if status == 304:
                        self.assertEqual((headers["ETag"], headers["Last-Modified"]), (etag, date))

    def test_conditions_on_writing(self):
        self.assertEqual(self.put("guarded", b"one", self.files, If_None_Match="*")[0], 201)
        self.assertEqual(self.put("guarded", b"two", self.files, If_None_Match="*")[0], 412)
        _, headers, _ = self.ask("HEAD", "guarded")
        self.assertEqual(self.put("guarded", b"two", If_Match='"x"')[0], 412)
        self.assertEqual(self.put("guarded", b"two", If_Match=headers["ETag"],
                                  If_Unmodified_Since="Sun, 06 Nov 1994 08:49:37 GMT")[0], 200)  # If-Match goes first
        self.assertEqual(self.put("guarded", b"three", Content_Range="bytes 0-4/5")[0], 400)
        self.assertEqual(self.ask("GET", "guarded")[2], b"two")

    def test_the_date_is_of_the_content_and_never_the_same_for_two(self):
        self.put("dated", b"one", self.files)
        dates = []
        for body in (b"two", b"three"):
            _, headers, _ = self.ask("HEAD", "dated")
            dates.append(headers["Last-Modified"])
            self.assertEqual(self.put("dated", body, If_Match=headers["ETag"])[0], 200)
        time.sleep(2.1)  # until the last one is no longer in the future
        dates.append(self.ask("HEAD", "dated")[1]["Last-Modified"])
        self.assertNotIn(dates[2], dates[:2])
        self.client.call("PATCH", "/media/update/tags", [{"pid": "dated", "tags": ["x"]}])
        self.assertEqual(self.ask("HEAD", "dated")[1]["Last-Modified"], dates[2])
        self.assertEqual(self.ask("GET", "dated", Range="bytes=0-0", If_Range=dates[0])[0], 200)

    # --- names

    def test_type_and_name_of_the_file_are_kept(self):
        for name in self.stores:
            _, headers, _ = self.ask("GET", "shared " + name)
            self.assertEqual(headers["Content-Type"], "image/x-plate; v=1")
            self.assertEqual(headers["Content-Disposition"],
                             "attachment; filename=\"_ 1.tif\"; filename*=UTF-8''%E2%82%AC%201.tif")

    def test_a_replacement_brings_its_own_name(self):
        self.put("renamed", b"one", self.files, Content_Disposition='attachment; filename="a.txt"')
        _, headers, _ = self.ask("HEAD", "renamed")
        self.assertEqual(headers.get_filename(), "a.txt")
        self.put("renamed", b"two", If_Match=headers["ETag"], Content_Disposition="attachment; filename=../b.txt")
        self.assertEqual(self.ask("HEAD", "renamed")[1].get_filename(), "b.txt")

    # --- checksums

    def claims(self, data):
        """Each way to announce the checksums of some bytes."""
        sha256, md5, crc = hashlib.sha256(data).digest(), hashlib.md5(data).digest(), crc32c(data)
        return [{"Repr_Digest": f"sha-512=:YQ==:, sha-256=:{base64_of(sha256)}:"},
                {"Content_Digest": f"md5=:{base64_of(md5)}:, crc32c=:{base64_of(crc)}:"},
                {"Content_MD5": base64_of(md5)},
                {"x_amz_checksum_sha256": base64_of(sha256)}, {"x_amz_checksum_crc32c": base64_of(crc)}]

    def test_one_flipped_byte_is_422_and_leaves_nothing(self):
        small, large = b"some bytes", CONTENT[:400000]
        for data in (small, large):
            flipped = data[:-3] + bytes([data[-3] ^ 1]) + data[-2:]
            for number, claim in enumerate(self.claims(data)):
                with self.subTest(size=len(data), **claim):
                    pid = f"claimed {len(data)} {number}"
                    status, _, answer = self.put(pid, flipped, self.files, **claim)
                    self.assertEqual((status, answer["code"]), (422, "checksum_mismatch"))
                    self.assertIsNone(self.client.media(pid))
                    status, _, answer = self.put(pid, data, self.files, **claim)
                    self.assertEqual(status, 201, answer)
        self.assertEqual(list(self.system.spool.iterdir()), [])
        self.assertEqual(self.system.psql("SELECT count(*) FROM job WHERE state IN ('queued', 'running') AND kind = 'put'"), [["0"]])

    def test_bytes_that_are_damaged_on_their_way_to_the_store_are_never_ready(self):
        data, spool = CONTENT[:600000], self.system.spool
        self.system.pause("store-worker-1")
        try:
            with concurrent.futures.ThreadPoolExecutor() as pool:
                put = pool.submit(self.put, "damaged", data, self.files)
                wait_until(lambda: self.client.status_of("damaged") == "PENDING", 20, "the upload waits for the worker")
                path = next(path for path in spool.iterdir() if path.suffix != ".part")
                with open(path, "r+b") as file:
                    file.seek(300000)
                    file.write(bytes([data[300000] ^ 1]))
                self.system.resume("store-worker-1")
                status, _, answer = put.result()
        finally:
            self.system.resume("store-worker-1")
        self.assertEqual((status, answer["code"]), (422, "checksum_mismatch"))
        self.assertEqual(self.client.status_of("damaged"), "FAILED")
        self.assertEqual(self.ask("GET", "damaged")[0], 409)
        wait_until(lambda: not list(self.system.store_root.glob("files/**/damaged*")), 10, "nothing of it is in the store")
        self.assertEqual(self.put("damaged", data, self.files)[0], 200)

    def test_headers_that_are_malformed_are_400(self):
        for headers in ({"Repr_Digest": "sha-256=abc"}, {"Content_Digest": "sha-256=:YQ==:"}, {"Content_MD5": "x"},
                        {"x_amz_checksum_crc32c": "AAAAAAAA"},
                        {"Content_MD5": base64_of(bytes(16)), "Repr_Digest": f"md5=:{base64_of(bytes(15) + b'x')}:"}):
            with self.subTest(**headers):
                self.assertEqual(self.put("malformed", b"x", self.files, **headers)[0], 400)
        self.assertIsNone(self.client.media("malformed"))

    def test_checksums_that_were_asked_for_are_kept_and_told(self):
        data = b"all three"
        sha256, md5, crc = hashlib.sha256(data).digest(), hashlib.md5(data).digest(), crc32c(data)
        subscriber = self.system.subscribe("media.ready.#")
        status, _, media = self.put("three sums", data, self.stores["BucketStore"], Content_MD5=base64_of(md5),
                                    Want_Repr_Digest="crc32c=1")
        expected = {"sha256": sha256.hex(), "crc32c": crc.hex(), "md5": md5.hex()}
        self.assertEqual((status, media["checksums"]), (201, expected))
        self.assertEqual(self.client.media("three sums")["checksums"], expected)
        event = subscriber.wait_for(lambda message: message.json["pid"] == "three sums")
        self.assertEqual(event.json["checksums"], expected)
        history = self.system.psql("SELECT data->>'md5', data->>'crc32c' FROM media_history WHERE pid = 'three sums'"
                                   " ORDER BY version DESC LIMIT 1")
        self.assertEqual(history, [[md5.hex(), crc.hex()]])
        told = f"sha-256=:{base64_of(sha256)}:, crc32c=:{base64_of(crc)}:, md5=:{base64_of(md5)}:"
        for method in ("GET", "HEAD"):
            _, headers, _ = self.ask(method, "three sums")
            self.assertEqual((headers["Repr-Digest"], headers["Content-MD5"]), (told, base64_of(md5)))
            self.assertEqual((headers["x-amz-checksum-sha256"], headers["x-amz-checksum-crc32c"]),
                             (base64_of(sha256), base64_of(crc)))
            self.assertEqual(headers["Content-Digest"], told if method == "GET" else None)
        _, headers, _ = self.ask("GET", "three sums", Range="bytes=0-2", Want_Repr_Digest="md5=1")
        self.assertEqual(headers["Repr-Digest"], f"md5=:{base64_of(md5)}:")
        for name in ("Content-Digest", "Content-MD5", "x-amz-checksum-sha256"):
            self.assertNotIn(name, headers)

    def test_other_bytes_have_no_checksums_of_the_old_ones(self):
        self.put("summed", b"one", self.files, Want_Repr_Digest="md5=1")
        _, headers, _ = self.ask("HEAD", "summed")
        _, _, media = self.put("summed", b"two", If_Match=headers["ETag"])
        self.assertEqual(media["checksums"], {"sha256": hashlib.sha256(b"two").hexdigest()})


if __name__ == "__main__":
    unittest.main()
