#!/usr/bin/python3
# SPDX-License-Identifier: MIT
"""The REST API against its floors, in one run on one machine: the same work done by pgbench, COPY or psql on the same
database, and civetweb's bare hello. Absolute figures depend on the machine; the ratios are the result.

usage: scripts/bench rest [--seconds N] [--connections 1,16,64] [--cases read_one,dump,...]
"""

import argparse
import os
import pathlib
import re
import shutil
import subprocess
import sys
import tempfile
import time

ROOT = pathlib.Path(__file__).resolve().parents[1]
sys.path.insert(0, str(ROOT / "tests"))

from support.client import Client  # noqa: E402
from support.system import System, free_port_block  # noqa: E402

TICK = os.sysconf("SC_CLK_TCK")
SEED = 10000
JOIN = "FROM media m JOIN store s ON s.pk = m.store LEFT JOIN s3_config c ON c.pk = s.s3_config"
DOCUMENT = ('{"identifiers":{},"metadata":{"instrument":"m1","run":42,"note":"some words"},"tags":["bench","raw"]}')

# What the gateway's statements do, as pgbench runs them (services/api-gateway/db/media_repo.c).
READ_ONE = f"\\set n random(1, {SEED})\nSELECT media_json(m, s, c) {JOIN} WHERE m.pid = 'seed-' || :n;\n"
CREATE_ONE = f"""\\set n random(1, 1000000000000)
BEGIN;
SELECT name, pattern FROM identifier_type WHERE name = 'DEFAULT';
SELECT pk FROM store WHERE type = 'FilesystemStore' AND bucket = 'bench' AND s3_config IS NULL AND site = 'default';
WITH who AS MATERIALIZED (SELECT set_config('mediastore.actor', 'admin', true), set_config('mediastore.request_id', 'x', true)),
doc AS MATERIALIZED (SELECT '{DOCUMENT}'::jsonb AS d),
r AS (INSERT INTO media AS m (pid, pid_type, store, store_key, identifiers, metadata, tags)
 SELECT 'pgbench-' || :n, 'DEFAULT', (SELECT min(pk) FROM store), 'k' || :n, document_object(d, 'identifiers') - 'DEFAULT',
 document_object(d, 'metadata'), document_tags(d) FROM who, doc RETURNING m)
SELECT (r.m).pk, media_json(r.m, s, c) FROM r JOIN store s ON s.pk = (r.m).store LEFT JOIN s3_config c ON c.pk = s.s3_config;
COMMIT;
"""


class Bench:
    def __init__(self, options):
        self.seconds, self.connections = options.seconds, options.connections
        # without the checks of replies that System() has for tests: they cost more than some requests
        # 64 dumps at once wait for 8 connections, longer than a client would have to
        self.system = System(settings={"MEDIASTORE_LOG_LEVEL": "warn", "MEDIASTORE_HTTP_THREADS": "128",
                                       "MEDIASTORE_DATABASE_TIMEOUT": "5m", "MEDIASTORE_TEST_COVERAGE": ""})
        self.client = Client(self.system)
        self.pid = self.system.pid("api-gateway-1")
        self.directory = pathlib.Path(tempfile.mkdtemp(prefix="mediastore-bench."))
        self.runs = 0
        print(f"{'case':<14}{'conn':>5}{'per s':>11}{'p50 ms':>9}{'p99 ms':>9}{'CPU us':>9}{'peak MiB':>9}"
              f"{'floor per s':>13}{'ratio':>8}   floor", flush=True)

    # --- our side

    def cpu(self):
        fields = pathlib.Path(f"/proc/{self.pid}/stat").read_text().rpartition(")")[2].split()
        return (int(fields[11]) + int(fields[12])) / TICK

    def wrk(self, case, connections, url=None, seconds=None):
        self.runs += 1
        seconds = seconds or self.seconds
        environment = {**os.environ, "BENCH_TOKEN": self.client.token, "BENCH_CASE": case,
                       "BENCH_RUN": f"w{os.getpid()}.{self.runs}"}
        self.system.reset_peak_rss("api-gateway-1")
        before = self.cpu()
        done = subprocess.run(["wrk", "-t", str(min(2, connections)), "-c", str(connections), "-d", f"{seconds}s",
                               "--timeout", "120s", "-s", str(ROOT / "bench/load.lua"), url or self.system.url],
                              env=environment, check=True, stdout=subprocess.PIPE, text=True, timeout=seconds + 180)
        spent = self.cpu() - before
        count, micros, size, p50, p99, errors = map(int, re.search(r"^RESULT (.*)$", done.stdout, re.M).group(1).split())
        if errors:
            raise RuntimeError(f"{case}: {errors} answers were errors\n{done.stdout}")
        return {"rate": count / (micros / 1e6), "bytes": size / (micros / 1e6), "p50": p50 / 1000, "p99": p99 / 1000,
                "cpu": spent / max(count, 1) * 1e6, "peak": self.system.peak_rss("api-gateway-1")}

    def row(self, case, connections, ours, floor, what, scale=1.0):
        rate = ours["rate"] * scale
        print(f"{case:<14}{connections:>5}{rate:>11.1f}{ours['p50']:>9.2f}{ours['p99']:>9.2f}{ours['cpu']:>9.0f}{ours['peak'] / (1 << 20):>9.1f}"
              f"{floor:>13.1f}{rate / floor:>8.2f}   {what}", flush=True)

    # --- floors

    def pgbench(self, script, connections):
        path = self.directory / "script.sql"
        path.write_text(script)
        done = subprocess.run(["/usr/lib/postgresql/15/bin/pgbench", "-n", "-M", "prepared", "-c", str(connections), "-j",
                               str(min(2, connections)), "-T", str(self.seconds), "-f", path, self.system.database_url],
                              check=True, stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True)
        rate = re.search(r"^tps = ([0-9.]+)", done.stdout, re.M)
        if not rate:
            raise RuntimeError(f"pgbench finished nothing in {self.seconds} s; give it more with --seconds:\n{done.stderr}")
        return float(rate.group(1))

    def bare_hello(self, connections):
        program = ROOT / "build/bench-hello"
        subprocess.run(["cc", "-O2", "-o", program, ROOT / "bench/hello.c", "-lcivetweb"], check=True)
        port = free_port_block(1)
        server = subprocess.Popen([program, str(port), "128"], stdin=subprocess.PIPE)
        try:
            time.sleep(0.3)
            return self.wrk("hello", connections, f"http://127.0.0.1:{port}")["rate"]
        finally:
            server.stdin.close()
            server.wait(30)

    def copy_rate(self):
        """Rows per second of COPY into the same table, with its indexes and triggers, 1000 rows a transaction."""
        rows, batch = 0, 1000
        psql = subprocess.Popen(["psql", "-X", "-q", "-v", "ON_ERROR_STOP=1", "-d", self.system.database_url],
                                stdin=subprocess.PIPE, text=True)
        store = self.system.psql("SELECT min(pk) FROM store")[0][0]
        started = time.monotonic()
        metadata = '{"instrument":"m1","run":42,"note":"some words"}'
        while time.monotonic() - started < self.seconds:
            lines = "".join(f"copy-{self.runs}-{rows + i}\tDEFAULT\t{store}\tcopy-{self.runs}-{rows + i}\t{{}}\t{metadata}\t{{bench,raw}}\n"
                            for i in range(batch))
            psql.stdin.write("COPY media (pid, pid_type, store, store_key, identifiers, metadata, tags) FROM STDIN;\n"
                             + lines + "\\.\n")
            psql.stdin.flush()
            rows += batch
        psql.stdin.close()
        if psql.wait(600):
            raise RuntimeError("psql COPY failed")
        self.runs += 1
        return rows / (time.monotonic() - started)

    def rounds(self, command, connections):
        """As many of these processes at once as there are connections, round after round until the time is over: how
        often one got through per second, and how long each took."""
        started, times = time.monotonic(), []
        while time.monotonic() - started < self.seconds:
            began = time.monotonic()
            running = {process.pid: process for process in
                       (subprocess.Popen(command, stdout=subprocess.DEVNULL) for _ in range(connections))}
            while running:
                pid, status = os.wait()
                running.pop(pid).returncode = status
                times.append(time.monotonic() - began)
                if status:
                    raise RuntimeError(f"{command[0]} ended with {status}")
        return {"rate": len(times) / (time.monotonic() - started), "times": sorted(times)}

    def dumps(self, connections):
        self.system.reset_peak_rss("api-gateway-1")
        before = self.cpu()
        done = self.rounds(["curl", "-fsS", "-H", f"Authorization: Bearer {self.client.token}",
                            f"{self.system.url}/api/media/dump"], connections)
        times = done["times"]
        return {"rate": done["rate"], "p50": times[len(times) // 2] * 1000, "p99": times[len(times) * 99 // 100] * 1000,
                "cpu": (self.cpu() - before) / len(times) * 1e6, "peak": self.system.peak_rss("api-gateway-1")}

    # --- cases

    def silently(self, change):
        """Changes media without history and events, which would be published while others are measured."""
        self.system.psql(f"ALTER TABLE media DISABLE TRIGGER USER; {change}; ALTER TABLE media ENABLE TRIGGER USER")

    def seed(self, prefix, count):
        store = self.system.psql("SELECT min(pk) FROM store")[0][0]
        self.silently(f"""INSERT INTO media (pid, pid_type, store, store_key, metadata, tags)
            SELECT '{prefix}-' || n, 'DEFAULT', {store}, '{prefix}-' || n,
            '{{"instrument":"m1","run":42,"note":"some words"}}', '{{bench,raw}}' FROM generate_series(1, {count}) n""")

    def hello(self, connections):
        self.row("hello", connections, self.wrk("hello", connections), self.bare_hello(connections), "civetweb's bare hello")

    def read_one(self, connections):
        self.row("read one", connections, self.wrk("read_one", connections), self.pgbench(READ_ONE, connections), "pgbench, same select")

    def create_one(self, connections):
        self.row("create one", connections, self.wrk("create_one", connections), self.pgbench(CREATE_ONE, connections),
                 "pgbench, same statements in a transaction")

    def create_1000(self, connections):
        self.row("create 1000", connections, self.wrk("create_1000", connections), self.copy_rate(), "COPY, rows/s", 1000)

    def read_1000(self, connections):
        sql = f"SELECT media_json(m, s, c) {JOIN} WHERE m.pid = ANY (SELECT 'seed-' || n FROM generate_series(1, 1000) n)"
        self.row("read 1000", connections, self.wrk("read_1000", connections), self.pgbench(sql + ";\n", connections), "pgbench, same rows")

    def update_1000(self, connections):
        sql = ("\\set first random(1, 9000)\n\\set run random(1, 1000000)\nUPDATE media SET metadata = jsonb_set(metadata, '{run}', "
               "to_jsonb(:run::int)) WHERE pk IN (SELECT pk FROM media WHERE pid = ANY (SELECT 'seed-' || n FROM generate_series(:first, "
               ":first + 999) n) ORDER BY pk FOR UPDATE);\n")
        self.row("update 1000", connections, self.wrk("update_1000", connections), self.pgbench(sql, connections), "pgbench, one UPDATE")

    def dump(self, connections, rows):
        sql = f"SELECT media_json(m, s, c) {JOIN} ORDER BY m.pk"
        floor = self.rounds(["psql", "-X", "-q", "-d", self.system.database_url, "-c", f"COPY ({sql}) TO STDOUT"], connections)
        self.row(f"dump {rows // 1000}k", connections, self.dumps(connections), floor["rate"], "psql COPY of the same JSON")

    def run(self, cases):
        self.client.call("POST", "/media", {"pid": "first", "pid_type": "DEFAULT",
                                            "store_config": {"type": "FilesystemStore", "bucket": "bench"}})
        self.seed("seed", SEED)
        for rows in (10000, 100000):
            if "dump" in cases:
                self.silently("DELETE FROM media WHERE pid NOT LIKE 'seed-%'")
                if rows > SEED:
                    self.seed("more", rows - SEED)
                self.system.psql("ANALYZE media")
                for connections in self.connections:
                    self.dump(connections, rows)
        self.silently("DELETE FROM media WHERE pid LIKE 'more-%'")
        for case in ("hello", "read_one", "read_1000", "update_1000", "create_one", "create_1000"):
            for connections in self.connections if case in cases else ():
                getattr(self, case)(connections)
        if "million" in cases:
            self.million()

    def million(self):
        """The gateway's memory while a million rows are dumped."""
        for part in range(10):
            self.seed(f"million-{part}", 100000)
        self.system.psql("ANALYZE media")
        self.dump(1, 1000000)


def main():
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--seconds", type=int, default=4)
    parser.add_argument("--connections", type=lambda text: [int(part) for part in text.split(",")], default=[1, 16, 64])
    parser.add_argument("--cases", type=lambda text: text.split(","),
                        default=["hello", "read_one", "read_1000", "update_1000", "create_one", "create_1000", "dump", "million"])
    options = parser.parse_args()
    bench = Bench(options)
    try:
        bench.run(options.cases)
    finally:
        bench.system.stop()
        shutil.rmtree(bench.directory)


if __name__ == "__main__":
    main()
