"""What the record of what happened costs: the journal alone, at 200,000 exchanges per second and as
fast as it can (journal.cc). "counted" is what a relay does with them, "recorded" what a drill does.
"""

import json
import os

import workloads


class Journal:
    name, in_quick, rate = "journal", True, 200_000
    title = "journal: exchanges written by one worker, and read"

    def measure(self, bench):
        rows = []
        for reader in ("counted", "recorded"):
            for rate in (self.rate, 0):
                path = os.path.join(bench.folder, f"events-{rate}.jsonl")
                words = [bench.program("journal"), str(rate), "1" if bench.brief else "3"]
                found = json.loads(workloads.output(words + ([path] if reader == "recorded" else
                                                             [])))
                if os.path.exists(path):
                    os.remove(path)
                rows.append({"target": reader, "offered": rate or None, **found,
                             "read_rate": found["rate"] * found["read"] / found["n"]})
        figures = {"lost": sum(row["lost"] for row in rows if row["offered"]),
                   "writer_ns": rows[0]["writer_ns"]}
        return {"name": self.name, "title": self.title, "rows": rows, "figures": figures,
                "missing": {}}

    @staticmethod
    def show(found):
        print(f"\n{found['title']}\n  {'':20}{'offered/s':>12}{'read/s':>12}{'lost':>12}"
              f"{'writer ns':>12}{'reader ns':>12}")
        for row in found["rows"]:
            offered = "all it can" if row["offered"] is None else str(row["offered"])
            print(f"  {row['target']:20}{offered:>12}{row['read_rate']:12.0f}{row['lost']:12}"
                  f"{row['writer_ns']:12.0f}{row['reader_ns']:12.0f}")


ALL = [Journal()]
