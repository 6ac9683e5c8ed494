# Hear what happens in conversations
import time

begun = time.monotonic()


def tell(event, data):
    print(f"{time.monotonic() - begun:6.2f} s  {event}")


stop_listening = on("*", tell)
await ask("Hello!", max_tokens=20)
stop_listening()
