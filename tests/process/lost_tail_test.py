"""One node lost the last batch of its log, which it had acknowledged, and cannot know it: nothing behind
it is evidence (docs/formats/wal.md, Recovery). It must refuse to start, or be brought up to date by
the leader; it must not stay behind for ever without a word."""

import sys

from corruption_test import REPAIRED, damage_last_batch, main

if __name__ == "__main__":
    sys.exit(main([("log, the last batch", damage_last_batch, "kill", REPAIRED)]))
