"""The keys of remote providers.

Owns where a key is: in memory, from where it goes into a request's header and nowhere else, and on request also in the
store, sealed with a person's passphrase (by WebCrypto, in the worker "remote"). A sealed key is locked until the
passphrase has been given.
"""

from __future__ import annotations

from typing import Literal

from ..errors import KeyLocked, WrongPassphrase
from ..store.providers import ProviderRows
from .remote import Remote

State = Literal["none", "memory", "sealed", "locked"]


class Keys:
    """All keys, by provider."""

    def __init__(self, rows: ProviderRows, remote: Remote) -> None:
        self._rows = rows
        self._remote = remote
        self._open: dict[str, str] = {}

    def get(self, provider_id: str) -> str:
        """The key, "" if there is none. Raises KeyLocked."""
        if provider_id not in self._open and self._rows.sealed_key(provider_id):
            raise KeyLocked("The key of this provider is locked.")
        return self._open.get(provider_id, "")

    def state(self, provider_id: str) -> State:
        """Where the key is."""
        is_open = provider_id in self._open
        if self._rows.sealed_key(provider_id):
            return "sealed" if is_open else "locked"
        return "memory" if is_open else "none"

    async def sealed(self, key: str, passphrase: str) -> str | None:
        """The key as it may be kept; None where there is nothing to keep."""
        return await self._remote.seal(passphrase, key) if key and passphrase else None

    def put(self, provider_id: str, key: str, sealed: str | None) -> None:
        """Take a key, in place of the one before."""
        self._rows.set_sealed_key(provider_id, sealed)
        self._open.pop(provider_id, None)
        if key:
            self._open[provider_id] = key

    def forget(self, provider_id: str) -> None:
        """Drop a provider's key from memory."""
        self._open.pop(provider_id, None)

    async def unlock(self, passphrase: str) -> None:
        """Open all sealed keys that this passphrase opens. Raises WrongPassphrase if it opens none."""
        wrong: WrongPassphrase | None = None
        opened = 0
        for provider_id, sealed in self._rows.sealed_keys():
            try:
                self._open[provider_id] = await self._remote.open(passphrase, sealed)
                opened += 1
            except WrongPassphrase as error:
                wrong = error
        if wrong is not None and not opened:
            raise wrong
