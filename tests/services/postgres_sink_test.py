"""postgres_sink_test.py BUILD: the PostgreSQL sink on a real server. Starts a throw-away PostgreSQL
and runs those tests of scenarios_tests that need one against it."""

import os
import pathlib
import subprocess
import sys

sys.dont_write_bytecode = True

from pg_sandbox import PG_USER, Postgres  # noqa: E402


def tests_of(build):
    found = sorted(pathlib.Path(build).rglob("scenarios_tests"))
    if not found:
        sys.exit(f"postgres_sink_test: no scenarios_tests below {build}; build it first")
    return found[0]


def main(arguments):
    if len(arguments) != 1:
        sys.exit(__doc__)
    tests = tests_of(arguments[0])
    postgres = Postgres()
    try:
        conninfo = (f"host=127.0.0.1 port={postgres.port} dbname={postgres.database('sink')} "
                    f"user={PG_USER}")
        environment = dict(os.environ, FAULTLINE_TEST_POSTGRES=conninfo)
        done = subprocess.run([tests, "[.postgres]"], env=environment, timeout=600, check=False,
                              stdout=subprocess.PIPE, stderr=subprocess.STDOUT, text=True)
    finally:
        postgres.close()
    print(done.stdout)
    if "No tests ran" in done.stdout:
        return 1
    return done.returncode


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
