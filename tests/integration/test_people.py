#!/usr/bin/python3
# SPDX-License-Identifier: MIT
"""Users, roles and tokens on two gateways: what one of them ends is over on the other within a second; operators' commands."""

import base64
import contextlib
import hashlib
import json
import os
import pathlib
import pty
import re
import select
import subprocess
import time
import unittest

from support.client import Client
from support.system import System

PASSWORD = "correct horse"


class People(unittest.TestCase):
    @classmethod
    def setUpClass(cls):
        cls.system = System(gateways=2, settings={
            "MEDIASTORE_LOGIN_FAILURES": "5", "MEDIASTORE_TRUSTED_PROXIES": "127.0.0.0/8"})
        cls.addClassCleanup(cls.system.stop)
        cls.client = Client(cls.system)
        cls.gateways = cls.system.gateway_urls

    def me(self, token, url=None):
        return self.system.request("GET", "/api/me", token=token, url=url)[0]

    def add_user(self, name, role="reader"):
        status, answer = self.client.call("POST", "/users", {"name": name, "password": PASSWORD, "role": role})
        self.assertEqual(status, 200, answer)

    def assert_out_everywhere(self, token):
        time.sleep(1.05)
        self.assertEqual([self.me(token, url) for url in self.gateways], [401, 401])

    def login(self, name, password=PASSWORD, url=None):
        return self.system.request("POST", "/api/login", body={"username": name, "password": password}, url=url)

    # --- over REST

    def test_a_revoked_token_is_out_on_every_gateway_within_a_second(self):
        status, made = self.client.call("POST", "/tokens", {"name": "robot", "role": "reader", "lifetime_seconds": 600})
        self.assertEqual(status, 200, made)
        self.assertEqual([self.me(made["token"], url) for url in self.gateways], [200, 200])
        self.assertEqual(self.client.call("DELETE", f"/tokens/{made['pk']}")[0], 204)
        self.assert_out_everywhere(made["token"])

    def test_a_disabled_user_is_out_on_every_gateway_within_a_second(self):
        self.add_user("leaver")
        token = self.system.login("leaver", PASSWORD)
        self.assertEqual([self.me(token, url) for url in self.gateways], [200, 200])
        self.assertEqual(self.client.call("DELETE", "/users/leaver")[0], 204)
        self.assert_out_everywhere(token)
        self.assertEqual(self.login("leaver")[0], 401)

    def test_the_last_use_of_a_token_can_be_seen(self):
        status, made = self.client.call("POST", "/tokens", {"name": "seen"})
        self.assertEqual(made["last_used"], None)
        self.me(made["token"], self.gateways[1])
        listed = [token for token in self.client.call("GET", "/tokens")[1] if token["pk"] == made["pk"]]
        self.assertIsNotNone(listed[0]["last_used"])
        self.assertNotIn("token", listed[0])

    def test_tokens_are_listed_in_pages(self):
        self.add_user("collector")
        pks = [self.client.call("POST", "/tokens", {"user": "collector"})[1]["pk"] for _ in range(5)]
        seen, path = [], "/api/tokens?user=collector&limit=2"
        while path:
            status, headers, page = self.system.request("GET", path, token=self.client.token)
            self.assertEqual(status, 200, page)
            seen += [token["pk"] for token in page]
            link = re.fullmatch(r'<(.*)>; rel="next"', headers["Link"] or "")
            path = link and link.group(1)
        self.assertEqual(seen, sorted(pks, reverse=True))

    def test_too_many_failures_hold_up_one_name_and_nobody_else(self):
        self.add_user("victim")
        self.add_user("bystander")
        for _ in range(5):
            self.assertEqual(self.login("victim", "guess")[0], 401)
        status, headers, answer = self.login("victim")
        self.assertEqual((status, answer["code"]), (429, "too_many_requests"))
        self.assertGreater(int(headers["Retry-After"]), 1)
        self.assertEqual(self.login("bystander")[0], 200)
        self.assertEqual(self.login("victim", url=self.gateways[1])[0], 200)  # each gateway counts for itself

    def test_clients_behind_a_proxy_are_told_apart(self):
        self.add_user("proxied")

        def login(password, *forwarded):
            body = json.dumps({"username": "proxied", "password": password}).encode()
            with contextlib.closing(self.system.connect()) as connection:
                connection.putrequest("POST", "/api/login")
                for value in forwarded:
                    connection.putheader("X-Forwarded-For", value)
                connection.putheader("Content-Length", str(len(body)))
                connection.endheaders(body)
                return connection.getresponse().status

        for i in range(5):
            self.assertEqual(login("guess", f"198.51.100.{i}", "203.0.113.5"), 401)
        self.assertEqual(login(PASSWORD, "198.51.100.9", "203.0.113.5"), 429)
        self.assertEqual(login(PASSWORD, "198.51.100.9, 203.0.113.5"), 429)
        self.assertEqual(login(PASSWORD, "203.0.113.5, 203.0.113.6"), 200)

    def test_accounts_and_tokens_of_the_old_system_work(self):
        digest = base64.b64encode(hashlib.pbkdf2_hmac("sha256", b"old password", b"salt", 10000)).decode()
        self.system.psql("INSERT INTO app_user (name, password_hash, role) VALUES ('old', $1, 'writer')",
                         f"pbkdf2_sha256$10000$salt${digest}")
        self.system.psql("INSERT INTO token (hash, app_user, expires) SELECT sha256('old-token'), pk, now() + '1 day'"
                         " FROM app_user WHERE name = 'old'")
        self.assertEqual(self.me("old-token"), 200)
        self.assertEqual(self.login("old", "old password")[0], 200)
        self.assertEqual(self.system.psql("SELECT left(password_hash, 3) FROM app_user WHERE name = 'old'"), [["$y$"]])
        self.assertEqual(self.login("old", "old password")[0], 200)
        self.assertEqual(self.login("old", "another password")[0], 401)

    # --- operators' commands

    def command(self, *words, stdin="", ok=True):
        program = pathlib.Path(os.environ["MEDIASTORE_BIN_DIR"]) / "api-gateway"
        done = subprocess.run([program, *words], input=stdin, env={"DATABASE_URL": self.system.database_url}, timeout=60,
                              stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True)
        self.assertEqual(done.returncode == 0, ok, done.stderr)
        return done

    def test_an_operator_makes_changes_and_disables_a_user(self):
        self.command("user", "add", "operated", "--role", "writer", stdin=PASSWORD + "\n")
        token = self.system.login("operated", PASSWORD)
        self.assertRegex(self.command("user", "list").stdout, r"(?m)^operated +writer +yes ")
        self.command("user", "passwd", "operated", stdin="another horse\n")
        self.assert_out_everywhere(token)
        token = self.system.login("operated", "another horse")
        self.command("user", "disable", "operated")
        self.assert_out_everywhere(token)
        self.assertRegex(self.command("user", "list").stdout, r"(?m)^operated +writer +no ")

    def test_an_operator_makes_and_revokes_a_token(self):
        self.command("user", "add", "pipeline", "--role", "writer", stdin=PASSWORD)
        done = self.command("token", "create", "--user", "pipeline", "--name", "nightly", "--role", "reader", "--lifetime", "90d")
        token = done.stdout.strip()
        self.assertRegex(token, r"^[0-9a-f]{64}$")
        status, _, me = self.system.request("GET", "/api/me", token=token)
        self.assertEqual((status, me["name"], me["role"], me["token"]["name"]), (200, "pipeline", "reader", "nightly"))
        listed = self.command("token", "list", "--user", "pipeline").stdout
        self.assertNotIn(token, listed)
        pk = re.search(r"(?m)^(\d+) +pipeline +nightly +reader ", listed).group(1)
        self.command("token", "revoke", pk)
        self.assert_out_everywhere(token)

    def test_commands_say_what_is_wrong(self):
        self.assertIn("unexpected argument", self.command("user", "add", "x", PASSWORD, "--role", "reader", ok=False).stderr)
        self.assertIn("at least 8", self.command("user", "add", "x", "--role", "reader", stdin="short\n", ok=False).stderr)
        self.assertIn("no such user", self.command("user", "disable", "nobody", ok=False).stderr)
        self.assertIn("role must be", self.command("user", "add", "x", "--role", "king", stdin=PASSWORD, ok=False).stderr)
        self.assertIn("last active admin", self.command("user", "disable", "admin", ok=False).stderr)
        self.assertIn("--lifetime", self.command("token", "create", "--user", "admin", "--lifetime", "soon", ok=False).stderr)
        self.assertIn("usage: api-gateway user add NAME --role ROLE", self.command("user", "add", "--help").stdout)

    def test_a_terminal_does_not_show_the_password(self):
        child, terminal = pty.fork()
        if child == 0:
            program = str(pathlib.Path(os.environ["MEDIASTORE_BIN_DIR"]) / "api-gateway")
            os.execve(program, [program, "user", "add", "typist", "--role", "reader"], {"DATABASE_URL": self.system.database_url})
        shown = b""
        for question in (b"Password: ", b"The same again: "):
            while question not in shown:
                self.assertTrue(select.select([terminal], [], [], 20)[0], shown)
                shown += os.read(terminal, 1000)
            os.write(terminal, PASSWORD.encode() + b"\n")
        _, status = os.waitpid(child, 0)
        while select.select([terminal], [], [], 0.2)[0]:
            try:
                piece = os.read(terminal, 1000)
            except OSError:
                break
            if not piece:
                break
            shown += piece
        self.assertEqual(os.waitstatus_to_exitcode(status), 0, shown)
        self.assertNotIn(PASSWORD.encode(), shown)
        self.assertEqual(self.login("typist")[0], 200)


if __name__ == "__main__":
    unittest.main()
