# SPDX-License-Identifier: MIT
"""A TCP proxy on loopback whose connections can be cut, or fall silent."""

import secrets
import socket
import struct
import threading

PIECE = 1 << 16
RESET = struct.pack("ii", 1, 0)  # SO_LINGER: close() sends a reset


class Proxy:
    """Listens on `port` of 127.0.0.1 until close(); every connection goes on to `target`, a port of 127.0.0.1."""

    def __init__(self, target):
        self.target = target
        self._lock, self._open = threading.Lock(), set()
        self._flowing = threading.Event()
        self._flowing.set()
        self._listener = socket.create_server(("127.0.0.1", 0))
        self.port = self._listener.getsockname()[1]
        threading.Thread(target=self._accept, daemon=True).start()

    def _accept(self):
        while True:
            try:
                client, _ = self._listener.accept()
            except OSError:
                return
            threading.Thread(target=self._serve, args=(client,), daemon=True).start()

    def _serve(self, client):
        try:
            server = socket.create_connection(("127.0.0.1", self.target), timeout=5)
        except OSError:
            client.close()
            return
        server.settimeout(None)
        for end in (client, server):
            end.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
        with self._lock:
            self._open.add((client, server))
        back = threading.Thread(target=self._pump, args=(server, client), daemon=True)
        back.start()
        self._pump(client, server)
        back.join()
        with self._lock:
            self._open.discard((client, server))
        client.close()
        server.close()

    def connections(self):
        """How many are open."""
        with self._lock:
            return len(self._open)

    def freeze(self):
        """From now on nothing goes through, though every connection stays open and new ones are taken."""
        self._flowing.clear()

    def thaw(self):
        self._flowing.set()

    def cut(self, share=1.0):
        """Resets about this share of the connections, both ways; returns how many."""
        with self._lock:
            chosen = [pair for pair in self._open if secrets.randbelow(1000) < share * 1000]
        for pair in chosen:
            for end in pair:
                try:
                    end.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, RESET)
                    end.shutdown(socket.SHUT_RDWR)
                except OSError:
                    pass
        return len(chosen)

    def close(self):
        """Nobody gets in any more; returns how many were cut."""
        try:
            self._listener.shutdown(socket.SHUT_RDWR)  # close() alone would let accept() take one more
        except OSError:
            pass
        self._listener.close()
        self.thaw()
        return self.cut()

    def _pump(self, source, sink):
        try:
            while piece := source.recv(PIECE):
                self._flowing.wait()
                sink.sendall(piece)
        except OSError:
            pass
        self._flowing.wait()
        for end, how in ((sink, socket.SHUT_WR), (source, socket.SHUT_RD)):
            try:
                end.shutdown(how)
            except OSError:
                pass
