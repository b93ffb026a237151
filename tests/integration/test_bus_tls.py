#!/usr/bin/python3
# SPDX-License-Identifier: MIT
"""Both services and a broker that wants a client's certificate; of the addresses they have, one goes away."""

import hashlib
import pathlib
import secrets
import shlex
import shutil
import subprocess
import tempfile
import unittest

from chaos.proxy import Proxy
from support.client import Client
from support.system import ROOT, System, wait_until

SERVERS = ROOT / "tests/support/servers"


class Broker:
    """A broker of its own with TLS; certificates of the authority that its clients trust."""

    def __init__(self):
        self.directory = pathlib.Path(tempfile.mkdtemp(prefix="mediastore-tls."))
        self.directory.chmod(0o755)
        self._call("start", "--broker-only")
        words = shlex.split((self.directory / "run/env").read_text())
        env = dict(word.split("=", 1) for word in words if "=" in word)
        self.files, self.port = pathlib.Path(env["TEST_AMQP_TLS"]), int(env["TEST_AMQP_TLS_PORT"])
        self.user = env["TEST_AMQP_URL"].removeprefix("amqp://").partition("@")[0]

    def _call(self, verb, *options):
        done = subprocess.run([SERVERS, verb, self.directory / "run", *options], timeout=200, stdin=subprocess.DEVNULL,
                              stdout=subprocess.PIPE, stderr=subprocess.STDOUT, text=True)
        if done.returncode != 0:
            raise RuntimeError(f"servers {verb} failed:\n{done.stdout}")

    def url(self, port):
        return f"amqps://{self.user}@localhost:{port}/%2F"

    def settings(self, *ports):
        return {"AMQP_URL": ",".join(self.url(port) for port in ports), "MEDIASTORE_AMQP_CA": str(self.files / "ca.pem"),
                "MEDIASTORE_AMQP_CERT": str(self.files / "client.pem"), "MEDIASTORE_AMQP_KEY": str(self.files / "client.key")}

    def close(self):
        self._call("stop")
        shutil.rmtree(self.directory, ignore_errors=True)


class BusWithTls(unittest.TestCase):
    def test_bytes_go_round_with_certificates_and_over_the_next_address_of_the_list(self):
        broker = Broker()
        self.addCleanup(broker.close)
        proxy = Proxy(broker.port)
        self.addCleanup(proxy.close)
        system = System(settings=broker.settings(proxy.port, broker.port))
        self.addCleanup(system.stop)
        client = Client(system)
        self.round_trip(client, "by the first")

        self.assertGreater(proxy.close(), 2)  # both services were connected there
        wait_until(lambda: system.request("GET", "/readyz")[0] == 200, 30, "the gateway is ready over the second")
        wait_until(lambda: system.request("GET", "/readyz", url=system.worker_urls[0])[0] == 200, 30, "so is the worker")
        self.round_trip(client, "by the second")

    def round_trip(self, client, pid):
        body = secrets.token_bytes(3 << 20)
        status, answer = client.put(pid, body, client.filesystem())[:2]
        self.assertEqual(status, 201, answer)
        self.assertEqual(client.get(pid)[-1], hashlib.sha256(body).hexdigest())


if __name__ == "__main__":
    unittest.main()
