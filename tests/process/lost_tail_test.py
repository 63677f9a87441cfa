"""One node lost the end of its log although it had acknowledged it, and cannot know: nothing behind
it is evidence (docs/formats/wal.md, Recovery). It must refuse to start, or be brought up to date by
the leader; it must not stay behind for ever without a word."""

import sys

from corruption_test import REPAIRED, lose_tail, main

if __name__ == "__main__":
    sys.exit(main([("log, its last ten batches", lose_tail, "kill", REPAIRED)]))
