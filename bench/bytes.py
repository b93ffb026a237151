#!/usr/bin/python3
# SPDX-License-Identifier: MIT
"""Bytes through the whole system against what a user would take instead, in one run on one machine: nginx (WebDAV PUT, static
GET), cp and fsync, the S3 server itself with presigned URLs; all but cp by the same client, in turns. Absolute figures depend
on the machine; the ratios are the result. Then 32 transfers of 256 MiB at once, and what of all that was asked for. The whole
takes a quarter of an hour.

usage: scripts/bench bytes [--seconds N] [--rounds N] [--sizes 4KiB,100KiB,1MiB,64MiB,1GiB] [--clients 1,8] [--stores filesystem,ram,s3]
"""

import argparse
import contextlib
import importlib.machinery
import importlib.util
import os
import pathlib
import shutil
import signal
import statistics
import subprocess
import sys
import tempfile
import time
import urllib.parse

ROOT = pathlib.Path(__file__).resolve().parents[1]
sys.path.insert(0, str(ROOT / "tests"))

from support import transfers  # noqa: E402
from support.client import Client, quote  # noqa: E402
from support.system import System, free_port_block  # noqa: E402

KIB, MIB, GIB = 1 << 10, 1 << 20, 1 << 30
UNITS = {"KiB": KIB, "MiB": MIB, "GiB": GIB}
CELL_MAX = {"filesystem": 8 * GIB, "ram": 4 * GIB, "s3": 2 * GIB}  # bytes that a cell may leave in a store, and as many beside it
LARGE = 64 * MIB  # from here on two rounds will do, and from 1 GiB on one
OBJECTS_MAX = 20000  # as many
TICK = os.sysconf("SC_CLK_TCK")
NGINX_CONF = """daemon off; worker_processes 2; pid {home}/pid; error_log {home}/error.log;
events {{ worker_connections 256; }}
http {{
  access_log off; client_body_temp_path {home}/temp; sendfile on; tcp_nodelay on; keepalive_requests 1000000;
  server {{
    listen 127.0.0.1:{port}; client_max_body_size 0;
    location /files/ {{ root {files}; dav_methods PUT; create_full_put_path on; }}
    location /memory/ {{ root {memory}; dav_methods PUT; create_full_put_path on; }}
  }}
}}
"""


def size_of(text):
    return int(text[:-3]) * UNITS[text[-3:]]


class Measured:
    """Of some runs in turns, the medians."""

    def __init__(self, runs, size):
        self.rate = statistics.median(run["rate"] for run in runs)
        self.p50 = statistics.median(run["p50"] for run in runs)
        self.p99 = statistics.median(run["p99"] for run in runs)
        self.cpu = statistics.median(run["cpu"] for run in runs)
        self.throughput = self.rate * size / 1e6


class Nginx:
    """What one would take instead: WebDAV PUT and static GET, on the stores' filesystem and in memory."""

    def __init__(self, directory):
        self.home = directory / "nginx"
        self.files, self.memory = self.home / "root", pathlib.Path(tempfile.mkdtemp(prefix="mediastore-bench.", dir="/dev/shm"))
        for path in (self.files, self.home / "temp"):
            path.mkdir(parents=True)
        self.port = free_port_block(1)
        if os.geteuid() == 0:
            for path in (self.home, self.files, self.home / "temp", self.memory):
                path.chmod(0o777)
        conf = self.home / "nginx.conf"
        conf.write_text(NGINX_CONF.format(home=self.home, port=self.port, files=self.files, memory=self.memory))
        self.process = subprocess.Popen(["/usr/sbin/nginx", "-p", self.home, "-c", conf], stdin=subprocess.DEVNULL,
                                        stderr=subprocess.DEVNULL)
        time.sleep(0.5)

    def urls(self, where, prefix, count):
        return [f"http://127.0.0.1:{self.port}/{where}/{prefix}/{number}" for number in range(count)]

    def clear(self, where):
        shutil.rmtree((self.files if where == "files" else self.memory) / where, ignore_errors=True)

    def stop(self):
        self.process.terminate()
        self.process.wait(30)
        shutil.rmtree(self.memory, ignore_errors=True)


class S3:
    """The S3 server itself, by presigned URLs that a second implementation signs."""

    def __init__(self, system, bucket):
        self.system, self.bucket = system, bucket
        os.environ.update({f"TEST_S3_{name.upper()}": value for name, value in system.s3().items()})
        loader = importlib.machinery.SourceFileLoader("s3", str(ROOT / "tests/support/s3/s3"))
        module = importlib.util.module_from_spec(importlib.util.spec_from_loader("s3", loader))
        loader.exec_module(module)
        self.server = module.Server()

    def urls(self, method, prefix, count):
        return [self.server.presign(method, self.bucket, f"direct/{prefix}/{number}", "86400") for number in range(count)]

    def clear(self, prefix, count):
        for number in range(count):
            self.server.call("DELETE", self.bucket, f"direct/{prefix}/{number}").read()


class Bench:
    def __init__(self, options, cleanup):
        self.options, self.runs, self.results = options, 0, {}
        self.directory = pathlib.Path(tempfile.mkdtemp(prefix="mediastore-bench."))
        cleanup.callback(shutil.rmtree, self.directory)
        self.directory.chmod(0o755)
        self.program = self.directory / "transfer"
        subprocess.run(["cc", "-O2", "-D_GNU_SOURCE", "-o", self.program, ROOT / "bench/transfer.c", "-lcurl", "-lpthread"], check=True)
        for name in [name for name in os.environ if name.startswith("TEST_S3_")]:
            del os.environ[name]  # a server of our own, which makes room as we delete
        os.environ["S3_GC_SECONDS"] = "2"
        self.system = System(settings={"MEDIASTORE_LOG_LEVEL": "warn", "MEDIASTORE_RAM_LIMIT": "6GiB"})
        cleanup.callback(self.system.stop)
        self.client = Client(self.system)
        self.nginx = Nginx(self.system.run / "data")
        cleanup.callback(self.nginx.stop)
        self.stores = {"filesystem": self.client.filesystem(), "ram": self.client.ram(), "s3": self.client.bucket()}
        self.s3 = S3(self.system, self.stores["s3"]["bucket"])
        self.pids = [self.system.pid(name) for name in ("api-gateway-1", "store-worker-1")]
        print(f"{'store':<11}{'op':<4}{'size':>8}{'clients':>8}{'MB/s':>9}{'per s':>9}{'p50 ms':>9}{'p99 ms':>10}{'CPU s/GB':>10}"
              f"{'gateway':>9}{'worker':>8}{'floor MB/s':>12}{'floor p50':>11}{'ratio':>7}   floor", flush=True)

    def cpu(self):
        spent = 0
        for pid in self.pids:
            fields = pathlib.Path(f"/proc/{pid}/stat").read_text().rpartition(")")[2].split()
            spent += int(fields[11]) + int(fields[12])
        return spent / TICK

    def transfer(self, method, size, clients, urls, headers=()):
        before = self.cpu()
        done = subprocess.run([self.program, method, str(size), str(clients), str(self.options.seconds), *headers],
                              input="\n".join(urls) + "\n", check=True, stdout=subprocess.PIPE, stderr=subprocess.PIPE,
                              text=True, timeout=self.options.seconds + 900)
        count, errors, seconds, p50, p99 = map(float, done.stdout.split())
        if errors or not count:
            raise RuntimeError(f"{method} of {size} bytes: {errors:.0f} errors\n{done.stderr}")
        return {"count": int(count), "rate": count / seconds, "p50": p50, "p99": p99,
                "cpu": (self.cpu() - before) / (count * size / 1e9)}

    # --- one measurement, ours and the floor's, in turns

    def our_urls(self, store, prefix, count, put):
        query = "?" + urllib.parse.urlencode(self.stores[store]) if put else ""
        return [f"{self.system.url}/api/media/{quote(f'{prefix}/{number}')}/content{query}" for number in range(count)]

    def floor_urls(self, store, method, prefix, count):
        if store == "s3":
            return self.s3.urls(method, prefix, count)
        return self.nginx.urls("files" if store == "filesystem" else "memory", prefix, count)

    def cell(self, store, size, clients):
        clients = min(clients, CELL_MAX[store] // size)
        rounds = self.options.rounds if size < LARGE else min(self.options.rounds, 2 if size < GIB else 1)
        count = max(clients, min(CELL_MAX[store] // size, OBJECTS_MAX))
        token = f"Authorization: Bearer {self.client.token}"
        results = {(who, method): [] for who in ("ours", "floor") for method in ("PUT", "GET")}
        for _ in range(rounds):
            self.runs += 1
            prefix = f"bench {self.runs}"
            for who in ("ours", "floor"):
                for method in ("PUT", "GET"):
                    if who == "ours":
                        urls, headers = self.our_urls(store, prefix, count, method == "PUT"), [token]
                    else:
                        urls, headers = self.floor_urls(store, method, f"{self.runs}", count), []
                    put = results[who, "PUT"][-1]["count"] if method == "GET" else count
                    results[who, method].append(self.transfer(method, size, clients, urls[:put], headers))
            self.clear(store, prefix, results["ours", "PUT"][-1]["count"], results["floor", "PUT"][-1]["count"])
        for method in ("PUT", "GET"):
            pair = Measured(results["ours", method], size), Measured(results["floor", method], size)
            self.results[store, method, size, clients] = pair
            self.row(store, method, size, clients, *pair)
        if store == "filesystem" and clients == 1:
            self.row_cp(size, Measured(results["ours", "PUT"], size))

    def clear(self, store, prefix, ours, floors):
        pids = [f"{prefix}/{number}" for number in range(ours)]
        for first in range(0, len(pids), 1000):
            self.client.call("POST", "/media/delete", pids[first:first + 1000])
        if store == "s3":
            self.s3.clear(f"{self.runs}", floors)
        else:
            self.nginx.clear("files" if store == "filesystem" else "memory")
        self.wait_until_deleted()

    def wait_until_deleted(self):
        while self.system.psql("SELECT 1 FROM job WHERE state IN ('queued', 'running') LIMIT 1"):
            time.sleep(0.2)

    def row(self, store, method, size, clients, ours, floor):
        what = {"filesystem": "nginx", "ram": "nginx on tmpfs", "s3": "the S3 server, presigned"}[store]
        print(f"{store:<11}{method:<4}{label(size):>8}{clients:>8}{ours.throughput:>9.1f}{ours.rate:>9.1f}{ours.p50:>9.2f}{ours.p99:>10.2f}"
              f"{ours.cpu:>10.2f}{self.rss('api-gateway-1'):>9.1f}{self.rss('store-worker-1'):>8.1f}{floor.throughput:>12.1f}"
              f"{floor.p50:>11.2f}{ours.rate / floor.rate:>7.2f}   {what}", flush=True)

    def rss(self, name):
        return self.system.rss(name) / MIB

    def row_cp(self, size, ours):
        """cp and fsync of a file in memory onto the stores' filesystem."""
        source, target = self.nginx.memory / "source", self.nginx.files / "copy"
        with open(source, "wb") as file:
            file.truncate(size)
        started, runs = time.monotonic(), 0
        while time.monotonic() - started < self.options.seconds:
            subprocess.run(["dd", f"if={source}", f"of={target}", "bs=1M", "conv=fsync", "status=none"], check=True)
            target.unlink()
            runs += 1
        rate = runs / (time.monotonic() - started)
        source.unlink()
        print(f"{'filesystem':<11}{'PUT':<4}{label(size):>8}{1:>8}{ours.throughput:>9.1f}{ours.rate:>9.1f}{'':>46}"
              f"{rate * size / 1e6:>12.1f}{'':>11}{ours.rate / rate:>7.2f}   dd conv=fsync", flush=True)

    def run(self):
        for store in self.options.stores:
            for size in self.options.sizes:
                for clients in self.options.clients:
                    self.cell(store, size, clients)

    # --- what was asked for

    def verdict(self, what, value, reached, wanted):
        print(f"{'reached' if reached else 'NOT REACHED':<12}{what:<64}{value:>9}   {wanted}", flush=True)

    def judge_ratios(self, store, wanted):
        for size in (64 * MIB, GIB):
            for method in ("PUT", "GET"):
                for (_, _, _, clients), (ours, floor) in self.of(store, method, size):
                    ratio = ours.rate / floor.rate
                    self.verdict(f"{label(size)} {method}, {store}, {clients} client(s), of its floor", f"{ratio:.2f}", ratio >= wanted,
                                 f">= {wanted}")

    def of(self, store, method, size):
        return [(key, pair) for key, pair in self.results.items() if key[:3] == (store, method, size)]

    def judge_small(self):
        """100 KiB in and out again, against the S3 server itself doing both."""
        for store in ("filesystem", "s3"):
            for (_, _, _, clients), (put, _) in self.of(store, "PUT", 100 * KIB):
                get = self.results[store, "GET", 100 * KIB, clients][0]
                direct = [self.results.get(("s3", method, 100 * KIB, clients)) for method in ("PUT", "GET")]
                if all(direct):
                    rate = 1 / (1 / put.rate + 1 / get.rate)
                    floor = 1 / sum(1 / pair[1].rate for pair in direct)
                    self.verdict(f"100 KiB put and get, {store}, {clients} client(s), of direct S3", f"{rate / floor:.2f}",
                                 rate / floor >= 0.3, ">= 0.3")
                if clients == 1:
                    worst = max(put.p50, get.p50)
                    self.verdict(f"100 KiB p50, {store}, 1 client", f"{worst:.2f}", worst < 10, "< 10 ms")

    def judge_memory(self):
        peaks = transfers.run(self.system, self.client, 256 * MIB)
        for name, peak in zip(("api-gateway", "store-worker"), peaks):
            self.verdict(f"peak RSS of {name}, 32 transfers of 256 MiB at once", f"{peak / MIB:.1f}", peak <= 96 * MIB, "<= 96 MiB")

    def judge(self):
        print()
        self.judge_ratios("filesystem", 0.7)
        self.judge_ratios("s3", 0.85)
        self.judge_small()
        if {"filesystem", "s3"} <= set(self.options.stores):
            self.judge_memory()


def label(size):
    unit = next(name for name in ("GiB", "MiB", "KiB") if size >= UNITS[name])
    return f"{size // UNITS[unit]} {unit}"


def main():
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--seconds", type=float, default=1.2)
    parser.add_argument("--rounds", type=int, default=3)
    parser.add_argument("--sizes", type=lambda text: [size_of(part) for part in text.split(",")],
                        default=[4 * KIB, 100 * KIB, MIB, 64 * MIB, GIB])
    parser.add_argument("--clients", type=lambda text: [int(part) for part in text.split(",")], default=[1, 8])
    parser.add_argument("--stores", type=lambda text: text.split(","), default=["filesystem", "ram", "s3"])
    options, began = parser.parse_args(), time.monotonic()
    signal.signal(signal.SIGTERM, lambda *_: sys.exit("ended"))
    with contextlib.ExitStack() as cleanup:
        bench = Bench(options, cleanup)
        bench.run()
        bench.judge()
        print(f"\n{(time.monotonic() - began) / 60:.1f} minutes", flush=True)


if __name__ == "__main__":
    main()
