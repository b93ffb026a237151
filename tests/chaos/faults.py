# SPDX-License-Identifier: MIT
"""What goes wrong, at random, for a given time: a table of faults, each of which also mends what it broke."""

import collections
import contextlib
import random
import time


def kill_service(chaos, kind, count):
    name = f"{kind}-{chaos.random.randint(1, count)}"
    chaos.system.kill(name)
    chaos.sleep(chaos.random.choice((0, 0, 1, 5)))
    chaos.system.start(name)
    return name


def kill_gateway(chaos):
    return kill_service(chaos, "api-gateway", chaos.system.gateways)


def kill_worker(chaos):
    return kill_service(chaos, "store-worker", chaos.system.workers)


def freeze_worker(chaos):
    name = f"store-worker-{chaos.random.randint(1, chaos.system.workers)}"
    chaos.system.pause(name)
    chaos.sleep(40)
    chaos.system.resume(name)
    return name


def kill_broker_node(chaos):
    node = chaos.random.choice(chaos.cluster.nodes)
    node.kill()
    chaos.sleep(chaos.random.choice((0, 3, 10)))
    node.start()
    node.wait()
    return node.name


def stop_broker(chaos):
    chaos.cluster.stop_all()
    chaos.sleep(60)
    chaos.cluster.start_all()
    return "all nodes"


def restart_postgres(chaos):
    chaos.system.postgres_restart()
    return "postgres"


def cut_connections(chaos):
    proxies = [node.proxy for node in chaos.cluster.nodes] + [chaos.s3_proxy]
    return f"{sum(proxy.cut(0.5) for proxy in proxies)} connections"


def fill_spool(chaos):
    """Whatever is left of the spool's filesystem is taken for a while; uploads that wait may have taken it already."""
    filler = chaos.system.spool / "filler"
    with contextlib.suppress(OSError), open(filler, "wb") as file:
        while True:
            file.write(b"\0" * (1 << 20))
            file.flush()
    chaos.sleep(8)
    filler.unlink(missing_ok=True)
    return "8 s"


FAULTS = [  # fault, weight
    (kill_gateway, 20),
    (kill_worker, 25),
    (kill_broker_node, 8),
    (stop_broker, 2),
    (restart_postgres, 8),
    (freeze_worker, 5),
    (cut_connections, 20),
    (fill_spool, 6),
]


class Faults:
    """Runs them one after the other, with pauses, until the time is over; each of the table comes at least once when
    there is time, in an order that the seed decides."""

    def __init__(self, chaos, seed):
        self.chaos, self.random = chaos, random.Random(f"{seed} faults")
        self.counts = collections.Counter()
        self.first_round = [fault for fault, _ in FAULTS]
        self.random.shuffle(self.first_round)

    def next(self):
        if self.first_round:
            return self.first_round.pop()
        return self.random.choices([fault for fault, _ in FAULTS], [weight for _, weight in FAULTS])[0]

    def run(self, seconds):
        end = time.monotonic() + seconds
        while time.monotonic() < end:
            fault = self.next()
            started = time.monotonic()
            what = fault(self.chaos)
            self.counts[fault.__name__] += 1
            self.chaos.say(f"{fault.__name__}: {what}, {time.monotonic() - started:.1f} s")
            self.chaos.sleep(self.random.uniform(0.5, 4))
