# SPDX-License-Identifier: MIT
"""A RabbitMQ cluster of three private nodes on loopback, each behind a proxy whose connections can be cut."""

import os
import pathlib
import pwd
import secrets
import signal
import socket
import subprocess

from chaos.proxy import Proxy
from support.system import port_is_free, wait_until

BIN = pathlib.Path("/usr/lib/rabbitmq/bin")
NODES = 3
LOOPBACK_ONLY = "-kernel inet_dist_use_interface {127,0,0,1}"
START_SECONDS = 180


def free_port():
    while True:
        port = 20000 + secrets.randbelow(12000)
        if port_is_free(port):
            return port


class Cluster:
    """Starts at construction, all nodes at once; stop() ends it. Runs as the account `mediastore` when we are root."""

    def __init__(self, directory):
        self.directory = pathlib.Path(directory)
        self.directory.mkdir(mode=0o755)
        self.password, self.cookie = secrets.token_hex(16), secrets.token_hex(16)
        self.account = pwd.getpwnam("mediastore") if os.geteuid() == 0 else None
        self.epmd_port = free_port()
        self.nodes = [Node(self, number) for number in range(1, NODES + 1)]
        self._epmd = self.run(["epmd", "-address", "127.0.0.1", "-port", str(self.epmd_port)], self.directory / "epmd.log", {})
        try:
            for node in self.nodes:
                node.start()
            for node in self.nodes:
                node.wait()
            self.wait_until_joined()
        except BaseException:
            self.stop()
            raise

    def run(self, command, log, environment):
        """A process of its own session that writes to a log."""
        as_account = {} if self.account is None else {
            "user": self.account.pw_uid, "group": self.account.pw_gid, "extra_groups": []}
        with open(log, "ab") as output:
            return subprocess.Popen(command, cwd="/", stdin=subprocess.DEVNULL, stdout=output, stderr=subprocess.STDOUT,
                                    start_new_session=True, env={**os.environ, **environment}, **as_account)

    def wait_until_joined(self):
        def joined():
            answer = self.nodes[0].ctl("eval", "length(rabbit_nodes:all_running()).")
            return answer.strip() == str(NODES)
        wait_until(joined, START_SECONDS, "the nodes make one cluster")

    @property
    def url(self):
        """As AMQP_URL takes it: every node, through its proxy."""
        return ",".join(f"amqp://mediastore:{self.password}@127.0.0.1:{node.proxy.port}/%2F" for node in self.nodes)

    @property
    def direct_urls(self):
        return [f"amqp://mediastore:{self.password}@127.0.0.1:{node.port}/%2F?heartbeat=20" for node in self.nodes]

    def stop_all(self):
        """An orderly stop of the whole broker."""
        for node in self.nodes:
            node.signal(signal.SIGTERM)
        for node in self.nodes:
            node.wait_until_ended(60)

    def start_all(self):
        for node in self.nodes:
            node.start()
        for node in self.nodes:
            node.wait()

    def stop(self):
        for node in self.nodes:
            node.signal(signal.SIGKILL)
            node.wait_until_ended(30)
            node.proxy.close()
        self._epmd.kill()
        self._epmd.wait()


class Node:
    def __init__(self, cluster, number):
        self.cluster, self.name = cluster, f"broker-{number}"
        self.node_name = f"mediastore{number}@localhost"
        self.port, self.distribution_port = free_port(), free_port()
        self.proxy = Proxy(self.port)
        self.home = cluster.directory / self.name
        self.process = None
        self._configure()

    def _configure(self):
        (self.home / "mnesia").mkdir(parents=True)
        names = [f"mediastore{number}@localhost" for number in range(1, NODES + 1)]
        lines = [f"listeners.tcp.1 = 127.0.0.1:{self.port}", "default_user = mediastore",
                 f"default_pass = {self.cluster.password}", "log.file = false", "log.console = true",
                 "log.console.level = warning", "cluster_formation.peer_discovery_backend = classic_config",
                 "cluster_partition_handling = pause_minority",
                 *(f"cluster_formation.classic_config.nodes.{index} = {name}" for index, name in enumerate(names, 1))]
        (self.home / "rabbitmq.conf").write_text("\n".join(lines) + "\n")
        (self.home / "enabled_plugins").write_text("[].\n")
        cookie = self.home / ".erlang.cookie"
        cookie.write_text(self.cluster.cookie)
        cookie.chmod(0o400)
        if self.cluster.account is not None:
            for path in (self.home, *self.home.iterdir()):
                os.chown(path, self.cluster.account.pw_uid, self.cluster.account.pw_gid)

    def _environment(self):
        return {"HOME": str(self.home), "RABBITMQ_NODENAME": self.node_name, "RABBITMQ_NODE_IP_ADDRESS": "127.0.0.1",
                "RABBITMQ_NODE_PORT": str(self.port), "RABBITMQ_DIST_PORT": str(self.distribution_port),
                "ERL_EPMD_ADDRESS": "127.0.0.1", "ERL_EPMD_PORT": str(self.cluster.epmd_port),
                "RABBITMQ_MNESIA_BASE": str(self.home / "mnesia"), "RABBITMQ_LOG_BASE": str(self.home),
                "RABBITMQ_CONFIG_FILE": str(self.home / "rabbitmq"), "RABBITMQ_CONF_ENV_FILE": "/dev/null",
                "RABBITMQ_ENABLED_PLUGINS_FILE": str(self.home / "enabled_plugins"),
                "RABBITMQ_PID_FILE": str(self.home / "pid"), "RABBITMQ_SERVER_ADDITIONAL_ERL_ARGS": LOOPBACK_ONLY,
                "RABBITMQ_CTL_ERL_ARGS": LOOPBACK_ONLY, "RUNNING_UNDER_SYSTEMD": "true"}

    def start(self):
        if self.process is None or self.process.poll() is not None:
            self.process = self.cluster.run([BIN / "rabbitmq-server"], self.home / "log", self._environment())

    def wait(self):
        def answers():
            if self.process.poll() is not None:  # a node that came up without its peers gives up: once more
                self.start()
            return self._greets()
        wait_until(answers, START_SECONDS, f"{self.name} answers")

    def _greets(self):
        try:
            with socket.create_connection(("127.0.0.1", self.port), timeout=2) as probe:
                probe.sendall(b"AMQP\0\0\x09\x01")
                return probe.recv(1) == b"\1"
        except OSError:
            return False

    def ctl(self, *arguments):
        as_account = [] if self.cluster.account is None else [
            "setpriv", "--reuid=mediastore", "--regid=mediastore", "--init-groups", "--"]
        return subprocess.run([*as_account, BIN / "rabbitmqctl", "-q", *arguments], cwd="/", stdout=subprocess.PIPE,
                              stderr=subprocess.DEVNULL, env={**os.environ, **self._environment()}, text=True, timeout=60).stdout

    def signal(self, number):
        if self.process is not None and self.process.poll() is None:
            os.kill(self.process.pid, number)

    def wait_until_ended(self, seconds):
        if self.process is None:
            return
        try:
            self.process.wait(seconds)
        except subprocess.TimeoutExpired:
            self.process.kill()
            self.process.wait()

    def kill(self):
        self.signal(signal.SIGKILL)
        self.wait_until_ended(30)
