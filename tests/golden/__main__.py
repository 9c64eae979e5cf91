"""`python -m tests.golden`: append a line for every event version that has none."""

import msgspec

from tests.golden import FILE, lines_for_the_missing

if __name__ == "__main__":
    lines = tuple(lines_for_the_missing())
    with FILE.open("ab") as file:
        file.writelines(msgspec.json.encode(line) + b"\n" for line in lines)
    print("\n".join(line.topic for line in lines) or "no line is missing")
