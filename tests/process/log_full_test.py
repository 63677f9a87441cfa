"""As disk_full_test.py, but only the log's file system is small: the engine keeps its space."""

import sys

from disk_full_test import main, small_log

if __name__ == "__main__":
    sys.exit(main(small_log))
