#!/usr/bin/python3
# SPDX-License-Identifier: MIT
"""Bytes through the whole system against what a user would take instead, in one run on one machine: nginx (WebDAV PUT, static
GET), cp and fsync, the S3 server itself with presigned URLs; all but cp by the same client, in turns. Absolute figures depend
on the machine; the ratios are the result.

usage: scripts/bench bytes [--seconds N] [--rounds N] [--sizes 4KiB,100KiB,1MiB,64MiB,1GiB] [--clients 1,8] [--stores filesystem,ram,s3]
"""

import argparse
import importlib.machinery
import importlib.util
import os
import pathlib
import shutil
import statistics
import subprocess
import sys
import tempfile
import time
import urllib.parse

ROOT = pathlib.Path(__file__).resolve().parents[1]
sys.path.insert(0, str(ROOT / "tests"))

from support.client import Client, quote  # noqa: E402
from support.system import System, free_port_block  # noqa: E402

KIB, MIB, GIB = 1 << 10, 1 << 20, 1 << 30
UNITS = {"KiB": KIB, "MiB": MIB, "GiB": GIB}
CELL_MAX = 4 * GIB  # bytes that one measurement may leave in a store
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
    def __init__(self, options):
        self.options, self.runs = options, 0
        self.directory = pathlib.Path(tempfile.mkdtemp(prefix="mediastore-bench."))
        self.directory.chmod(0o755)
        self.program = self.directory / "transfer"
        subprocess.run(["cc", "-O2", "-D_GNU_SOURCE", "-o", self.program, ROOT / "bench/transfer.c", "-lcurl", "-lpthread"], check=True)
        self.system = System(settings={"MEDIASTORE_LOG_LEVEL": "warn", "MEDIASTORE_RAM_LIMIT": "6GiB"})
        self.client = Client(self.system)
        self.nginx = Nginx(self.system.run / "data")
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
        count = max(clients, min(CELL_MAX // self.options.rounds // size, OBJECTS_MAX))
        token = f"Authorization: Bearer {self.client.token}"
        results = {(who, method): [] for who in ("ours", "floor") for method in ("PUT", "GET")}
        for _ in range(self.options.rounds):
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
            self.row(store, method, size, clients, Measured(results["ours", method], size), Measured(results["floor", method], size))
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

    def stop(self):
        self.nginx.stop()
        self.system.stop()
        shutil.rmtree(self.directory)


def label(size):
    unit = next(name for name in ("GiB", "MiB", "KiB") if size >= UNITS[name])
    return f"{size // UNITS[unit]} {unit}"


def main():
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--seconds", type=float, default=4)
    parser.add_argument("--rounds", type=int, default=3)
    parser.add_argument("--sizes", type=lambda text: [size_of(part) for part in text.split(",")],
                        default=[4 * KIB, 100 * KIB, MIB, 64 * MIB, GIB])
    parser.add_argument("--clients", type=lambda text: [int(part) for part in text.split(",")], default=[1, 8])
    parser.add_argument("--stores", type=lambda text: text.split(","), default=["filesystem", "ram", "s3"])
    bench = Bench(parser.parse_args())
    try:
        bench.run()
    finally:
        bench.stop()


if __name__ == "__main__":
    main()
