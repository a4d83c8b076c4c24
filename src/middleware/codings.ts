/** How bodies are coded on this platform (RFC 9110 §8.4.1). */
export interface Coding {
  readonly name: 'br' | 'gzip';
  whole(bytes: Uint8Array): Promise<Uint8Array>;
  /** Codes each piece so that it can be read at once; undefined if the platform holds pieces back. */
  readonly stream: ((source: ReadableStream<Uint8Array>) => ReadableStream<Uint8Array>) | undefined;
}

/** The part of a `node:zlib` stream that is used. */
interface Coder {
  write(bytes: Uint8Array, done: (error?: Error | null) => void): unknown;
  end(): unknown;
  on(event: 'data' | 'end' | 'error', listener: (value: never) => void): unknown;
  destroy(): unknown;
}

interface Zlib {
  readonly constants: Readonly<Record<string, number>>;
  createGzip(options: object): Coder;
  createBrotliCompress(options: object): Coder;
  gzip(bytes: Uint8Array, done: (error: Error | null, coded: Uint8Array) => void): void;
  brotliCompress(bytes: Uint8Array, options: object, done: (error: Error | null, coded: Uint8Array) => void): void;
}

/** Node, Bun, Deno and Workers provide it at run time; an import would fail on platforms without it. */
const { process: host } = globalThis as { process?: { getBuiltinModule?: (name: string) => unknown } };
const zlib = host?.getBuiltinModule?.('node:zlib') as Zlib | undefined;

/** The codings of this platform, the one that compresses better first. */
const CODINGS: readonly Coding[] = zlib === undefined ? [webGzip()] : codingsOf(zlib);

function codingsOf(library: Zlib): Coding[] {
  const { constants } = library;
  // The default of 11 is meant for files that are compressed once.
  const params = { [constants['BROTLI_PARAM_QUALITY'] as number]: 4 };
  const br = { params, flush: constants['BROTLI_OPERATION_FLUSH'] };
  const gzip = { flush: constants['Z_SYNC_FLUSH'] };
  return [
    {
      name: 'br',
      whole: (bytes) => settled((done) => library.brotliCompress(bytes, { params }, done)),
      stream: (source) => coded(source, library.createBrotliCompress(br)),
    },
    {
      name: 'gzip',
      whole: (bytes) => settled((done) => library.gzip(bytes, done)),
      stream: (source) => coded(source, library.createGzip(gzip)),
    },
  ];
}

/** `CompressionStream` buffers its input until it has enough: a line that is sent now would arrive much later. */
function webGzip(): Coding {
  return {
    name: 'gzip',
    async whole(bytes) {
      // oxlint-disable-next-line typescript/no-unnecessary-type-assertion -- the types of the Web have two kinds of bytes
      const stream = new Blob([bytes as Uint8Array<ArrayBuffer>]).stream();
      return new Uint8Array(await new Response(stream.pipeThrough(new CompressionStream('gzip'))).arrayBuffer());
    },
    stream: undefined,
  };
}

function settled<T>(begin: (done: (error: Error | null, value: T) => void) => void): Promise<T> {
  return new Promise((resolve, reject) => begin((error, value) => (error === null ? resolve(value) : reject(error))));
}

/** Reads a piece of the source when a piece of the coded body is requested. */
function coded(source: ReadableStream<Uint8Array>, coder: Coder): ReadableStream<Uint8Array> {
  const reader: ReadableStreamDefaultReader<Uint8Array> = source.getReader();
  const ready: Uint8Array[] = [];
  coder.on('data', (piece: Uint8Array) => void ready.push(piece));
  // An error is reported to the write in which it occurs.
  coder.on('error', () => {});
  const write = (bytes: Uint8Array): Promise<unknown> =>
    settled((done) => coder.write(bytes, (error) => done(error ?? null, undefined)));
  const finish = (): Promise<unknown> =>
    new Promise<void>((resolve) => {
      coder.on('end', resolve);
      coder.end();
    });
  return new ReadableStream<Uint8Array>(
    {
      async pull(controller): Promise<void> {
        let over = false;
        while (ready.length === 0 && !over) {
          const { done, value } = await reader.read();
          over = done;
          await (value === undefined ? finish() : write(value));
        }
        for (const piece of ready.splice(0)) controller.enqueue(piece);
        if (over) controller.close();
      },
      async cancel(reason): Promise<void> {
        coder.destroy();
        await reader.cancel(reason);
      },
    },
    { highWaterMark: 0 },
  );
}

/**
 * The coding that a client prefers, or undefined for none (RFC 9110 §12.5.3); in a tie, the one that compresses better.
 */
export function preferredCoding(accepted: string | undefined): Coding | undefined {
  if (accepted === undefined) return undefined;
  const weights = weightsIn(accepted);
  const weightOf = (name: string): number => weights.get(name) ?? weights.get('*') ?? 0;
  const usable = CODINGS.filter(({ name }) => weightOf(name) > 0);
  const [best] = usable.toSorted((one, other) => weightOf(other.name) - weightOf(one.name));
  if (best === undefined || (weights.get('identity') ?? 0) > weightOf(best.name)) return undefined;
  return best;
}

/** Whether the client refuses an uncoded body. */
export function refusesIdentity(accepted: string | undefined): boolean {
  const weights = weightsIn(accepted ?? '');
  return (weights.get('identity') ?? weights.get('*')) === 0;
}

function weightsIn(accepted: string): ReadonlyMap<string, number> {
  const weights = new Map<string, number>();
  for (const part of accepted.slice(0, 1024).split(',')) {
    const [name = '', ...parameters] = part.split(';').map((text) => text.trim().toLowerCase());
    const quality = parameters.find((parameter) => parameter.startsWith('q='))?.slice(2);
    const weight =
      quality === undefined ? 1 : /^(?:0(?:\.\d{0,3})?|1(?:\.0{0,3})?)$/.test(quality) ? Number(quality) : 0;
    // An old name of the same (RFC 9110 §8.4.1.3).
    if (name !== '') weights.set(name === 'x-gzip' ? 'gzip' : name, weight);
  }
  return weights;
}
