/** The exact arguments of a tool call: code as code, addresses whole, everything else as JSON. Owns how they are drawn. */
import { useLayoutEffect, useRef } from 'preact/hooks';
import type { ToolCallPart } from '../../js_bridge/contract.gen';
import { CodeBlock } from './code';
import { exactJson, visible } from './exact';

function Block({ language, text }: { language: string; text: string }) {
  const place = useRef<HTMLDivElement>(null);
  useLayoutEffect(() => {
    const block = new CodeBlock(language);
    block.finish(text);
    place.current?.replaceChildren(block.element);
  }, [language, text]);
  return <div class="prose" ref={place} />;
}

const isAddress = (value: unknown): value is string => typeof value === 'string' && /^[a-z][a-z0-9+.-]*:\/\//i.test(value);

export function Arguments({ part }: { part: ToolCallPart }) {
  const given = Object.entries(part.arguments);
  if (given.length === 0) return <p class="muted">No arguments.</p>;
  const code = part.access === 'code' ? given.filter(([name, value]) => name === 'code' && typeof value === 'string') : [];
  const addresses = given.filter(([, value]) => isAddress(value));
  const rest = given.filter((entry) => !code.includes(entry) && !addresses.includes(entry));
  return (
    <div class="arguments">
      {code.map(([name, value]) => (
        <Block key={name} language="python" text={visible(value as string)} />
      ))}
      {addresses.map(([name, value]) => (
        <p key={name}>
          {name}: <code class="address">{visible(value as string)}</code>
        </p>
      ))}
      {rest.length > 0 && <Block language="json" text={exactJson(Object.fromEntries(rest))} />}
    </div>
  );
}
