#!/usr/bin/python3
# SPDX-License-Identifier: MIT
"""Webhooks: events told to real HTTP targets that fail in every way, signed, tried again, listed, sent again; and with
processes that die in between."""

import base64
import http.server
import json
import os
import subprocess
import sys
import threading
import time
import unittest

from support.client import Client
from support.system import ROOT, System, free_port_block, wait_until
from support.webhooks import verify

WORKER, GATEWAY = "store-worker-1", "api-gateway-1"


class Target:
    """An HTTP server on loopback; `plan` is what it does, the last of it for ever: a status, or a name of DOES."""

    def __init__(self, *plan):
        self.plan, self.seen = list(plan) or [200], []
        self.lock, self.release = threading.Lock(), threading.Event()
        target = self

        class Handler(http.server.BaseHTTPRequestHandler):
            def do_POST(self):
                body = self.rfile.read(int(self.headers["Content-Length"]))
                with target.lock:
                    target.seen.append((self.path, dict(self.headers), body))
                    does = target.plan.pop(0) if len(target.plan) > 1 else target.plan[0]
                if does == "cut":
                    self.connection.close()
                elif does == "hang":
                    target.release.wait(30)
                elif does == "redirect":
                    self.answer(302, b"", [("Location", f"{target.url}/elsewhere")])
                elif does == "flood":
                    self.answer(200, b"x" * 5_000_000)
                elif does == "slow":
                    time.sleep(1)
                    self.answer(200, b"at last")
                else:
                    self.answer(does, f"this is {does}".encode())

            def answer(self, status, body, headers=()):
                try:
                    self.send_response(status)
                    for name, value in headers:
                        self.send_header(name, value)
                    self.send_header("Content-Length", str(len(body)))
                    self.end_headers()
                    self.wfile.write(body)
                except OSError:
                    pass

            def log_message(self, *arguments):
                pass

        self.server = http.server.ThreadingHTTPServer(("127.0.0.1", 0), Handler)
        self.server.daemon_threads = True
        self.url = f"http://127.0.0.1:{self.server.server_port}"
        threading.Thread(target=self.server.serve_forever, daemon=True).start()

    def bodies(self):
        with self.lock:
            return [json.loads(body) for _, _, body in self.seen]

    def subjects(self):
        return [body.get("subject") for body in self.bodies()]

    def close(self):
        self.release.set()
        self.server.shutdown()
        self.server.server_close()


class Webhooks(unittest.TestCase):
    @classmethod
    def setUpClass(cls):
        cls.system = System(settings={
            "MEDIASTORE_WEBHOOK_NETWORKS": "127.0.0.1", "MEDIASTORE_WEBHOOK_TIMEOUT": "3s",
            "MEDIASTORE_WEBHOOK_PENDING_MAX": "20"})
        cls.addClassCleanup(cls.system.stop)
        cls.client = Client(cls.system)

    def call(self, status, method, path, body=None, **options):
        got, answer = self.client.call(method, path, body, **options)
        self.assertEqual(got, status, answer)
        return answer

    def target(self, *plan):
        target = Target(*plan)
        self.addCleanup(target.close)
        return target

    def hook(self, target, **fields):
        """pk and secret of a webhook that goes with the test."""
        made = self.call(200, "POST", "/webhooks", {"url": f"{target.url}/in", "events": ["media.created.#"], **fields})
        self.addCleanup(lambda: self.client.call("DELETE", f"/webhooks/{made['pk']}"))
        return made["pk"], made["secret"]

    def make(self, *pids):
        for pid in pids:
            self.call(200, "POST", "/media", {"pid": pid, "pid_type": "DEFAULT",
                                              "store_config": {"type": "FilesystemStore", "bucket": "files"}})

    def deliveries(self, pk, query=""):
        return self.call(200, "GET", f"/webhooks/{pk}/deliveries{query}")

    def ended(self, pk, state, count=1):
        return wait_until(lambda: len(found := self.deliveries(pk, f"?state={state}")) >= count and found, 40,
                          f"{count} deliveries are {state}")

    def test_an_event_is_told_signed_until_it_is_taken(self):
        target = self.target(500, "redirect", 200)
        pk, secret = self.hook(target, pid="wanted-*")
        self.make("unwanted", "wanted-1")
        delivery, = self.ended(pk, "delivered")
        self.assertEqual((delivery["attempts"], delivery["status"], delivery["answer"], delivery["error"]),
                         (3, 200, "this is 200", None))
        self.assertEqual(target.subjects(), ["wanted-1"] * 3)  # and nobody has followed the redirect
        paths, headers, bodies = zip(*target.seen)
        self.assertEqual(set(paths), {"/in"})
        self.assertEqual({one["webhook-id"] for one in headers}, {delivery["event"]})
        self.assertTrue(all(verify(secret, *one) for one in zip(headers, bodies)))
        self.assertFalse(verify(secret, headers[0], bodies[0] + b" "))
        event = json.loads(bodies[0])
        self.assertEqual((event["type"], event["data"]["pid"], event["sequence"]),
                         ("mediastore.media.created", "wanted-1", str(delivery["seq"])))
        job = self.call(200, "GET", f"/jobs/{delivery['job']}")
        self.assertEqual([job["kind"], job["state"], [one["error"]["message"] for one in job["attempts_failed"]]],
                         ["deliver", "succeeded", ["the target answered 500",
                                                   "the target answered 302, and redirects are not followed"]])
        self.assertEqual([event["routingkey"] for event in self.call(200, "GET", "/events?limit=1000")
                          if "deliver" in event["routingkey"]], [])

    def test_targets_that_hang_cut_or_flood_hold_nobody_up(self):
        hanging, cutting, flooding, slow, good = (
            self.target("hang"), self.target("cut"), self.target("flood"), self.target("slow"), self.target(200))
        pks = {name: self.hook(target)[0] for name, target in
               [("hang", hanging), ("cut", cutting), ("flood", flooding), ("slow", slow), ("good", good)]}
        self.make(*(f"held-{number}" for number in range(30)))
        wait_until(lambda: sum(1 for one in good.subjects() if one.startswith("held-")) >= 30, 20, "the good one has all")
        self.ended(pks["slow"], "delivered", 8)
        flooded = self.ended(pks["flood"], "delivered", 1)
        self.assertEqual(len(flooded[-1]["answer"]), 1000)
        for name, reason in ("hang", "the target did not answer in time"), ("cut", "no answer: "):
            tried = wait_until(lambda: [one for one in self.deliveries(pks[name]) if one["error"]], 30, f"{name} is known")
            self.assertEqual((tried[0]["state"], tried[0]["status"]), ("pending", None))
            self.assertIn(reason, tried[0]["error"]["message"])
            self.assertIsNotNone(self.call(200, "GET", f"/webhooks/{pks[name]}")["failing_since"])
        self.assertLessEqual(self.call(200, "GET", f"/webhooks/{pks['hang']}")["pending"], 20)
        hanging.release.set()
        metrics = self.system.request("GET", "/metrics")[2].decode()
        self.assertIn('mediastore_webhooks{state="failing"}', metrics)
        self.assertRegex(metrics, r'mediastore_webhook_deliveries\{state="pending"\} [1-9]')

    def test_nothing_is_lost_when_processes_die(self):
        target = self.target("slow")
        pk, _ = self.hook(target)
        self.make(*(f"dies-{number}" for number in range(6)))
        wait_until(lambda: target.seen, 20, "a delivery is under way")
        self.system.kill(WORKER)
        self.make(*(f"dies-{number}" for number in range(6, 9)))
        self.system.kill(GATEWAY)
        self.system.start(GATEWAY)
        self.system.start(WORKER)
        self.ended(pk, "delivered", 9)
        self.assertEqual({one for one in target.subjects() if one.startswith("dies-")}, {f"dies-{n}" for n in range(9)})

    def test_what_failed_is_sent_again(self):
        target = self.target(410, 200)
        pk, _ = self.hook(target)
        self.make("again")
        failed, = self.ended(pk, "failed")
        hook = self.call(200, "GET", f"/webhooks/{pk}")
        self.assertEqual((failed["status"], failed["error"]["code"], hook["active"], hook["disabled_reason"]),
                         (410, "gone", False, "the target answered 410 (gone)"))
        path = f"/webhooks/{pk}/deliveries/{failed['pk']}/resend"
        self.call(200, "PATCH", f"/webhooks/{pk}", {"active": True})
        self.assertEqual(self.call(200, "POST", path)["state"], "pending")
        again, = self.ended(pk, "delivered")
        self.assertEqual((again["pk"], again["attempts"]), (failed["pk"], 2))
        self.assertEqual(len({headers["webhook-id"] for _, headers, _ in target.seen}), 1)
        target.plan = [500]
        self.call(200, "POST", path)
        self.call(409, "POST", path)
        job = wait_until(lambda: (one := self.deliveries(pk)[0])["attempts"] == 3 and one["job"], 20, "it was tried")
        self.call(200, "POST", f"/jobs/{job}/cancel")
        self.assertEqual(self.deliveries(pk)[0]["state"], "failed")
        target.plan = [200]
        self.call(409, "POST", f"/jobs/{job}/retry")  # cancelled is cancelled; the delivery itself can be sent
        self.system.psql("DELETE FROM event WHERE seq = $1", failed["seq"])
        self.call(410, "POST", path)
        self.call(404, "POST", f"/webhooks/{pk}/deliveries/999999/resend")
        self.call(422, "POST", f"/webhooks/{pk}/deliveries/x/resend")

    def test_failing_for_too_long_disables(self):
        target = self.target(503)
        pk, _ = self.hook(target)
        self.make("too-long")
        wait_until(lambda: self.call(200, "GET", f"/webhooks/{pk}")["failures"], 20, "it fails")
        self.system.psql("UPDATE webhook_state SET failing_since = now() - interval '25 h' WHERE webhook = $1", pk)
        hook = wait_until(lambda: not (now := self.call(200, "GET", f"/webhooks/{pk}"))["active"] and now, 20, "it is disabled")
        self.assertIn("no delivery has succeeded since", hook["disabled_reason"])
        self.assertEqual(self.deliveries(pk)[0]["state"], "failed")
        self.assertEqual(hook["pending"], 0)
        self.make("meanwhile")
        target.plan = [200]
        self.assertIsNone(self.call(200, "PATCH", f"/webhooks/{pk}", {"active": True})["disabled_reason"])
        self.ended(pk, "delivered")  # it goes on where it had stopped
        self.assertEqual(target.subjects()[-1], "meanwhile")

    def test_the_secret_changes_without_a_gap(self):
        target = self.target(204)
        pk, old = self.hook(target)
        new = self.call(200, "POST", f"/webhooks/{pk}/secret")["secret"]
        self.assertTrue(self.call(200, "POST", f"/webhooks/{pk}/test")["delivered"])
        _, headers, body = target.seen[-1]
        self.assertTrue(verify(old, headers, body) and verify(new, headers, body))
        self.system.psql("UPDATE webhook SET old_secret_until = now() WHERE pk = $1", pk)
        self.call(200, "POST", f"/webhooks/{pk}/test")
        _, headers, body = target.seen[-1]
        self.assertEqual((verify(old, headers, body), verify(new, headers, body)), (False, True))
        kept = self.system.psql("SELECT secret || old_secret FROM webhook WHERE pk = $1", pk)[0][0]
        for secret in old, new:
            self.assertNotIn(secret, kept)
            for process in GATEWAY, WORKER:
                self.assertNotIn(secret, self.system.log(process))

    def test_a_test_says_what_the_target_said(self):
        target = self.target(418, "hang", 200)
        pk, secret = self.hook(target)
        said = self.call(200, "POST", f"/webhooks/{pk}/test")
        self.assertEqual((said["delivered"], said["status"], said["answer"]), (False, 418, "this is 418"))
        self.assertTrue(verify(secret, *target.seen[0][1:]))
        said = self.call(200, "POST", f"/webhooks/{pk}/test")
        self.assertEqual((said["delivered"], said["status"], said["error"]["code"]), (False, None, "deadline_exceeded"))
        self.assertTrue(self.call(200, "POST", f"/webhooks/{pk}/test")["delivered"])
        self.assertEqual(self.deliveries(pk), [])
        for path in "/webhooks/999999/test", "/webhooks/999999/secret":
            self.call(404, "POST", path)
            self.call(422, "POST", path.replace("999999", "x"))

    def test_the_receiver_of_the_documentation_verifies(self):
        text = (ROOT / "docs/webhooks.md").read_text()
        program = text.partition("```python\n")[2].partition("```")[0]
        port = free_port_block()
        made = self.call(200, "POST", "/webhooks", {"url": f"http://127.0.0.1:{port}/", "events": ["store.deleted"]})
        self.addCleanup(lambda: self.client.call("DELETE", f"/webhooks/{made['pk']}"))
        for secret, status in (made["secret"], 204), ("whsec_" + base64.b64encode(b"another").decode(), 401):
            receiver = subprocess.Popen([sys.executable, "-c", program], stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL,
                                        env={**os.environ, "WEBHOOK_SECRET": secret, "PORT": str(port)})
            self.addCleanup(receiver.kill)
            said = wait_until(lambda: (one := self.call(200, "POST", f"/webhooks/{made['pk']}/test"))["status"] and one, 120,
                              "the receiver answers")
            self.assertEqual(said["status"], status)
            receiver.kill()
            receiver.wait()

    def test_where_a_webhook_may_not_lead(self):
        made = self.call(200, "POST", "/webhooks", {"url": "http://127.0.0.2:9/", "events": ["media.created.#"]})
        self.addCleanup(lambda: self.client.call("DELETE", f"/webhooks/{made['pk']}"))
        for url in "http://127.0.0.2:9/", "http://[::1]:9/", "http://10.1.2.3/", "http://0x7f.2:9/", "http://localhost.:9/":
            self.call(200, "PATCH", f"/webhooks/{made['pk']}", {"url": url})
            said = self.call(200, "POST", f"/webhooks/{made['pk']}/test")
            if url == "http://localhost.:9/":  # which is 127.0.0.1 and allowed, but nobody is there
                self.assertEqual(said["error"]["code"], "unavailable", said)
                continue
            self.assertEqual(said["error"]["code"], "forbidden", (url, said))
        self.call(200, "PATCH", f"/webhooks/{made['pk']}", {"url": "http://127.0.0.2:9/"})
        self.make("leads-elsewhere")
        failed, = self.ended(made["pk"], "failed")  # at once: it will not get better by itself
        self.assertEqual((failed["attempts"], failed["error"]["code"]), (1, "forbidden"))

    def test_webhooks_are_listed_changed_and_deleted(self):
        target = self.target(200)
        pk, secret = self.hook(target, description="for the plates")
        status, headers, hook = self.system.request("GET", f"/api/webhooks/{pk}", token=self.client.token)
        self.assertEqual((status, hook["events"], hook["description"], hook["active"], hook["actor"]),
                         (200, ["media.created.#"], "for the plates", True, "admin"))
        self.assertNotIn(secret, json.dumps([hook, self.call(200, "GET", "/webhooks")]))
        self.call(304, "GET", f"/webhooks/{pk}", headers={"If-None-Match": headers["ETag"]})
        _, listed, _ = self.system.request("GET", "/api/webhooks", token=self.client.token)
        self.call(304, "GET", "/webhooks", headers={"If-None-Match": listed["ETag"]})
        self.make("not-a-change")
        self.ended(pk, "delivered")
        fits = {"If-Match": headers["ETag"]}  # still: deliveries are no change of the webhook
        changed = self.call(200, "PATCH", f"/webhooks/{pk}", {"events": [], "pid": "a*", "description": None}, headers=fits)
        self.assertEqual((changed["events"], changed["pid"], changed["description"]), ([], "a*", None))
        for method, path in ("PATCH", ""), ("POST", "/secret"), ("DELETE", ""):
            self.call(412, method, f"/webhooks/{pk}{path}", {} if method == "PATCH" else None, headers=fits)
        for body in ({"url": "ftp://a/"}, {"url": "http://u:p@a/"}, {"url": "http://a/#x"}, {"url": "http://a/", "events": [""]},
                     {"url": "http://a/", "events": ["a b"]}, {"url": "http://a/", "pid": ""}, {"events": []}):
            self.call(422, "POST", "/webhooks", body)
        for path in f"/webhooks/{pk}/deliveries?state=x", "/webhooks/x/deliveries", "/webhooks/x":
            self.call(422, "GET", path)
        self.call(422, "DELETE", "/webhooks/x")
        self.call(422, "PATCH", "/webhooks/x", {})
        self.call(204, "DELETE", f"/webhooks/{pk}")
        for method, path in ("GET", ""), ("GET", "/deliveries"), ("DELETE", ""), ("PATCH", ""):
            self.call(404, method, f"/webhooks/{pk}{path}", {} if method == "PATCH" else None)
        self.assertEqual(self.system.psql("SELECT count(*) FROM webhook_delivery WHERE webhook = $1", pk), [["0"]])

    def test_deliveries_are_paged(self):
        target = self.target(200)
        pk, _ = self.hook(target)
        self.make(*(f"page-{number}" for number in range(5)))
        self.ended(pk, "delivered", 5)
        seen, path = [], f"/api/webhooks/{pk}/deliveries?state=delivered&limit=2"
        while path:
            _, headers, page = self.system.request("GET", path, token=self.client.token)
            seen += [one["subject"] for one in page]
            path = headers["Link"] and headers["Link"].partition(">")[0].lstrip("<")
        self.assertEqual(seen, [f"page-{number}" for number in range(4, -1, -1)])


if __name__ == "__main__":
    unittest.main()
