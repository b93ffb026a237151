#!/usr/bin/python3
# SPDX-License-Identifier: MIT
"""Resumable uploads (tus): what counts, for whom, until when, and what becomes of it, whatever dies meanwhile."""

import hashlib
import pathlib
import secrets
import threading
import time
import unittest

from support.client import Client
from support.openapi import Document
from support.system import System, wait_until
from support.tus import BYTES, Tus, checksum

MIB = 1 << 20
SPOOL_MAX = 96 * MIB


class Uploads(unittest.TestCase):
    @classmethod
    def setUpClass(cls):
        cls.system = System(gateways=2, settings={"MEDIASTORE_SPOOL_MAX": "96MiB", "MEDIASTORE_OBJECT_MAX": "1GiB",
                                                  "MEDIASTORE_RECONCILE_INTERVAL": "500ms"})
        cls.addClassCleanup(cls.system.stop)
        cls.client = Client(cls.system)
        cls.tus = Tus(cls.client, Document(cls.system))
        cls.files = cls.client.filesystem()
        cls.client.call("POST", "/users", {"name": "other", "password": "correct horse battery", "role": "writer"})
        cls.other = cls.system.login("other", "correct horse battery")

    def metadata(self, pid, **more):
        return {"pid": pid, **self.files, **more}

    def assert_ready(self, pid, content):
        self.client.wait_for_status(pid, "READY")
        media = self.client.media(pid)
        self.assertEqual((media["size"], media["checksums"]["sha256"]), (len(content), hashlib.sha256(content).hexdigest()))
        self.assertEqual(self.client.get(pid), (200, len(content), hashlib.sha256(content).hexdigest()))
        return media

    def assert_answers(self, wanted, answer):
        self.assertEqual(answer[0], wanted, answer[2])
        return answer

    # --- the protocol

    def test_the_server_says_what_it_can(self):
        for path in ("/api/uploads", "/api/uploads/any"):
            status, headers, _ = self.tus.ask("OPTIONS", path, Tus_Resumable=None, token="none")
            self.assertEqual((status, headers["Tus-Version"], headers["Tus-Max-Size"]), (204, "1.0.0", str(1 << 30)))
            for extension in ("creation", "creation-with-upload", "creation-defer-length", "checksum", "expiration",
                              "termination", "concatenation"):
                self.assertIn(extension, headers["Tus-Extension"].split(","))

    def test_pieces_become_a_media_with_what_the_metadata_say(self):
        content = secrets.token_bytes(3 * MIB + 17)
        path = self.tus.create(len(content), self.metadata("in pieces/1", tags="a,b", filename="plate 7.tif", filetype="image/tiff"))
        first = self.assert_answers(204, self.tus.append(path, 0, content[:MIB]))
        self.assertEqual(first[1]["Upload-Offset"], str(MIB))
        self.assertIn("Upload-Expires", first[1])
        self.assertEqual(self.tus.offset(path), MIB)
        self.assertIsNone(self.client.media("in pieces/1"))
        last = self.assert_answers(204, self.tus.append(path, MIB, content[MIB:]))
        self.assertEqual((last[1]["Upload-Status"], last[1]["Upload-Sha256"]), ("READY", hashlib.sha256(content).hexdigest()))
        self.assertRegex(last[1]["Link"], r'^<../media/in%20pieces%2F1>; rel="related", <../jobs/([0-9a-f-]{36})>; rel="monitor"$')
        self.assertEqual(self.client.call("GET", "/jobs/" + last[1]["Link"].partition("<../jobs/")[2].partition(">")[0])[1]["state"],
                         "succeeded")
        media = self.assert_ready("in pieces/1", content)
        self.assertEqual((media["tags"], media["content_type"]), (["a", "b"], "image/tiff"))
        head = self.assert_answers(200, self.tus.ask("HEAD", path))
        self.assertEqual((head[1]["Upload-Offset"], head[1]["Upload-Length"]), (str(len(content)),) * 2)
        self.assertEqual((head[1]["Upload-Status"], head[1]["Cache-Control"]), ("READY", "no-store"))
        self.assert_answers(204, self.tus.append(path, len(content), b""))
        self.assert_answers(409, self.tus.append(path, 0, content[:10]))

    def test_an_upload_begins_with_its_bytes(self):
        answer = self.assert_answers(201, self.tus.try_create(5, self.metadata("at once"), b"hello", Content_Type=BYTES))
        self.assertEqual(answer[1]["Upload-Offset"], "5")
        self.assert_ready("at once", b"hello")
        self.assert_answers(201, self.tus.try_create(0, self.metadata("of nothing")))
        self.assert_ready("of nothing", b"")

    def test_the_length_may_come_later(self):
        path = self.tus.create(None, self.metadata("long or short"), Upload_Defer_Length="1")
        self.assert_answers(204, self.tus.append(path, 0, b"12345"))
        self.assertEqual(self.tus.ask("HEAD", path)[1]["Upload-Defer-Length"], "1")
        self.assert_answers(422, self.tus.append(path, 5, b"67", Upload_Length="4"))
        self.assert_answers(204, self.tus.append(path, 5, b"67", Upload_Length="7"))
        self.assert_ready("long or short", b"1234567")

    def test_what_a_client_may_not_do(self):
        path = self.tus.create(10, self.metadata("refusals"))
        refused = {
            "wrong offset": (409, self.tus.append(path, 3, b"x")),
            "wrong version": (412, self.tus.append(path, 0, b"x", Tus_Resumable="0.2.2")),
            "no version": (412, self.tus.ask("HEAD", path, Tus_Resumable=None)),
            "wrong type": (415, self.tus.append(path, 0, b"x", Content_Type="text/plain")),
            "no offset": (400, self.tus.append(path, 0, b"x", Upload_Offset=None)),
            "offset that is none": (422, self.tus.append(path, "1x", b"x")),
            "too many bytes": (413, self.tus.append(path, 0, b"x" * 11)),
            "checksum that is none": (400, self.tus.append(path, 0, b"x", Upload_Checksum="crc7 AAAA")),
            "wrong checksum": (460, self.tus.append(path, 0, b"x", Upload_Checksum=checksum("sha1", b"y"))),
            "unknown upload": (404, self.tus.append("/api/uploads/nothing", 0, b"x")),
            "unknown upload, too": (404, self.tus.ask("HEAD", "/api/uploads/2c0b7e0a-58d3-4b0a-8a43-1c1d2b8d3f10")),
            "termination of it": (404, self.tus.ask("DELETE", "/api/uploads/nothing")),
            "another version of delete": (412, self.tus.ask("DELETE", path, Tus_Resumable="2")),
            "no override": (405, self.tus.ask("POST", path)),
            "override of another version": (412, self.tus.ask("POST", path, X_HTTP_Method_Override="PATCH", Tus_Resumable=None)),
        }
        for name, (wanted, answer) in refused.items():
            with self.subTest(name=name):
                self.assert_answers(wanted, answer)
                self.assertEqual(answer[1]["Tus-Resumable"], "1.0.0")
        self.assertEqual(self.tus.offset(path), 0)
        self.assert_answers(204, self.tus.ask("DELETE", path))
        self.assert_answers(404, self.tus.ask("HEAD", path))

    def test_what_cannot_be_begun(self):
        self.client.put("taken", b"there", self.files)
        etag = '"' + hashlib.sha256(b"there").hexdigest() + '"'
        refused = {
            "no length": (400, self.tus.try_create(None, self.metadata("n"))),
            "larger than allowed": (413, self.tus.try_create((1 << 30) + 1, self.metadata("n"))),
            "no pid": (422, self.tus.try_create(1, self.files)),
            "bad metadata": (422, self.tus.try_create(1, None, Upload_Metadata="pid !!")),
            "no store": (404, self.tus.try_create(1, {"pid": "n"})),
            "unknown pid_type": (422, self.tus.try_create(1, self.metadata("n", pid_type="UNKNOWN"))),
            "a READY media": (409, self.tus.try_create(1, self.metadata("taken"))),
            "other content than named": (412, self.tus.try_create(1, {"pid": "taken"}, If_Match='"no"')),
            "wrong version": (412, self.tus.try_create(1, self.metadata("n"), Tus_Resumable="1.1")),
            "wrong type": (415, self.tus.try_create(1, self.metadata("n"), b"x", Content_Type="image/tiff")),
            "first bytes with a wrong checksum": (460, self.tus.try_create(
                1, self.metadata("n"), b"x", Content_Type=BYTES, Upload_Checksum=checksum("sha256", b"y"))),
        }
        for name, (wanted, answer) in refused.items():
            with self.subTest(name=name):
                self.assert_answers(wanted, answer)
        self.assertIsNone(self.client.media("n"))
        path = self.tus.create(3, {"pid": "taken", "filetype": "text/plain"}, If_Match=etag)
        self.assert_answers(204, self.tus.append(path, 0, b"new"))
        self.assert_ready("taken", b"new")

    def test_a_piece_with_a_checksum_counts_as_a_whole_or_not_at_all(self):
        path = self.tus.create(6, self.metadata("checked"))
        for kind in ("sha1", "md5", "sha256"):
            offset = self.tus.offset(path)
            self.assert_answers(460, self.tus.append(path, offset, b"ab", Upload_Checksum=checksum(kind, b"ac")))
            self.assertEqual(self.tus.offset(path), offset)
            self.assert_answers(204, self.tus.append(path, offset, b"ab", Upload_Checksum=checksum(kind, b"ab")))
        self.assert_ready("checked", b"ababab")

    def test_a_whole_that_is_not_what_was_announced_becomes_nothing(self):
        path = self.tus.create(4, self.metadata("announced", sha256=hashlib.sha256(b"good").hexdigest()))
        self.assert_answers(422, self.tus.append(path, 0, b"evil"))
        self.assertIsNone(self.client.media("announced"))
        self.assert_answers(204, self.tus.append(path, 0, b"good"))
        self.assert_ready("announced", b"good")

    def test_parts_are_joined(self):
        pieces = [secrets.token_bytes(size) for size in (MIB + 5, 300000, 1)]
        parts = [self.tus.create(len(piece), body=piece, Content_Type=BYTES, Upload_Concat="partial") for piece in pieces]
        self.assertEqual(self.tus.ask("HEAD", parts[0])[1]["Upload-Concat"], "partial")
        unfinished = self.tus.create(3, Upload_Concat="partial")
        self.assert_answers(409, self.tus.try_create(None, self.metadata("joined"), Upload_Concat=f"final;{unfinished}"))
        self.assert_answers(400, self.tus.try_create(None, self.metadata("joined"), Upload_Concat="final;what?"))
        answer = self.assert_answers(201, self.tus.try_create(
            None, self.metadata("joined"), Upload_Concat="final;" + " ".join(["https://lab.example/prefix" + parts[0], *parts[1:]])))
        self.assertEqual(answer[1]["Upload-Status"], "READY")
        self.assert_ready("joined", b"".join(pieces))
        final = "/api/" + answer[1]["Location"]
        self.assertTrue(self.tus.ask("HEAD", final)[1]["Upload-Concat"].startswith("final;/api/uploads/"))
        self.assert_answers(403, self.tus.append(final, 0, b"x"))
        self.assert_answers(404, self.tus.ask("HEAD", parts[0]))

    def test_a_client_that_can_only_post(self):
        path = self.tus.create(2, self.metadata("posted"))
        self.assert_answers(204, self.tus.ask("POST", path, b"hi", X_HTTP_Method_Override="PATCH", Upload_Offset="0", Content_Type=BYTES))
        self.assert_ready("posted", b"hi")
        path = self.tus.create(2, self.metadata("posted and gone"))
        self.assert_answers(204, self.tus.ask("POST", path, X_HTTP_Method_Override="DELETE"))

    # --- whose, and until when

    def test_nobody_else_sees_it(self):
        path = self.tus.create(4, self.metadata("mine"))
        self.assert_answers(404, self.tus.ask("HEAD", path, token=self.other))
        self.assert_answers(404, self.tus.append(path, 0, b"evil", token=self.other))
        self.assert_answers(404, self.tus.ask("DELETE", path, token=self.other))
        self.assert_answers(204, self.tus.append(path, 0, b"mine"))

    def test_an_expired_upload_is_gone_with_its_bytes(self):
        path = self.tus.create(10, self.metadata("too late"))
        self.assert_answers(204, self.tus.append(path, 0, b"12345"))
        name = path.rpartition("/")[2]
        file = self.system.spool / f"{name}.part"
        self.assertTrue(file.exists())
        self.system.psql("UPDATE upload SET expires = now() - interval '1 second' WHERE id = $1", name)
        self.assert_answers(410, self.tus.append(path, 5, b"67890"))
        self.assert_answers(410, self.tus.ask("HEAD", path))
        self.system.psql("UPDATE upload SET expires = now() - interval '1 hour' WHERE id = $1", name)
        wait_until(lambda: not file.exists(), 30, "its spool file is removed")
        self.assert_answers(404, self.tus.ask("HEAD", path))

    # --- two at once, two gateways, and cuts

    def test_two_that_write_at_once_leave_no_mixture(self):
        content = secrets.token_bytes(4 * MIB)
        path = self.tus.create(len(content), self.metadata("raced"))
        first = self.begin_append(path, 0, len(content))
        first.send(content[:MIB])
        time.sleep(0.3)
        for url in self.system.gateway_urls:
            self.assert_answers(423, self.tus.append(path, 0, content[:1000], url=url))
        self.assert_answers(423, self.tus.ask("DELETE", path))
        first.send(content[MIB:])
        self.assertEqual(first.getresponse().status, 204)
        first.close()
        self.assert_ready("raced", content)

    def begin_append(self, path, offset, size, url=None):
        connection = self.system.connect(url)
        connection.putrequest("PATCH", path)
        for name, value in {"Authorization": f"Bearer {self.client.token}", "Tus-Resumable": "1.0.0", "Content-Type": BYTES,
                            "Upload-Offset": offset, "Content-Length": size}.items():
            connection.putheader(name, str(value))
        connection.endheaders()
        return connection

    def test_what_came_before_a_cut_counts_and_another_gateway_goes_on(self):
        content = secrets.token_bytes(2 * MIB)
        path = self.tus.create(len(content), self.metadata("cut"))
        connection = self.begin_append(path, 0, len(content), self.system.gateway_urls[0])
        connection.send(content[:700001])
        connection.close()  # which is all that the gateway hears of it
        second = self.system.gateway_urls[1]
        wait_until(lambda: self.tus.offset(path, url=second) == 700001, 30, "what came counts")
        self.assert_answers(204, self.tus.append(path, 700001, content[700001:], url=second))
        self.assert_ready("cut", content)

    def test_kill_9_of_the_gateway_costs_no_byte_that_counted(self):
        content = secrets.token_bytes(80 * MIB)
        path = self.tus.create(len(content), self.metadata("killed"))
        self.assert_answers(204, self.tus.append(path, 0, content[:MIB], url=self.system.gateway_urls[0]))
        connection = self.begin_append(path, MIB, len(content) - MIB, self.system.gateway_urls[0])
        connection.send(content[MIB:50 * MIB])
        second = self.system.gateway_urls[1]
        wait_until(lambda: self.tus.offset(path, url=second) > MIB, 30, "a checkpoint is written")
        self.system.kill("api-gateway-1")
        connection.close()
        offset = self.tus.offset(path, url=second)
        self.assertGreaterEqual(offset, 32 * MIB)
        self.system.start("api-gateway-1")
        self.assertEqual(self.tus.offset(path, url=self.system.gateway_urls[0]), offset)
        self.assert_answers(204, self.tus.append(path, offset, content[offset:], url=self.system.gateway_urls[0]))
        self.assert_ready("killed", content)

    def test_kill_9_while_parts_are_joined(self):
        piece = secrets.token_bytes(20 * MIB)
        parts = [self.tus.create(len(piece), body=piece, Content_Type=BYTES, Upload_Concat="partial") for _ in range(2)]
        name = path_id(self.tus.create(0, Upload_Concat="partial"))
        # as a gateway leaves it that dies before it has joined anything
        self.system.psql("UPDATE upload SET kind = 'final', state = 'joining', length = $1, parts = ARRAY[$2, $3]::uuid[],"
                         " updated = now() - interval '1 minute', media = $4::jsonb WHERE id = $5",
                         2 * len(piece), *map(path_id, parts), '{"pid": "joined later", "pid_type": "DEFAULT", "tags": [],'
                         ' "store_config": {"type": "FilesystemStore", "bucket": "files"}}', name)
        self.assert_ready("joined later", piece + piece)

    # --- the spool

    def test_the_spool_file_itself_becomes_the_object(self):
        content = secrets.token_bytes(MIB)
        path = self.tus.create(len(content), self.metadata("by name"))
        self.assert_answers(204, self.tus.append(path, 0, content[:-1]))
        file = self.system.spool / f"{path_id(path)}.part"
        inode = file.stat().st_ino
        self.assert_answers(204, self.tus.append(path, len(content) - 1, content[-1:]))
        media = self.assert_ready("by name", content)
        stored = self.system.store_root / "files" / media["store_key"]
        self.assertEqual(stored.stat().st_ino, inode)
        self.assertLessEqual(stored.stat().st_blocks * 512, len(content) + 4096)
        wait_until(lambda: stored.stat().st_nlink == 1, 10, "the spool lets go of it")

    def spooled(self):
        return sum(max(info.st_size, info.st_blocks * 512) for info in
                   (file.stat() for file in pathlib.Path(self.system.spool).iterdir()))

    def test_all_gateways_together_keep_the_spools_limit(self):
        content = secrets.token_bytes(20 * MIB)
        answers, lock = [], threading.Lock()

        def send(number):
            url = self.system.gateway_urls[number % 2]
            path = self.tus.create(len(content) + 1, self.metadata(f"crowd {number}"), url=url)
            answer = self.tus.append(path, 0, content, url=url)[0]
            with lock:
                answers.append((answer, path))

        threads = [threading.Thread(target=send, args=(number,)) for number in range(7)]
        for thread in threads:
            thread.start()
        largest = 0
        while any(thread.is_alive() for thread in threads):
            largest = max(largest, self.spooled())
            time.sleep(0.01)

        def remove_all():
            for _, path in answers:
                self.tus.ask("DELETE", path)

        self.addCleanup(remove_all)
        statuses = sorted(status for status, _ in answers)
        self.assertLessEqual(set(statuses), {204, 507})
        self.assertLessEqual(statuses.count(204), 4)  # or fewer: of what came for the others, all counts
        self.assertLessEqual(largest, SPOOL_MAX + 65536)
        self.assertEqual(self.client.put("no room", content, self.files)[0], 507)
        self.system.restart("api-gateway-1")
        self.assertEqual(self.client.put("no room", content, self.files)[0], 507)
        remove_all()
        self.assertLess(self.spooled(), MIB)
        self.assertIn(self.client.put("room again", content, self.files)[0], (200, 201))


def path_id(path):
    return path.rpartition("/")[2]


if __name__ == "__main__":
    unittest.main()
