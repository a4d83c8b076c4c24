import { TOKEN } from './token.ts';

/** A parsed `Content-Type`: lower-case `essence`, and parameters by lower-case name. */
export interface MediaType {
  readonly essence: string;
  readonly parameters: ReadonlyMap<string, string>;
  readonly isJson: boolean;
}

const QUOTED = '"(?:[\\t \\x21\\x23-\\x5B\\x5D-\\x7E\\x80-\\xFF]|\\\\[\\t \\x21-\\x7E\\x80-\\xFF])*"';
const TYPE = new RegExp(`^(${TOKEN}/${TOKEN})`);
const PARAMETER = new RegExp(`[ \\t]*;[ \\t]*(?:(${TOKEN})=(${TOKEN}|${QUOTED}))?`, 'y');

/** Reads a media type by the full grammar of RFC 9110 §8.3.1; anything else, a list included, is undefined. */
export function parseMediaType(text: string): MediaType | undefined {
  const type = TYPE.exec(text)?.[1];
  if (type === undefined) return undefined;
  const parameters = new Map<string, string>();
  PARAMETER.lastIndex = type.length;
  while (PARAMETER.lastIndex < text.length) {
    const parameter = PARAMETER.exec(text);
    if (parameter === null) return undefined;
    const [, name, value] = parameter;
    if (name === undefined || value === undefined) continue;
    // A repeated parameter would be read differently by different parsers.
    if (parameters.has(name.toLowerCase())) return undefined;
    parameters.set(name.toLowerCase(), value.startsWith('"') ? value.slice(1, -1).replace(/\\(.)/g, '$1') : value);
  }
  const essence = type.toLowerCase();
  return { essence, parameters, isJson: isJson(essence, parameters) };
}

/** JSON is always UTF-8 (RFC 8259 §8.1), so any other charset means that the body is not what it claims to be. */
function isJson(essence: string, parameters: MediaType['parameters']): boolean {
  const charset = parameters.get('charset')?.toLowerCase();
  if (charset !== undefined && charset !== 'utf-8' && charset !== 'utf8') return false;
  return essence === 'application/json' || /^[^/]+\/[^/]+\+json$/.test(essence);
}
