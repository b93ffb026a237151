# SPDX-License-Identifier: MIT
"""Small puts and gets, one after another on one connection, while nothing else happens and then while background jobs wait
and large streams run: whether quick jobs wait behind the others. Streams are curl's, at full speed unless told otherwise."""

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
        self.streams, self.stopping = [], threading.Event()
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
            print(f"{what:<26}{verb:<5}{p50:>9.1f}{p99:>9.1f}{times[-1]:>9.1f}", flush=True)
        return max(times[int(len(times) * 0.99)] for times in rows.values())

    def unfinished(self):
        return int(self.system.psql("SELECT count(*) FROM job WHERE kind = 'verify' AND state IN ('queued', 'running')")[0][0])

    def queue_jobs(self):
        """Verifications of the large object: as many reads of it."""
        for _ in range(self.options.jobs):
            status, answer = self.client.call("POST", "/media/large/verify")
            if status != 202:
                raise RuntimeError(f"{status} {answer}")

    def stream(self):
        rate = ["--limit-rate", self.options.stream_rate] if self.options.stream_rate else []
        while not self.stopping.is_set():
            subprocess.run(["curl", "-sf", "-o", "/dev/null", *rate, "-H", f"Authorization: Bearer {self.client.token}",
                            f"{self.system.url}/api/media/large/content"], check=not self.stopping.is_set(), timeout=600)

    def begin_streams(self):
        self.streams = [threading.Thread(target=self.stream) for _ in range(self.options.streams)]
        for thread in self.streams:
            thread.start()

    def end_streams(self):
        self.stopping.set()
        for thread in self.streams:
            thread.join()

    def run(self):
        print(f"{'':<26}{'':<5}{'p50 ms':>9}{'p99 ms':>9}{'max ms':>9}   of {self.options.requests}, {SMALL} bytes each")
        self.measure("idle", "idle")
        self.queue_jobs()
        self.measure(f"{self.unfinished()} jobs waiting", "jobs")
        self.begin_streams()
        time.sleep(1)
        try:
            self.queue_jobs()
            waiting = self.unfinished()
            worst = self.measure(f"{waiting} jobs, {self.options.streams} streams", "both")
            print(f"{self.unfinished()} jobs were still waiting at the end")
        finally:
            self.end_streams()
        return worst

