# SPDX-License-Identifier: MIT
"""A program that asks over the bus and waits for its answers, as docs/bus.md has it."""

import json
import secrets
import time

import msgpack
import pika

DECIMAL = 1  # the ext type of numbers that no integer and no double holds


class Pipeline:
    def __init__(self, system, token=None, exchange="mediastore.requests"):
        self.system, self.token, self.exchange = system, token, exchange
        self.answers = []
        self.connection = system.amqp()
        self.channel = self.connection.channel()
        self.channel.confirm_delivery()
        self.queue = "pipeline." + secrets.token_hex(6)
        self.channel.queue_declare(self.queue, durable=True)
        self.channel.basic_consume(self.queue, self._take, auto_ack=True)

    def _take(self, _channel, _delivery, properties, body):
        packed = properties.content_type == "application/msgpack"
        self.answers.append((properties, unpack(body) if packed else json.loads(body), body))

    def send(self, kind, data=None, message_id=None, packed=False, body=None, **options):
        """Publishes a request; returns its message_id."""
        message_id = message_id or secrets.token_hex(8)
        request = {"kind": kind, "data": data, **({"token": self.token} if self.token else {}), **options.pop("fields", {})}
        if body is None:
            body = msgpack.packb(request) if packed else json.dumps(request).encode()
        reply_to = options.pop("reply_to", self.queue)
        properties = pika.BasicProperties(message_id=message_id, reply_to=reply_to, delivery_mode=2,
                                          content_type="application/msgpack" if packed else "application/json", **options)
        self.channel.basic_publish(self.exchange, kind or "", body, properties)
        return message_id

    def wait(self, message_id, state="final", seconds=60, count=1):
        """The answers to that message in that state, when there are so many."""
        end = time.monotonic() + seconds
        while True:
            found = [answer for properties, answer, _ in self.answers
                     if properties.correlation_id == message_id and answer["state"] == state]
            if len(found) >= count:
                return found
            if time.monotonic() > end:
                raise AssertionError(f"no {state} answer to {message_id} within {seconds} s; got "
                                     f"{[answer for _, answer, _ in self.answers]}")
            self.connection.process_data_events(time_limit=0.1)

    def ask(self, kind, data=None, **options):
        """Sends and returns the final answer."""
        return self.wait(self.send(kind, data, **options))[-1]

    def raw(self, message_id, state="final"):
        """The body of that answer as it came."""
        return next(body for properties, answer, body in self.answers
                    if properties.correlation_id == message_id and answer["state"] == state)

    def states(self, message_id):
        return [answer["state"] for properties, answer, _ in self.answers if properties.correlation_id == message_id]

    def close(self):
        try:
            self.connection.close()
        except pika.exceptions.AMQPError:
            pass


def unpack(body):
    return msgpack.unpackb(body, strict_map_key=False)
