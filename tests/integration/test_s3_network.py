#!/usr/bin/python3
# SPDX-License-Identifier: MIT
"""The way to an S3 server: buckets as hosts, TLS with a CA of one's own, a proxy."""

import hashlib
import http.client
import socket
import ssl
import subprocess
import threading
import unittest
import urllib.parse

from support.bodies import Body
from support.client import Client, s3_list
from support.system import System

MIB = 1 << 20


def pump(source, sink):
    try:
        while piece := source.recv(1 << 16):
            sink.sendall(piece)
    except OSError:
        pass
    for end in (source, sink):
        try:
            end.shutdown(socket.SHUT_RDWR)
        except OSError:
            pass


class Relay:
    """Takes connections on a port of 127.0.0.1 and passes their bytes on to where meet() says."""

    def __init__(self):
        self._listener = socket.create_server(("127.0.0.1", 0))
        self.port = self._listener.getsockname()[1]
        threading.Thread(target=self._accept, daemon=True).start()

    def _accept(self):
        while True:
            try:
                client = self._listener.accept()[0]
            except OSError:
                return
            threading.Thread(target=self._serve, args=(client,), daemon=True).start()

    def _serve(self, client):
        try:
            client, server = self.meet(client)
        except (OSError, ValueError):
            client.close()
            return
        back = threading.Thread(target=pump, args=(server, client), daemon=True)
        back.start()
        pump(client, server)
        back.join()
        client.close()
        server.close()

    def close(self):
        self._listener.close()


class TlsEnd(Relay):
    """TLS outside, plain inside."""

    def __init__(self, certificate, target):
        self._context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
        self._context.load_cert_chain(certificate.with_suffix(".pem"), certificate.with_suffix(".key"))
        self._target = target
        super().__init__()

    def meet(self, client):
        return self._context.wrap_socket(client, server_side=True), socket.create_connection(("127.0.0.1", self._target))


class ConnectProxy(Relay):
    """What an HTTP proxy does with CONNECT; `asked` are the hosts and ports it was asked for. It leads to 127.0.0.1 only."""

    def __init__(self):
        self.asked = set()
        super().__init__()

    def meet(self, client):
        head = b""
        while b"\r\n\r\n" not in head:
            piece = client.recv(4096)
            if not piece:
                raise ValueError("no request")
            head += piece
        method, target, _ = head.split(b"\r\n", 1)[0].decode().split(" ")
        if method != "CONNECT":
            raise ValueError(f"{method} is not CONNECT")
        self.asked.add(target)
        server = socket.create_connection(("127.0.0.1", int(target.rsplit(":", 1)[1])))
        client.sendall(b"HTTP/1.1 200 OK\r\n\r\n")
        return client, server


def make_certificate(path, name):
    subprocess.run(["openssl", "req", "-x509", "-newkey", "ec", "-pkeyopt", "ec_paramgen_curve:prime256v1", "-nodes", "-days", "2",
                    "-subj", f"/CN={name}", "-addext", f"subjectAltName=DNS:{name},IP:127.0.0.1",
                    "-keyout", path.with_suffix(".key"), "-out", path.with_suffix(".pem")], check=True, capture_output=True)
    path.with_suffix(".pem").chmod(0o644)
    return path


class S3Network(unittest.TestCase):
    @classmethod
    def setUpClass(cls):
        cls.system = System()
        cls.addClassCleanup(cls.system.stop)
        cls.client = Client(cls.system)
        cls.bucket = cls.client.bucket()
        cls.server = cls.system.s3()
        cls.port = urllib.parse.urlsplit(cls.server["endpoint"]).port

    def at(self, url):
        """The same bucket at another address of its server."""
        status, answer = self.client.call("POST", "/s3cfg", {"url": url, "access_key": self.server["access_key"],
                                                             "secret_key": self.server["secret_key"]})
        self.assertEqual(status, 200, answer)
        return {**self.bucket, "s3_url": url}

    def assert_round_trip(self, pid, store):
        for size in (1000, 12 * MIB):
            body = Body(size)
            status, answer = self.client.put(f"{pid} {size}", body, store)
            self.assertEqual(status, 201, answer)
            self.assertEqual(self.client.get(f"{pid} {size}"), (200, size, answer["checksums"]["sha256"]))
            self.assertIn(answer["store_key"], s3_list(self.server, self.bucket["bucket"]))

    def test_buckets_as_hosts(self):
        store = self.at(f"http://{{bucket}}.localhost:{self.port}")
        self.assert_round_trip("by host", store)
        status, answer = self.client.call("POST", "/upload", {"mediadata": {
            "pid": "by host, presigned", "pid_type": "DEFAULT",
            "store_config": {"type": "BucketStore", "bucket": store["bucket"], "s3_url": store["s3_url"]}}})
        url = urllib.parse.urlsplit(answer["presigned_put"])
        self.assertEqual((status, url.netloc), (200, f"{store['bucket']}.localhost:{self.port}"))
        connection = http.client.HTTPConnection("127.0.0.1", self.port, timeout=30)
        connection.request("PUT", f"{url.path}?{url.query}", body=b"past us", headers={"Host": url.netloc})
        self.assertEqual(connection.getresponse().status, 200)
        connection.close()
        self.assertEqual(self.client.call("POST", "/media/by%20host%2C%20presigned/complete")[1]["store_status"], "READY")
        self.assertEqual(self.client.get("by host, presigned"), (200, 7, hashlib.sha256(b"past us").hexdigest()))

    def test_a_proxy_and_a_ca_of_ones_own(self):
        ours, other = (make_certificate(self.system.directory / name, "localhost") for name in ("ours", "other"))
        tls, proxy = TlsEnd(ours, self.port), ConnectProxy()
        self.addCleanup(tls.close)
        self.addCleanup(proxy.close)
        self.addCleanup(self.system.up, MEDIASTORE_S3_PROXY="", MEDIASTORE_S3_CA_FILE="")
        store = self.at(f"https://localhost:{tls.port}")

        status, answer = self.client.put("not trusted", b"bytes", store)
        self.assertEqual((status, answer["code"]), (503, "unavailable"))
        self.system.up(MEDIASTORE_S3_CA_FILE=str(other.with_suffix(".pem")))
        self.assertEqual(self.client.put("trusted wrongly", b"bytes", store)[0], 503)
        self.system.up(MEDIASTORE_S3_CA_FILE=str(ours.with_suffix(".pem")))
        self.assert_round_trip("by tls", store)

        self.system.up(MEDIASTORE_S3_PROXY=f"http://127.0.0.1:{proxy.port}")
        self.assert_round_trip("by proxy", store)
        self.assertEqual(proxy.asked, {f"localhost:{tls.port}"})


if __name__ == "__main__":
    unittest.main()
