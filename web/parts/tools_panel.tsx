/**
 * The tools and extensions of the conversation on screen: which there are, what each may do, and a switch for each.
 *
 * Owns nothing: Python keeps the choice. The list is asked for when the panel opens and when the conversation changes.
 */
import { useEffect, useLayoutEffect, useRef, useState } from 'preact/hooks';
import { RotateCcw, X } from 'lucide';
import type { ToolInfo } from '../../js_bridge/contract.gen';
import { chooseTools, listTools, report, setParameters } from '../actions';
import { NONE } from '../parameters';
import { card, openSession, toolsOpen } from '../store';
import { ExtensionsHere } from './extensions_here';
import { named, useReturnFocus } from './focus';
import { Icon } from './icon';

const ACCESS = {
  read: { word: 'reads', meaning: 'Reads your own data; runs at once.' },
  write: { word: 'writes', meaning: 'Changes what is kept here; asks first.' },
  network: { word: 'network', meaning: 'Talks to another server; asks first.' },
  code: { word: 'code', meaning: 'Runs code; asks first.' },
};

function Tool({ tool, change }: { tool: ToolInfo; change: (on: boolean) => void }) {
  const { word, meaning } = ACCESS[tool.access];
  const id = `tool-${tool.name}`;
  return (
    <li class="tool-choice">
      <input
        id={id}
        type="checkbox"
        role="switch"
        checked={tool.enabled}
        aria-describedby={`${id}-help`}
        onChange={({ currentTarget }) => change(currentTarget.checked)}
      />
      <label for={id}>{tool.name}</label>
      <span class={`access ${tool.access}`} title={meaning}>
        {word}
      </span>
      <p class="muted" id={`${id}-help`}>
        {tool.description}
      </p>
    </li>
  );
}

/** Whether the model may, must or must not call a tool. */
function Choice({ tools }: { tools: readonly ToolInfo[] }) {
  const parameters = openSession.value?.parameters ?? NONE;
  const chosen = parameters.tool_choice ?? 'auto';
  const named = tools.filter(({ enabled }) => enabled).map(({ name }) => name);
  const gone = !['auto', 'none', 'required', ...named].includes(chosen);
  const choose = (choice: string): void => {
    setParameters({ ...parameters, tool_choice: choice === 'auto' ? null : choice }).catch(report);
  };
  return (
    <label class="field">
      <span>Tool choice</span>
      <select value={chosen} onChange={({ currentTarget }) => choose(currentTarget.value)}>
        <option value="auto">The model decides</option>
        <option value="none">No tools</option>
        <option value="required">First call any tool</option>
        {[...named, ...(gone ? [chosen] : [])].map((name) => (
          <option key={name} value={name}>
            First call {name}
            {gone && name === chosen && ' (not offered)'}
          </option>
        ))}
      </select>
    </label>
  );
}

export function ToolsPanel() {
  const [tools, setTools] = useState<readonly ToolInfo[]>([]);
  const heading = useRef<HTMLHeadingElement>(null);
  const sessionId = openSession.value?.id ?? null;
  const model = card.value?.id;
  useLayoutEffect(() => heading.current?.focus(), []);
  useReturnFocus(() => named('Tools'));
  useEffect(() => {
    let current = true;
    listTools(sessionId).then((found) => current && setTools(found), report);
    return () => void (current = false);
  }, [sessionId, model]);
  const keep = (names: string[] | null): void => {
    chooseTools(names).then(setTools, report);
  };
  const change = (name: string, on: boolean): void => {
    const wanted = tools.map((tool) => (tool.name === name ? { ...tool, enabled: on } : tool));
    setTools(wanted);
    keep(wanted.filter(({ enabled }) => enabled).map((tool) => tool.name));
  };
  return (
    <aside class="panel" aria-labelledby="tools-heading">
      <div class="panel-head">
        <h2 id="tools-heading" ref={heading} tabIndex={-1}>
          Tools
        </h2>
        <button class="tool" type="button" aria-label="Close tools" onClick={() => (toolsOpen.value = false)}>
          <Icon of={X} />
        </button>
      </div>
      <p class="muted">
        What the model may call in this conversation. Reading your own data runs at once; everything else asks you first.
        {card.value?.tools === false && ' This model was not made for tools.'}
        {card.value?.tools_with_pictures === false && ' With a picture in the conversation this model gets no tools: it has too little room for both.'}
      </p>
      <Choice tools={tools} />
      <ul class="tool-choices">
        {tools.map((tool) => (
          <Tool key={tool.name} tool={tool} change={(on) => change(tool.name, on)} />
        ))}
      </ul>
      <button class="button" type="button" onClick={() => keep(null)}>
        <Icon of={RotateCcw} /> As the model suggests
      </button>
      <ExtensionsHere sessionId={sessionId} />
    </aside>
  );
}
