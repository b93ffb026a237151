# SPDX-License-Identifier: MIT
"""A whole Mediastore for integration tests: scripts/up below a temporary directory, and handles on its parts.

    with System(gateways=2, settings={"MEDIASTORE_RAM_LIMIT": "8MiB"}) as system:
        token = system.login()
        status, headers, body = system.request("GET", "/api/stores", token=token)

The programs are those of MEDIASTORE_BIN_DIR (ctest sets it). Everything listens on 127.0.0.1 and is gone at the end.
When a test fails the directory is kept if TEST_KEEP is set; its log/ has each process's output.
"""

import http.client
import json
import os
import pathlib
import re
import secrets
import shlex
import shutil
import signal
import socket
import subprocess
import sys
import tempfile
import threading
import time
import urllib.parse

import pika

ROOT = pathlib.Path(__file__).resolve().parents[2]
UP_TIMEOUT = 300


class System:
    """Starts at construction; stop() or the end of a `with` ends it."""

    def __init__(self, gateways=1, workers=1, settings=None):
        if threading.current_thread() is threading.main_thread():
            signal.signal(signal.SIGTERM, end)
        self.directory = pathlib.Path(tempfile.mkdtemp(prefix="mediastore-system."))
        self.directory.chmod(0o755)
        self.run = self.directory / "run"
        self.settings = dict(settings or {})
        self.coverage = self._begin_coverage()
        self.messages = self._begin_messages()
        self.gateways, self.workers = gateways, workers
        self._s3 = None
        self._subscribers = []
        try:
            self._up_at_last()
        except BaseException:
            self.stop()
            raise

    def __enter__(self):
        return self

    def __exit__(self, *exception):
        self.stop()

    # --- the whole

    def _begin_coverage(self):
        """Each gateway checks its replies by their schemas and notes them here (services/api-gateway/http/coverage.h)."""
        path = self.directory / "coverage.jsonl"
        path.touch()
        path.chmod(0o666)
        self.settings.setdefault("MEDIASTORE_TEST_COVERAGE", str(path))
        return path

    def _begin_messages(self):
        """Each service notes here what it publishes (common/bus_notes.h)."""
        path = self.directory / "messages.jsonl"
        path.touch()
        path.chmod(0o666)
        if "TEST_MESSAGES" in os.environ:
            self.settings.setdefault("MEDIASTORE_TEST_MESSAGES", str(path))
        return path

    def _hand_in_coverage(self):
        if "TEST_COVERAGE" in os.environ:
            with open(os.environ["TEST_COVERAGE"], "ab") as account:
                account.write(self.coverage.read_bytes())
        if "TEST_MESSAGES" in os.environ:
            with open(os.environ["TEST_MESSAGES"], "ab") as account:
                account.write(self.messages.read_bytes())

    def _up_at_last(self):
        """Beside many other systems, one of them may take a port between its choice here and its use: once more then."""
        try:
            self.up()
        except RuntimeError as error:
            print(f"scripts/up failed, and is tried once more: {str(error)[:2000]}", flush=True)
            self.up()

    def up(self, **settings):
        """scripts/up: at first, to bring back what was killed, and to change settings or numbers."""
        self.settings.update(settings)
        self._script("up", "--gateways", str(self.gateways), "--workers", str(self.workers))
        self._read_env()

    def stop(self):
        for subscriber in self._subscribers:
            subscriber.close()
        self.stop_s3()
        if self.run.exists():
            subprocess.run([ROOT / "scripts/down", *([] if os.environ.get("TEST_KEEP") else ["--purge"])],
                           env=self._environment(), check=False, timeout=UP_TIMEOUT, stdout=subprocess.DEVNULL)
        self._hand_in_coverage()
        if not os.environ.get("TEST_KEEP"):
            shutil.rmtree(self.directory, ignore_errors=True)

    def _environment(self):
        environment = {name: value for name, value in os.environ.items()
                       if name not in ("DATABASE_URL", "AMQP_URL") and
                       (not name.startswith("MEDIASTORE_") or name == "MEDIASTORE_BIN_DIR")}
        return {**environment, **self.settings, "MEDIASTORE_RUN_DIR": str(self.run)}

    def _script(self, name, *arguments):
        done = subprocess.run([ROOT / "scripts" / name, *arguments], env=self._environment(), timeout=UP_TIMEOUT,
                              stdin=subprocess.DEVNULL, stdout=subprocess.PIPE, stderr=subprocess.STDOUT, text=True)
        if done.returncode != 0:
            raise RuntimeError(f"scripts/{name} failed:\n{done.stdout}\n{self.log_tails()}")
        return done.stdout

    def _read_env(self):
        self.env = {}
        for line in (self.run / "env").read_text().splitlines():
            name, _, value = line.partition("=")
            self.env[name] = "".join(shlex.split(value))
        self.url = self.env["MEDIASTORE_URL"]
        self.gateway_urls = self.env["MEDIASTORE_GATEWAY_URLS"].split()
        self.worker_urls = self.env["MEDIASTORE_WORKER_URLS"].split()
        self.database_url, self.amqp_url = self.env["DATABASE_URL"], self.env["AMQP_URL"]
        self.store_root = pathlib.Path(self.env["MEDIASTORE_STORE_ROOT"])
        self.spool = (self.run / "data/spool").resolve()

    # --- processes, by name: api-gateway-1, store-worker-1, rabbitmq, postgres

    def pid(self, name):
        return int((self.run / "pids" / name).read_text().split()[0])

    def is_alive(self, name):
        try:
            stat = pathlib.Path(f"/proc/{self.pid(name)}/stat").read_text()
        except FileNotFoundError:
            return False
        fields = stat.rpartition(")")[2].split()
        return fields[0] != "Z" or int(fields[17]) > 1  # while its other threads end, its sockets are still open

    def kill(self, name, number=signal.SIGKILL):
        """Sends the signal and waits until the process is gone."""
        os.kill(self.pid(name), number)
        wait_until(lambda: not self.is_alive(name), 60, f"{name} ends")

    def start(self, name):
        """Starts it again with the settings it had, and waits until it is ready."""
        self._service("start", name)

    def restart(self, name, number=signal.SIGTERM):
        self.kill(name, number)
        self.start(name)

    def _service(self, verb, name):
        done = subprocess.run([ROOT / "tests/support/service", verb, str(self.run), name], timeout=120,
                              stdin=subprocess.DEVNULL, stdout=subprocess.PIPE, stderr=subprocess.STDOUT, text=True)
        if done.returncode != 0:
            raise RuntimeError(f"{verb} {name} failed:\n{done.stdout}\n{self.log_tails()}")

    def pause(self, name):
        os.kill(self.pid(name), signal.SIGSTOP)

    def resume(self, name):
        os.kill(self.pid(name), signal.SIGCONT)

    def broker_stop(self):
        self._service("stop", "rabbitmq")

    def broker_start(self):
        self._service("start", "rabbitmq")

    def broker_block(self):
        """It takes nothing from publishers, as when it is short of memory."""
        self._service("block", "rabbitmq")

    def broker_unblock(self):
        self._service("unblock", "rabbitmq")

    def postgres_restart(self):
        self._service("stop", "postgres")
        self._service("start", "postgres")

    def rss(self, name):
        """Bytes of resident memory now."""
        return self._memory(name, "VmRSS")

    def peak_rss(self, name):
        """Bytes of resident memory at most since the start, or since reset_peak_rss()."""
        return self._memory(name, "VmHWM")

    def reset_peak_rss(self, name):
        pathlib.Path(f"/proc/{self.pid(name)}/clear_refs").write_text("5")

    def _memory(self, name, field):
        status = pathlib.Path(f"/proc/{self.pid(name)}/status").read_text()
        return int(re.search(rf"^{field}:\s+(\d+) kB", status, re.MULTILINE).group(1)) * 1024

    def log(self, name):
        return (self.run / "log" / f"{name}.log").read_text(errors="replace")

    def log_tails(self, lines=30):
        tails = []
        for path in sorted((self.run / "log").glob("*.log")):
            tail = path.read_text(errors="replace").splitlines()[-lines:]
            tails.append(f"--- {path.name}\n" + "\n".join(tail))
        return "\n".join(tails)

    # --- as a client

    def login(self, username=None, password=None, url=None):
        body = {"username": username or self.env["MEDIASTORE_ADMIN_USERNAME"],
                "password": password or self.env["MEDIASTORE_ADMIN_PASSWORD"]}
        status, _, answer = self.request("POST", "/api/login", body=body, url=url)
        if status != 200:
            raise RuntimeError(f"login answered {status}: {answer}")
        return answer["token"]

    def connect(self, url=None, timeout=120):
        """A connection for requests that need more care than request()."""
        parts = urllib.parse.urlsplit(url or self.url)
        return http.client.HTTPConnection(parts.hostname, parts.port, timeout=timeout)

    def request(self, method, path, token=None, body=None, headers=None, url=None, timeout=120):
        """Sends body (bytes, a file, or anything else as JSON); returns status, headers, and the body: parsed when it
        is JSON, else bytes."""
        headers = dict(headers or {})
        if token:
            headers["Authorization"] = f"Bearer {token}"
        if body is not None and not isinstance(body, bytes) and not hasattr(body, "read"):
            body = json.dumps(body).encode()
            headers.setdefault("Content-Type", "application/json")
        connection = self.connect(url, timeout)
        try:
            connection.request(method, path, body=body, headers=headers)
            response = connection.getresponse()
            content = response.read()
        finally:
            connection.close()
        if (response.getheader("Content-Type") or "").startswith("application/json") and content:
            content = json.loads(content)
        return response.status, response.headers, content

    # --- beside it

    def psql(self, sql, *parameters):
        """Runs one statement with $1.. replaced as literals; returns rows of text columns."""
        for index, value in reversed(list(enumerate(parameters, 1))):
            literal = "NULL" if value is None else "'" + str(value).replace("'", "''") + "'"
            sql = sql.replace(f"${index}", literal)
        done = subprocess.run(["psql", "-X", "-A", "-t", "-q", "-F", "\x1f", "-R", "\x1e", "-v", "ON_ERROR_STOP=1",
                               "-d", self.database_url, "-c", sql],
                              stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True, timeout=60)
        if done.returncode != 0:
            raise RuntimeError(f"psql: {done.stderr}")
        text = done.stdout.rstrip("\n")
        return [row.split("\x1f") for row in text.split("\x1e")] if text else []

    def subscribe(self, routing_key="#", exchange="mediastore.events"):
        subscriber = Subscriber(self.amqp_url, exchange, routing_key)
        self._subscribers.append(subscriber)
        return subscriber

    def amqp(self):
        """A blocking connection of pika's, for what subscribe() does not do."""
        return pika.BlockingConnection(pika.URLParameters(self.amqp_url))

    def start_s3(self):
        """An S3 server for this system alone; returns endpoint, access_key, secret_key, region."""
        if self._s3 is None:
            directory, port = self.directory / "s3", free_port_block()
            done = subprocess.run([ROOT / "tests/support/s3/start-radosgw.sh", str(directory), str(port)], timeout=180,
                                  stdin=subprocess.DEVNULL, stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True)
            if done.returncode != 0:
                raise RuntimeError(f"radosgw did not start: {done.stderr}")
            self._s3 = dict(line.split("=", 1) for line in done.stdout.splitlines() if "=" in line)
        return self._s3

    def stop_s3(self):
        if self._s3 is not None:
            subprocess.run([ROOT / "tests/support/s3/stop-radosgw.sh", str(self.directory / "s3")], timeout=60, check=False)
            self._s3 = None

    def s3(self):
        """The S3 server that scripts/test runs for all (TEST_S3_*), or else one of our own."""
        if "TEST_S3_ENDPOINT" in os.environ:
            return {name: os.environ[f"TEST_S3_{name.upper()}"]
                    for name in ("endpoint", "access_key", "secret_key", "region")}
        return self.start_s3()

    def s3_tool(self, *arguments, data=None):
        """tests/support/s3/s3 with that server; returns what it prints, as bytes."""
        environment = {**os.environ, **{f"TEST_S3_{name.upper()}": value for name, value in self.s3().items()}}
        done = subprocess.run([ROOT / "tests/support/s3/s3", *arguments], env=environment, input=data or b"", timeout=120,
                              stdout=subprocess.PIPE, stderr=subprocess.PIPE)
        if done.returncode != 0:
            raise RuntimeError(f"s3 {arguments}: {done.stderr.decode()}")
        return done.stdout

    def make_bucket(self, prefix="test"):
        """A new bucket; returns its name."""
        name = f"{prefix}-{secrets.token_hex(4)}"
        self.s3_tool("make-bucket", name)
        return name


class Subscriber:
    """A queue of its own bound to an exchange from now on; messages are kept until asked for."""

    def __init__(self, amqp_url, exchange, routing_key):
        self._arguments = (amqp_url, exchange, routing_key)
        self.messages = []
        self._queue = f"test.{secrets.token_hex(6)}"
        self._open()

    def _open(self):
        amqp_url, exchange, routing_key = self._arguments
        self._connection = pika.BlockingConnection(pika.URLParameters(amqp_url))
        self._channel = self._connection.channel()
        self._channel.queue_declare(self._queue, durable=True)
        self._channel.queue_bind(self._queue, exchange, routing_key)
        self._channel.basic_consume(self._queue, self._take)

    def _take(self, channel, delivery, properties, body):
        self.messages.append(Message(delivery.routing_key, properties, body))
        channel.basic_ack(delivery.delivery_tag)

    def reopen(self):
        """After a restart of the broker; the queue is durable and has what came meanwhile."""
        self.close()
        self._open()

    def collect(self, seconds=0.5):
        """Everything so far, after listening for that long."""
        self._connection.process_data_events(time_limit=seconds)
        return self.messages

    def wait_for(self, wanted, seconds=30):
        """The first message for which wanted(message) holds."""
        end = time.monotonic() + seconds
        while time.monotonic() < end:
            for message in self.messages:
                if wanted(message):
                    return message
            self._connection.process_data_events(time_limit=0.2)
        seen = ", ".join(message.routing_key for message in self.messages)
        raise AssertionError(f"the message did not come within {seconds} s; seen: {seen or 'none'}")

    def close(self):
        try:
            self._connection.close()
        except pika.exceptions.AMQPError:
            pass


class Message:
    def __init__(self, routing_key, properties, body):
        self.routing_key, self.properties, self.body = routing_key, properties, body
        self.headers = properties.headers or {}

    @property
    def json(self):
        return json.loads(self.body)


def end(number, _frame):
    """Whoever is asked to end stops what it has started: by default it would not."""
    sys.exit(128 + number)


def wait_until(condition, seconds, what):
    """Returns condition()'s first true value."""
    end = time.monotonic() + seconds
    while True:
        value = condition()
        if value:
            return value
        if time.monotonic() > end:
            raise AssertionError(f"within {seconds} s it did not happen that {what}")
        time.sleep(0.05)


def free_port_block(size=61):
    """A port with the ports free that start-radosgw.sh takes after it, below the ephemeral range."""
    for _ in range(100):
        port = 20000 + secrets.randbelow(12000 - size)
        if all(port_is_free(port + offset) for offset in (0, 1, 2, *range(10, size))):
            return port
    raise RuntimeError("no block of free ports")


def port_is_free(port):
    with socket.socket() as probe:
        probe.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        try:
            probe.bind(("127.0.0.1", port))
        except OSError:
            return False
    return True
