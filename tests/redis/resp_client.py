"""A RESP2/RESP3 client on plain sockets that keeps the raw bytes of every reply."""

import socket


class Reply:
    """One reply: its raw bytes and its value as (type, content)."""

    def __init__(self, raw, kind, content):
        self.raw = raw
        self.kind = kind  # one of + - : $ * _ % ~ = # ,
        self.content = content  # bytes, int, None, or a list of Reply

    def __repr__(self):
        return repr(self.raw)


class Connection:
    def __init__(self, endpoint, timeout=10.0):
        host, port = endpoint.rsplit(":", 1)
        self.socket = socket.create_connection((host, int(port)), timeout=timeout)
        self.socket.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
        self.buffer = b""

    def close(self):
        self.socket.close()

    def _fill(self):
        more = self.socket.recv(65536)
        if not more:
            raise ConnectionError("the server closed the connection")
        self.buffer += more

    def _line(self):
        while b"\r\n" not in self.buffer:
            self._fill()
        line, self.buffer = self.buffer.split(b"\r\n", 1)
        return line

    def _bytes(self, count):
        while len(self.buffer) < count:
            self._fill()
        taken, self.buffer = self.buffer[:count], self.buffer[count:]
        return taken

    def read(self):
        line = self._line()
        kind, rest = line[:1].decode("latin-1"), line[1:]
        raw = line + b"\r\n"
        if kind in "+-_#,":
            return Reply(raw, kind, rest)
        if kind == ":":
            return Reply(raw, kind, int(rest))
        if kind in "$=":
            if int(rest) < 0:
                return Reply(raw, kind, None)
            body = self._bytes(int(rest) + 2)
            return Reply(raw + body, kind, body[:-2])
        if kind in "*%~>":
            if int(rest) < 0:
                return Reply(raw, kind, None)
            count = int(rest) * (2 if kind == "%" else 1)
            children = [self.read() for _ in range(count)]
            return Reply(raw + b"".join(c.raw for c in children), kind, children)
        raise ValueError("not a reply: %r" % line)

    def send(self, words):
        self.socket.sendall(encode(words))

    def ask(self, *words):
        self.send(words)
        return self.read()


def encode(words):
    parts = [b"*%d\r\n" % len(words)]
    for word in words:
        data = word if isinstance(word, bytes) else str(word).encode()
        parts.append(b"$%d\r\n%s\r\n" % (len(data), data))
    return b"".join(parts)
