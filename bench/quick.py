# SPDX-License-Identifier: MIT
"""Small puts and gets, one after another on one connection, while nothing else happens and then while background jobs wait
and large streams run: whether quick jobs wait behind the others. Streams are curl's, of a rate that leaves processors to the
rest, and then as fast as they go, which takes all that the machine has."""

import contextlib
import os
import subprocess
import threading
import time

from support.bodies import Body

MIB = 1 << 20
SMALL, LARGE = 4096, 64 * MIB


class Quick:
    def __init__(self, client, options):
        self.options, self.client, self.system = options, client, client.system
        self.store = self.client.filesystem("bench")
        status, answer = self.client.put("large", Body(LARGE), self.store)
        if status != 201:
            raise RuntimeError(f"{status} {answer}")

    def request(self, connection, method, path, body=None):
        connection.request(method, path, body=body, headers={"Authorization": f"Bearer {self.client.token}"})
        response = connection.getresponse()
        response.read()
        if response.status not in (200, 201):
            raise RuntimeError(f"{method} {path} answered {response.status}")

    def measure(self, what, prefix):
        """Latencies in ms of `requests` puts and as many gets."""
        connection, body, rows = self.system.connect(), os.urandom(SMALL), {"put": [], "get": []}
        for number in range(self.options.requests):
            path = f"/api/media/{prefix}-{number}/content"
            for verb, method, url, content in (("put", "PUT", f"{path}?store_type=FilesystemStore&bucket=bench", body),
                                               ("get", "GET", path, None)):
                began = time.perf_counter()
                self.request(connection, method, url, content)
                rows[verb].append((time.perf_counter() - began) * 1000)
        connection.close()
        for verb, times in rows.items():
            times.sort()
            p50, p99 = times[len(times) // 2], times[int(len(times) * 0.99)]
            print(f"{what:<34}{verb:<5}{p50:>9.1f}{p99:>9.1f}{times[-1]:>9.1f}", flush=True)
        return max(times[int(len(times) * 0.99)] for times in rows.values())

    def unfinished(self):
        return int(self.system.psql("SELECT count(*) FROM job WHERE kind = 'verify' AND state IN ('queued', 'running')")[0][0])

    def queue_jobs(self):
        """As many as were asked for wait: verifications of the large object, each a whole read of it."""
        for _ in range(self.options.jobs - self.unfinished()):
            status, answer = self.client.call("POST", "/media/large/verify")
            if status != 202:
                raise RuntimeError(f"{status} {answer}")

    @contextlib.contextmanager
    def streaming(self, rate):
        stopping = threading.Event()
        threads = [threading.Thread(target=self.stream, args=(stopping, rate)) for _ in range(self.options.streams)]
        for thread in threads:
            thread.start()
        try:
            time.sleep(1)
            yield
        finally:
            stopping.set()
            for thread in threads:
                thread.join()

    def stream(self, stopping, rate):
        limit = ["--limit-rate", rate] if rate else []
        while not stopping.is_set():
            subprocess.run(["curl", "-sf", "-o", "/dev/null", *limit, "-H", f"Authorization: Bearer {self.client.token}",
                            f"{self.system.url}/api/media/large/content"], check=not stopping.is_set(), timeout=600)

    def run(self):
        """The worst p99 beside jobs and streams of the chosen rate."""
        print(f"{'':<34}{'':<5}{'p50 ms':>9}{'p99 ms':>9}{'max ms':>9}   of {self.options.requests}, {SMALL} bytes each")
        self.measure("idle", "idle")
        self.queue_jobs()
        self.measure(f"{self.options.jobs} jobs", "jobs")
        worst = {}
        for rate in (self.options.stream_rate, None):
            self.queue_jobs()
            with self.streaming(rate):
                speed = f"{rate}B/s each" if rate else "full speed"
                worst[rate] = self.measure(f"the same, {self.options.streams} streams, {speed}", f"streams-{rate}")
        print(f"{self.unfinished()} jobs were still waiting at the end")
        return worst[self.options.stream_rate]
