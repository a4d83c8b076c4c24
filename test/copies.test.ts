import assert from 'node:assert/strict';
import { execFileSync } from 'node:child_process';
import { mkdirSync, mkdtempSync, readFileSync, rmSync, symlinkSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { after, before, describe, test } from 'node:test';
import { build } from 'esbuild';

// A library that brings a copy of the package of its own, as package managers install it where versions do not agree.

const root = join(import.meta.dirname, '..');
const { version } = JSON.parse(readFileSync(join(root, 'package.json'), 'utf8')) as { version: string };
const program = mkdtempSync(join(tmpdir(), 'portico-copies-'));
after(() => rmSync(program, { recursive: true, force: true }));

/** Puts the package, in this version, below a folder. */
async function install(folder: string, as: string): Promise<void> {
  const home = join(program, folder, 'node_modules/portico');
  const { outputFiles } = await build({
    entryPoints: [join(root, 'src/index.ts')],
    tsconfig: join(root, 'tsconfig.json'),
    bundle: true,
    format: 'esm',
    platform: 'neutral',
    packages: 'external',
    write: false,
    logLevel: 'error',
  });
  const text = outputFiles[0]?.text ?? '';
  mkdirSync(home, { recursive: true });
  const old = `VERSION = "${version}"`;
  assert.ok(text.includes(old), 'the version of package.json is that of the sources');
  writeFileSync(join(home, 'index.js'), text.replace(old, `VERSION = "${as}"`));
  writeFileSync(join(home, 'package.json'), '{"name":"portico","type":"module","exports":"./index.js"}');
}

const LIBRARY = `
import {
  answer, anyOf, APIKeyHeader, Content, Controller, dependency, Depends, EncodedBody, events, Get, HTTPBearer, HTTPException, OAuth2Error, OAuth2PasswordRequestForm,
  Query, RequestValidationError, SecurityScheme,
} from 'portico';
import { z } from 'zod';
export * from 'portico';
export const page = dependency({ page: Query(z.int()) }, ({ page }) => page);
export const bearer = new HTTPBearer();
export const user = dependency({ credentials: Depends(bearer) }, ({ credentials }) => credentials.credentials);
export const either = anyOf(new APIKeyHeader('X-Key'), bearer);
export class Own extends SecurityScheme {
  describe() { return { type: 'http', scheme: 'own' }; }
  read(context) { return context.header('x-own') === 'bad' ? new HTTPException(403, 'bad') : context.header('x-own'); }
}
export class Paging { constructor(page) { this.page = page; } }
Query('page', z.int())(Paging, undefined, 0);
export class Gone extends HTTPException { constructor() { super(410, 'Gone for good'); } }
export const throws = {
  http: () => { throw new HTTPException(404, 'No such thing'); },
  oauth: () => { throw new OAuth2Error('invalid_grant'); },
  invalid: () => { throw new RequestValidationError([{ type: 'missing', loc: ['query', 'q'], msg: 'where' }]); },
  gone: () => { throw new Gone(); },
};
export class LibraryController { read() { return 'library'; } }
Get('/read')(LibraryController.prototype, 'read', {});
Controller('/library', { dependencies: [Depends(user)] })(LibraryController);
export const form = OAuth2PasswordRequestForm;
export const feed = events(z.int());
export class Picture extends Content {
  mediaType = 'image/*';
  encode(value) { return new EncodedBody(value, { 'Content-Type': 'image/png' }); }
}
export const accepted = () => answer(202, 'later');
`;

const MAIN = `
import { App, Controller, Depends, dependency, Get, HTTPBearer, HTTPException, Post, Security } from 'portico';
import * as library from 'library';
const lines = [];
const logger = { info() {}, warn() {}, error(line) { lines.push(line); } };
const appOf = (controllers, options) => new App({ title: 't', version: '1', logger, controllers, ...options });
function routes(handlers, inputs = [], decorate = Get) {
  class Sample {}
  for (const [name, handler] of Object.entries(handlers)) {
    Object.defineProperty(Sample.prototype, name, { value: handler, configurable: true });
    inputs.forEach((input, index) => input(Sample.prototype, name, index));
    decorate('/' + name)(Sample.prototype, name, Object.getOwnPropertyDescriptor(Sample.prototype, name));
  }
  Controller()(Sample);
  return Sample;
}
const ask = async (app, path, init) => {
  const response = await app.request(path, init);
  return [response.status, await response.json().catch(() => null)];
};
async function outcome(run) {
  try { return await run(); } catch (error) { return { thrown: error.mistakes ?? String(error) }; }
}
const bearer = { headers: { authorization: 'Bearer abc' } };
`;

/** What a program prints that uses both copies. */
function run(body: string): unknown {
  writeFileSync(
    join(program, 'main.mjs'),
    `${MAIN}\nconsole.log(JSON.stringify(await outcome(async () => { ${body} })));`,
  );
  return JSON.parse(execFileSync(process.execPath, ['main.mjs'], { cwd: program, encoding: 'utf8' }));
}

before(async () => {
  await install('.', version);
  await install('node_modules/library', version);
  for (const name of ['zod', 'reflect-metadata', 'openapi3-ts', 'cookie', 'yaml']) {
    symlinkSync(join(root, 'node_modules', name), join(program, 'node_modules', name), 'junction');
  }
  writeFileSync(
    join(program, 'node_modules/library/package.json'),
    '{"name":"library","type":"module","exports":"./index.js"}',
  );
  writeFileSync(join(program, 'node_modules/library/index.js'), LIBRARY);
});

describe('what another copy of the same version has made', () => {
  test('errors are answers, and found by the handlers of either class', () => {
    assert.deepEqual(
      run(`
        const app = appOf([routes(library.throws)]);
        return [await ask(app, '/http'), await ask(app, '/oauth'), await ask(app, '/invalid'), await ask(app, '/gone'), lines];`),
      [
        [404, { detail: 'No such thing' }],
        [400, { error: 'invalid_grant' }],
        [422, { detail: [{ type: 'missing', loc: ['query', 'q'], msg: 'where' }] }],
        [410, { detail: 'Gone for good' }],
        [],
      ],
    );
    assert.deepEqual(
      run(`
        const app = appOf([routes(library.throws)]);
        app.onError(HTTPException, (error) => [error instanceof HTTPException, error instanceof library.HTTPException, error.status]);
        app.onError(Error, () => 'not for these');
        app.onError(library.Gone, () => 'gone');
        return [await ask(app, '/http'), await ask(app, '/gone'), await ask(app, '/invalid')];`),
      [
        [404, [true, true, 404]],
        [410, 'gone'],
        [422, { detail: [{ type: 'missing', loc: ['query', 'q'], msg: 'where' }] }],
      ],
    );
  });

  test('a class that extends an error is still told from others', () => {
    assert.deepEqual(
      run(`
        const { Gone } = library;
        class Own extends HTTPException {}
        const theirs = new library.HTTPException(404), mine = new HTTPException(404);
        return [
          theirs instanceof HTTPException, mine instanceof library.HTTPException, new Gone() instanceof HTTPException,
          theirs instanceof Own, mine instanceof Gone, new Own(404) instanceof Own, new Own(404) instanceof library.HTTPException,
          null instanceof HTTPException, Object.create(null) instanceof HTTPException, mine instanceof library.OAuth2Error,
        ];`),
      [true, true, true, false, false, true, true, false, false, false],
    );
  });

  test('dependencies, inputs and classes are resolved and documented', () => {
    assert.deepEqual(
      run(`
        const inputs = [library.Depends(library.page), Depends(library.page), Depends(library.Paging), library.Query('page')];
        const app = appOf([routes({ x: (...values) => values }, inputs)]);
        const form = appOf([routes({ token: ({ username }) => username }, [Depends(library.form)], Post)]);
        const body = new URLSearchParams({ username: 'a', password: 'b' });
        return [await ask(app, '/x?page=3'), (await ask(app, '/x?page=x'))[0], await ask(form, '/token', { method: 'POST', body }),
          app.openapi().paths['/x'].get.parameters.length];`),
      [[200, [3, 3, { page: 3 }, '3']], 422, [200, 'a'], 1],
    );
  });

  test('an invalid input skips what depends on it', () => {
    assert.deepEqual(
      run(`
        const called = [];
        const outer = dependency({ page: Depends(library.page) }, ({ page }) => called.push(String(page)));
        const app = appOf([routes({ x: () => 1 }, [Depends(outer)])]);
        return [(await ask(app, '/x?page=x'))[0], called];`),
      [422, []],
    );
  });

  test('schemes guard, refuse, and are the same scheme in the document', () => {
    assert.deepEqual(
      run(`
        const app = appOf([
          routes({ user: (user) => user }, [Depends(library.user)]),
          routes({ mine: (credentials) => credentials.scheme }, [Depends(new HTTPBearer())]),
          routes({ either: (value) => value }, [Security(library.either, { scopes: [] })]),
          routes({ own: (value) => value }, [Depends(new library.Own())]),
        ]);
        const { components, paths } = app.openapi();
        return [await ask(app, '/user'), await ask(app, '/user', bearer), await ask(app, '/either', { headers: { 'x-key': 'k' } }),
          await ask(app, '/own', { headers: { 'x-own': 'bad' } }), await ask(app, '/own'), Object.keys(components.securitySchemes),
          paths['/user'].get.security, paths['/mine'].get.security];`),
      [
        [401, { detail: 'Not authenticated' }],
        [200, 'abc'],
        [200, 'k'],
        [403, { detail: 'bad' }],
        [401, { detail: 'Not authenticated' }],
        ['HTTPBearer', 'APIKeyHeader', 'Own'],
        [{ HTTPBearer: [] }],
        [{ HTTPBearer: [] }],
      ],
    );
  });

  test('contents and answers by status are sent as what they are', () => {
    assert.deepEqual(
      run(`
        const options = { response: library.feed };
        const feed = (path) => Get(path, options);
        const app = appOf([routes({ feed: () => [{ data: 1 }] }, [], feed), routes({ wrong: () => [{ data: 'one' }] }, [], feed),
          routes({ accepted: library.accepted }),
          routes({ picture: () => 'png' }, [], (path) => Get(path, { response: new library.Picture() }))]);
        const response = await app.request('/feed');
        const picture = await app.request('/picture');
        return [picture.headers.get('content-type'), await picture.text(), response.headers.get('content-type'), await response.text(), (await app.request('/wrong')).status,
          lines.length, await ask(app, '/accepted')];`),
      ['image/png', 'png', 'text/event-stream', 'data: 1\n\n', 500, 1, [202, 'later']],
    );
  });

  test('controllers are included and extended, with their guards', () => {
    assert.deepEqual(
      run(`
        class Sub extends library.LibraryController {}
        Controller('/sub')(Sub);
        const app = appOf([library.LibraryController, Sub], { dependencies: [library.Depends(library.page)] });
        const without = appOf([Sub], { overrides: [[library.user, dependency(() => 'nobody')]] });
        return [await ask(app, '/library/read?page=1'), await ask(app, '/sub/read?page=1'), await ask(app, '/sub/read?page=1', bearer),
          (await ask(app, '/sub/read', bearer))[0], await ask(without, '/sub/read')];`),
      [
        [401, { detail: 'Not authenticated' }],
        [401, { detail: 'Not authenticated' }],
        [200, 'library'],
        422,
        [200, 'library'],
      ],
    );
  });
});

describe('a copy of another version', () => {
  before(() => install('node_modules/library', '9.8.7'));

  test('is one mistake at start that has both versions and where they are', () => {
    const { thrown } = run(`return appOf([routes(library.throws)]);`) as {
      thrown: { code: string; message: string }[];
    };
    assert.deepEqual(
      thrown.map(({ code }) => code),
      ['SEVERAL_COPIES'],
    );
    const { message = '' } = thrown[0] ?? {};
    assert.ok(message.includes(`${version} (`) && message.includes('9.8.7 ('), message);
    assert.match(message, /copies-\w+\/node_modules\/portico\/index\.js/);
    assert.match(message, /node_modules\/library\/node_modules\/portico\/index\.js/);
  });

  test('is found by an include too, where it is loaded after the app was made', () => {
    const late = run(`
      delete globalThis[Symbol.for('portico.copies')];
      const app = appOf([]);
      globalThis[Symbol.for('portico.copies')].push({ version: '9.8.7', file: undefined });
      return app.include([routes({ x: () => 1 })]);`) as { thrown: { code: string }[] };
    assert.equal(late.thrown[0]?.code, 'SEVERAL_COPIES');
  });
});
