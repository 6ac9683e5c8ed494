/**
 * Where a message is written: text, pictures, files, camera, Send or Stop.
 *
 * Owns the text until Python has stored the message: when sending fails everything stays where it was. Drafts are kept
 * by drafts.ts, pictures and files by attachments.ts.
 */
import { useLayoutEffect, useRef, useState } from 'preact/hooks';
import { ArrowUp, Camera, FileText, Image, Paperclip, SlidersHorizontal, Square, Wrench, X } from 'lucide';
import { LIMITS, type ErrorInfo } from '../../js_bridge/contract.gen';
import { errorOf, send, stop } from '../actions';
import { attachFiles, attachments, decoding, detach, detachAll, filesAttached, isPicture, picturesAttached, restoring, showAttachments, type TextFile } from '../attachments';
import { readDraft, writeDraft } from '../drafts';
import { bytes } from '../figures';
import { cameraOpen, composerError, model, openSession, parametersOpen, settings, toolsOpen } from '../store';
import { CameraPanel } from './camera_panel';
import { Icon } from './icon';
import { sends } from './send_key';

const COUNT_FROM = 10_000;

const TEXT_FILES = 'text/*,.txt,.md,.markdown,.csv,.tsv,.json,.jsonl,.yaml,.yml,.toml,.xml,.html,.log,.py,.js,.ts,.tsx,.c,.h,.cpp,.rs,.go,.java,.sh,.sql,.css,.ini,.tex';

function problemBefore(text: string, attached: number): ErrorInfo | null {
  const problem = (message: string, action: string): ErrorInfo => ({ code: 'page', message, action, retryable: false });
  if (!text.trim() && attached === 0) return problem('There is nothing to send yet.', 'Write a message or attach a picture.');
  if (decoding.value > 0) return problem('A file is still being read.', 'Send again in a moment.');
  const { state, error } = model.value;
  if (state === 'failed') return problem(error?.message ?? 'The model could not be loaded.', error?.action ?? '');
  return null;
}

function Thumbnails() {
  const pictures = attachments.value.filter(isPicture);
  if (pictures.length === 0 && decoding.value === 0) return null;
  return (
    <ul class="thumbnails" aria-label="Attached pictures">
      {pictures.map(({ key, image, address }) => (
        <li key={key}>
          <img src={address} alt={image.name || 'Attached picture'} title={`${image.width} × ${image.height}`} />
          <button class="tool" type="button" aria-label={`Remove ${image.name || 'picture'}`} onClick={() => detach(key)}>
            <Icon of={X} />
          </button>
        </li>
      ))}
      {decoding.value > 0 && (
        <li class="decoding" role="status">
          Reading…
        </li>
      )}
    </ul>
  );
}

function FileChips() {
  const files = attachments.value.filter((one): one is TextFile => !isPicture(one));
  if (files.length === 0) return null;
  return (
    <ul class="file-chips" aria-label="Attached files">
      {files.map(({ key, file }) => (
        <li key={key} class="file-chip">
          <Icon of={FileText} /> <span>{file.name}</span> <span class="muted figure">{bytes(file.bytes.length)}</span>
          <button class="tool" type="button" aria-label={`Remove ${file.name}`} onClick={() => detach(key)}>
            <Icon of={X} />
          </button>
        </li>
      ))}
    </ul>
  );
}

interface ComposerProps {
  sessionId: string | null;
  /** Another number is another conversation: text and attachments change with it. */
  visit: number;
  /** Counts the messages sent from anywhere on the page: the next one is written here. */
  sent: number;
  onSent: () => void;
}

export function Composer({ sessionId, visit, sent, onSent }: ComposerProps) {
  const field = useRef<HTMLTextAreaElement>(null);
  const picker = useRef<HTMLInputElement>(null);
  const filePicker = useRef<HTMLInputElement>(null);
  const [sending, setSending] = useState(false);
  // Known at once, before the next drawing: two presses in one moment send one message.
  const underWay = useRef(false);
  const [length, setLength] = useState(0);
  const shown = useRef(visit);
  const working = openSession.value?.working ?? false;
  const { value: error } = composerError;

  useLayoutEffect(() => {
    shown.current = visit;
    if (!field.current) return;
    field.current.value = readDraft(sessionId);
    setLength(field.current.value.length);
    composerError.value = null;
    void showAttachments(sessionId);
  }, [visit]);

  // Without a keyboard at hand focus would open the one on screen.
  useLayoutEffect(() => {
    if (matchMedia('(hover: hover)').matches) field.current?.focus({ preventScroll: true });
  }, [visit, sent]);

  const submit = async (): Promise<void> => {
    const text = field.current?.value ?? '';
    if (working || underWay.current || !field.current) return;
    const problem = problemBefore(text, attachments.value.length);
    composerError.value = problem;
    if (problem) return;
    underWay.current = true;
    setSending(true);
    try {
      const sentTo = await send(text, picturesAttached(), filesAttached());
      writeDraft(sentTo, '');
      detachAll(sentTo);
      if (shown.current !== visit) return;
      field.current.value = '';
      setLength(0);
      onSent();
    } catch (thrown) {
      composerError.value = errorOf(thrown);
    } finally {
      underWay.current = false;
      setSending(false);
    }
  };

  const onKeyDown = (event: KeyboardEvent): void => {
    if (event.key === 'Escape' && working) {
      event.stopPropagation();
      stop();
    } else if (sends(event, settings.value.send_with)) {
      event.preventDefault();
      void submit();
    }
  };

  const onInput = ({ currentTarget }: { currentTarget: HTMLTextAreaElement }): void => {
    writeDraft(sessionId, currentTarget.value);
    setLength(currentTarget.value.length);
    composerError.value = null;
  };

  const onPaste = (event: ClipboardEvent): void => {
    const files = [...(event.clipboardData?.files ?? [])];
    if (files.length === 0) return;
    event.preventDefault();
    void attachFiles(files);
  };

  const most = LIMITS.MessageSend.text.maxLength;
  return (
    <form
      class="composer"
      aria-busy={restoring.value}
      onSubmit={(event) => {
        event.preventDefault();
        if (working) stop();
        else void submit();
      }}
    >
      {cameraOpen.value && <CameraPanel />}
      <Thumbnails />
      <FileChips />
      <textarea
        ref={field}
        rows={1}
        aria-label="Message"
        aria-describedby={error ? 'composer-error' : undefined}
        placeholder="Ask something, or show a picture"
        maxLength={most}
        readOnly={sending}
        enterkeyhint={settings.value.send_with === 'enter' ? 'send' : 'enter'}
        onInput={onInput}
        onKeyDown={onKeyDown}
        onPaste={onPaste}
      />
      {error && (
        <p class="field-error" id="composer-error" role="alert">
          {error.message} {error.action}
        </p>
      )}
      <div class="composer-tools">
        <button class="tool" type="button" aria-label="Attach image" title="Attach image" onClick={() => picker.current?.click()}>
          <Icon of={Image} />
        </button>
        <button class="tool" type="button" aria-label="Attach file" title="Attach a text file" onClick={() => filePicker.current?.click()}>
          <Icon of={Paperclip} />
        </button>
        <button
          class="tool"
          type="button"
          aria-label="Camera"
          title="Take a picture"
          aria-expanded={cameraOpen.value}
          onClick={() => (cameraOpen.value = !cameraOpen.value)}
        >
          <Icon of={Camera} />
        </button>
        <button
          class="tool"
          type="button"
          aria-label="Parameters"
          title="Generation parameters of this conversation"
          aria-expanded={parametersOpen.value}
          onClick={() => (parametersOpen.value = !parametersOpen.value)}
        >
          <Icon of={SlidersHorizontal} />
        </button>
        <button
          class="tool"
          type="button"
          aria-label="Tools"
          title="What the model may call in this conversation"
          aria-expanded={toolsOpen.value}
          onClick={() => (toolsOpen.value = !toolsOpen.value)}
        >
          <Icon of={Wrench} />
        </button>
        {length >= COUNT_FROM && (
          <span class="muted figure">
            {length.toLocaleString('en')} of {most.toLocaleString('en')} characters
          </span>
        )}
        <button class="send" type="submit" aria-label={working ? 'Stop' : 'Send'} title={working ? 'Stop' : 'Send'} disabled={sending}>
          <Icon of={working ? Square : ArrowUp} />
        </button>
      </div>
      <input
        ref={picker}
        type="file"
        accept="image/*"
        multiple
        hidden
        onChange={({ currentTarget }) => {
          void attachFiles([...(currentTarget.files ?? [])], 'pictures').then(() => field.current?.focus());
          currentTarget.value = '';
        }}
      />
      <input
        ref={filePicker}
        type="file"
        accept={TEXT_FILES}
        multiple
        hidden
        onChange={({ currentTarget }) => {
          void attachFiles([...(currentTarget.files ?? [])], 'text').then(() => field.current?.focus());
          currentTarget.value = '';
        }}
      />
    </form>
  );
}
