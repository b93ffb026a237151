# SPDX-License-Identifier: MIT
"""A subscriber that must miss nothing: a quorum queue bound to every event before the first one, read through whichever
broker node lives."""

import json
import threading
import time

import pika

QUEUE = "chaos.events"


class Listener(threading.Thread):
    def __init__(self, urls):
        super().__init__(daemon=True, name="listener")
        self.urls, self.ending = urls, threading.Event()
        self.events, self.resent = [], 0  # (seq, body) in the order of their first arrival
        self._ids, self._keys = {}, {}
        self.wrong = []
        with pika.BlockingConnection(pika.URLParameters(urls[0])) as connection:
            self._declare(connection.channel())

    @staticmethod
    def _declare(channel):
        channel.queue_declare(QUEUE, durable=True, arguments={"x-queue-type": "quorum"})
        channel.queue_bind(QUEUE, "mediastore.events", "#")

    def run(self):
        turn = 0
        while not self.ending.is_set():
            turn += 1
            try:
                self._listen(self.urls[turn % len(self.urls)])
            except (pika.exceptions.AMQPError, OSError):
                time.sleep(0.5)

    def _listen(self, url):
        connection = pika.BlockingConnection(pika.URLParameters(url))
        channel = connection.channel()
        channel.basic_qos(prefetch_count=200)
        channel.basic_consume(QUEUE, self._take)
        while not self.ending.is_set():
            connection.process_data_events(time_limit=0.5)
        connection.close()

    def _take(self, channel, delivery, properties, body):
        event = json.loads(body)
        seq, known = event["seq"], self._ids.get(event["seq"])
        if known is None:
            self._ids[seq], self._keys[seq] = properties.message_id, delivery.routing_key
            self.events.append((seq, event))
        else:
            self.resent += 1
            if known != properties.message_id:
                self.wrong.append(f"event {seq} came with two ids")
        channel.basic_ack(delivery.delivery_tag)

    def highest(self):
        return max(self._ids, default=0)

    def missing(self, first, last):
        return [seq for seq in range(first, last + 1) if seq not in self._ids]

    def ids(self, wanted, after):
        """Of the events after that one for which wanted(routing key, body) holds."""
        return {self._ids[seq] for seq, event in self.events if seq > after and wanted(self._keys[seq], event)}

    def stop(self):
        self.ending.set()
        self.join(30)
