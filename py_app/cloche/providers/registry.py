"""All providers: the engine in this tab and the servers that a person has added.

Owns which providers there are and how a choice of models becomes transports, in order. A remote provider exists only
because a person added it; its models are what its server lists. Keys are in keys.py, rows in store/providers.py.
"""

from __future__ import annotations

import uuid
from collections.abc import Callable, Sequence
from typing import Any
from urllib.parse import urlsplit

from ..errors import (
    Aborted,
    BadImage,
    BadInput,
    Busy,
    ClocheError,
    EmptyMessage,
    NotFound,
    ProviderMissing,
    StorageError,
)
from ..host.base import Host
from ..shapes import ModelChoice, Provider, ProviderModel
from ..store.providers import ProviderRow, ProviderRows
from ..store.store import Store
from . import anthropic, openai_http
from .base import Transport
from .browser_model import BROWSER, BROWSER_NAME, BrowserModel
from .http_transport import Endpoint, HttpTransport, ServedModel
from .keys import Keys
from .openai_http import OpenAITransport
from .remote import Remote, origin_of
from .shapes import BrowserModelFound, NewProvider, ProviderKey, ProviderRef, Unlock
from .speaker import Speaker

LOCAL = "local"
LOCAL_NAME = "This device"
#: how each kind of server lists its models, and what carries requests to it
KINDS: dict[str, tuple[Callable[..., Any], type[HttpTransport]]] = {
    "openai": (openai_http.list_models, OpenAITransport),
    "anthropic": (anthropic.list_models, anthropic.AnthropicTransport),
}
#: errors that another model would meet as well, or that are no fault at all
NOT_THE_MODELS_FAULT = (Aborted, BadImage, EmptyMessage, Busy, NotFound, StorageError)


class Providers:
    """The providers, and the commands that change them."""

    def __init__(self, host: Host, store: Store, local: Transport) -> None:
        self._host = host
        self._rows = ProviderRows(store.database)
        self._local = local
        self._browser = BrowserModel(host)
        self.remote = Remote(host)
        self._keys = Keys(self._rows, self.remote)
        #: kept, because they learn what their servers take
        self._transports: dict[tuple[str, str], HttpTransport] = {}

    def commands(self) -> dict[str, Callable[[Any], Any]]:
        """What the page can ask."""
        return {
            "providers.list": lambda _: self.all(),
            "provider.add": self.add,
            "provider.refresh": self.refresh,
            "provider.set_key": self.set_key,
            "provider.remove": self.remove,
            "providers.unlock": self.unlock,
            "provider.browser": self.found_browser_model,
        }

    def all(self) -> list[dict[str, Any]]:
        """All providers as shapes.Provider, this tab's engine first, then the browser's model where there is one."""
        here = [Provider(id=LOCAL, kind="local", name=LOCAL_NAME)]
        if self._browser.context_window:
            model = ProviderModel(id=BROWSER, name=BROWSER_NAME, context_window=self._browser.context_window)
            here.append(Provider(id=BROWSER, kind="browser", name=BROWSER_NAME, models=[model]))
        return [provider.model_dump() for provider in (*here, *map(self._provider, self._rows.all()))]

    def speakers(self, chain: Sequence[ModelChoice]) -> list[Speaker]:
        """Who is to answer, in order; this tab's engine where nothing is chosen."""
        rows = {row.id: row for row in self._rows.all()}
        return [self._speaker(choice, rows.get(choice.provider_id)) for choice in chain] or [self._here()]

    def find(self, name: str) -> ModelChoice:
        """A model by its id, or by "provider/id" where several have it; "local" is this tab's. Raises BadInput."""
        found: dict[str, ModelChoice] = {}
        for row in self._rows.all():
            for model in row.models:
                if name in (model.id, f"{row.name}/{model.id}", f"{row.id}/{model.id}"):
                    found[f"{row.name}/{model.id}"] = ModelChoice(provider_id=row.id, model=model.id)
        card = self._local.card
        if name == LOCAL or (card is not None and name in (card.id, card.name)):
            found[LOCAL] = ModelChoice(provider_id=LOCAL)
        if name == BROWSER and self._browser.context_window:
            found[BROWSER] = ModelChoice(provider_id=BROWSER, model=BROWSER)
        if len(found) == 1:
            return next(iter(found.values()))
        if found:
            raise BadInput(f"Several providers have the model '{name}'.", action=f"Name one of {', '.join(found)}.")
        raise BadInput(f"No provider has the model '{name}'.", action="Name one that is listed in Models, or local.")

    # ------------------------------------------------------------ commands

    async def add(self, new: NewProvider) -> dict[str, Any]:
        """Add a server, if it lists its models."""
        base_url = checked_url(new.base_url)
        await self.remote.renew()
        models = await self._list(new.kind, Endpoint(base_url, lambda: new.key))
        sealed = await self._keys.sealed(new.key, new.passphrase)
        name = new.name.strip() or urlsplit(base_url).netloc
        row = ProviderRow(uuid.uuid4().hex[:12], new.kind, name, base_url, models)
        self._rows.add(row)
        self._keys.put(row.id, new.key, sealed)
        return self._changed(row.id)

    async def refresh(self, ref: ProviderRef) -> dict[str, Any]:
        """Fetch the list of models again."""
        row = self._row(ref.provider_id)
        await self.remote.renew()
        self._rows.set_models(row.id, await self._list(row.kind, self._endpoint(row)))
        return self._changed(row.id)

    async def set_key(self, given: ProviderKey) -> dict[str, Any]:
        """Take another key, or forget it."""
        row = self._row(given.provider_id)
        self._keys.put(row.id, given.key, await self._keys.sealed(given.key, given.passphrase))
        return self._changed(row.id)

    async def remove(self, ref: ProviderRef) -> None:
        """Forget a server and its key; what it is answering now breaks off."""
        self._row(ref.provider_id)
        self._rows.remove(ref.provider_id)
        self._keys.forget(ref.provider_id)
        await self.remote.close()
        self.tell()

    async def unlock(self, given: Unlock) -> list[dict[str, Any]]:
        """Open the sealed keys."""
        await self._keys.unlock(given.passphrase)
        self.tell()
        return self.all()

    def found_browser_model(self, found: BrowserModelFound) -> None:
        """The browser's own model may be asked from now on."""
        self._browser.context_window = found.context_window
        self.tell()

    async def close(self) -> None:
        """End every request."""
        await self.remote.close()

    # ------------------------------------------------------------ in common

    def _here(self) -> Speaker:
        return Speaker(LOCAL, LOCAL_NAME, False, self._local)

    def _speaker(self, choice: ModelChoice, row: ProviderRow | None) -> Speaker:
        if choice.provider_id == LOCAL:
            return self._here()
        if choice.provider_id == BROWSER:
            return Speaker(BROWSER, BROWSER_NAME, False, self._browser)
        if row is None:
            return Speaker(choice.provider_id, "A removed provider", False, Missing())
        place = row.id, choice.model
        if place not in self._transports:
            known = next((model for model in row.models if model.id == choice.model), None)
            model = ServedModel(**known.model_dump()) if known else ServedModel(choice.model, choice.model)
            _, transport = KINDS[row.kind]
            self._transports[place] = transport(self.remote, self._endpoint(row), model)
        return Speaker(row.id, row.name, True, self._transports[place])

    def _endpoint(self, row: ProviderRow) -> Endpoint:
        return Endpoint(row.base_url, lambda: self._keys.get(row.id))

    async def _list(self, kind: str, endpoint: Endpoint) -> list[ProviderModel]:
        list_models, _ = KINDS[kind]
        return [ProviderModel(**model._asdict()) for model in await list_models(self.remote, endpoint)]

    def _row(self, provider_id: str) -> ProviderRow:
        for row in self._rows.all():
            if row.id == provider_id:
                return row
        raise ProviderMissing("This provider has been removed.")

    def _provider(self, row: ProviderRow) -> Provider:
        return Provider.model_validate(
            {
                "id": row.id,
                "kind": row.kind,
                "name": row.name,
                "base_url": row.base_url,
                "origin": origin_of(row.base_url),
                "remote": True,
                "key": self._keys.state(row.id),
                "models": row.models,
            }
        )

    def _changed(self, provider_id: str) -> dict[str, Any]:
        self.tell()
        return self._provider(self._row(provider_id)).model_dump()

    def tell(self) -> None:
        """Tell the page which providers there are."""
        self._transports.clear()
        self._host.emit([("providers:changed", {"providers": self.all()})])


class Missing(Transport):
    """Stands where a provider has been removed."""

    @property
    def card(self) -> None:
        return None

    @property
    def engine(self) -> None:
        return None

    async def ready(self) -> None:
        raise ProviderMissing("The provider that was chosen for this conversation has been removed.")

    async def complete(self, request: Any, on_deltas: Any) -> Any:  # noqa: ARG002 - the form of a Transport
        await self.ready()

    async def count_tokens(self, texts: list[str]) -> list[int]:
        return [len(text) for text in texts]


def checked_url(text: str) -> str:
    """The base address of a server, as it can be asked. Raises BadInput."""
    url = text.strip()
    if "://" not in url:
        url = f"http://{url}" if url.startswith(("localhost", "127.", "[::1]")) else f"https://{url}"
    try:
        parts = urlsplit(url)
        valid = parts.scheme in ("http", "https") and bool(parts.hostname) and (parts.port or 1) > 0
    except ValueError:
        valid = False
    if not valid or parts.username or parts.query or parts.fragment or any(mark <= " " for mark in url):
        raise BadInput("This is not the address of a server.", action="Give an address like https://host/v1.")
    return url.rstrip("/")


def may_ask_next(error: ClocheError) -> bool:
    """Whether the next model of a chain may do better."""
    return not isinstance(error, NOT_THE_MODELS_FAULT)


def reasons(failed: Sequence[tuple[Speaker, ClocheError]]) -> str:
    """Why the models before did not answer, in a sentence each."""
    return " ".join(f"{speaker.name}: {error.message}" for speaker, error in failed)
