"""Random command sequences over every command that Ostraka implements."""

KEYS = [b"a", b"b", b"c", b"key:1", b"key:2", b""]
VALUES = [
    b"", b"0", b"1", b"-1", b"10", b"3.5", b"-0.25", b"1e3", b"007", b" 1", b"x", b"hello world",
    b"9223372036854775807", b"-9223372036854775808", b"9223372036854775808", b"\x00\xff\r\n",
    b"y" * 44, b"z" * 45, b"nan", b"inf",
]
INTEGERS = [
    b"0", b"1", b"-1", b"2", b"5", b"100", b"-100", b"9223372036854775807",
    b"-9223372036854775808", b"9223372036854775808", b"x", b"", b"01", b"+1", b" 1", b"1.5",
]
INDEXES = [b"0", b"1", b"2", b"-1", b"-2", b"5", b"-100", b"100", b"x", b"9223372036854775807"]
OFFSETS = [b"0", b"1", b"3", b"10", b"-1", b"x", b"600000000"]
FLOATS = [b"0", b"1", b"0.1", b"-0.1", b"3.0e2", b"1e-5", b"x", b"", b"nan", b"inf", b"1e400",
          b"0x1p3"]
# Either past or far away, so that the moment of the call does not matter.
RELATIVE_S = [b"1000", b"5000", b"0", b"-1", b"-1000", b"x", b"9223372036854775807"]
RELATIVE_MS = [b"1000000", b"5000000", b"0", b"-1", b"-1000", b"x", b"9223372036854775807"]
ABSOLUTE_S = [b"1", b"4102444800", b"4102444900", b"0", b"-5", b"x", b"9223372036854775807"]
ABSOLUTE_MS = [b"1", b"4102444800000", b"4102444900500", b"0", b"-5", b"x"]
PATTERNS = [b"*", b"a", b"?", b"key:*", b"[ab]", b"[^a]", b"[a-c]", b"\\a", b"*1", b"", b"[",
            b"key:[12]"]
DATABASES = [b"0", b"1", b"2", b"15", b"16", b"-1", b"x"]


class Workload:
    def __init__(self, random):
        self.random = random

    def pick(self, values):
        return self.random.choice(values)

    def key(self):
        return self.pick(KEYS)

    def keys(self):
        return [self.key() for _ in range(self.random.randint(1, 3))]

    def pairs(self):
        words = []
        for _ in range(self.random.randint(1, 3)):
            words += [self.key(), self.pick(VALUES)]
        if self.random.random() < 0.05:
            words.pop()
        return words

    def some(self, *options):
        """Each option (a list of words) with a small probability, in random order."""
        chosen = [o for o in options if self.random.random() < 0.3]
        self.random.shuffle(chosen)
        return [word for option in chosen for word in option]

    def case(self, word):
        return self.pick([word.upper(), word.lower()])

    def expiry_options(self):
        # Redis counts a key that was set with a past time until something looks at it.
        absolute_s = [t for t in ABSOLUTE_S if t != b"1"]
        absolute_ms = [t for t in ABSOLUTE_MS if t != b"1"]
        return self.some(
            [self.case(b"EX"), self.pick(RELATIVE_S)], [b"PX", self.pick(RELATIVE_MS)],
            [b"EXAT", self.pick(absolute_s)], [b"pxat", self.pick(absolute_ms)])

    def generators(self):
        k, v, pick = self.key, lambda: self.pick(VALUES), self.pick
        expire_flags = lambda: self.some([b"NX"], [b"xx"], [b"GT"], [b"LT"], [b"no"])
        return {
            # strings
            "get": lambda: [k()],
            "set": lambda: [k(), v()] + self.some([b"NX"], [b"xx"], [b"GET"], [b"KEEPTTL"]) +
                   self.expiry_options(),
            "setnx": lambda: [k(), v()],
            "setex": lambda: [k(), pick(RELATIVE_S), v()],
            "psetex": lambda: [k(), pick(RELATIVE_MS), v()],
            "getset": lambda: [k(), v()],
            "getdel": lambda: [k()],
            "getex": lambda: [k()] + self.expiry_options() + self.some([b"PERSIST"]),
            "mget": self.keys,
            "mset": self.pairs,
            "msetnx": self.pairs,
            "incr": lambda: [k()],
            "decr": lambda: [k()],
            "incrby": lambda: [k(), pick(INTEGERS)],
            "decrby": lambda: [k(), pick(INTEGERS)],
            "incrbyfloat": lambda: [k(), pick(FLOATS)],
            "append": lambda: [k(), v()],
            "strlen": lambda: [k()],
            "getrange": lambda: [k(), pick(INDEXES), pick(INDEXES)],
            "substr": lambda: [k(), pick(INDEXES), pick(INDEXES)],
            "setrange": lambda: [k(), pick(OFFSETS), v()],
            # keys
            "del": self.keys,
            "unlink": self.keys,
            "exists": self.keys,
            "touch": self.keys,
            "type": lambda: [k()],
            "keys": lambda: [pick(PATTERNS)],
            "randomkey": lambda: [],
            "rename": lambda: [k(), k()],
            "renamenx": lambda: [k(), k()],
            "copy": lambda: [k(), k()] + self.some([b"DB", pick(DATABASES)], [b"REPLACE"]),
            "expire": lambda: [k(), pick(RELATIVE_S)] + expire_flags(),
            "pexpire": lambda: [k(), pick(RELATIVE_MS)] + expire_flags(),
            "expireat": lambda: [k(), pick(ABSOLUTE_S)] + expire_flags(),
            "pexpireat": lambda: [k(), pick(ABSOLUTE_MS)] + expire_flags(),
            "expiretime": lambda: [k()],
            "pexpiretime": lambda: [k()],
            "persist": lambda: [k()],
            "ttl": lambda: [k()],
            "pttl": lambda: [k()],
            "object": lambda: [
                pick([b"ENCODING", b"refcount", b"IDLETIME", b"FREQ", b"nope"]), k()],
            "scan": lambda: [pick([b"0", b"0", b"x"])] + self.some(
                [b"MATCH", pick(PATTERNS)], [b"COUNT", pick([b"100", b"1000", b"0", b"x"])],
                [b"TYPE", pick([b"string", b"STRING", b"hash"])], [b"nope"]),
            # connection and server
            "ping": lambda: self.some([b"hello"], [b"again"]),
            "echo": lambda: [v()],
            "select": lambda: [pick(DATABASES)],
            "dbsize": lambda: [],
            "flushdb": lambda: self.some([b"ASYNC"], [b"nope"]),
            "flushall": lambda: self.some([b"SYNC"]),
            "time": lambda: [],
            "info": lambda: self.some([b"server"], [b"nope"]),
            "hello": lambda: self.some([pick([b"2", b"3", b"4", b"x"])], [b"SETNAME", b"me"]),
            "auth": lambda: [pick([b"x", b"default"])] + self.some([b"y"], [b"z"]),
            "reset": lambda: [],
            "client": lambda: pick([
                [b"ID"], [b"GETNAME"], [b"SETNAME", pick([b"me", b"", b"a b", b"\n"])],
                [b"INFO"], [b"LIST"], [b"LIST", b"TYPE", pick([b"normal", b"x", b"pubsub"])],
                [b"LIST", b"ID", pick([b"1", b"x", b"0"])], [b"LIST", b"x"],
                [b"NO-EVICT", pick([b"ON", b"off", b"x"])], [b"nope"]]),
            "config": lambda: pick([
                [b"GET", b"databases"], [b"GET", b"MAXMEMORY"], [b"GET", b"nope"],
                [b"SET", b"nope", b"1"], [b"SET", b"maxmemory"], [b"RESETSTAT"],
                [b"SET", b"timeout", b"0"], [b"nope"], [b"GET", b"timeout", b"maxmemory"]]),
            "command": lambda: pick([
                [], [b"COUNT"], [b"DOCS", b"get"], [b"INFO", b"get", b"nope"], [b"LIST"],
                [b"GETKEYS", b"mset", b"a", b"1", b"b", b"2"], [b"GETKEYS", b"get", b"a"],
                [b"GETKEYS", b"nope", b"a"], [b"GETKEYS", b"ping", b"a"],
                [b"GETKEYS", b"get", b"a", b"b"],
                [b"LIST", b"FILTERBY", b"nope", b"x"], [b"nope"]]),
            "wait": lambda: [pick([b"0", b"x"]), pick([b"0", b"1", b"x", b"-1"])],
            # transactions
            "multi": lambda: [],
            "exec": lambda: [],
            "discard": lambda: [],
            "watch": self.keys,
            "unwatch": lambda: [],
            # not there
            "nope": lambda: self.some([b"a"], [b"b c"]),
            "": lambda: [],
        }

    WEIGHTS = {
        "set": 6, "get": 3, "multi": 4, "exec": 6, "watch": 3, "mset": 2, "append": 2, "incr": 2,
        "reset": 0.2, "flushall": 0.2, "flushdb": 0.3, "hello": 0.3, "select": 0.7, "command": 0.3,
        "info": 0.2, "auth": 0.3, "discard": 0.5, "client": 0.5, "config": 0.3,
    }

    def command(self):
        table = self.generators()
        names = list(table)
        weights = [self.WEIGHTS.get(name, 1) for name in names]
        name = self.random.choices(names, weights)[0]
        words = [self.case(name.encode())] + table[name]()
        if self.random.random() < 0.02:
            words = words[: max(1, len(words) - 1)]
        if self.random.random() < 0.02:
            words = words + [self.pick(VALUES)]
        return words
