#!/usr/bin/python3
# SPDX-License-Identifier: MIT
"""The media operations as existing clients send them, on a whole system: plain http, real bytes, several clients at once."""

import base64
import json
import os
import shutil
import threading
import time
import unittest
import urllib.request

from support.client import Client, quote, store_config
from support.system import System, wait_until

MIB = 1 << 20


def media(pid, **more):
    return {"pid": pid, "pid_type": "DEFAULT", "store_config": {"type": "FilesystemStore", "bucket": "files"}, **more}


class ContractMedia(unittest.TestCase):
    @classmethod
    def setUpClass(cls):
        cls.system = System(settings={"MEDIASTORE_JSON_DEPTH": "1000"})
        cls.addClassCleanup(cls.system.stop)
        cls.client = Client(cls.system)

    def call(self, method, path, body=None, expected=200, **options):
        status, answer = self.client.call(method, path, body, **options)
        self.assertEqual(status, expected, answer)
        return answer

    def raw(self, method, path, body=None, headers=None, **options):
        """Status, headers and the text of the answer, of a request as it is given."""
        connection = self.system.connect()
        try:
            connection.request(method, "/api" + path, body=body, headers={
                "Authorization": f"bearer {self.client.token}", **(headers or {})}, **options)
            response = connection.getresponse()
            return response.status, response.headers, response.read().decode()
        finally:
            connection.close()

    def ready(self, pid, content, store=None):
        status, answer = self.client.put(pid, content, store or self.client.filesystem())
        self.assertEqual(status, 201, answer)
        return self.client.media(pid)

    def path_of(self, store_key, bucket="files"):
        return self.system.store_root / bucket / store_key

    def copy(self, source, target):
        """As somebody with access to the directory would: the workers' account keeps it."""
        target.parent.mkdir(parents=True, exist_ok=True)
        shutil.copy(source, target)
        owner = source.stat()
        for path in (target, *[p for p in target.parents if p.is_relative_to(self.system.store_root)]):
            os.chown(path, owner.st_uid, owner.st_gid)

    # --- how clients write

    def test_bodies_of_any_form_are_understood(self):
        text = json.dumps({**media("form", colour="unknown field"), "store_config": {
            "pk": 99, "type": "FilesystemStore", "bucket": "files", "s3_url": ""}}).encode()
        status, _, answer = self.raw("POST", "/media", b"\xef\xbb\xbf" + text, {"Content-Type": "text/plain"})
        self.assertEqual(status, 200, answer)
        pieces = iter([text[:10], text[10:]])
        status, _, answer = self.raw("POST", "/media", pieces, {"Transfer-Encoding": "chunked"}, encode_chunked=True)
        self.assertEqual(status, 409, answer)

    def test_pids_with_slashes_need_no_quoting(self):
        self.call("POST", "/media", media("a/b c/ü"))
        for path in ("/media/a/b%20c/%C3%BC", "/media/a%2Fb%20c%2F%C3%BC", "/media?pid=a/b+c/%C3%BC"):
            self.assertEqual(self.call("GET", path)["pid"], "a/b c/ü")
        self.assertEqual(self.raw("DELETE", "/media/a/b%20c/%C3%BC")[0], 204)

    def test_a_204_has_neither_body_nor_length(self):
        self.call("POST", "/media", media("no content"))
        status, headers, text = self.raw("PATCH", "/media/no%20content", '{"new_pid": "no content 2"}')
        self.assertEqual((status, text), (204, ""))
        self.assertIsNone(headers["Content-Length"])

    # --- documents

    def test_deep_documents_pass_the_servers_own_threads(self):
        deep = '{"a": ' * 900 + "12345678901234567890.10" + "}" * 900
        body = f'[{{"pid": "deep", "pid_type": "DEFAULT", "store_config": {{"type": "DictStore", "bucket": "r"}}, "metadata": {deep}}}]'
        status, _, text = self.raw("POST", "/media/create", body)
        self.assertEqual(status, 200, text[:300])
        self.assertIn(deep, self.raw("GET", "/media/deep")[2])
        self.assertEqual(self.raw("PUT", "/media/update/metadata", f'[{{"pid": "deep", "keys": ["x"], "data": {deep}}}]')[0], 200)
        self.assertEqual(self.raw("POST", "/media", "[" * 100000)[0], 413)

    def test_a_part_is_deleted_by_a_request_with_a_body(self):
        self.call("POST", "/media", media("parts", metadata={"a": {"b": 1, "c": 2}}))
        self.call("DELETE", "/media/update/metadata", [{"pid": "parts", "keys": ["a", "b"]}])
        self.assertEqual(self.client.media("parts")["metadata"], {"a": {"c": 2}})

    def test_a_long_list_created_again_with_its_key_answers_the_same(self):
        body = [media(f"again {i}") for i in range(500)]
        answers = [self.call("POST", "/media/create", body, headers={"Idempotency-Key": "list"}) for _ in range(2)]
        self.assertEqual(len(answers[0]), 500)
        self.assertEqual(answers[0], answers[1])

    def test_an_upload_keeps_its_metadata_exactly(self):
        metadata = '{"n": 12345678901234567890, "r": 1.10}'
        content = base64.b64encode(b"bytes" * 1000).decode()
        body = ('{"base64": "%s", "mediadata": {"pid": "up", "metadata": %s, "pid_type": "DEFAULT", "tags": ["b", "a"],'
                ' "store_config": {"type": "FilesystemStore", "bucket": "files"}}}' % (content, metadata))
        status, _, text = self.raw("POST", "/upload", body)
        self.assertEqual((status, json.loads(text)), (200, {"status": "READY", "presigned_put": None}))
        self.assertIn(metadata, self.raw("GET", "/media/up")[2])
        self.assertIn(content, self.raw("GET", "/download/up")[2])

    # --- lists

    def test_a_dump_streams_and_a_slow_reader_holds_nobody_up(self):
        store = self.call("POST", "/store", {"type": "DictStore", "bucket": "dump"})["pk"]
        self.system.psql("ALTER TABLE media DISABLE TRIGGER USER")
        self.system.psql("WITH made AS (INSERT INTO media (pid, pid_type, store, store_key, metadata) SELECT 'dump-' || g, 'DEFAULT', $1,"
                         " 'k' || g, jsonb_build_object('text', repeat('x', 2000)) FROM generate_series(1, 30000) g RETURNING pk)"
                         " SELECT count(*) FROM made", store)
        self.system.psql("ALTER TABLE media ENABLE TRIGGER USER")
        try:
            self.system.reset_peak_rss("api-gateway-1")
            slow = [self.begin_dump() for _ in range(12)]
            started = time.monotonic()
            self.call("POST", "/media", media("beside slow dumps"))
            self.assertLess(time.monotonic() - started, 5)
            for connection in slow:
                connection.close()
            status, headers, text = self.raw("GET", "/media/dump")
            self.assertEqual((status, headers["Transfer-Encoding"]), (200, "chunked"))
            pids = [one["pid"] for one in json.loads(text)]
            self.assertEqual(sum(pid.startswith("dump-") for pid in pids), 30000)
            self.assertEqual(len(pids), len(set(pids)))
            self.assertLessEqual(self.system.peak_rss("api-gateway-1"), 64 * MIB)
        finally:
            self.system.psql("DELETE FROM media WHERE store = $1", store)

    def test_every_list_streams_in_constant_memory(self):
        count, long = 50000, "x" * 200
        for path, table, columns, values in (
                ("/stores", "store", "bucket, type", "'DictStore'"),
                ("/s3cfgs", "s3_config", "url, access_key, secret_key", "'a', 'v1.x'"),
                ("/identifier/list", "identifier_type", "name, pattern", "$2"),
                ("/users", "app_user", "name, role, password_hash", "'reader', ''")):
            name = columns.partition(",")[0]
            with self.subTest(path):
                self.psql_silently(table, f"INSERT INTO {table} ({columns}) SELECT 'many-' || g || $2, {values} FROM generate_series(1, $1) g",
                                   count, long)
                try:
                    self.raw("GET", path)  # what any first request takes for good
                    self.system.reset_peak_rss("api-gateway-1")
                    before = self.system.rss("api-gateway-1")
                    status, headers, text = self.raw("GET", path)
                    self.assertEqual((status, headers["Transfer-Encoding"]), (200, "chunked"))
                    self.assertEqual(sum(one[name].startswith("many-") for one in json.loads(text)), count)
                    self.assertLess(self.system.peak_rss("api-gateway-1") - before, len(text) / 2)
                finally:
                    self.psql_silently(table, f"DELETE FROM {table} WHERE {name} LIKE 'many-%'")

    def psql_silently(self, table, sql, *parameters):
        """Without an event for each row."""
        self.system.psql(f"ALTER TABLE {table} DISABLE TRIGGER USER")
        self.system.psql(sql, *parameters)
        self.system.psql(f"ALTER TABLE {table} ENABLE TRIGGER USER")

    def begin_dump(self):
        connection = self.system.connect()
        connection.request("GET", "/api/media/dump", headers={"Authorization": f"Bearer {self.client.token}"})
        self.assertEqual(connection.getresponse().status, 200)
        return connection

    def test_a_batch_is_created_once_when_two_send_it_at_once(self):
        bodies = [[media(f"twice-{i}") for i in order] for order in (range(300), reversed(range(300)))]
        answers = self.at_once([lambda body=body: self.client.call("POST", "/media/create?partial=true", body) for body in bodies])
        self.assertEqual([status for status, _ in answers], [200, 200])
        created = [one["pid"] for _, answer in answers for one in answer["created"]]
        failed = [one["error"] for _, answer in answers for one in answer["failures"]]
        self.assertEqual(sorted(created), sorted(f"twice-{i}" for i in range(300)))
        self.assertEqual(failed, ["conflict"] * 300)

    def test_deleting_many_removes_their_bytes(self):
        paths = [self.path_of(self.ready(pid, b"some bytes")["store_key"]) for pid in ("gone 1", "gone 2")]
        self.assertTrue(all(path.exists() for path in paths))
        answer = self.call("POST", "/media/delete", ["gone 1", "nobody", "gone 2"])
        self.assertEqual(answer["successes"], ["gone 1", "gone 2"])
        self.assertEqual([one["error"] for one in answer["failures"]], ["not_found"])
        wait_until(lambda: not any(path.exists() for path in paths), 30, "the bytes go")

    # --- at once

    def at_once(self, calls):
        results = [None] * len(calls)

        def run(index):
            results[index] = calls[index]()
        threads = [threading.Thread(target=run, args=(index,)) for index in range(len(calls))]
        for thread in threads:
            thread.start()
        for thread in threads:
            thread.join()
        return results

    def test_two_clients_writing_metadata_lose_nothing(self):
        self.call("POST", "/media", media("shared"))

        def write(who):
            for i in range(50):
                status, answer = self.client.call("PUT", "/media/update/metadata", [{"pid": "shared", "keys": ["by", f"{who} {i}"], "data": i}])
                self.assertEqual((status, answer["failures"]), (200, []))
        self.at_once([lambda: write("one"), lambda: write("two")])
        answer = self.call("GET", "/media/shared")
        self.assertEqual((len(answer["metadata"]["by"]), answer["version"]), (100, "101"))

    def test_of_two_changes_of_one_version_one_is_412(self):
        self.call("POST", "/media", media("raced"))
        etag = self.raw("GET", "/media/raced")[1]["ETag"]
        body = [{"pid": "raced", "tags": ["x"]}], [{"pid": "raced", "tags": ["y"]}]
        answers = self.at_once([lambda b=b: self.client.call("PUT", "/media/update/tags", b, headers={"If-Match": etag}) for b in body])
        self.assertEqual(sorted(status for status, _ in answers), [200, 412])

    # --- other places for READY media

    def test_a_ready_media_gets_another_key_only_if_its_bytes_are_there(self):
        content = b"content to be found again" * 100
        store_key = self.ready("moved by hand", content)["store_key"]
        answer = self.call("PUT", "/media/update/storekeys", [{"pid": "moved by hand", "store_key": "by/hand"}])
        self.assertEqual((answer["successes"], answer["failures"][0]["error"]), ([], "conflict"))
        self.assertEqual(self.client.media("moved by hand")["store_key"], store_key)
        self.copy(self.path_of(store_key), self.path_of("by/hand"))
        answer = self.call("PUT", "/media/update/storekeys", [{"pid": "moved by hand", "store_key": "by/hand"}])
        self.assertEqual(answer, {"successes": ["moved by hand"], "failures": []})
        self.path_of(store_key).unlink()
        self.assertEqual(self.raw("GET", "/media/moved%20by%20hand/content")[2].encode(), content)

    def test_a_ready_media_gets_another_store_only_if_its_bytes_are_there(self):
        one = self.ready("other store", b"these bytes")
        target = {"type": "FilesystemStore", "bucket": "elsewhere"}
        self.assertEqual(self.client.call("PATCH", "/media/other%20store", {"store_config": target})[0], 409)
        self.copy(self.path_of(one["store_key"]), self.path_of(one["store_key"], "elsewhere"))
        version = f'"{one["version"]}"'
        self.call("PATCH", "/media/other%20store", {"store_config": target, "new_pid": "other store 2"}, 204, headers={"If-Match": version})
        now = self.client.media("other store 2")
        self.assertEqual((now["store_config"]["bucket"], now["store_status"]), ("elsewhere", "READY"))
        self.assertEqual(self.raw("GET", "/media/other%20store%202/content")[2], "these bytes")

    def test_what_is_at_the_new_place_is_what_the_row_says(self):
        store_key = self.ready("replaced by hand", b"old")["store_key"]
        self.copy(self.path_of(store_key), self.path_of("new/place"))
        self.path_of("new/place").write_bytes(b"new and longer")
        self.call("PUT", "/media/update/storekeys", [{"pid": "replaced by hand", "store_key": "new/place"}])
        self.assertEqual(self.client.media("replaced by hand")["size"], 14)
        self.assertEqual(self.raw("GET", "/media/replaced%20by%20hand/content")[2], "new and longer")

    def test_keys_cannot_leave_the_store(self):
        self.ready("confined", b"x")
        answer = self.call("PUT", "/media/update/storekeys", [{"pid": "confined", "store_key": key} for key in ("../other/x", "/etc/passwd")])
        self.assertEqual([one["error"] for one in answer["failures"]], ["invalid", "invalid"])

    # --- URLs for many

    def test_urls_are_given_for_what_has_them(self):
        bucket = self.client.bucket()
        self.ready("in a bucket", b"from the bucket", bucket)
        self.ready("in a file", b"x")
        self.call("POST", "/media", {**media("pending"), "store_config": store_config(bucket)})
        answer = self.call("POST", "/download/urls", ["in a file", "in a bucket", "nobody", "pending"])
        self.assertEqual([one.get("error") for one in answer], ["unsupported", None, "not_found", "conflict"])
        self.assertEqual((answer[1]["mediadata"]["pid"], answer[1]["base64"]), ("in a bucket", ""))
        with urllib.request.urlopen(answer[1]["presigned_get"], timeout=30) as response:
            self.assertEqual(response.read(), b"from the bucket")
        self.assertEqual(self.call("GET", "/download?pid=" + quote("in a file"))["base64"], base64.b64encode(b"x").decode())


if __name__ == "__main__":
    unittest.main()
