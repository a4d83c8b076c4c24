import type { ReceivedResponse } from './received-response.ts';

/** Whether the separators of this media type are known. */
export function isStream(type: string): boolean {
  return ['text/event-stream', 'application/jsonl', 'application/x-ndjson'].includes(type);
}

/**
 * The complete items of a stream, each as the values that it may represent; none if it is not JSON.
 */
export function itemsOf(type: string, { text, isWhole }: ReceivedResponse): (readonly unknown[])[] {
  if (type === 'text/event-stream') return eventsOf(text);
  const lines = text.split('\n');
  if (!isWhole) lines.pop();
  return lines.filter((line) => line !== '').map(parsed);
}

/** Events by the rules of their fields (WHATWG HTML, section 9.2.6); comments are not events. */
function eventsOf(text: string): (readonly unknown[])[] {
  const blocks = text.split(/\r\n\r\n|\n\n|\r\r/);
  // An event without a final empty line is not dispatched.
  blocks.pop();
  return blocks.flatMap((block) => {
    const fields = new Map<string, string>();
    for (const line of block.split(/\r\n|\n|\r/)) {
      const [name = ''] = line.split(':', 1);
      const value = line.slice(name.length + 1).replace(/^ /, '');
      if (name !== '') fields.set(name, name === 'data' && fields.has(name) ? `${fields.get(name)}\n${value}` : value);
    }
    const data = fields.get('data');
    if (data === undefined) return [];
    const { retry, ...others } = Object.fromEntries(fields);
    const rest = { ...others, ...(retry === undefined ? {} : { retry: Number(retry) }) };
    return [[...parsed(data), data].map((value) => ({ ...rest, data: value }))];
  });
}

function parsed(text: string): readonly unknown[] {
  try {
    return [JSON.parse(text) as unknown];
  } catch {
    return [];
  }
}
