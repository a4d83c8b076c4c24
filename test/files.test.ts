import assert from 'node:assert/strict';
import fs, {
  mkdirSync,
  mkdtempSync,
  readdirSync,
  readlinkSync,
  rmSync,
  symlinkSync,
  utimesSync,
  writeFileSync,
} from 'node:fs';
import fsPromises from 'node:fs/promises';
import { syncBuiltinESMExports } from 'node:module';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { after, describe, test } from 'node:test';
import { pathToFileURL } from 'node:url';
import fc from 'fast-check';
import { type Context, Controller, Ctx, Depends, Get, HTTPBasic, Path, Post, problemDetails } from 'portico';
import { file, fileIn, type FileInOptions, type LocalFile, staticFiles } from 'portico/files';
import { compress, etag } from 'portico/middleware';
import {
  appOf,
  type ControllerClass,
  describeMatrix,
  eventually,
  exchange,
  expectJson,
  Log,
  mistakesOf,
  raise,
  servers,
} from './world.ts';

const world = mkdtempSync(join(tmpdir(), 'portico-files-'));
const root = join(world, 'root');
const MODIFIED = new Date('2024-05-06T07:08:09Z');
const TEXT = '0123456789';
const SECRET = 'what no client may read';
const FILES = {
  'root/a.txt': TEXT,
  'root/empty.txt': '',
  'root/page.html': '<p>',
  'root/picture.png': 'png',
  'root/noname': 'x',
  'root/grün & 1.txt': 'umlaut',
  'root/%2e%2e': 'a strange name',
  'root/.env': SECRET,
  'root/.git/config': SECRET,
  'root/docs/index.html': 'index',
  'root/docs/deep/b.txt': 'deep',
  'root/bare/c.txt': 'c',
  'secret.txt': SECRET,
  'root-too/secret.txt': SECRET,
};
for (const [path, text] of Object.entries(FILES)) {
  mkdirSync(join(world, path, '..'), { recursive: true });
  writeFileSync(join(world, path), text);
  utimesSync(join(world, path), MODIFIED, MODIFIED);
}
symlinkSync(join(world, 'secret.txt'), join(root, 'way-out.txt'));
symlinkSync(join(world, 'root-too'), join(root, 'way-out'));
symlinkSync(join(root, '.env'), join(root, 'shown.txt'));
symlinkSync('a.txt', join(root, 'inside.txt'));
symlinkSync('circle', join(root, 'circle'));
after(() => rmSync(world, { recursive: true, force: true }));

/** A controller whose handler names a file. */
function serving(options: FileInOptions = {}, mediaType?: string, folder: string | URL = root): ControllerClass {
  @Controller('/files')
  class FileController {
    @Get('/*path', { response: file(mediaType) })
    read(@Path('path') path: string): LocalFile {
      return fileIn(folder, path, options);
    }
    @Post('/*path', { response: file() })
    make(@Path('path') path: string, @Ctx() { response }: Context): LocalFile {
      response.status = 201;
      return fileIn(folder, path);
    }
  }
  return FileController;
}

const headersOf = ({ headers }: Response, ...names: string[]) => names.map((name) => headers.get(name));

describeMatrix('a file', (open) => {
  const send = async (path: string, headers: Record<string, string> = {}, method = 'GET') =>
    (await open(appOf([serving()])))(path, { method, headers });

  for (const [path, type, body] of [
    ['a.txt', 'text/plain; charset=utf-8', TEXT],
    ['page.html', 'text/html; charset=utf-8', '<p>'],
    ['picture.png', 'image/png', 'png'],
    ['noname', 'application/octet-stream', 'x'],
    ['empty.txt', 'text/plain; charset=utf-8', ''],
    ['docs/deep/b.txt', 'text/plain; charset=utf-8', 'deep'],
    ['docs%2Fdeep/b.txt', 'text/plain; charset=utf-8', 'deep'],
    ['gr%C3%BCn%20%26%201.txt', 'text/plain; charset=utf-8', 'umlaut'],
    ['%252e%252e', 'application/octet-stream', 'a strange name'],
    ['inside.txt', 'text/plain; charset=utf-8', TEXT],
  ] as const) {
    test(`${path} is sent with its type, its length and what it may be asked again with`, async () => {
      const answer = await send(`/files/${path}`);
      assert.deepEqual([answer.status, await answer.text()], [200, body]);
      assert.deepEqual(headersOf(answer, 'content-type', 'content-length', 'accept-ranges', 'cache-control'), [
        type,
        String(body.length),
        'bytes',
        null,
      ]);
      assert.equal(answer.headers.get('last-modified'), MODIFIED.toUTCString());
      assert.equal(answer.headers.get('x-content-type-options'), 'nosniff');
      assert.match(answer.headers.get('etag') ?? '', /^(?:W\/)?"[^"]+"$/);
    });
  }

  test('HEAD has the head of GET, and no body', async () => {
    const [get, head] = [await send('/files/a.txt'), await send('/files/a.txt', {}, 'HEAD')];
    const names = ['content-type', 'content-length', 'accept-ranges', 'etag', 'last-modified'];
    assert.deepEqual([head.status, await head.text()], [200, '']);
    assert.deepEqual(headersOf(head, ...names), headersOf(get, ...names));
    assert.equal((await send('/files/none', {}, 'HEAD')).status, 404);
  });

  for (const [range, from, to] of [
    ['bytes=0-0', 0, 0],
    ['bytes=2-4', 2, 4],
    ['bytes=7-', 7, 9],
    ['bytes=7-99999999999999999999', 7, 9],
    ['bytes=-3', 7, 9],
    ['bytes=-99', 0, 9],
    ['Bytes=0-9', 0, 9],
  ] as const) {
    test(`the range ${range} is 206 with its part`, async () => {
      const answer = await send('/files/a.txt', { Range: range });
      assert.deepEqual([answer.status, await answer.text()], [206, TEXT.slice(from, to + 1)]);
      assert.deepEqual(headersOf(answer, 'content-range', 'content-length'), [
        `bytes ${from}-${to}/10`,
        String(to - from + 1),
      ]);
    });
  }

  for (const range of ['bytes=10-', 'bytes=10-12', 'bytes=-0', 'bytes=99999999999999999999999-']) {
    test(`the range ${range} is 416 with the length, in the shape of errors`, async () => {
      const answer = await send('/files/a.txt', { Range: range });
      assert.equal(answer.headers.get('content-range'), 'bytes */10');
      await expectJson(answer, 416, { detail: 'Range Not Satisfiable' });
    });
  }

  for (const range of [
    'bytes=0-1,3-4',
    `bytes=${'0-,'.repeat(1_000)}0-`,
    'bytes=4-2',
    'bytes=',
    'bytes=-',
    'bytes=a-b',
    'bytes= 0-1',
    'items=0-1',
    '0-1',
  ]) {
    test(`the range ${range.slice(0, 20)} is ignored`, async () => {
      const answer = await send('/files/a.txt', { Range: range });
      assert.deepEqual([answer.status, await answer.text()], [200, TEXT]);
    });
  }

  test('a range of an empty file, and of HEAD', async () => {
    assert.equal((await send('/files/empty.txt', { Range: 'bytes=0-' })).status, 416);
    assert.equal((await send('/files/a.txt', { Range: 'bytes=0-1' }, 'HEAD')).status, 200);
  });

  test('conditional requests are 304, 412, 200 or 206 by tag and date', async () => {
    const tag = (await send('/files/a.txt')).headers.get('etag') ?? '';
    const later = new Date(MODIFIED.getTime() + 1_000).toUTCString();
    const earlier = new Date(MODIFIED.getTime() - 1_000).toUTCString();
    const range = { Range: 'bytes=0-1' };
    for (const [headers, status] of [
      [{ 'If-None-Match': tag }, 304],
      [{ 'If-None-Match': tag.replace('W/', '') }, 304],
      [{ 'If-None-Match': `"a", ${tag}` }, 304],
      [{ 'If-None-Match': '*' }, 304],
      [{ 'If-None-Match': '"other"' }, 200],
      [{ 'If-None-Match': '"other"', 'If-Modified-Since': later }, 200],
      [{ 'If-Modified-Since': MODIFIED.toUTCString() }, 304],
      [{ 'If-Modified-Since': earlier }, 200],
      [{ 'If-Modified-Since': 'nonsense' }, 200],
      [{ 'If-Unmodified-Since': earlier }, 412],
      [{ 'If-Match': '"other"' }, 412],
      [{ 'If-Match': '*' }, 200],
      [{ ...range, 'If-None-Match': tag }, 304],
      [{ ...range, 'If-Range': tag }, 206],
      [{ ...range, 'If-Range': '"other"' }, 200],
      [{ ...range, 'If-Range': MODIFIED.toUTCString() }, 206],
      [{ ...range, 'If-Range': earlier }, 200],
    ] as const) {
      const answer = await send('/files/a.txt', headers);
      const text = await answer.text();
      assert.equal(answer.status, status, JSON.stringify(headers));
      if (status === 304) {
        assert.deepEqual([text, ...headersOf(answer, 'etag', 'content-type', 'content-length')], ['', tag, null, null]);
      }
      if (status === 412) assert.deepEqual(JSON.parse(text), { detail: 'Precondition Failed' });
    }
  });

  test('conditions and ranges do not count for another status', async () => {
    const answer = await send('/files/a.txt', { Range: 'bytes=0-1', 'If-None-Match': '*' }, 'POST');
    assert.deepEqual([answer.status, await answer.text()], [201, TEXT]);
  });
});

describe('a path over a socket', () => {
  const served = servers();
  for (const path of [
    'none.txt',
    'a.txt/',
    'a.txt/b',
    'docs',
    'docs/',
    '',
    '../secret.txt',
    '..%2fsecret.txt',
    '%2e%2e/secret.txt',
    '%2E%2E%2Fsecret.txt',
    'docs/../../secret.txt',
    'docs/..%2f..%2fsecret.txt',
    'docs%2f..%2fa.txt',
    './a.txt',
    '..',
    '%2e%2e%2froot-too%2fsecret.txt',
    '..%5csecret.txt',
    'docs%5cindex.html',
    '/a.txt',
    encodeURIComponent(join(world, 'secret.txt')),
    '%2fetc/passwd',
    'a.txt%00',
    'a.txt%00.png',
    'docs//index.html',
    '.env',
    '%2eenv',
    '.git/config',
    'docs/.',
    'way-out.txt',
    'way-out/secret.txt',
    'shown.txt',
    'circle',
    'a'.repeat(5_000),
  ]) {
    test(`'${path.slice(0, 40)}' is 404 in the shape of errors`, async () => {
      // A client would take the dots out before it sends.
      const target = `/files/${path}`;
      const { port } = await served(appOf([serving()]));
      const { answers } = await exchange(port, `GET ${target} HTTP/1.1\r\nHost: a\r\n\r\n`);
      assert.equal(answers[0]?.status, 404, answers[0]?.body);
      assert.deepEqual(JSON.parse(answers[0]?.body ?? ''), { detail: 'Not Found' });
    });
  }
});

describe('a file, once', () => {
  const get = async (controller: ControllerClass, path: string, init = {}, options = {}) =>
    appOf([controller], options).request(path, init);

  test('no path that a client can think of leads out of the folder', async () => {
    const app = appOf([serving(), staticFiles('/static', root)]);
    const known = new Set(Object.entries(FILES).flatMap(([path, text]) => (path.startsWith('root/') ? [text] : [])));
    known.delete(SECRET);
    const piece = fc.constantFrom(
      ...[
        '..',
        '.',
        '/',
        '\\',
        '%2e',
        '%2F',
        '%5c',
        '%00',
        '%c0%ae',
        '~',
        ':',
        'C:',
        '::$DATA',
        ' ',
        '%20',
        '%0a',
        '//',
      ],
      ...[
        'root',
        'root-too',
        'secret.txt',
        'a.txt',
        'docs',
        '.env',
        '.git',
        'way-out',
        'etc',
        'passwd',
        world.slice(1),
      ],
    );
    const path = fc.array(fc.oneof(piece, fc.string({ unit: 'binary', maxLength: 3 }).map(encode)), { maxLength: 8 });
    await fc.assert(
      fc.asyncProperty(path, fc.constantFrom('/files/', '/static/'), fc.boolean(), async (pieces, prefix, slashes) => {
        const target = `${prefix}${pieces.join(slashes ? '/' : '')}`;
        const request = new Request('http://a');
        Object.defineProperty(request, 'url', { value: `http://a${target}` });
        const answer = await app.fetch(request);
        const text = await answer.text();
        assert.ok([200, 308, 400, 404].includes(answer.status), `${answer.status} ${target}`);
        assert.ok(!text.includes(SECRET), target);
        if (answer.status === 200) assert.ok(known.has(text), target);
      }),
      { numRuns: 300 },
    );
  });

  const encode = (text: string): string => {
    try {
      return encodeURIComponent(text);
    } catch {
      return '%ED%A0%80';
    }
  };

  test('whatever a handler gives as a path is a file inside or 404', async () => {
    const values = ['\ud800', 'a.txt\u0000', '', '.', undefined, null, 1, {}, [], ['..']];
    for (const value of values) {
      @Controller()
      class AnyController {
        @Get({ response: file() })
        read(): LocalFile {
          return fileIn(root, value as string);
        }
      }
      await expectJson(await get(AnyController, '/'), 404);
    }
  });

  test('dotfiles are sent where they are asked for, and still nothing outside', async () => {
    const controller = serving({ dotfiles: true });
    assert.equal(await (await get(controller, '/files/.env')).text(), SECRET);
    assert.equal(await (await get(controller, '/files/shown.txt')).text(), SECRET);
    assert.equal((await get(controller, '/files/way-out.txt')).status, 404);
    assert.equal((await get(controller, '/files/..%2fsecret.txt')).status, 404);
  });

  test('a folder is named by a URL too; one that is missing is a logged 500', async () => {
    const url = pathToFileURL(`${root}/`);
    assert.equal(await (await get(serving({}, undefined, url), '/files/a.txt')).text(), TEXT);
    const log = new Log();
    const missing = join(world, 'missing');
    await expectJson(await get(serving({}, undefined, missing), '/files/a.txt', {}, { logger: log }), 500);
    assert.ok(log.errors[0]?.includes(missing));
  });

  test('what cannot be read is a logged 500, and what vanishes meanwhile is 404', async (t) => {
    const failing = (code: string) => Object.assign(new Error(`a fault ${code}`), { code });
    for (const [replace, status, said] of [
      [() => t.mock.method(fsPromises, 'realpath', async () => raise(failing('EACCES'))), 500, /a fault EACCES/],
      [() => t.mock.method(fsPromises, 'stat', async () => raise(failing('EIO'))), 500, /a fault EIO/],
      [() => t.mock.method(fsPromises, 'stat', async () => raise(failing('ENOENT'))), 404, /^$/],
      [() => t.mock.method(fs, 'stat', (_: string, done: (error: Error) => void) => done(failing('EIO'))), 500, /EIO/],
    ] as const) {
      const log = new Log();
      const { mock } = replace();
      syncBuiltinESMExports();
      const answered = await get(serving(), '/files/a.txt', {}, { logger: log });
      mock.restore();
      syncBuiltinESMExports();
      await expectJson(answered, status);
      assert.match(log.errors.join(), said);
    }
  });

  test('a value that is no file is a logged 500 that names the route', async () => {
    @Controller()
    class WrongController {
      @Get({ response: file() })
      read(): LocalFile {
        return join(root, 'a.txt') as unknown as LocalFile;
      }
    }
    const log = new Log();
    await expectJson(await get(WrongController, '/', {}, { logger: log }), 500);
    assert.match(log.errors[0] ?? '', /WrongController\.read.*fileIn\(\)/);
  });

  test('a declared media type is sent and documented', async () => {
    const controller = serving({}, 'application/pdf');
    assert.equal((await get(controller, '/files/a.txt')).headers.get('content-type'), 'application/pdf');
    const { responses } = appOf([controller]).openapi().paths?.['/files/{path}']?.get ?? {};
    assert.deepEqual(Object.keys(((responses ?? {})['200'] as { content: object }).content), ['application/pdf']);
  });

  test('Cache-Control is as declared, and no-store behind a scheme unless it is', async () => {
    const cacheControl = 'private, max-age=60';
    const answer = await get(serving({ cacheControl }), '/files/a.txt');
    assert.equal(answer.headers.get('cache-control'), cacheControl);
    const tag = answer.headers.get('etag') ?? '';
    const unchanged = await get(serving({ cacheControl }), '/files/a.txt', { headers: { 'If-None-Match': tag } });
    assert.deepEqual([unchanged.status, unchanged.headers.get('cache-control')], [304, cacheControl]);
    const guarded = staticFiles('/guarded', root, { dependencies: [Depends(new HTTPBasic())] });
    assert.equal((await get(guarded, '/guarded/a.txt')).status, 401);
    const headers = { Authorization: `Basic ${btoa('a:b')}` };
    const secret = await get(guarded, '/guarded/a.txt', { headers });
    assert.deepEqual([secret.status, secret.headers.get('cache-control')], [200, 'no-store']);
  });

  test('a download has a name, which ends no header', async () => {
    for (const [download, path, disposition] of [
      [true, 'a.txt', `attachment; filename="a.txt"; filename*=UTF-8''a.txt`],
      [
        true,
        'gr%C3%BCn%20%26%201.txt',
        `attachment; filename="gr_n & 1.txt"; filename*=UTF-8''gr%C3%BCn%20%26%201.txt`,
      ],
      ['x".exe\r\nA: b', 'a.txt', `attachment; filename="x_.exe__A: b"; filename*=UTF-8''x%22.exe%0D%0AA%3A%20b`],
      ["it's (1)*.txt", 'a.txt', `attachment; filename="it's (1)*.txt"; filename*=UTF-8''it%27s%20%281%29%2a.txt`],
    ] as const) {
      const answer = await get(serving({ download }), `/files/${path}`);
      assert.deepEqual([answer.status, answer.headers.get('content-disposition')], [200, disposition]);
    }
    assert.equal((await get(serving({ download: false }), '/files/a.txt')).headers.get('content-disposition'), null);
  });

  test('errors have the declared shape', async () => {
    const answer = await get(serving(), '/files/none', {}, { errors: problemDetails() });
    assert.equal(answer.headers.get('content-type'), 'application/problem+json');
  });

  test('everything that may come is in the document', () => {
    const { responses = {} } = appOf([serving()]).openapi().paths?.['/files/{path}']?.get ?? {};
    const contents = Object.entries(responses).map(([status, response]) => {
      const { content = {} } = response as { content?: Record<string, { schema: unknown }> };
      return [status, ...Object.keys(content)];
    });
    assert.deepEqual(contents, [
      ['200', '*/*'],
      ['206', '*/*'],
      ['304'],
      ['404', 'application/json'],
      ['416', 'application/json'],
      ['422'],
      ['default'],
    ]);
    const { headers } = responses['206'] as { headers: object };
    assert.deepEqual(Object.keys(headers).toSorted(), [
      'Content-Range',
      'ETag',
      'Last-Modified',
      'X-Content-Type-Options',
    ]);
  });

  test('what a route declares of such a status wins', () => {
    @Controller()
    class DeclaringController {
      @Get({ response: file(), responses: { 404: { description: 'No logo yet' } } })
      read(): LocalFile {
        return fileIn(root, 'a.txt');
      }
    }
    const { responses = {} } = appOf([DeclaringController]).openapi().paths?.['/']?.get ?? {};
    assert.equal((responses['404'] as { description: string }).description, 'No logo yet');
  });
});

describe('static files', () => {
  const get = async (controllers: ControllerClass[], path: string) => appOf(controllers).request(path);

  test('a folder is answered with its index, at a path that ends with a slash', async () => {
    const controller = staticFiles('/static', root);
    assert.equal(await (await get([controller], '/static/docs/')).text(), 'index');
    const answer = await get([controller], '/static/docs');
    assert.deepEqual([answer.status, answer.headers.get('location')], [308, './docs/']);
    assert.equal((await get([controller], '/static/bare/')).status, 404);
    assert.equal((await get([controller], '/static/')).status, 404);
    assert.equal(await (await get([staticFiles('/d', join(root, 'docs'))], '/d/')).text(), 'index');
    const bare = await get([staticFiles('/d', join(root, 'docs'))], '/d');
    assert.deepEqual([bare.status, bare.headers.get('location')], [308, './d/']);
  });

  test('a folder without an index is 404; the index may have another name', async () => {
    assert.equal((await get([staticFiles('/static', root, { index: false })], '/static/docs/')).status, 404);
    assert.equal(await (await get([staticFiles('/s', root, { index: 'c.txt' })], '/s/bare/')).text(), 'c');
  });

  test('at the root of an app, other routes go first', async () => {
    const controllers = [staticFiles('/', root), serving()];
    assert.equal(await (await get(controllers, '/page.html')).text(), '<p>');
    assert.equal(await (await get(controllers, '/files/a.txt')).text(), TEXT);
    assert.equal((await get(controllers, '//evil.test/')).status, 404);
  });

  test('several are told apart by their paths; two of one name are a mistake, which a name solves', () => {
    const app = appOf([staticFiles('/assets', root), staticFiles('/assets/img', root)]);
    const ids = Object.values(app.openapi().paths ?? {}).map((path) => path.get?.operationId);
    assert.deepEqual(ids, ['assetsFiles_read', 'assetsImgFiles_read']);
    const twins = [staticFiles('/a-b', root), staticFiles('/a/b', root)];
    assert.deepEqual(
      mistakesOf(() => appOf(twins)).map(({ code }) => code),
      ['DUPLICATE_OPERATION_ID'],
    );
    appOf([staticFiles('/a-b', root), staticFiles('/a/b', root, { name: 'Other' })]);
  });

  test('options of a controller, and of its route, hold', () => {
    const options = { tags: ['Assets'], public: true, responses: { 503: { description: 'Moving' } } };
    const app = appOf([staticFiles('/assets', root, options)], { requireSecurity: true });
    const operation = app.openapi().paths?.['/assets/{path}']?.get;
    assert.deepEqual(operation?.tags, ['Assets']);
    assert.deepEqual(
      ['308', '503'].filter((status) => status in (operation?.responses ?? {})),
      ['308', '503'],
    );
    const hidden = appOf([staticFiles('/assets', root, { includeInSchema: false })]);
    assert.deepEqual(hidden.openapi().paths, {});
  });

  test('etag() keeps the tag of a file, compress() leaves ranges alone and takes a whole file', async () => {
    const app = appOf([staticFiles('/static', root)], { middleware: [compress({ threshold: 0 }), etag()] });
    const headers = { 'Accept-Encoding': 'gzip' };
    const whole = await app.request('/static/a.txt', { headers });
    assert.deepEqual(headersOf(whole, 'content-encoding', 'content-length', 'accept-ranges'), ['gzip', null, null]);
    const unzipped = new Response(whole.body?.pipeThrough(new DecompressionStream('gzip')));
    assert.equal(await unzipped.text(), TEXT);
    const part = await app.request('/static/a.txt', { headers: { ...headers, Range: 'bytes=0-1' } });
    assert.deepEqual([part.status, await part.text(), part.headers.get('content-encoding')], [206, '01', null]);
    const tag = whole.headers.get('etag') ?? '';
    const unchanged = await app.request('/static/a.txt', { headers: { ...headers, 'If-None-Match': tag } });
    assert.deepEqual([unchanged.status, unchanged.headers.get('etag')], [304, tag]);
  });
});

describe('a large file over a socket', () => {
  const served = servers();
  const openFiles = (): number =>
    readdirSync('/proc/self/fd').filter((fd) => {
      try {
        return readlinkSync(`/proc/self/fd/${fd}`).startsWith(root);
      } catch {
        return false;
      }
    }).length;

  test(
    'is closed when the client leaves, and whole when it stays',
    { skip: process.platform !== 'linux' },
    async () => {
      writeFileSync(join(root, 'large.bin'), Buffer.alloc(16 * 1024 * 1024, 7));
      const { port, url } = await served(appOf([serving()]));
      const answer = await fetch(`${url}/files/large.bin`);
      assert.equal((await answer.arrayBuffer()).byteLength, 16 * 1024 * 1024);
      for (let count = 0; count < 3; count++) {
        const leaving = new AbortController();
        const { body } = await fetch(`http://127.0.0.1:${port}/files/large.bin`, { signal: leaving.signal });
        await body?.getReader().read();
        assert.ok(openFiles() > 0);
        leaving.abort();
        await eventually('the file is closed', () => openFiles() === 0);
      }
      const response = await appOf([serving()]).request('/files/large.bin');
      await response.body?.cancel();
      await eventually('the file is closed', () => openFiles() === 0);
    },
  );
});
