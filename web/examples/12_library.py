# Look into your own conversations
from collections import Counter
from datetime import datetime

info = await app.handle("app.info", {})
by_day = Counter(datetime.fromtimestamp(each["updated_at"]).strftime("%Y-%m-%d") for each in info["sessions"])
for day, count in sorted(by_day.items()):
    print(day, "#" * count)

hits = await app.handle("session.search", {"query": "hello"})
print(len(hits), "places speak of hello")
len(info["sessions"])
