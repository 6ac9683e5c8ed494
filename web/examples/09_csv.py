# Work through a table, row by row
import csv
import io

table = """name,comment
Ada,The parcel came on time and I am happy.
Ben,It was broken and nobody answers.
"""

rows = list(csv.DictReader(io.StringIO(table)))
for number, row in enumerate(rows, 1):
    row["mood"] = await ask(f"Is this comment happy or unhappy? {row['comment']}", temperature=0, max_tokens=12)
    print(f"{number} of {len(rows)}: {row['name']}")

out = io.StringIO()
writer = csv.DictWriter(out, fieldnames=rows[0])
writer.writeheader()
writer.writerows(rows)
print(out.getvalue())
