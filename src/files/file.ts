import { z } from 'zod';
import { Content, EncodedBody } from '../content/content.ts';
import type { Context } from '../http/context.ts';
import { HTTPException, ResponseValidationError } from '../http/errors.ts';
import type { ResponseDeclarations } from '../content/declarations.ts';
import { type Located, LocalFile, locate } from './local-file.ts';
import { FilePieces, type FileRequest, loadSend, type Send } from './sender.ts';

const CONDITIONS = ['if-match', 'if-none-match', 'if-modified-since', 'if-unmodified-since', 'if-range'];
const VALIDATORS = { ETag: z.string(), 'Last-Modified': z.string() };

class FileContent extends Content<LocalFile> {
  readonly mediaType: string;
  override readonly bodySchema = { type: 'string', format: 'binary' };
  // The type follows from the name, and an uploaded file must not run as a page.
  override readonly headers = { 'X-Content-Type-Options': 'nosniff' };
  override readonly responses: ResponseDeclarations;
  readonly #send: Send = loadSend();

  constructor(mediaType: string) {
    super();
    this.mediaType = mediaType;
    this.responses = {
      200: { headers: { ...VALIDATORS, 'Accept-Ranges': z.literal('bytes') } },
      206: {
        description: 'A range of the file',
        content: this,
        headers: { ...VALIDATORS, 'Content-Range': z.string() },
      },
      304: { description: 'The client already has the file', headers: VALIDATORS },
      404: { description: 'There is no such file' },
      416: { description: 'The file has no such range', headers: { 'Content-Range': z.string() } },
    };
  }

  async encode(value: LocalFile, context: Context): Promise<EncodedBody> {
    if (!(value instanceof LocalFile)) throw new ResponseValidationError('a file of fileIn() was expected');
    const located = await locate(value);
    if (located === undefined) throw new HTTPException(404);
    if (located.kind === 'file') return this.#encode(located, value, context);
    if (!context.path.endsWith('/')) return redirectToFolder(context);
    const index = await locate(new LocalFile(value.root, `${value.path}${value.index}`, value.options));
    if (index === undefined) throw new HTTPException(404);
    return this.#encode(index, value, context);
  }

  async #encode({ root, path, size }: Located, { options }: LocalFile, context: Context): Promise<EncodedBody> {
    const request = requestOf(context, size);
    // Whether the file may be served has been decided: the path is resolved.
    const settings = { root, dotfiles: 'allow', index: false, cacheControl: false } as const;
    const result = await this.#send(request, encodePath(path), settings);
    if (result.type !== 'file') throw errorOf(result);
    const { statusCode, stream } = result;
    if (statusCode !== 200) context.response.status = statusCode;
    const own = Object.entries(result.headers).filter(([name]) => name !== 'Content-Type');
    if (statusCode !== 304) own.push(['Content-Type', this.#typeFor(result.headers)]);
    if (options.cacheControl !== undefined) own.push(['Cache-Control', options.cacheControl]);
    if (statusCode === 304) return new EncodedBody(null, own);
    if (options.download !== undefined && options.download !== false) {
      own.push(['Content-Disposition', dispositionOf(options.download, path)]);
    }
    return new EncodedBody(request.method === 'HEAD' ? [] : new FilePieces(stream), own);
  }

  #typeFor(headers: Readonly<Record<string, string>>): string {
    if (this.mediaType !== ANY_TYPE) return this.mediaType;
    return headers['Content-Type'] ?? 'application/octet-stream';
  }
}

const ANY_TYPE = '*/*';

/** A file returned by `fileIn()`, of this media type; unless given, the type follows from its name. */
export function file(mediaType: string = ANY_TYPE): Content<LocalFile> {
  return new FileContent(mediaType);
}

/** Conditions and ranges apply only to responses with 200 (RFC 9110 §13.2.1, §14.2). */
function requestOf(context: Context, size: number): FileRequest {
  const { method, response } = context;
  const headers = Object.create(null) as Record<string, string>;
  if ((method !== 'GET' && method !== 'HEAD') || (response.status ?? 200) !== 200) return { method: 'GET', headers };
  for (const name of CONDITIONS) {
    const value = context.header(name);
    if (value !== undefined) headers[name] = value;
  }
  const range = method === 'GET' ? rangeIn(context.header('range') ?? '', size) : undefined;
  if (range !== undefined) headers['range'] = range;
  return { method, headers };
}

/** One range of bytes; several ranges and invalid ones are ignored (RFC 9110 §14.2). */
function rangeIn(text: string, size: number): string | undefined {
  const [, first = '', last = '', suffix = ''] = /^bytes=(?:(\d+)-(\d*)|-(\d+))$/i.exec(text.trim()) ?? [];
  // A suffix longer than the file is the whole file (§14.1.2).
  if (suffix !== '') return `bytes=-${Math.min(Number(suffix), size)}`;
  if (first === '' || (last !== '' && Number(last) < Number(first))) return undefined;
  return `bytes=${first}-${last}`;
}

/**
 * Relative to the request, whose host and prefix only the client knows; the dot keeps a colon from being read as a
 * scheme.
 */
function redirectToFolder({ path, response }: Context): EncodedBody {
  response.status = 308;
  return new EncodedBody(null, { Location: `./${path.slice(path.lastIndexOf('/') + 1)}/` });
}

function errorOf(result: { statusCode: number; headers: Record<string, string>; metadata: object }): unknown {
  const { statusCode, headers, metadata } = result;
  if (statusCode >= 500 && 'error' in metadata) return metadata.error;
  const range = headers['Content-Range'];
  return new HTTPException(statusCode, undefined, range === undefined ? {} : { headers: { 'Content-Range': range } });
}

function encodePath(path: string): string {
  return path.split('/').map(encodeURIComponent).join('/');
}

/** The name as it is, and an ASCII approximation for clients that read no other (RFC 6266 §4.3, RFC 8187). */
function dispositionOf(download: true | string, path: string): string {
  const name = download === true ? path.slice(path.lastIndexOf('/') + 1) : download;
  const ascii = name.replace(/[^\x20-\x7e]|["\\%]/g, '_');
  const encoded = encodeURIComponent(name).replace(/['()*]/g, (found) => `%${found.charCodeAt(0).toString(16)}`);
  return `attachment; filename="${ascii}"; filename*=UTF-8''${encoded}`;
}
