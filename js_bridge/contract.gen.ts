// What the page, Python and the workers say to each other. Owns nothing by hand: generated from
// py_app/cloche (shapes, contracts, */shapes.py) by `python -m cloche.contract_typescript`.

/** An error for people: what happened, why, what to do next (see errors.py for the tree). */
export interface ErrorInfo {
  code: string;
  message: string;
  action: string;
  retryable: boolean;
}

/** A run of text; Markdown in answers unless `format` says otherwise, plain text in a person's messages. */
export interface TextPart {
  type: "text";
  text: string;
  format: "markdown" | "json";
}

/** What a thinking model wrote before its answer. */
export interface ReasoningPart {
  type: "reasoning";
  text: string;
}

/** A picture kept in the store; its bytes come through the command `image.get`. Sizes in pixels. */
export interface ImagePart {
  type: "image";
  image_id: string;
  mime: string;
  width: number;
  height: number;
  name: string;
}

/** A text file kept in the store; its bytes come through the command `file.get`. `size` in bytes. */
export interface FilePart {
  type: "file";
  file_id: string;
  name: string;
  mime: string;
  size: number;
}

/**
 * A question to the person that something waits for; unanswered at `deadline` it counts as denied.
 *
 * `origin` is what the page must be able to reach if it is allowed, "" where nothing leaves this machine.
 */
export interface Approval {
  id: string;
  prompt: string;
  deadline: number;
  origin: string;
}

/**
 * One tool call of the model with its result once it is known. `figures` are SVG pictures that came with it.
 *
 * `approval` is there while the person is being asked.
 */
export interface ToolCallPart {
  type: "tool_call";
  id: string;
  name: string;
  arguments: Record<string, unknown>;
  access: "read" | "write" | "network" | "code" | null;
  status: "asking" | "running" | "done" | "failed" | "denied" | "cancelled";
  approval: Approval | null;
  output: string | null;
  figures: string[];
  duration_ms: number | null;
}

/** A hook's question that is about no tool call; `approval` is there while the person is being asked. */
export interface QuestionPart {
  type: "question";
  id: string;
  prompt: string;
  status: "asking" | "allowed" | "denied";
  approval: Approval | null;
}

/** Any of TextPart | ReasoningPart | ImagePart | FilePart | ToolCallPart | QuestionPart. */
export type Part = TextPart | ReasoningPart | ImagePart | FilePart | ToolCallPart | QuestionPart;

/** Token counts of one answer; `cached_tokens` of the prompt came from the KV cache, `image_tokens` are pictures. */
export interface Usage {
  prompt_tokens: number;
  completion_tokens: number;
  cached_tokens: number;
  image_tokens: number;
}

/** How long one answer took. `image_ms` is the image encoding, None when there was no image. */
export interface Timings {
  time_to_first_token_ms: number | null;
  prompt_ms: number | null;
  image_ms: number | null;
  total_ms: number | null;
  tokens_per_second: number | null;
}

/**
 * One message of a conversation. An assistant message is a whole turn, its tool calls and results included.
 *
 * `provider` and `model` say who spoke, `remote` whether that was on another machine, `note` why it was not the first
 * choice. `siblings` holds the ids of all versions under the same parent in order of creation, this one included: one
 * entry means that the message was never edited or regenerated.
 */
export interface Message {
  id: string;
  session_id: string;
  parent_id: string | null;
  role: "user" | "assistant";
  parts: Part[];
  status: "complete" | "streaming" | "stopped" | "interrupted" | "error";
  error: ErrorInfo | null;
  finish_reason: string | null;
  usage: Usage | null;
  timings: Timings | null;
  model: string | null;
  provider: string | null;
  remote: boolean;
  note: string;
  created_at: number;
  siblings: string[];
}

/**
 * Generation parameters of a session; None leaves the choice to the model's card.
 *
 * `tool_choice` is "auto" (as None), "none", "required" (the first thing is a call) or the name of the tool to call.
 * `image_detail` is how large pictures reach a model (see engine_contract.ImageContent).
 */
export interface Parameters {
  system_prompt: string | null;
  temperature: number | null;
  top_p: number | null;
  top_k: number | null;
  min_p: number | null;
  max_tokens: number | null;
  seed: number | null;
  stop: string[] | null;
  tool_choice: string | null;
  image_detail: "auto" | "low" | "high" | null;
}

/** A model of a provider. The provider "local" is the engine in this tab, with whatever model it has loaded. */
export interface ModelChoice {
  provider_id: string;
  model: string;
}

/**
 * A conversation as the side bar shows it. `working` is true while an answer is being written.
 *
 * `chain` names the models that are to answer: the first that can. Empty, the settings' chain holds.
 */
export interface Session {
  id: string;
  title: string;
  created_at: number;
  updated_at: number;
  parameters: Parameters;
  chain: ModelChoice[];
  message_count: number;
  working: boolean;
}

/** A session with the messages of its active branch, oldest first. */
export interface Conversation {
  session: Session;
  messages: Message[];
}

/** One search result. `excerpt` marks the matches with U+0002 (start) and U+0003 (end). */
export interface SearchHit {
  session_id: string;
  title: string;
  message_id: string | null;
  excerpt: string;
}

/** A picture as the page hands it over: PNG or JPEG, already decoded and scaled down. Sizes in pixels. */
export interface NewImage {
  bytes: Uint8Array;
  mime: "image/png" | "image/jpeg";
  width: number;
  height: number;
  name: string;
}

/** A text file as the page hands it over, at most 4 MiB. */
export interface NewFile {
  bytes: Uint8Array;
  mime?: string;
  name: string;
}

/**
 * Choices that hold for the whole app and are kept. Asked for permission, nobody answers: denied after a while.
 *
 * `hub_url` is where models are looked up and fetched from: Hugging Face, or a mirror with the same paths. With
 * `models_in_folder` models that came whole are moved into the person's own folder. A model that was not used for
 * `unload_minutes` is unloaded; 0: never.
 */
export interface Settings {
  theme: "system" | "light" | "dark";
  send_with: "enter" | "ctrl-enter";
  model_id: string;
  hub_url: string;
  models_in_folder: boolean;
  unload_minutes: number;
  approval_seconds: number;
  chain: ModelChoice[];
}

/** A model as its server lists it; None where the server does not say. */
export interface ProviderModel {
  id: string;
  name: string;
  context_window: number | null;
  images: boolean | null;
}

/**
 * Whoever runs models: this tab, the browser, or a server that a person has added.
 *
 * `key` says where the key is: in memory until the tab closes, sealed with a passphrase, or sealed and still locked.
 * `origin` is "" where nothing leaves this machine.
 */
export interface Provider {
  id: string;
  kind: "local" | "openai" | "anthropic" | "browser";
  name: string;
  base_url: string;
  origin: string;
  remote: boolean;
  key: "none" | "memory" | "sealed" | "locked";
  models: ProviderModel[];
}

/**
 * How a model is to be loaded; None leaves the choice to the app. Contexts and batches in tokens.
 *
 * `gpu_layers` 0 keeps everything on the processor. `cache_type` is how the KV cache is stored: smaller types need
 * less memory and lose a little accuracy. `adapter_scale` is the strength of the card's LoRA adapters. `engine`
 * "wllama" takes wllama where Cloche's own build of llama.cpp would run the model.
 */
export interface EngineOptions {
  context_window: number | null;
  threads: number | null;
  gpu_layers: number | null;
  batch: number | null;
  cache_type: "f16" | "q8_0" | "q4_0" | null;
  adapter_scale: number | null;
  engine: "wllama" | null;
}

/**
 * A model that can be chosen. Sizes in bytes, contexts in tokens; 0 and "" stand for what is not known.
 *
 * `source` says where the card is from: it came with the app, it is of the app's catalogue, a person added it, or its
 * files lie in the person's own folder.
 * `repo` is the hub's repository ("" for none), `revision` the commit that the files are of ("" until it is resolved).
 * `engine_model` is the engine's own name of it, where that is not the id.
 * `memory_bytes` is what the model needs at its default context, `features` what the GPU must have, `buffer_bytes` the
 * largest buffer that it must allow. `purpose` chat models converse, the others only serve other parts of the app.
 *
 * `default_tools` are offered to the model unless a session says otherwise (None: all that only read); with
 * `tools_with_pictures` false they are left out while a picture is in the conversation, because the model has too
 * little room for both. `native_tools` false: the engine knows no tools, so that they are written into the prompt as
 * `tool_format` says (None: guessed from the model's name). `trained_context` is what the history is trimmed to,
 * `context_window` what the engine can hold at all; `image_tokens` is what one picture takes of either, `max_images`
 * how many pictures one question may be about (None: not known).
 */
export interface ModelCard {
  id: string;
  name: string;
  engine: "llamacpp" | "webllm" | "remote" | "browser";
  source: "builtin" | "catalogue" | "added" | "folder";
  purpose: "chat" | "embedding" | "rerank";
  modalities: ("text" | "image")[];
  tools: boolean;
  default_tools: string[] | null;
  tools_with_pictures: boolean;
  native_tools: boolean;
  tool_format: "hermes" | "qwen" | "llama3" | "mistral" | "generic" | null;
  context_window: number;
  trained_context: number | null;
  image_tokens: number;
  max_images: number | null;
  licence: string;
  summary: string;
  tiny: boolean;
  abilities: string[];
  limits: string[];
  examples: string[];
  image_examples: string[];
  defaults: Parameters;
  figures: Figure[];
  repo: string;
  revision: string;
  engine_model: string;
  architecture: string;
  quantisation: string;
  parameter_count: number;
  memory_bytes: number;
  buffer_bytes: number;
  features: string[];
  files: ModelFile[];
}

/** A measured figure of a card: share of right answers (0 to 1) over `cases` held-out cases. */
export interface Figure {
  label: string;
  value: number;
  cases: number;
}

/**
 * One file of a model.
 *
 * `url` is relative to the app's base address, absolute, `folder:<path>` for a file in the person's own folder, or
 * `hub:<repo>/resolve/<revision>/<path>`, which models/hub.py turns into an absolute one. `size` 0 and `sha256` "" are
 * unknown: the hub's metadata tells them when the model is fetched, and what came is pinned then.
 */
export interface ModelFile {
  role: "weights" | "projector" | "adapter" | "library" | "config" | "tokenizer";
  name: string;
  url: string;
  size: number;
  sha256: string;
}

/**
 * The part of a model that sees, as its file tells. A picture's longest side is brought to `side` pixels at most.
 *
 * `dynamic`: it takes pictures of many sizes; else all are brought to the one size that it has.
 */
export interface ImageEncoder {
  family: string;
  side: number;
  dynamic: boolean;
}

/**
 * What really runs: filled from the loaded engine, never from what was asked for.
 *
 * `memory_bytes` is what it holds once it is loaded; None where it does not tell.
 */
export interface EngineInfo {
  engine: string;
  backend: "cpu" | "webgpu";
  threads: number;
  context_window: number;
  images: boolean;
  encoder: ImageEncoder | null;
  load_ms: number;
  memory_bytes: number | null;
}

/**
 * State of the chosen model. `loaded_bytes` of `total_bytes` while files are fetched and checked.
 *
 * An unloaded model takes no memory; the next message has it loaded again.
 */
export interface ModelStatus {
  state: "absent" | "fetching" | "loading" | "ready" | "failed" | "unloaded";
  card: ModelCard | null;
  engine: EngineInfo | null;
  stage: string;
  loaded_bytes: number;
  total_bytes: number;
  kept: boolean;
  error: ErrorInfo | null;
}

/** For commands that need nothing. */
export type NoParams = Record<string, never>;

/** Names a session. */
export interface SessionRef {
  session_id: string;
}

/** Names a message of a session. */
export interface MessageRef {
  session_id: string;
  message_id: string;
}

/** Where things are kept. `durable` is false when the browser gives no OPFS: then nothing outlives the tab. */
export interface StorageInfo {
  durable: boolean;
  database_bytes: number;
  reason: string;
}

/** What the page needs to draw itself, given once Python is up. */
export interface AppInfo {
  version: string;
  sessions: Session[];
  settings: Settings;
  storage: StorageInfo;
  model: ModelStatus;
  providers: Provider[];
}

/** A new title for a session. */
export interface SessionRename {
  session_id: string;
  title: string;
}

/** All generation parameters of a session at once. */
export interface SessionParameters {
  session_id: string;
  parameters: Parameters;
}

/** What to look for in titles and texts; words are matched by their beginning. */
export interface SearchQuery {
  query: string;
  limit?: number;
}

/** A person's message. At least text, one image or one file. */
export interface MessageSend {
  session_id: string;
  text: string;
  images?: NewImage[];
  files?: NewFile[];
}

/** A new version of a person's message; its images and files stay. The older version is kept as a sibling. */
export interface MessageEdit {
  session_id: string;
  message_id: string;
  text: string;
}

/** Names a stored picture. */
export interface ImageRef {
  image_id: string;
}

/** The bytes of a stored picture. */
export interface ImageBytes {
  bytes: Uint8Array;
  mime: string;
}

/** Names a stored file. */
export interface FileRef {
  file_id: string;
}

/** A stored file; `text` is what was read in its bytes. */
export interface FileText {
  name: string;
  mime: string;
  text: string;
}

/** Both messages exist in the store when this answer arrives. */
export interface Sent {
  user_message_id: string;
  assistant_message_id: string;
}

/** How far start-up is. `total_bytes` 0 means that the stage cannot be measured in bytes. */
export interface BootProgress {
  stage: "python" | "packages" | "database" | "app";
  label: string;
  loaded_bytes: number;
  total_bytes: number;
}

/** Start-up ended; the page shows the reason and Retry. */
export interface BootFailed {
  error: ErrorInfo;
}

/** Who holds the database: this tab, another one, or another one that took it over from this one. */
export interface DatabaseOwner {
  owner: "this" | "other" | "lost";
}

/** A session is new or its title, order, parameters or state changed. */
export interface SessionChanged {
  session: Session;
}

/** A session was deleted (it can be restored until the app ends). */
export interface SessionRemoved {
  session_id: string;
}

/** A message of the active branch is new or changed as a whole; unknown ids are appended. */
export interface MessageChanged {
  message: Message;
}

/**
 * More text of an answer (Amplifier's `content_block:delta`), a batch of tokens at a time.
 *
 * `index` counts the parts of the message; a part that does not exist yet is created with type `kind`.
 */
export interface ContentDelta {
  session_id: string;
  message_id: string;
  index: number;
  kind: "text" | "reasoning";
  text: string;
}

/** The active branch changed (edit, regenerate, other version, deletion): draw it anew. */
export interface ConversationChanged {
  conversation: Conversation;
}

/** Something people should know that belongs to no message. `level` error stays until dismissed. */
export interface Notice {
  level: "info" | "warning" | "error";
  code: string;
  message: string;
  action: string;
}

/**
 * How answers are to look: `text` as the model likes, JSON of the schema in `json_schema`, one of `choices`, or
 * text that follows `grammar` (GBNF).
 */
export interface AnswerFormat {
  kind: "text" | "json_schema" | "choices" | "grammar";
  json_schema: string;
  choices: string[];
  grammar: string;
}

/** The form of a session's answers. */
export interface SessionAnswerFormat {
  session_id: string;
  format: AnswerFormat;
}

/** A tool as a person chooses it for a conversation. `access` read runs at once, the rest asks first. */
export interface ToolInfo {
  name: string;
  description: string;
  access: "read" | "write" | "network" | "code";
  parameters: Record<string, unknown>;
  enabled: boolean;
}

/** Names a session; None stands for a new chat. */
export interface ToolsOf {
  session_id?: string | null;
}

/** All tools that a session offers to the model; None gives it back to the model's card. */
export interface ToolChoice {
  session_id: string;
  names?: string[] | null;
}

/** What a person answers to a tool that asks. Conversation: the same tool asks no more in this conversation. */
export interface ApprovalAnswer {
  session_id: string;
  approval_id: string;
  choice: "once" | "conversation" | "deny";
}

/** Whether the camera on the page is open and gives pictures. */
export interface CameraState {
  open: boolean;
}

/** The answer to `camera:wanted`; None where the camera gave none. */
export interface CameraFrame {
  request_id: string;
  image: NewImage | null;
}

/** Python wants to see what the open camera sees now. */
export interface CameraWanted {
  request_id: string;
}

/** The turn for which these origins were opened has ended; one that was opened twice stands here twice. */
export interface OriginsReleased {
  origins: string[];
}

/** Which conversation to export, and how: `json` has everything, `markdown` is the branch on screen to be read. */
export interface SessionExport {
  session_id: string;
  format: "json" | "markdown";
}

/** A file to be saved by the person. */
export interface ExportedFile {
  name: string;
  mime: string;
  bytes: Uint8Array;
}

/** A file that this app has exported; `trusted`: its extensions are switched on where they were. */
export interface ImportFile {
  name?: string;
  bytes: Uint8Array;
  trusted?: boolean;
}

/**
 * What an import did. `added` and `copied` are ids of sessions; copies were needed where the same conversation is
 * there and differs. `unchanged` counts those that are there already. `settings` are those that hold now, if the file
 * had any.
 */
export interface Imported {
  added: string[];
  copied: string[];
  unchanged: number;
  settings: Settings | null;
}

/** Code to run; `session_id` is the conversation that `session` stands for, None a new one. */
export interface ConsoleCode {
  run_id: string;
  code: string;
  session_id?: string | null;
}

/** How a run ended: `value` is the repr of a last expression, `traceback` has the person's own lines. */
export interface ConsoleResult {
  status: "done" | "failed" | "stopped";
  value: string | null;
  traceback: string | null;
  duration_ms: number;
}

/** More that a run printed. */
export interface ConsoleOutput {
  run_id: string;
  stream: "out" | "err";
  text: string;
}

/** The code before the cursor. */
export interface CompletionQuery {
  before: string;
}

/** A name that could come here; `detail` is its signature or kind. */
export interface CompletionOption {
  label: string;
  kind: "function" | "class" | "module" | "variable" | "keyword" | "property";
  detail: string;
}

/** Names that could come here, in place of the last `length` characters before the cursor. */
export interface Completions {
  length: number;
  options: CompletionOption[];
}

/**
 * One file: the names of what it brings, where it is switched on, and the traceback of what went wrong in it.
 *
 * `enabled` is about the session that was asked for; `everywhere` holds where no session says otherwise.
 */
export interface ExtensionInfo {
  name: string;
  tools: string[];
  hooks: string[];
  providers: string[];
  module: boolean;
  error: string | null;
  everywhere: boolean;
  enabled: boolean;
  updated_at: number;
}

/** Names an extension. */
export interface ExtensionRef {
  name: string;
}

/** An extension as a file `<name>.py`. Small letters, digits and underscores, so that it can be imported. */
export interface ExtensionFile {
  name: string;
  source: string;
}

/** Which session `enabled` is about; None stands for a new chat. */
export interface ExtensionQuery {
  session_id?: string | null;
}

/** Switch an extension on or off in a session, or everywhere. */
export interface ExtensionChoice {
  name: string;
  session_id: string | null;
  enabled: boolean;
}

/**
 * A package that is there. `origin` is where it came from, "" for a file; `size` in bytes.
 *
 * `missing` names what it needs and what is not there; `error` says why it cannot be imported.
 */
export interface PackageInfo {
  name: string;
  version: string;
  origin: string;
  size: number;
  imports: string[];
  missing: string[];
  error: string;
}

/** A wheel `<name>-<version>-py3-none-any.whl` of the person's. */
export interface WheelFile {
  name: string;
  bytes: Uint8Array;
}

/**
 * A requirement such as `attrs` or `rich>=13`, to be got with all that it needs from a package index.
 *
 * `index_url` "" is micropip's own index, PyPI.
 */
export interface PackageRequest {
  requirement: string;
  index_url?: string;
}

/** Names a package. */
export interface PackageRef {
  name: string;
}

/** The packages that were added; none where `needs` names an origin that the person must open first. */
export interface PackagesAdded {
  added: string[];
  needs: string;
}

/**
 * A server to add. Its origin must have been opened before; its models are fetched, or nothing is added.
 *
 * The key stays in memory, unless a passphrase is given: then it is also kept, sealed with it.
 */
export interface NewProvider {
  kind: "openai" | "anthropic";
  name?: string;
  base_url: string;
  key?: string;
  passphrase?: string;
}

/** Names a provider. */
export interface ProviderRef {
  provider_id: string;
}

/** Another key for a provider; "" forgets it. With a passphrase it is also kept, sealed. */
export interface ProviderKey {
  provider_id: string;
  key?: string;
  passphrase?: string;
}

/** The passphrase that opens the kept keys. */
export interface Unlock {
  passphrase: string;
}

/** Which models answer a session: the first that can. None at all leaves it to the settings. */
export interface SessionChain {
  session_id: string;
  chain: ModelChoice[];
}

/** The browser's own model is on this device and holds this many tokens. */
export interface BrowserModelFound {
  context_window: number;
}

/** Providers, their models or the state of their keys changed. */
export interface ProvidersChanged {
  providers: Provider[];
}

/**
 * One event. `turn` is the id of the answer that was being written, `at` seconds since the Unix epoch.
 *
 * `outcome`: `passed` every hook, `changed` by a hook (`data` is what it became), or `ended` by one.
 */
export interface TraceEvent {
  seq: number;
  turn: string | null;
  at: number;
  event: string;
  outcome: "passed" | "changed" | "ended";
  data: Record<string, unknown>;
}

/** The recorded events of a session, oldest first. */
export interface TraceLog {
  events: TraceEvent[];
}

/** Names a model. */
export interface ModelRef {
  model_id: string;
}

/**
 * Whether a model runs on this device, and why.
 *
 * `bytes` is what has to be fetched, `memory_bytes` what it needs while it runs; `estimated` says that both follow
 * from the number of its parameters, because its files have not been looked up yet. `tokens_per_second` comes from
 * the measurement of this device, None without one. `alternative` would run instead.
 */
export interface Fit {
  verdict: "runs" | "slow" | "cannot";
  reason: string;
  bytes: number;
  memory_bytes: number;
  estimated: boolean;
  tokens_per_second: number | null;
  alternative: string | null;
}

/**
 * A model as people see it. `installed`: its files lie on this device. `origins` are contacted to fetch them.
 *
 * `held`: its files are in memory, for this visit; `holdable`: they could be, should there be no room on the disk.
 */
export interface CatalogueEntry {
  card: ModelCard;
  installed: boolean;
  held: boolean;
  holdable: boolean;
  fit: Fit;
  options: EngineOptions;
  origins: string[];
}

/** All models that are known here. `recommended` is the best one for this device. */
export interface CatalogueList {
  entries: CatalogueEntry[];
  recommended: string | null;
  device: Device;
  measured: Measured | null;
}

/** What a person typed: a repository id of the hub, the address of a repository or of a file. */
export interface RepoQuery {
  text: string;
}

/** One way to take a model from a repository: usually one quantisation. `advice` weighs it. */
export interface Variant {
  card: ModelCard;
  fit: Fit;
  advice: string;
}

/** What was found. `repo` is "" for a file that belongs to none. */
export interface Offer {
  repo: string;
  revision: string;
  variants: Variant[];
  origins: string[];
}

/** A model that a person wants in the catalogue: one of the variants that were offered. */
export interface NewModel {
  card: ModelCard;
}

/** The beginning of a file on this machine, and its whole size. */
export interface FileHead {
  name: string;
  size: number;
  head: Uint8Array;
}

/** The files that together are to be one model. */
export interface FileHeads {
  files: FileHead[];
}

/** `card` is the model that the files are; while it is None, give the first `needed` bytes of each. */
export interface HeadsRead {
  card: ModelCard | null;
  fit: Fit | null;
  needed: number[];
}

/** All files of a model came from the person's disk. */
export interface ImportedModel {
  model_id: string;
  files: FileFacts[];
}

/** The advanced settings of a model. */
export interface ModelOptions {
  model_id: string;
  options: EngineOptions;
}

/** A key that lets a program on this machine ask. `hint` is its end, by which people tell keys apart. */
export interface ApiKey {
  id: string;
  name: string;
  hint: string;
  created_at: number;
}

/** A key to make. */
export interface NewApiKey {
  name?: string;
}

/** A new key with its secret, which is shown once and kept nowhere. */
export interface MadeApiKey {
  key: ApiKey;
  secret: string;
}

/** Names a key. */
export interface ApiKeyRef {
  key_id: string;
}

/**
 * How clients are answered.
 *
 * `question`, `frames` (of the last so many pictures), `max_tokens`, `temperature` and `top_p` hold for clients of the
 * VILA protocol; `openai` opens the OpenAI-compatible endpoint.
 */
export interface RelaySettings {
  openai: boolean;
  question: string;
  frames: number;
  max_tokens: number;
  temperature: number;
  top_p: number;
}

/** Other settings; what is None stays. */
export interface RelayChange {
  openai?: boolean | null;
  question?: string | null;
  frames?: number | null;
  max_tokens?: number | null;
  temperature?: number | null;
  top_p?: number | null;
}

/** A page that asks over a MessageChannel: its key, and its origin as the name that the person sees. */
export interface NewPort {
  key: string;
  name?: string;
}

/** Names a port. */
export interface PortRef {
  port_id: string;
}

/** What came in at a port. */
export interface PortMessage {
  port_id: string;
  text: string;
}

/** What goes out at a port: a message, or its end with a close code of WebSockets and the reason. */
export interface PortSaid {
  port_id: string;
  text: string | null;
  code: number | null;
  reason: string;
}

/** A program that is connected. `frames` counts what it sent, `replies` what it got. */
export interface RelayClient {
  id: number;
  kind: "vila" | "openai";
  key_id: string;
  name: string;
  frames: number;
  replies: number;
}

/**
 * Everything about the relay.
 *
 * `off`: there is no key, so nobody may ask; `connecting`; `connected`; `absent`: the page's server relays nothing (or
 * cannot be reached), `reason` says why; `elsewhere`: another tab answers. Programs reach it at `vila_url` and
 * `openai_url`. `fault` is why the last question could not be answered.
 */
export interface RelayState {
  state: "off" | "connecting" | "connected" | "absent" | "elsewhere";
  reason: string;
  fault: string;
  vila_url: string;
  openai_url: string;
  keys: ApiKey[];
  clients: RelayClient[];
  settings: RelaySettings;
}

/**
 * How a download goes about it. A part is what one request asks for; no more than half of one is ever lost.
 *
 * After a failure it waits `retry_ms`, twice as long after each further one, never more than half a minute unless the
 * server asks for it; after `attempts` in a row that brought nothing it gives up. A connection on which nothing came
 * for `stall_ms` counts as broken. `wait_online`: while the device is offline it waits instead of failing.
 */
export interface FetchTuning {
  part_bytes?: number;
  connections?: number;
  attempts?: number;
  retry_ms?: number;
  stall_ms?: number;
  wait_online?: boolean;
}

/** What a file turned out to be. */
export interface FileFacts {
  name: string;
  size: number;
  sha256: string;
}

/** A file on disk. `whole` false: a download that is not finished; `size` then counts its durable bytes. */
export interface StoredFile {
  name: string;
  size: number;
  whole: boolean;
  modified_at: number;
}

/** The files of a model on disk. */
export interface StoredModel {
  model_id: string;
  files: StoredFile[];
}

/**
 * Everything on disk, and how much the browser lets this origin keep (0: it does not say).
 *
 * `prompt_bytes` is what an engine has kept of prompts, so that conversations go on without being read again.
 */
export interface StoredFiles {
  models: StoredModel[];
  usage: number;
  quota: number;
  prompt_bytes: number;
}

/** Delete a model's files, whole and unfinished ones. */
export interface RemoveFiles {
  model_id: string;
}

/** A GGUF file in the person's own folder. `path` is relative to it, with `/` between its steps. */
export interface FolderFile {
  path: string;
  size: number;
}

/**
 * The folder on the person's disk, and its GGUF files while it may be read.
 *
 * `none`: none was chosen; `ask`: the browser wants the person to allow it again; `denied`: they, or the browser, said
 * no; `gone`: it is no longer where it was.
 */
export interface FolderFiles {
  state: "none" | "open" | "ask" | "denied" | "gone";
  name: string;
  files: FolderFile[];
}

/** The first `length` bytes of a file in that folder. */
export interface ReadFolder {
  path: string;
  length: number;
}

/** The beginning of a file. */
export interface FolderPiece {
  bytes: Uint8Array;
}

/** Copy a model's files from the browser's store into the person's folder, and check every copy by its hash. */
export interface TakeIntoFolder {
  model_id: string;
  files: FileFacts[];
}

/** Bytes written and read again so far; every byte counts for two. */
export interface CopyProgress {
  loaded_bytes: number;
  total_bytes: number;
}

/**
 * GET something small from an origin that is open for downloads; redirects are followed.
 *
 * `length` 0 asks for all of it, otherwise for that many bytes from `offset` on. Never more than 16 MiB come. Errors:
 * `remote_off`, `origin_closed`, `server_unreachable`.
 */
export interface ReadUrl {
  url: string;
  offset?: number;
  length?: number;
  headers?: Record<string, string>;
}

/** An answer, whatever its status. `total` is the size of the whole thing, 0 where the server does not say. */
export interface UrlContent {
  status: number;
  url: string;
  headers: Record<string, string>;
  total: number;
  bytes: Uint8Array;
}

/** Put a model into the queue; `first` before all others. */
export interface StartDownload {
  model_id: string;
  first?: boolean;
}

/** Another place in the queue, counted from 0. */
export interface MoveDownload {
  model_id: string;
  place: number;
}

/** How far one file is. `total_bytes` 0: not known yet. */
export interface FileProgress {
  name: string;
  loaded_bytes: number;
  total_bytes: number;
  bytes_per_second: number;
  seconds_left: number | null;
}

/**
 * One model in the queue. `total_bytes` 0: not known yet. `stage` is what happens now, for people.
 *
 * `needs_space`: it waits until `needed_bytes` more are free. `paused` is the person's wish; `failed` says why.
 * `engine` is "" as long as the model's files have not been looked up.
 */
export interface Download {
  model_id: string;
  name: string;
  engine: string;
  state: "queued" | "running" | "paused" | "needs_space" | "failed" | "done";
  stage: string;
  loaded_bytes: number;
  total_bytes: number;
  bytes_per_second: number;
  seconds_left: number | null;
  files: FileProgress[];
  needed_bytes: number;
  error: ErrorInfo | null;
}

/** The queue in its order, what is done since the app started last; the rate and time left of all together. */
export interface Downloads {
  downloads: Download[];
  bytes_per_second: number;
  seconds_left: number | null;
}

/** A file on disk. `whole` false: not finished. `verified_at`: when its sha256 was last computed and right. */
export interface KeptFile {
  name: string;
  size: number;
  whole: boolean;
  sha256: string;
  verified_at: number | null;
}

/**
 * A model on disk. `complete`: every file of its card is there. `loaded`: an engine is using it.
 *
 * A pinned model is never offered for eviction.
 */
export interface KeptModel {
  model_id: string;
  name: string;
  engine: string;
  size: number;
  complete: boolean;
  pinned: boolean;
  loaded: boolean;
  used_at: number | null;
  files: KeptFile[];
}

/**
 * Everything on this device, the least recently used model last. `quota` 0: the browser does not say.
 *
 * `prompt_bytes` is what engines have kept of conversations, so that they need not be read again.
 */
export interface StorageReport {
  models: KeptModel[];
  usage: number;
  quota: number;
  prompt_bytes: number;
}

/** Whether a model may ever be offered for eviction. */
export interface PinModel {
  model_id: string;
  pinned: boolean;
}

/**
 * What would have to go so that a download fits: the least recently used models that are neither pinned nor in use.
 *
 * `enough` false: even without all of them there is no room.
 */
export interface EvictionPlan {
  needed_bytes: number;
  models: KeptModel[];
  enough: boolean;
}

/** Delete these models, as the person agreed, and go on with the download that needs the room. */
export interface EvictModels {
  model_ids: string[];
  then: string;
}

/** What a check found: the files whose bytes had changed, and how many bytes were fetched to mend them. */
export interface Verified {
  model_id: string;
  repaired: string[];
  fetched_bytes: number;
}

/** What is on disk changed: ask again. */
export interface StorageChanged {
}

/** A model that lies in the folder. */
export interface FolderModel {
  model_id: string;
  name: string;
  size: number;
}

/** A file in the folder that is no model, and why. */
export interface FolderProblem {
  path: string;
  message: string;
}

/** A model on its way into the folder; every byte is written and read again. */
export interface Moving {
  model_id: string;
  loaded_bytes: number;
  total_bytes: number;
}

/**
 * The folder on the person's disk, and what was found there when it could be read last.
 *
 * `none`: none was chosen; `ask`: the browser wants the person to allow it again; `denied`: they, or the browser, said
 * no; `gone`: it is no longer where it was.
 */
export interface FolderState {
  state: "none" | "open" | "ask" | "denied" | "gone";
  name: string;
  models: FolderModel[];
  problems: FolderProblem[];
  moving: Moving | null;
}

/**
 * What the model said about a picture, and what it took.
 *
 * `images` is how many it is about, `image_ms` their encoding, `memory_bytes` what the engine holds. `restarts` is 1
 * where the engine crashed and the picture was looked at again.
 */
export interface Description {
  text: string;
  finish_reason: string;
  model: string;
  images: number;
  prompt_tokens: number;
  image_tokens: number;
  completion_tokens: number;
  cached_tokens: number;
  time_to_first_token_ms: number | null;
  image_ms: number | null;
  total_ms: number | null;
  tokens_per_second: number | null;
  hardware: string;
  memory_bytes: number | null;
  restarts: number;
}

/**
 * What a watch does when the answer changes.
 *
 * `yes_no` asks the prompt as a question, `schema` asks for JSON of `json_schema`. `when` narrows a yes/no watch to
 * one direction. `arguments` is a JSON object; {answer}, {before}, {question}, {time} in its texts are filled in.
 */
export interface LiveWatch {
  kind: "yes_no" | "schema";
  json_schema: string;
  when: "change" | "yes" | "no";
  notify: boolean;
  todo: boolean;
  tool: string;
  arguments: string;
}

/**
 * How the Live view looks; kept. `watch` None describes, else it watches.
 *
 * `interval` is the shortest time between two descriptions in seconds, 0 is as fast as it goes. `threshold` is the
 * difference (percent) from which a frame counts as another scene. `frames` is how many frames make a series.
 * `system_prompt` comes before the picture, so it is read once and stays in the KV cache.
 */
export interface LiveSettings {
  prompt: string;
  system_prompt: string;
  max_tokens: number;
  temperature: number;
  interval: number;
  threshold: number;
  frames: number;
  fit: "auto" | "pad" | "crop" | "squeeze";
  detail: "auto" | "low" | "high";
  watch: LiveWatch | null;
}

/** One frame to look at, or the last frames as a series, oldest first. */
export interface LiveFrame {
  images: NewImage[];
  source?: string;
  difference?: number;
}

/**
 * One description in the history. `answer` is a watch's answer, `fired` says that it changed and what was wanted.
 *
 * `picture` says whether the frame is still kept: only those of the newest are.
 */
export interface LiveCaption {
  id: number;
  at: number;
  prompt: string;
  text: string;
  answer: string | null;
  fired: boolean;
  source: string;
  difference: number;
  picture: boolean;
  description: Description;
}

/** Which part of the history: texts that contain `query`, older than the caption `before`, newest first. */
export interface LiveQuery {
  query?: string;
  before?: number | null;
  limit?: number;
}

/** Captions, newest first, and how many there are in all. */
export interface LiveHistory {
  captions: LiveCaption[];
  total: number;
}

/** Names a caption. */
export interface LiveCaptionRef {
  caption_id: number;
}

/** Which captions become a conversation, oldest first; none at all means the newest 200. */
export interface LiveSave {
  caption_ids?: number[];
}

/** The description under way as far as it is written. */
export interface LiveText {
  text: string;
}

/** A watched answer changed. */
export interface LiveFired {
  caption: LiveCaption;
  before: string;
  notify: boolean;
}

/** The tool call of a watch as it goes: asking, running, done, failed, denied. */
export interface LiveTool {
  call: ToolCallPart;
}

/**
 * A stream of pictures that Python wants of a camera. Sizes in pixels, `jpeg_quality` 1 to 100.
 *
 * `device_index` counts the cameras of this machine from 0.
 */
export interface CameraWish {
  id: string;
  fps: number;
  width: number;
  height: number;
  jpeg_quality: number;
  device_index: number;
}

/** All streams that are wanted now; the page opens, keeps and ends cameras accordingly. */
export interface CameraStreams {
  wishes: CameraWish[];
}

/** One picture of a wish: a JPEG, when it was taken (s), and the size that the camera really gives (px). */
export interface CameraPicture {
  wish_id: string;
  timestamp: number;
  width: number;
  height: number;
  bytes: Uint8Array;
}

/** A wish that cannot be fulfilled, or no longer. */
export interface CameraFailure {
  wish_id: string;
  error: ErrorInfo;
}

/** Send the camera to an endpoint of the VILA streaming protocol. Its origin must have been opened before. */
export interface VilaStart {
  url: string;
  key?: string;
  fps?: number;
  width?: number;
  height?: number;
  jpeg_quality?: number;
  device_index?: number;
}

/**
 * How a client is doing.
 *
 * `fps` is the rate it keeps to at the moment, `dropped` counts frames that were too old or came while the network was
 * busy, `buffered` those that wait for the connection to come back. `origin` is the server, `wish_id` names the
 * camera's stream.
 */
export interface VilaHealth {
  state: "off" | "connecting" | "streaming" | "waiting" | "failed";
  origin: string;
  wish_id: string;
  fps: number;
  sent: number;
  dropped: number;
  buffered: number;
  waiting_bytes: number;
  replies: number;
  reconnects: number;
  retry_in_s: number;
  error: ErrorInfo | null;
}

/** What the endpoint said; `at` is when it came (s). */
export interface VilaReply {
  text: string;
  at: number;
}

/** Code wants to reach an origin; `purpose` ends the sentence "Python code wants to ...". */
export interface OriginQuestion {
  id: string;
  origin: string;
  purpose: string;
}

/** The question that is open now, or that none is. */
export interface OriginAsked {
  question: OriginQuestion | null;
}

/** What the person says. Allowed, the origin has been opened before. */
export interface OriginAnswer {
  id: string;
  allow: boolean;
}

/**
 * One answer of at most `max_tokens`. Of the prompt only what the engine read anew counts.
 *
 * None where the engine does not tell. An answer that the model ended itself is shorter.
 */
export interface SpeedRow {
  max_tokens: number;
  prompt_tokens: number;
  completion_tokens: number;
  first_token_ms: number | null;
  prompt_tokens_per_second: number | null;
  tokens_per_second: number | null;
}

/** A model as one engine ran it. `image_ms` is the encoding of one picture, None for a model that sees none. */
export interface SpeedReport {
  model_id: string;
  model: string;
  engine: string;
  hardware: string;
  at: number;
  rows: SpeedRow[];
  image_ms: number | null;
  memory_bytes: number | null;
}

/** What was measured, the newest first. While it measures, `doing` says what, the `done`th of `steps`. */
export interface Speeds {
  reports: SpeedReport[];
  doing: string;
  done: number;
  steps: number;
}

/**
 * One request to another origin. Only the worker "remote" may make one, and only to origins a person has opened.
 *
 * Streams `HttpPiece`: the first has the head, the others the body: text, decoded as UTF-8, or bytes if `binary`. A
 * redirection is an error unless it stays within the origin and `redirects` lets it. Errors: `remote_off` (nothing
 * enforces the list of origins here), `origin_closed`, `server_unreachable` (also when a stream breaks off).
 */
export interface HttpRequest {
  url: string;
  method?: "GET" | "POST";
  headers?: Record<string, string>;
  body?: string | null;
  binary?: boolean;
  redirects?: "refused" | "same_origin";
}

/** Status and headers of a response; the names of headers are in lower case. */
export interface HttpHead {
  status: number;
  headers: Record<string, string>;
}

/** What came of a response since the last piece. */
export interface HttpPiece {
  head: HttpHead | null;
  text: string;
  data: Uint8Array | null;
}

/**
 * A WebSocket to another origin, as the worker "remote" may open it, or to this one.
 *
 * A worker holds one. Streams `SocketPiece`, the first when the socket is open; the result comes when it has closed.
 * Errors as for `http.stream`.
 */
export interface OpenSocket {
  url: string;
}

/** None: the socket is open. Else a message, decoded as UTF-8. */
export interface SocketPiece {
  text: string | null;
}

/** How a socket closed: RFC 6455's code and the reason that came with it. */
export interface SocketEnd {
  code: number;
  reason: string;
}

/** A message; it is not sent while more than `most_waiting` bytes wait to leave. */
export interface SendText {
  text: string;
  most_waiting?: number | null;
}

/** Whether a message was sent, and the bytes that wait to leave now. */
export interface SentText {
  sent: boolean;
  waiting_bytes: number;
}

/** End a socket: 1000 or 3000 to 4999. */
export interface CloseSocket {
  code?: number;
  reason?: string;
}

/** Encrypt a short text with a passphrase (PBKDF2-SHA-256, AES-256-GCM); the result is base64. */
export interface SealSecret {
  passphrase: string;
  text: string;
}

/** Decrypt what `secret.seal` gave. The error `wrong_passphrase` also covers damage. */
export interface OpenSecret {
  passphrase: string;
  sealed: string;
}

/**
 * Bring the files of a model to this machine, checked by sha256. `base_url` is absolute.
 *
 * Streams `FetchProgress`. A file that is there with the right hash is not fetched again (above 64 MiB the right size
 * must do, unless `thorough`); of a damaged one the damaged parts are fetched again. What came wrong is deleted and
 * fetched once more, a second mismatch is the error `file_corrupt`. Broken connections are taken up where they broke,
 * also by the next call. Sizes of 0 and empty hashes are not known: then what comes is what it is. Two callers that
 * want the same model make one download. Other errors: `fetch_failed`, `storage_full`, `origin_closed`, `remote_off`.
 *
 * The files are kept in OPFS. Where that cannot be, or with `hold`, the worker answers `kept: false` and holds them in
 * its memory: as long as it lives, an engine's worker finds them there by `files.take`. With `keep` it never does so:
 * a full disk is the error `storage_full`, and what came stays for the next call.
 */
export interface FetchFiles {
  model_id: string;
  base_url: string;
  files: ModelFile[];
  keep?: boolean;
  hold?: boolean;
  thorough?: boolean;
  tuning?: FetchTuning;
}

/**
 * Bytes so far over all files and of the one at hand; `stage` is what happens now. Totals of 0 are not known.
 *
 * `waiting`: for another tab that fetches the same; `retrying`: until the next attempt; `offline`: for the network.
 */
export interface FetchProgress {
  stage: "waiting" | "checking" | "fetching" | "retrying" | "offline";
  file: string;
  loaded_bytes: number;
  total_bytes: number;
  file_loaded_bytes: number;
  file_total_bytes: number;
}

/**
 * `kept` false: the files are not on disk, `reason` says why. `fetched_bytes` is 0 when all was there already.
 *
 * `files` are the facts of those whose hash was computed now, `repaired` the names of those that were damaged.
 */
export interface FetchedFiles {
  kept: boolean;
  fetched_bytes: number;
  reason: string;
  files: FileFacts[];
  repaired: string[];
}

/** Take the files of a model that a downloads worker holds in memory; no answer comes while none does. */
export interface TakeFiles {
  model_id: string;
  names: string[];
}

/**
 * Load fetched files into the engine, in place of the model before. Contexts in tokens.
 *
 * The worker finds the files by `model_id` and name: those it has taken, else those in OPFS; one whose `url` is
 * `folder:<path>` in the person's own folder, or fails with `folder_closed`. `context_window` is the default of the
 * model; what `options` say goes before it. Their `threads` None lets the worker choose: half the
 * processors. A number is honoured up to the number of processors; without isolation it is one.
 */
export interface LoadModel {
  model_id: string;
  files: ModelFile[];
  context_window: number;
  purpose: "chat" | "embedding" | "rerank";
  options: EngineOptions;
}

/** What an engine is doing while it loads a model, in words; engines that load in one go say nothing. */
export interface LoadProgress {
  stage: string;
}

/**
 * A picture in a message: any file that browsers decode. It must come before the text it belongs to.
 *
 * The worker brings it to the encoder's own size. `fit` says how, where its shape is another: pad (nothing is lost),
 * crop (the middle), squeeze (everything, distorted), auto (as the model was trained). `detail` is OpenAI's word: low
 * is 256 pixels a side where the encoder can do with less than its most, high its most, auto low where a large encoder
 * runs on a CPU.
 */
export interface ImageContent {
  type: "image";
  data: Uint8Array;
  fit?: "auto" | "pad" | "crop" | "squeeze";
  detail?: "auto" | "low" | "high";
}

/** Text in a message. */
export interface TextContent {
  type: "text";
  text: string;
}

/** `arguments` is a JSON object as a string, as in OpenAI's API. */
export interface FunctionCall {
  name: string;
  arguments: string;
}

/** A tool call in an assistant message. */
export interface ToolCall {
  id: string;
  type: "function";
  function: FunctionCall;
}

/** One message in OpenAI's shape. `content` is text, or parts where there are pictures. */
export interface ChatMessage {
  role: "system" | "user" | "assistant" | "tool";
  content?: string | (TextContent | ImageContent)[] | null;
  tool_calls?: ToolCall[] | null;
  tool_call_id?: string | null;
}

/** A tool's name, purpose and JSON schema. */
export interface ToolFunction {
  name: string;
  description?: string;
  parameters: Record<string, unknown>;
}

/** A tool in OpenAI's shape. */
export interface ToolSpec {
  type: "function";
  function: ToolFunction;
}

/**
 * OpenAI chat-completions request; None leaves the engine's default.
 *
 * After `silence_seconds` without a sign of life (a token, a line of the engine's log) the engine counts as hung: the
 * request fails with `engine_crashed` and a new instance takes its place. None leaves the worker's own patience.
 * `tool_choice` is "auto", "required" or a tool's name. `response_format` is OpenAI's `json_schema` or {"type":
 * "grammar", "grammar": GBNF}. `token_ids` asks for the numbers of the answer's tokens, which "webllm" can tell, and
 * of "llamacpp" Cloche's own engine; elsewhere the list stays empty.
 */
export interface ChatRequest {
  messages: ChatMessage[];
  tools?: ToolSpec[] | null;
  tool_choice?: string | null;
  max_tokens?: number;
  temperature?: number | null;
  top_p?: number | null;
  top_k?: number | null;
  min_p?: number | null;
  seed?: number | null;
  stop?: string[] | null;
  response_format?: Record<string, unknown> | null;
  silence_seconds?: number | null;
  token_ids?: boolean;
}

/** A piece of tool call number `index`; pieces of `arguments` are appended. */
export interface ToolCallDelta {
  index: number;
  id: string | null;
  name: string | null;
  arguments: string | null;
}

/** What came since the last batch. */
export interface Delta {
  text: string;
  reasoning: string;
  tool_calls: ToolCallDelta[];
}

/**
 * End of a completion: the whole text and calls again (for callers that did not stream), usage, timings.
 *
 * `memory_bytes` is what the engine holds by then, model and cache included; None where it does not tell.
 */
export interface Completion {
  text: string;
  reasoning: string;
  tool_calls: ToolCall[];
  finish_reason: "stop" | "length" | "tool_calls";
  usage: Usage;
  timings: Timings;
  token_ids: number[];
  memory_bytes: number | null;
}

/**
 * Texts to be counted with the loaded model's tokenizer; special tokens such as `<|im_end|>` count as one.
 *
 * Costs about 10 ms for each text and each 1,000 tokens of the context window, and leaves the KV cache alone: count
 * a text once and remember.
 */
export interface CountTokens {
  texts: string[];
}

/** Load an interpreter of its own, then close it off. `base_url` is absolute. */
export interface StartSandbox {
  base_url: string;
  memory_bytes: number;
}

/** One piece of code; a worker runs one and is ended then, or before when it takes too long. */
export interface RunPython {
  code: string;
}

/** What was printed, the last expression's value, the traceback of what was raised, figures as SVG. */
export interface RunResult {
  output: string;
  value: string;
  error: string;
  figures: string[];
}

/** Texts for a model that was loaded for embeddings; the answer holds one `Embedding` for each, in their order. */
export interface EmbedTexts {
  texts: string[];
}

/** A text's vector, of length 1. */
export interface Embedding {
  vector: number[];
  tokens: number;
}

/** Documents to be judged by how well they answer the query, by a model that was loaded to rerank. */
export interface RankTexts {
  query: string;
  documents: string[];
}

/** The documents' scores in their order: the higher the better. What a number means is the model's own affair. */
export interface Ranking {
  scores: number[];
  tokens: number;
}

/**
 * What this browser and this machine allow. Sizes in bytes; None where the browser does not tell.
 *
 * `memory_gb` is the browser's coarse figure, at most 8 or 32. `gpu` says whether there is an adapter, `gpu_software`
 * that it is no real one; `gpu_buffer_bytes` is the largest buffer it binds, `gpu_stage_buffers` how many of them at
 * once, `gpu_workgroup_bytes` what a workgroup shares; 0 where that is not known. `fast_engine`: Cloche's own build of
 * llama.cpp is there, which is several times faster on the processor and uses one thread.
 */
export interface Device {
  isolated: boolean;
  processors: number;
  memory_gb: number | null;
  gpu: boolean;
  gpu_software: boolean;
  gpu_description: string;
  gpu_features: string[];
  gpu_buffer_bytes: number;
  gpu_stage_buffers: number;
  gpu_workgroup_bytes: number;
  file_storage: boolean;
  used_bytes: number;
  quota_bytes: number;
  fast_engine: boolean;
}

/**
 * What this device did in a short matmul. `free_cores` is how many times one thread's work all processors did.
 *
 * `cpu_gflops` is one thread's rate, `gpu_gflops` the adapter's, None without one; `at` is when, in seconds.
 */
export interface Measured {
  cpu_gflops: number;
  free_cores: number;
  gpu_gflops: number | null;
  at: number;
}

/** Commands of the page to Python. */
export interface Commands {
  "app.info": { params: NoParams; result: AppInfo };
  "settings.set": { params: Settings; result: Settings };
  "model.load": { params: NoParams; result: ModelStatus };
  "session.create": { params: NoParams; result: Session };
  "session.open": { params: SessionRef; result: Conversation };
  "session.rename": { params: SessionRename; result: Session };
  "session.delete": { params: SessionRef; result: null };
  "session.restore": { params: SessionRef; result: Session };
  "session.set_parameters": { params: SessionParameters; result: Session };
  "session.search": { params: SearchQuery; result: SearchHit[] };
  "message.send": { params: MessageSend; result: Sent };
  "message.stop": { params: SessionRef; result: null };
  "message.regenerate": { params: MessageRef; result: Sent };
  "message.edit": { params: MessageEdit; result: Sent };
  "message.delete": { params: MessageRef; result: Conversation };
  "message.restore": { params: MessageRef; result: Conversation };
  "message.select_version": { params: MessageRef; result: Conversation };
  "image.get": { params: ImageRef; result: ImageBytes };
  "file.get": { params: FileRef; result: FileText };
  "session.answer_format": { params: SessionRef; result: AnswerFormat };
  "session.set_answer_format": { params: SessionAnswerFormat; result: AnswerFormat };
  "tools.list": { params: ToolsOf; result: ToolInfo[] };
  "tools.choose": { params: ToolChoice; result: ToolInfo[] };
  "approval.answer": { params: ApprovalAnswer; result: null };
  "camera.state": { params: CameraState; result: null };
  "camera.frame": { params: CameraFrame; result: null };
  "session.export": { params: SessionExport; result: ExportedFile };
  "session.fork": { params: MessageRef; result: Session };
  "archive.export": { params: NoParams; result: ExportedFile };
  "archive.import": { params: ImportFile; result: Imported };
  "console.run": { params: ConsoleCode; result: ConsoleResult };
  "console.stop": { params: NoParams; result: null };
  "console.complete": { params: CompletionQuery; result: Completions };
  "console.history": { params: NoParams; result: string[] };
  "extensions.list": { params: ExtensionQuery; result: ExtensionInfo[] };
  "extensions.read": { params: ExtensionRef; result: ExtensionFile };
  "extensions.save": { params: ExtensionFile; result: ExtensionInfo };
  "extensions.delete": { params: ExtensionRef; result: null };
  "extensions.choose": { params: ExtensionChoice; result: ExtensionInfo[] };
  "packages.list": { params: NoParams; result: PackageInfo[] };
  "packages.add": { params: WheelFile; result: PackagesAdded };
  "packages.fetch": { params: PackageRequest; result: PackagesAdded };
  "packages.remove": { params: PackageRef; result: null };
  "providers.list": { params: NoParams; result: Provider[] };
  "provider.add": { params: NewProvider; result: Provider };
  "provider.refresh": { params: ProviderRef; result: Provider };
  "provider.set_key": { params: ProviderKey; result: Provider };
  "provider.remove": { params: ProviderRef; result: null };
  "providers.unlock": { params: Unlock; result: Provider[] };
  "provider.browser": { params: BrowserModelFound; result: null };
  "session.set_chain": { params: SessionChain; result: Session };
  "trace.read": { params: SessionRef; result: TraceLog };
  "trace.export": { params: SessionRef; result: ExportedFile };
  "trace.clear": { params: SessionRef; result: null };
  "catalogue.list": { params: NoParams; result: CatalogueList };
  "catalogue.find": { params: RepoQuery; result: Offer };
  "catalogue.add": { params: NewModel; result: ModelCard };
  "catalogue.read_files": { params: FileHeads; result: HeadsRead };
  "catalogue.imported": { params: ImportedModel; result: ModelCard };
  "catalogue.remove": { params: ModelRef; result: null };
  "catalogue.set_options": { params: ModelOptions; result: CatalogueList };
  "device.measure": { params: NoParams; result: CatalogueList };
  "model.unload": { params: NoParams; result: ModelStatus };
  "model.hold": { params: ModelRef; result: null };
  "model.release": { params: ModelRef; result: null };
  "relay.state": { params: NoParams; result: RelayState };
  "relay.connect": { params: NoParams; result: RelayState };
  "relay.set": { params: RelayChange; result: RelayState };
  "relay.make_key": { params: NewApiKey; result: MadeApiKey };
  "relay.revoke_key": { params: ApiKeyRef; result: RelayState };
  "relay.open_port": { params: NewPort; result: PortRef };
  "relay.hear": { params: PortMessage; result: null };
  "relay.close_port": { params: PortRef; result: null };
  "download.list": { params: NoParams; result: Downloads };
  "download.start": { params: StartDownload; result: Downloads };
  "download.pause": { params: ModelRef; result: Downloads };
  "download.resume": { params: ModelRef; result: Downloads };
  "download.cancel": { params: ModelRef; result: Downloads };
  "download.move": { params: MoveDownload; result: Downloads };
  "storage.list": { params: NoParams; result: StorageReport };
  "storage.delete": { params: ModelRef; result: StorageReport };
  "storage.pin": { params: PinModel; result: StorageReport };
  "storage.verify": { params: ModelRef; result: Verified };
  "storage.forget_prompts": { params: NoParams; result: StorageReport };
  "storage.plan": { params: ModelRef; result: EvictionPlan };
  "storage.evict": { params: EvictModels; result: Downloads };
  "folder.look": { params: NoParams; result: FolderState };
  "folder.move": { params: ModelRef; result: FolderState };
  "live.settings": { params: NoParams; result: LiveSettings };
  "live.configure": { params: LiveSettings; result: LiveSettings };
  "live.frame": { params: LiveFrame; result: LiveCaption };
  "live.stop": { params: NoParams; result: null };
  "live.history": { params: LiveQuery; result: LiveHistory };
  "live.picture": { params: LiveCaptionRef; result: NewImage };
  "live.clear": { params: NoParams; result: null };
  "live.save": { params: LiveSave; result: Session };
  "camera.picture": { params: CameraPicture; result: null };
  "camera.failed": { params: CameraFailure; result: null };
  "origin.answer": { params: OriginAnswer; result: null };
  "vila.start": { params: VilaStart; result: VilaHealth };
  "vila.stop": { params: NoParams; result: VilaHealth };
  "vila.health": { params: NoParams; result: VilaHealth };
  "speed.list": { params: NoParams; result: Speeds };
  "speed.measure": { params: NoParams; result: Speeds };
  "speed.stop": { params: NoParams; result: null };
  "speed.clear": { params: NoParams; result: Speeds };
}

/** Events that Python tells the page. */
export interface Events {
  "boot:progress": BootProgress;
  "boot:failed": BootFailed;
  "app:ready": AppInfo;
  "database:owner": DatabaseOwner;
  "model:status": ModelStatus;
  "session:changed": SessionChanged;
  "session:removed": SessionRemoved;
  "conversation:changed": ConversationChanged;
  "message:changed": MessageChanged;
  "content_block:delta": ContentDelta;
  "notice": Notice;
  "origins:released": OriginsReleased;
  "camera:wanted": CameraWanted;
  "console:output": ConsoleOutput;
  "providers:changed": ProvidersChanged;
  "catalogue:changed": CatalogueList;
  "relay:changed": RelayState;
  "relay:port": PortSaid;
  "download:changed": Downloads;
  "storage:changed": StorageChanged;
  "folder:changed": FolderState;
  "live:text": LiveText;
  "live:caption": LiveCaption;
  "live:fired": LiveFired;
  "live:tool": LiveTool;
  "camera:streams": CameraStreams;
  "origin:asked": OriginAsked;
  "vila:health": VilaHealth;
  "speed:changed": Speeds;
}

/** What each worker answers. */
export interface Workers {
  "downloads": {
    "files.fetch": { params: FetchFiles; result: FetchedFiles };
    "files.list": { params: NoParams; result: StoredFiles };
    "files.remove": { params: RemoveFiles; result: null };
    "folder.list": { params: NoParams; result: FolderFiles };
    "folder.read": { params: ReadFolder; result: FolderPiece };
    "folder.take": { params: TakeIntoFolder; result: null };
    "prompts.remove": { params: NoParams; result: null };
    "url.read": { params: ReadUrl; result: UrlContent };
  };
  "llamacpp": {
    "files.take": { params: TakeFiles; result: null };
    "model.load": { params: LoadModel; result: EngineInfo };
    "model.unload": { params: NoParams; result: null };
    "chat.complete": { params: ChatRequest; result: Completion };
    "tokens.count": { params: CountTokens; result: number[] };
    "embeddings.create": { params: EmbedTexts; result: Embedding[] };
    "rerank.create": { params: RankTexts; result: Ranking };
  };
  "webllm": {
    "files.take": { params: TakeFiles; result: null };
    "model.load": { params: LoadModel; result: EngineInfo };
    "model.unload": { params: NoParams; result: null };
    "chat.complete": { params: ChatRequest; result: Completion };
    "tokens.count": { params: CountTokens; result: number[] };
  };
  "device": {
    "device.describe": { params: NoParams; result: Device };
    "device.measure": { params: NoParams; result: Measured };
  };
  "browser": {
    "chat.complete": { params: ChatRequest; result: Completion };
    "tokens.count": { params: CountTokens; result: number[] };
  };
  "sandbox": {
    "sandbox.start": { params: StartSandbox; result: null };
    "sandbox.run": { params: RunPython; result: RunResult };
  };
  "remote": {
    "http.stream": { params: HttpRequest; result: HttpHead };
    "socket.open": { params: OpenSocket; result: SocketEnd };
    "socket.send": { params: SendText; result: SentText };
    "socket.close": { params: CloseSocket; result: null };
    "secret.seal": { params: SealSecret; result: string };
    "secret.open": { params: OpenSecret; result: string };
  };
}

/** Items that a worker's method streams before its result. */
export interface Streams {
  "files.fetch": FetchProgress;
  "folder.take": CopyProgress;
  "model.load": LoadProgress;
  "chat.complete": Delta;
  "http.stream": HttpPiece;
  "socket.open": SocketPiece;
}

/** Ranges and lengths that Python enforces, by shape and field. */
export const LIMITS = {
  Parameters: {
    system_prompt: { maxLength: 20000 },
    temperature: { minimum: 0, maximum: 2 },
    top_p: { maximum: 1, exclusiveMinimum: 0 },
    top_k: { minimum: 0, maximum: 1000 },
    min_p: { minimum: 0, maximum: 1 },
    max_tokens: { minimum: 1, maximum: 32768 },
    seed: { minimum: 0, maximum: 4294967295 },
    stop: { maxItems: 8 },
    tool_choice: { minLength: 1, maxLength: 128 },
  },
  NewImage: {
    width: { minimum: 1, maximum: 16384 },
    height: { minimum: 1, maximum: 16384 },
  },
  NewFile: {
    bytes: { maxLength: 4194304 },
    mime: { maxLength: 200 },
    name: { minLength: 1, maxLength: 200 },
  },
  Settings: {
    hub_url: { maxLength: 500 },
    unload_minutes: { minimum: 0, maximum: 1440 },
    approval_seconds: { minimum: 5, maximum: 3600 },
    chain: { maxItems: 8 },
  },
  EngineOptions: {
    context_window: { minimum: 256, maximum: 1048576 },
    threads: { minimum: 1, maximum: 128 },
    gpu_layers: { minimum: 0, maximum: 1000 },
    batch: { minimum: 32, maximum: 8192 },
    adapter_scale: { minimum: 0, maximum: 4 },
  },
  ModelCard: {
    id: { maxLength: 120 },
    max_images: { minimum: 1 },
  },
  ModelFile: {
    name: { maxLength: 200 },
    size: { minimum: 0 },
  },
  SessionRename: {
    title: { minLength: 1, maxLength: 200 },
  },
  SearchQuery: {
    query: { maxLength: 500 },
    limit: { minimum: 1, maximum: 200 },
  },
  MessageSend: {
    text: { maxLength: 1000000 },
    images: { maxItems: 8 },
    files: { maxItems: 8 },
  },
  MessageEdit: {
    text: { maxLength: 1000000 },
  },
  AnswerFormat: {
    json_schema: { maxLength: 20000 },
    choices: { maxItems: 100 },
    grammar: { maxLength: 20000 },
  },
  ToolChoice: {
    names: { maxItems: 200 },
  },
  ImportFile: {
    name: { maxLength: 1000 },
    bytes: { maxLength: 268435456 },
  },
  ConsoleCode: {
    run_id: { minLength: 1, maxLength: 100 },
    code: { maxLength: 500000 },
  },
  CompletionQuery: {
    before: { maxLength: 500000 },
  },
  ExtensionFile: {
    source: { maxLength: 500000 },
  },
  WheelFile: {
    name: { maxLength: 300 },
    bytes: { maxLength: 33554432 },
  },
  PackageRequest: {
    requirement: { minLength: 1, maxLength: 300 },
    index_url: { maxLength: 1000 },
  },
  NewProvider: {
    name: { maxLength: 60 },
    base_url: { minLength: 1, maxLength: 2000 },
    key: { maxLength: 4000 },
    passphrase: { maxLength: 1000 },
  },
  ProviderKey: {
    key: { maxLength: 4000 },
    passphrase: { maxLength: 1000 },
  },
  Unlock: {
    passphrase: { minLength: 1, maxLength: 1000 },
  },
  SessionChain: {
    chain: { maxItems: 8 },
  },
  BrowserModelFound: {
    context_window: { minimum: 1 },
  },
  RepoQuery: {
    text: { minLength: 1, maxLength: 2000 },
  },
  FileHead: {
    name: { maxLength: 200 },
    size: { minimum: 0 },
  },
  FileHeads: {
    files: { maxItems: 64 },
  },
  NewApiKey: {
    name: { maxLength: 60 },
  },
  RelaySettings: {
    question: { minLength: 1, maxLength: 2000 },
    frames: { minimum: 1, maximum: 8 },
    max_tokens: { minimum: 1, maximum: 2048 },
    temperature: { minimum: 0, maximum: 2 },
    top_p: { maximum: 1, exclusiveMinimum: 0 },
  },
  RelayChange: {
    question: { minLength: 1, maxLength: 2000 },
    frames: { minimum: 1, maximum: 8 },
    max_tokens: { minimum: 1, maximum: 2048 },
    temperature: { minimum: 0, maximum: 2 },
    top_p: { maximum: 1, exclusiveMinimum: 0 },
  },
  NewPort: {
    key: { maxLength: 200 },
    name: { maxLength: 200 },
  },
  FetchTuning: {
    part_bytes: { minimum: 1024 },
    connections: { minimum: 1, maximum: 16 },
    attempts: { minimum: 1 },
    retry_ms: { minimum: 0 },
    stall_ms: { minimum: 1 },
  },
  ReadFolder: {
    length: { minimum: 1, maximum: 67108864 },
  },
  ReadUrl: {
    offset: { minimum: 0 },
    length: { minimum: 0, maximum: 16777216 },
  },
  MoveDownload: {
    place: { minimum: 0 },
  },
  EvictModels: {
    model_ids: { maxItems: 100 },
  },
  LiveWatch: {
    json_schema: { maxLength: 20000 },
    tool: { maxLength: 200 },
    arguments: { maxLength: 10000 },
  },
  LiveSettings: {
    prompt: { minLength: 1, maxLength: 4000 },
    system_prompt: { maxLength: 20000 },
    max_tokens: { minimum: 1, maximum: 2048 },
    temperature: { minimum: 0, maximum: 2 },
    interval: { minimum: 0, maximum: 3600 },
    threshold: { minimum: 0, maximum: 100 },
    frames: { minimum: 1, maximum: 8 },
  },
  LiveFrame: {
    images: { maxItems: 8 },
    source: { maxLength: 200 },
    difference: { minimum: 0, maximum: 100 },
  },
  LiveQuery: {
    query: { maxLength: 500 },
    limit: { minimum: 1, maximum: 1000 },
  },
  LiveSave: {
    caption_ids: { maxItems: 1000 },
  },
  CameraWish: {
    fps: { maximum: 120, exclusiveMinimum: 0 },
    width: { minimum: 16, maximum: 4096 },
    height: { minimum: 16, maximum: 4096 },
    jpeg_quality: { minimum: 1, maximum: 100 },
    device_index: { minimum: 0, maximum: 63 },
  },
  CameraPicture: {
    width: { minimum: 1 },
    height: { minimum: 1 },
  },
  VilaStart: {
    url: { minLength: 1, maxLength: 2000 },
    key: { maxLength: 4000 },
    fps: { maximum: 120, exclusiveMinimum: 0 },
    width: { minimum: 16, maximum: 4096 },
    height: { minimum: 16, maximum: 4096 },
    jpeg_quality: { minimum: 1, maximum: 100 },
    device_index: { minimum: 0, maximum: 63 },
  },
} as const;
