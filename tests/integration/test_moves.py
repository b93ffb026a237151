#!/usr/bin/python3
# SPDX-License-Identifier: MIT
"""Copies, moves and verifications between all kinds of stores and two sites, uploads that nobody waits for, and kill -9 of
whoever is at it: a READY media always has its bytes, and what is not wanted any more goes."""

import os
import time
import unittest

from support.bodies import Body
from support.client import Client, quote, store_config
from support.system import System, wait_until

MIB = 1 << 20
GATEWAY, WORKER, FAR = "api-gateway-1", "store-worker-1", "store-worker-2"
ENDED = ("succeeded", "failed", "dead", "cancelled")


class Moves(unittest.TestCase):
    @classmethod
    def setUpClass(cls):
        cls.system = System(workers=2, settings={"MEDIASTORE_SPOOL_GRACE": "3s", "MEDIASTORE_RECONCILE_INTERVAL": "1s"})
        cls.addClassCleanup(cls.system.stop)
        cls.far_root = cls.system.store_root.with_name("far-stores")
        cls.move_worker_away()
        cls.client = Client(cls.system)
        cls.stores = {"files": cls.client.filesystem(), "memory": cls.client.ram(), "bucket": cls.client.bucket(),
                      "far files": {**cls.client.filesystem(), "site": "far"},
                      "far memory": {**cls.client.ram(), "site": "far"}}

    @classmethod
    def move_worker_away(cls):
        """The second worker serves another site, with other directories."""
        root = cls.system.store_root
        cls.far_root.mkdir()
        stat = root.stat()
        cls.system._service("stop", FAR)
        os.chown(cls.far_root, stat.st_uid, stat.st_gid)
        settings = cls.system.run / "services" / f"{FAR}.env"
        kept = [line for line in settings.read_text().splitlines()
                if not line.startswith(("MEDIASTORE_STORE_ROOT=", "MEDIASTORE_SITES="))]
        settings.write_text("\n".join([*kept, f"MEDIASTORE_STORE_ROOT={cls.far_root}", "MEDIASTORE_SITES=far", ""]))
        cls.system.start(FAR)

    # --- acting

    def put(self, pid, size, store="files"):
        body = Body(size)
        status, answer = self.client.put(pid, body, self.stores[store])
        self.assertEqual(status, 201, answer)
        return body.sha256

    def begin(self, pid, verb, body=None, headers=None, expected=202):
        status, answer = self.client.call("POST", f"/media/{quote(pid)}/{verb}", body, headers=headers)
        self.assertEqual(status, expected, answer)
        return answer.get("id")

    def begin_move(self, pid, to, **options):
        return self.begin(pid, "move", {"store_config": store_config(self.stores[to])}, **options)

    def job(self, job_id):
        return self.client.call("GET", f"/jobs/{job_id}")[1]

    def end_of(self, job_id, seconds=60):
        wait_until(lambda: self.job(job_id)["state"] in ENDED, seconds, "the job ends")
        return self.job(job_id)

    def assert_succeeds(self, job_id, seconds=60):
        job = self.end_of(job_id, seconds)
        self.assertEqual(job["state"], "succeeded", job)
        return job

    def assert_bytes(self, pid, size, sha256):
        self.assertEqual(self.client.get(pid), (200, size, sha256))

    def path_of(self, pid):
        media = self.client.media(pid)
        root = self.far_root if media["store_config"]["site"] == "far" else self.system.store_root
        return root / media["store_config"]["bucket"] / media["store_key"]

    # --- between all kinds of stores

    def test_a_media_moves_through_all_stores_and_sites(self):
        size = 3 * MIB + 17
        sha256 = self.put("traveller", size)
        keys = set()
        for to in ("bucket", "memory", "far files", "bucket", "far memory", "files", "far memory", "far files", "files", "memory"):
            with self.subTest(to=to):
                media = self.client.media("traveller")
                keys.add((media["store_config"]["pk"], media["store_key"]))
                self.assert_succeeds(self.begin_move("traveller", to))
                media = self.client.media("traveller")
                self.assertEqual((media["store_config"]["type"], media["store_config"]["site"]),
                                 (self.stores[to]["store_type"], self.stores[to].get("site", "default")))
                self.assertEqual(media["store_status"], "READY")
                self.assert_bytes("traveller", size, sha256)
        gone = {(int(store), key) for store, key in self.system.psql(
            "SELECT store, store_key FROM job WHERE kind = 'delete' AND pid = 'traveller'")}
        self.assertEqual(gone, keys)  # each old object has a job of its own

    def test_a_copy_has_another_pid_and_the_same_bytes_and_documents(self):
        size = MIB
        sha256 = self.put("original", size)
        self.client.call("PUT", "/media/update/metadata", [{"pid": "original", "data": {"exposure": 1.10}}])
        for number, (to, store) in enumerate(self.stores.items()):
            with self.subTest(to=to):
                pid = f"copy {number}"
                self.assert_succeeds(self.begin("original", "copy", {"new_pid": pid, "store_config": store_config(store)}))
                self.assert_bytes(pid, size, sha256)
                self.assertEqual(self.client.media(pid)["metadata"], {"exposure": 1.10})
        self.assert_succeeds(self.begin("original", "copy", {"new_pid": "copy here"}))
        self.assertEqual(self.client.media("copy here")["store_config"], self.client.media("original")["store_config"])
        self.begin("original", "copy", {"new_pid": "copy here"}, expected=409)

    def test_if_match_is_honoured(self):
        self.put("matched", 1000)
        self.begin_move("matched", "memory", headers={"If-Match": '"77"'}, expected=412)
        version = self.client.media("matched")["version"]
        self.assert_succeeds(self.begin_move("matched", "memory", headers={"If-Match": f'"{version}"'}))
        self.begin_move("matched", "memory", expected=409)  # it is there

    # --- whoever changes the media meanwhile comes first

    def test_a_move_gives_way_to_new_content(self):
        self.put("contended", 2 * MIB)
        etag = f'"{self.client.media("contended")["checksums"]["sha256"]}"'
        self.system.pause(FAR)
        job_id = self.begin_move("contended", "far files")
        wait_until(lambda: self.job(job_id)["attempt"] == 2, 30, "the far worker is asked to pull")
        status, answer = self.client.put("contended", newer := Body(MIB), headers={"If-Match": etag})
        self.assertEqual(status, 200, answer)
        self.system.resume(FAR)
        job = self.end_of(job_id)
        self.assertEqual((job["state"], job["error"]["code"]), ("failed", "conflict"), job)
        self.assertEqual(self.client.media("contended")["store_config"]["site"], "default")
        self.assert_bytes("contended", MIB, newer.sha256)
        self.assertTrue(self.system.psql("SELECT 1 FROM job WHERE kind = 'delete' AND store_key = $1", job["to_key"]))

    def test_a_move_of_a_media_that_is_deleted_leaves_nothing(self):
        self.put("deleted", 2 * MIB)
        self.system.pause(WORKER)
        job_id = self.begin_move("deleted", "bucket")
        wait_until(lambda: self.job(job_id)["state"] == "running", 30, "it is handed over")
        self.assertEqual(self.client.call("DELETE", "/media/deleted")[0], 204)
        self.system.resume(WORKER)
        self.assertEqual(self.end_of(job_id)["state"], "failed")

    # --- kill -9

    def test_a_move_survives_the_death_of_worker_and_gateway(self):
        size = 48 * MIB
        sha256 = self.put("survivor", size)
        for number, (name, delay, to) in enumerate([
                (WORKER, 0.0, "bucket"), (WORKER, 0.25, "files"), (WORKER, 0.5, "bucket"), (GATEWAY, 0.05, "files"),
                (FAR, 0.3, "far files"), (WORKER, 0.3, "files"), (GATEWAY, 0.4, "bucket"), (WORKER, 0.8, "files")]):
            with self.subTest(number=number, killed=name, delay=delay, to=to):
                job_id = self.begin_move("survivor", to)
                time.sleep(delay)
                self.system.kill(name)
                state, = self.system.psql("SELECT store_status FROM media WHERE pid = 'survivor'")[0]
                self.assertEqual(state, "READY")
                self.system.start(name)
                self.assert_succeeds(job_id, 90)
                self.assert_bytes("survivor", size, sha256)
        self.assertEqual(self.system.psql("SELECT count(*) FROM media WHERE pid = 'survivor'"), [["1"]])

    # --- cancelling what runs

    def test_a_running_copy_is_cancelled_and_leaves_nothing(self):
        self.put("large", 384 * MIB)
        before = {path for path in self.system.store_root.rglob("*") if path.is_file()}
        job_id = self.begin("large", "copy", {"new_pid": "unwanted"})
        wait_until(lambda: self.job(job_id)["state"] == "running", 30, "it runs")
        status, job = self.client.call("POST", f"/jobs/{job_id}/cancel")
        self.assertEqual((status, job["state"]), (200, "cancelled"), job)
        self.assertEqual(self.client.status_of("unwanted"), "FAILED")
        wait_until(lambda: f'{job_id}' in self.system.log(WORKER) and "code=cancelled" in self.system.log(WORKER), 20,
                   "the worker stops")
        self.assertEqual({path for path in self.system.store_root.rglob("*") if path.is_file()}, before)

    # --- looking whether the bytes are right

    def test_what_a_verification_finds_is_the_media_status(self):
        events = self.system.subscribe("media.#")
        sha256 = self.put("doubted", 5000)
        path = self.path_of("doubted")
        good = path.read_bytes()
        for content, verdict, status in ((good, "intact", "READY"), (b"x" + good[1:], "corrupt", "CORRUPT"),
                                         (good[:-1], "corrupt", "CORRUPT"), (good, "intact", "READY"),
                                         (None, "missing", "LOST"), (good, "intact", "READY")):
            with self.subTest(verdict=verdict, status=status):
                path.unlink()
                if content is not None:
                    path.write_bytes(content)
                    path.chmod(0o644)
                job = self.assert_succeeds(self.begin("doubted", "verify"))
                self.assertEqual(job["result"]["verdict"], verdict, job)
                self.assertEqual(self.client.status_of("doubted"), status)
                if content is None:
                    path.write_bytes(b"")
        self.assert_bytes("doubted", 5000, sha256)
        kinds = [message.routing_key.split(".")[1] for message in events.collect(2) if message.json.get("pid") == "doubted"]
        self.assertEqual([kind for kind in kinds if kind in ("corrupt", "lost")], ["corrupt", "lost"])

    def test_nothing_can_be_verified_copied_or_moved_that_has_no_bytes(self):
        self.client.call("POST", "/media", {"pid": "empty", "pid_type": "DEFAULT", "store_config": store_config(self.stores["files"])})
        self.begin("empty", "verify", expected=409)
        self.begin("empty", "copy", {"new_pid": "empty 2"}, expected=409)
        self.begin_move("empty", "memory", expected=409)

    def test_a_move_of_bytes_that_are_gone_tells_so(self):
        self.put("vanished", 5000)
        self.path_of("vanished").unlink()
        job = self.end_of(self.begin_move("vanished", "bucket"))
        self.assertEqual((job["state"], job["error"]["code"]), ("failed", "not_found"), job)
        self.client.wait_for_status("vanished", "LOST")

    # --- audits

    def audit(self, store, body=None):
        status, made = self.client.call("POST", "/store", store_config(store))
        self.assertEqual(status, 200, made)
        status, job = self.client.call("POST", f"/store/{made['pk']}/audit", body or {})
        self.assertEqual(status, 202, job)
        return job["id"]

    def findings(self, job_id):
        status, findings = self.client.call("GET", f"/jobs/{job_id}/findings")
        self.assertEqual(status, 200, findings)
        return {(finding["kind"], finding["pid"] or finding["store_key"]) for finding in findings}

    def test_an_audit_finds_what_is_wrong_and_touches_nothing(self):
        store = {"store_type": "FilesystemStore", "bucket": "audited"}
        for number in range(6):
            self.client.put(f"audited {number}", Body(1000), store)
        self.path_of("audited 1").unlink()
        for number, change in ((2, lambda content: b"x" + content[1:]), (3, lambda content: content[:-1])):
            path = self.path_of(f"audited {number}")
            path.write_bytes(change(path.read_bytes()))
        root = self.system.store_root / "audited"
        for name, age in (("foreign", 7200), ("young", 0)):
            (root / name).write_bytes(b"abc")
            os.utime(root / name, (time.time() - age,) * 2)
        job = self.assert_succeeds(job_id := self.audit(store))
        self.assertEqual(self.findings(job_id), {("missing", "audited 1"), ("corrupt", "audited 2"), ("corrupt", "audited 3"),
                                                 ("unreferenced", "foreign")})
        self.assertEqual({**job["result"], "bytes": 0}, {"objects": 7, "bytes": 0, "missing": 1, "corrupt": 2, "unreadable": 0,
                                                         "unreferenced": 1})
        self.assertTrue((root / "foreign").exists())
        self.assertEqual(self.client.status_of("audited 1"), "READY")  # it reports only
        self.assert_succeeds(job_id := self.audit(store, {"content": False}))
        self.assertNotIn(("corrupt", "audited 2"), self.findings(job_id))  # which its size does not tell

    def test_an_audit_goes_on_after_whatever_dies(self):
        """At ten objects a second, a page of which lasts five seconds."""
        store = {"store_type": "FilesystemStore", "bucket": "audited slowly"}
        for number in range(80):
            self.client.put(f"slow {number}", Body(100), store)
        began = time.monotonic()
        job_id = self.audit(store, {"objects_per_second": 10})
        wait_until(lambda: self.job(job_id)["result"], 30, "the first page is there")
        self.system.kill(WORKER)
        self.system.kill(GATEWAY)
        self.system.start(GATEWAY)
        self.assertLess(self.job(job_id)["result"]["objects"], 80)
        self.system.start(WORKER)
        job = self.assert_succeeds(job_id)
        self.assertEqual(job["result"]["objects"], 80)
        self.assertEqual(self.findings(job_id), set())
        self.assertGreater(time.monotonic() - began, 7)

    def test_every_kind_of_store_is_audited(self):
        for name, store in self.stores.items():
            with self.subTest(store=name):
                store = store if "bucket" == name else {**store, "bucket": "audited too"}
                self.client.put(f"audited in {name}", Body(5000), store)
                job = self.assert_succeeds(self.audit(store))
                self.assertGreaterEqual(job["result"]["objects"], 1, job)
                self.assertEqual((job["result"]["missing"], job["result"]["corrupt"]), (0, 0), job)

    # --- uploads that nobody waits for

    def put_later(self, pid, body):
        return self.client.put(pid, body, self.stores["files"], headers={"Prefer": "respond-async"})

    def test_an_upload_that_nobody_waits_for_survives_the_gateway(self):
        for size in (0, 100, 2 * MIB):
            with self.subTest(size=size):
                pid = f"later {size}"
                self.system.pause(WORKER)
                status, media = self.put_later(pid, body := Body(size))
                self.assertEqual((status, media["store_status"]), (202, "PENDING"), media)
                self.system.kill(GATEWAY)
                self.system.start(GATEWAY)
                self.system.resume(WORKER)
                self.client.wait_for_status(pid, "READY")
                self.assert_bytes(pid, size, body.sha256)

    def test_the_answer_names_the_job(self):
        connection = self.system.connect()
        self.addCleanup(connection.close)
        connection.request("PUT", "/api/media/located/content?store_type=FilesystemStore&bucket=files", body=b"abc", headers={
            "Authorization": f"Bearer {self.client.token}", "Prefer": "wait=5, respond-async"})
        response = connection.getresponse()
        response.read()
        self.assertEqual((response.status, response.getheader("Preference-Applied")), (202, "respond-async"))
        self.assert_succeeds(response.getheader("Location").rpartition("/")[2])
        self.assertEqual(self.client.status_of("located"), "READY")

    def test_replaced_content_stays_until_the_new_is_stored(self):
        sha256 = self.put("replaced later", 1000)
        self.system.pause(WORKER)
        status, media = self.client.put("replaced later", body := Body(3000), headers={
            "Prefer": "respond-async", "If-Match": f'"{sha256}"'})
        self.assertEqual((status, media["store_status"], media["size"]), (202, "READY", 1000), media)
        self.system.resume(WORKER)
        wait_until(lambda: self.client.get("replaced later") == (200, 3000, body.sha256), 30, "the new content is there")


if __name__ == "__main__":
    unittest.main()
