"""Only the log of each node lies on a small file system; the engine has all the space there is. A
full log is met by a checkpoint, behind which the log is dropped: so three times of what fits into
the log can be written. When something else takes the rest of the file system, no node ends, reads
go on, and writes are done or refused with DISKFULL."""

import shutil
import sys

from disk_full_test import VALUE, check_over_restart, problems_while_full, write_values
from harness import Cluster
from namespaces import enter, mount_tmpfs
from workload import Load, seeded

LOG_MB = 150  # a segment is 64 MB


def small_log(cluster):
    """The folder of the log of each node, moved to a file system of its own."""
    cluster.start_all()
    cluster.wait_for_leader()
    folders = []
    for node in cluster.nodes:
        assert node.stop() == 0, node.last_line()
        folder = node.folder / "wal"
        folder.rename(node.folder / "moved")
        mount_tmpfs(folder, LOG_MB)
        shutil.copytree(node.folder / "moved", folder, dirs_exist_ok=True)
        shutil.rmtree(node.folder / "moved")
        folders.append(folder)
    return folders


def take_the_rest(folder):
    with open(folder / "ballast", "wb", buffering=0) as file:
        try:
            while True:
                file.write(bytes(4096))
        except OSError:
            return


def main():
    enter()
    rng = seeded()
    with Cluster(3) as cluster:
        folders = small_log(cluster)
        cluster.start_all()
        cluster.wait_for_leader()
        acknowledged, names = {}, iter(range(1 << 30))
        enough = 3 * (LOG_MB << 20) // VALUE
        with Load(cluster, rng, threads=2) as load:
            load.wait_for_progress(50)
            errors = write_values(cluster, names, acknowledged,
                                  lambda _: len(acknowledged) >= enough)
            print(f"  {enough} values of {VALUE} bytes through logs of {LOG_MB} MB, then {errors}",
                  flush=True)
            for folder in folders:
                take_the_rest(folder)
            problems = problems_while_full(cluster, acknowledged)
            for node, folder in zip(cluster.nodes, folders):
                assert not node.has_ended(), f"{node.name} ended: {node.last_line()}"
                (folder / "ballast").unlink()
            room = len(acknowledged) + 60
            write_values(cluster, names, acknowledged, lambda _: len(acknowledged) >= room)
            load.wait_for_progress(50)
        check_over_restart(cluster, acknowledged)
        load.judge()
        assert not problems, "\n".join(problems)
    print("ok")


if __name__ == "__main__":
    sys.exit(main())
