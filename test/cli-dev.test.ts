import assert from 'node:assert/strict';
import { once } from 'node:events';
import { mkdirSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { after, describe, test } from 'node:test';
import { pathToFileURL } from 'node:url';
import { WebSocket } from 'ws';
import { getText, pause, root, Run } from './world.ts';

const shop = join(root, 'test', 'fixtures', 'shop.ts');
const folder = mkdtempSync(join(tmpdir(), 'portico-dev-'));
after(() => rmSync(folder, { recursive: true, force: true }));

const tsx = import.meta.resolve('tsx');
const program = ['--import', tsx, join(root, 'src', 'cli', 'main.ts')];
/** The path at which the shop tells its process comes from the environment. */
const variation = join(folder, 'variation.mjs');
writeFileSync(variation, 'export const path = process.env.SHOP_PATH;\n');

/** A working directory, with files. */
function directory(name: string, files: Record<string, string> = {}): string {
  const path = join(folder, name);
  mkdirSync(path);
  for (const [file, text] of Object.entries(files)) writeFileSync(join(path, file), text);
  return path;
}

function portico(cwd: string, args: readonly string[], env: NodeJS.ProcessEnv = {}): Run {
  const own = { TSX_TSCONFIG_PATH: join(root, 'tsconfig.json'), VARIATION: pathToFileURL(variation).href };
  return new Run([...program, ...args], { ...own, ...env }, cwd);
}

const dev = (cwd: string, args: readonly string[] = [], env: NodeJS.ProcessEnv = {}): Run =>
  portico(cwd, ['dev', shop, '--port', '0', ...args], env);

describe('portico dev', () => {
  test('reads .env of the working directory, and again when it appears, changes and is gone', async () => {
    const cwd = directory('usual');
    const run = dev(cwd);
    process.kill(Number(await getText(`${await run.address()}/process`)), 'SIGKILL');
    await run.until(() => run.stderr.includes('Ended with a signal; waiting for a change'));
    writeFileSync(join(cwd, '.env'), 'SHOP_PATH=/one\n');
    assert.match(await getText(`${await run.address(2)}/one`), /^\d+$/);
    writeFileSync(join(cwd, '.env'), 'SHOP_PATH="/two" # the second\n');
    assert.match(await getText(`${await run.address(3)}/two`), /^\d+$/);
    rmSync(join(cwd, '.env'));
    assert.match(await getText(`${await run.address(4)}/process`), /^\d+$/);
    assert.match(run.stdout, /\n\.env has changed\n/);
    mkdirSync(join(cwd, '.env'));
    await run.until(() => /\.env cannot be read: [^]*code 1; waiting for a change/.test(run.stderr));
    assert.equal(await run.end('SIGTERM'), 0, run.said);
  });

  test('does not mind what the app says to its parent', async () => {
    const talking = join(folder, 'talking.mjs');
    writeFileSync(talking, `for (const message of [null, 'ready', { ready: true }]) process.send?.(message);`);
    const cwd = directory('talking');
    const run = dev(cwd, [], { VARIATION: pathToFileURL(talking).href });
    await run.address();
    writeFileSync(talking, `export const path = '/silent';`);
    assert.match(await getText(`${await run.address(2)}/silent`), /^\d+$/);
    assert.equal(await run.end('SIGTERM'), 0, run.said);
  });

  test('reads the files of --env-file in place of .env: a later one beats an earlier one, the environment both', async () => {
    const files = { '.env': 'SHOP_PATH=/usual', 'a.env': 'SHOP_PATH=/a\nPORT=x', 'b.env': 'SHOP_PATH=/b\nPORT=0' };
    const cwd = directory('named', files);
    const given = ['dev', shop, '--env-file', 'a.env', '--env-file', 'b.env'];
    const run = portico(cwd, given);
    const url = await run.address();
    assert.match(await getText(`${url}/b`), /^\d+$/);
    assert.notEqual(new URL(url).port, '8000');
    writeFileSync(join(cwd, 'b.env'), 'PORT=0');
    assert.match(await getText(`${await run.address(2)}/a`), /^\d+$/);
    // A server that does not start is waited for.
    rmSync(join(cwd, 'b.env'));
    await run.until(() => /'b\.env' of --env-file does not exist\n[^]*waiting for a change/.test(run.stderr));
    assert.equal(await run.end('SIGTERM'), 0, run.said);

    writeFileSync(join(cwd, 'b.env'), 'PORT=0');
    const set = portico(cwd, given, { SHOP_PATH: '/set' });
    assert.match(await getText(`${await set.address()}/set`), /^\d+$/);
    assert.equal(await set.end('SIGTERM'), 0, set.said);
  });

  test('serves again when tsconfig.json, or what it extends, has changed', async () => {
    const cwd = directory('configured', {
      'tsconfig.json':
        '{\n  // the usual\n  "extends": ["./absent/base.json", "./base", "./other.json", "@example/base"]\n}',
      'base.json': '{}',
      'other.json': '{}',
    });
    const run = dev(cwd);
    await run.address();
    writeFileSync(join(cwd, 'base.json'), '{ "compilerOptions": {} }');
    await run.address(2);
    writeFileSync(join(cwd, 'other.json'), '{ "compilerOptions": {} }');
    await run.address(3);
    writeFileSync(join(cwd, 'tsconfig.json'), '{ "compilerOptions": {} }');
    await run.address(4);
    const changed = [...run.stdout.matchAll(/\n(\S+) has changed\n/g)].map(([, file]) => file);
    assert.deepEqual(changed, ['base.json', 'other.json', 'tsconfig.json']);
    assert.equal(await run.end('SIGTERM'), 0, run.said);
  });

  test('--inspect lets a debugger attach, which holds up neither the restart nor the end', async () => {
    const cwd = directory('inspected');
    const run = dev(cwd, ['--inspect=0']);
    const debuggers = (): string[] =>
      [...run.stderr.matchAll(/Debugger listening on (ws:\S+)/g)].map(([, url = '']) => url);
    await run.address();
    const attached = new WebSocket(debuggers()[0] ?? '');
    await once(attached, 'open');
    attached.send('{ "id": 1, "method": "Runtime.enable" }');
    await once(attached, 'message');
    writeFileSync(join(cwd, '.env'), 'SHOP_PATH=/one\n');
    assert.match(await getText(`${await run.address(2)}/one`), /^\d+$/);
    assert.equal(debuggers().length, 2, run.said);
    assert.equal(await run.end('SIGTERM'), 0, run.said);
    attached.terminate();
  });

  test('ends an app by force that hears no signal, at the restart and at the end', async () => {
    const cwd = directory('deaf');
    writeFileSync(join(folder, 'deaf.mjs'), `setTimeout(() => { for (;;); }, 2_000); console.log('counting down');`);
    const run = dev(cwd, [], { VARIATION: pathToFileURL(join(folder, 'deaf.mjs')).href });
    await run.address();
    const { length } = run.stdout;
    // By then it is deaf, and cannot be asked.
    await pause(2_500);
    writeFileSync(join(cwd, '.env'), 'A=1\n');
    await run.until(() => run.stdout.slice(length).includes('counting down'));
    await run.address(2);
    await pause(2_500);
    const ended = run.end('SIGINT');
    // A change that comes too late starts nothing.
    writeFileSync(join(cwd, '.env'), 'A=2\n');
    assert.equal(await ended, 0, run.said);
    assert.equal(run.stdout.match(/has changed/g)?.length, 1, run.said);
  });

  test('refuses wrong options at once', async () => {
    const cwd = directory('refused');
    const wrong = dev(cwd, ['--inspect=local']);
    assert.equal(await wrong.end(), 2, wrong.said);
    assert.match(wrong.stderr, /^'--inspect=local' is not --inspect or --inspect=\[HOST:\]PORT\n\nUsage: portico dev/);
    // Node takes the option for its own, wherever it stands, and then is there first.
    const absent = dev(cwd, ['--env-file', 'absent.env']);
    assert.notEqual(await absent.end(), 0, absent.said);
    assert.match(absent.stderr, /absent\.env/);
    assert.doesNotMatch(absent.stderr, /waiting for a change/);
  });
});

test('portico start, openapi, check, routes and graph read the files of --env-file, and no others', async () => {
  const cwd = directory('started', { '.env': 'SHOP_PATH=/usual', 'a.env': 'SHOP_PATH=/a\nPORT=0' });
  const run = portico(cwd, ['start', shop, '--env-file', 'a.env']);
  assert.match(await getText(`${await run.address()}/a`), /^\d+$/);
  assert.equal(await run.end('SIGTERM'), 0, run.said);
  for (const [command, args, path] of [
    ['routes', [], '/process'],
    ['routes', ['--env-file', 'a.env'], '/a'],
    ['graph', ['--env-file', 'a.env'], '/a'],
  ] as const) {
    const read = portico(cwd, [command, shop, ...args]);
    assert.equal(await read.end(), 0, read.said);
    assert.match(read.stdout, new RegExp(`GET +${path}\\b`));
  }
  const written = portico(cwd, ['openapi', shop, '--env-file', 'a.env']);
  assert.equal(await written.end(), 0, written.said);
  assert.ok('/a' in (JSON.parse(written.stdout) as { paths: object }).paths);
  const checked = portico(cwd, ['check', shop, '--env-file', 'a.env', '--requests', '1', '--operation', 'GET /a']);
  assert.equal(await checked.end(), 0, checked.said);
  const absent = portico(cwd, ['openapi', shop, '--env-file', 'absent.env']);
  assert.notEqual(await absent.end(), 0);
  assert.match(absent.stderr, /absent\.env/);
});
