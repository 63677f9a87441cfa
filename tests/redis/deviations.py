"""What Ostraka answers otherwise than Redis 7.0, on purpose.

Each entry has a name, which docs/redis.md explains, and says which differences it covers. The
differential test accepts nothing else.
"""

NAMES = {
    "readonly": "READONLY and READWRITE choose the consistency of reads",
    "setinfo": "CLIENT SETINFO is taken, as Redis 7.2 does",
    "object-encoding": "OBJECT ENCODING and REFCOUNT follow from the value alone",
    "object-idletime": "OBJECT IDLETIME is always 0",
    "scan-order": "SCAN and KEYS give keys in their bytewise order; a cursor is a position",
    "scan-in-multi": "SCAN inside MULTI is refused",
    "computed-in-multi": "INCRBYFLOAT and MSETNX inside MULTI must not depend on unknown results",
    "command-table": "COMMAND describes the commands that exist here, without tips",
    "config": "CONFIG knows the names that clients read",
    "info": "INFO has the fields that clients read",
    "client-list": "CLIENT LIST and INFO show this server's connections",
    "randomkey": "RANDOMKEY draws by another method",
    "time-of-expiry": "TTL and expiry follow log time",
    "wait": "WAIT answers at once with the size of a majority less one",
    "limits": "keys up to 64 KB, arguments up to 64 MB",
    "protocol-strictness": "a bulk string must end with CRLF, a header line with CRLF",
    "help": "there are no HELP subcommands",
    "dbsize-expired": "DBSIZE, KEYS and SCAN never count a key that has expired",
    "watch-absent": "a watched key that was absent and is absent again does not abort EXEC",
    "scan-cursor": "SCAN refuses cursors that no node gave",
}

# Commands whose reply is compared by its type only, with the deviation that says why.
TYPE_ONLY = {
    b"time": "time-of-expiry",
    b"info": "info",
    b"client|list": "client-list",
    b"client|info": "client-list",
    b"client|id": "client-list",
    b"command": "command-table",
    b"command|count": "command-table",
    b"command|docs": "command-table",
    b"command|list": "command-table",
    b"randomkey": "randomkey",
    b"object|idletime": "object-idletime",
    b"hello": "client-list",
}

# Integer replies that depend on when the command ran, with their tolerance.
TOLERANCE = {
    b"ttl": 1,
    b"pttl": 2000,
    b"expiretime": 1,
    b"pexpiretime": 2000,
}

# Commands after which the encoding that Redis reports depends on how a value came to be.
ENCODING_HISTORY = {
    b"append", b"setrange", b"incr", b"incrby", b"decr", b"decrby", b"incrbyfloat", b"rename",
    b"renamenx", b"copy", b"getset", b"getex",
}
