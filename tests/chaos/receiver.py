# SPDX-License-Identifier: MIT
"""The target of a webhook that wants all of one client's media: it counts what it takes, and refuses at random."""

import collections
import http.server
import random
import threading

from support.webhooks import verify

EVENTS, PID = "media.#", "client 1/*"
REFUSED = 0.03  # of what comes


class Receiver:
    def __init__(self, client, seed):
        self.client, self.random = client, random.Random(f"{seed} receiver")
        self.taken, self.refused, self.wrong = collections.Counter(), 0, []  # taken: by event
        self._lock, self._refusing = threading.Lock(), True
        receiver = self

        class Handler(http.server.BaseHTTPRequestHandler):
            def do_POST(self):
                body = self.rfile.read(int(self.headers["Content-Length"]))
                self.send_response(receiver.judge(self.headers, body))
                self.send_header("Content-Length", "0")
                self.end_headers()

            def log_message(self, *_):
                pass

        self._server = http.server.ThreadingHTTPServer(("127.0.0.1", 0), Handler)
        self._server.daemon_threads = True
        threading.Thread(target=self._server.serve_forever, daemon=True).start()
        status, self.hook = client.call("POST", "/webhooks", {
            "url": f"http://127.0.0.1:{self._server.server_port}/", "events": [EVENTS], "pid": PID})
        if status != 200:
            raise RuntimeError(f"POST /webhooks answered {status}: {self.hook}")
        self.after = self.state()["seq"]  # the events that there were before are not for it

    def judge(self, headers, body):
        with self._lock:
            if not verify(self.hook["secret"], headers, body):
                self.wrong.append(f"a webhook's message {headers['webhook-id']} has no good signature")
                return 401
            if self._refusing and self.random.random() < REFUSED:
                self.refused += 1
                return 500
            self.taken[headers["webhook-id"]] += 1
            return 204

    def stop_refusing(self):
        with self._lock:
            self._refusing = False

    @staticmethod
    def wants(key, event):
        return key.startswith(EVENTS.rstrip("#")) and event.get("pid", "").startswith(PID.rstrip("*"))

    def state(self):
        """The webhook as the gateways have it."""
        status, hook = self.client.call("GET", f"/webhooks/{self.hook['pk']}")
        return hook if status == 200 else {"active": None, "seq": -1, "pending": -1}

    def failed(self):
        """The events of which the gateways say that they could not be delivered."""
        status, deliveries = self.client.call("GET", f"/webhooks/{self.hook['pk']}/deliveries?state=failed&limit=1000")
        return {delivery["event"] for delivery in deliveries} if status == 200 else set()

    def repeated(self):
        return sum(self.taken.values()) - len(self.taken)

    def close(self):
        self._server.shutdown()
        self._server.server_close()
