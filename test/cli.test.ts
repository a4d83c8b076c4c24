import assert from 'node:assert/strict';
import { execFileSync } from 'node:child_process';
import {
  appendFileSync,
  mkdirSync,
  mkdtempSync,
  readFileSync,
  renameSync,
  rmSync,
  symlinkSync,
  writeFileSync,
} from 'node:fs';
import { tmpdir } from 'node:os';
import { join, relative } from 'node:path';
import { after, before, describe, test } from 'node:test';
import { fileURLToPath, pathToFileURL } from 'node:url';
import { getText, root, Run } from './world.ts';

const shop = relative(root, fileURLToPath(new URL('fixtures/shop.ts', import.meta.url)));
const folder = mkdtempSync(join(tmpdir(), 'portico-cli-'));
after(() => rmSync(folder, { recursive: true, force: true }));

/** For commands that are not run in this repository. */
const tsx = import.meta.resolve('tsx');
const main = join(root, 'src', 'cli', 'main.ts');

/** Writes a file for the commands to read, and gives its path. */
function written(name: string, text: string): string {
  const file = join(folder, name);
  writeFileSync(file, text);
  return file;
}

/** The environment in which the shop is varied by a module. */
function varied(name: string, text: string): NodeJS.ProcessEnv {
  return { VARIATION: pathToFileURL(written(name, text)).href };
}

const portico = (args: readonly string[], env?: NodeJS.ProcessEnv) =>
  new Run(['--import', 'tsx', 'src/cli/main.ts', ...args], env);

/** Runs a command to its end, and expects an exit code. */
async function output(args: readonly string[], code: number, env?: NodeJS.ProcessEnv): Promise<Run> {
  const run = portico(args, env);
  assert.equal(await run.end(), code, `portico ${args.join(' ')}\n${run.said}`);
  return run;
}

describe('portico openapi', () => {
  test('writes the document to standard output, and nothing else', async () => {
    const { stdout, stderr } = await output(['openapi', shop], 0);
    const document = JSON.parse(stdout) as { openapi: string; paths: Record<string, unknown> };
    assert.equal(stdout, `${JSON.stringify(document, undefined, 2)}\n`);
    assert.equal(document.openapi, '3.1.1');
    assert.ok('/items/{itemId}' in document.paths);
    assert.match(stderr, /the shop opens/);
  });

  test('--check passes what --out wrote, and names the first difference once a route has changed', async () => {
    const out = join(folder, 'openapi.json');
    const check = ['openapi', shop, '--out', out, '--check'];
    assert.match((await output(check, 1)).stderr, /openapi\.json does not exist\n.*portico openapi .*--out /);

    const { stdout } = await output(['openapi', shop, '--out', out], 0);
    assert.equal(stdout, '');
    const text = readFileSync(out, 'utf8');
    assert.match(text, /^\{\n {2}"openapi".*\}\n$/s);
    writeFileSync(out, JSON.stringify(JSON.parse(text), undefined, '\t'));
    await output(check, 0);

    const { stderr } = await output(check, 1, varied('moved.mjs', `export const path = '/elsewhere';`));
    assert.match(stderr, /openapi\.json is out of date; .* #\/paths\/~1elsewhere: missing in the file/);

    writeFileSync(out, text.replace('"Shop"', '"Stall"'));
    assert.match((await output(check, 1)).stderr, /#\/info\/title: the file has "Stall", the app "Shop"/);

    const { openapi, ...others } = JSON.parse(text) as Record<string, unknown>;
    for (const [onDisk, difference] of [
      [JSON.stringify({ ...others, openapi }), '#: the keys are in a different order'],
      [JSON.stringify({ openapi, ...others, 'x-old/new~': 1 }), '#/x-old~1new~0: only in the file'],
      [JSON.stringify('much '.repeat(20)), `#: the file has "${'much '.repeat(15)}much…, the app {"openapi":`],
    ] as const) {
      writeFileSync(out, onDisk);
      const { stderr: told } = await output(check, 1);
      assert.ok(told.includes(`openapi.json is out of date; the first difference is at ${difference}`), told);
    }
    writeFileSync(out, '{ "openapi": ');
    assert.match((await output(check, 1)).stderr, /openapi\.json cannot be read: .*JSON/);
  });

  test('fails where the file cannot be written, or is YAML that does not exist', async () => {
    assert.match(
      (await output(['openapi', shop, '--out', folder], 1)).stderr,
      /portico-cli-\w+ cannot be written: EISDIR/,
    );
    const yaml = join(folder, 'absent.yaml');
    assert.match(
      (await output(['openapi', shop, '--out', yaml, '--check'], 1)).stderr,
      /absent\.yaml does not exist\n/,
    );
  });
});

describe('portico routes', () => {
  test('lists the operations with their security, scopes, and how often their controller is made', async () => {
    const { stdout } = await output(['routes', shop], 0);
    assert.deepEqual(stdout.trimEnd().split('\n'), [
      'METHOD  PATH            HANDLER                  SECURITY                           SCOPES            CONTROLLER',
      'GET     /items/         ItemController.list      OAuth2PasswordBearer               admin items:read  once',
      'GET     /items/:itemId  ItemController.read      OAuth2PasswordBearer+APIKeyHeader  -                 once',
      'GET     /process        OpenController.process   public                             -                 per request',
      'GET     /either         OpenController.either    OAuth2PasswordBearer|APIKeyHeader  -                 per request',
      'GET     /greeting       OpenController.greeting  -                                  -                 per request',
      'GET     /maybe          OpenController.maybe     HTTPBearer|none                    -                 per request',
    ]);
  });

  test('--unprotected fails where an operation without security does not say that it is public', async () => {
    const handlers = ({ stdout }: Run): string[] =>
      Array.from(stdout.matchAll(/\w+Controller\.\w+/g), ([name]) => name);
    const failed = await output(['routes', shop, '--unprotected'], 1);
    assert.deepEqual(handlers(failed), ['OpenController.process', 'OpenController.greeting', 'OpenController.maybe']);
    assert.match(failed.stderr, /2 operations have no security and do not say 'public: true'/);

    const unguarded = varied('unguarded.mjs', 'export const guarded = false;');
    const half = await output(['routes', shop, '--unprotected'], 1, unguarded);
    assert.match(half.stderr, /1 operation has no security and does not say 'public: true'/);

    const guarded = varied('guarded.mjs', 'export const guarded = true;');
    const passed = await output(['routes', shop, '--unprotected'], 0, guarded);
    assert.deepEqual(handlers(passed), ['OpenController.process', 'OpenController.maybe']);
  });
});

describe('on a terminal', () => {
  const warehouse = 'test/fixtures/warehouse.ts';
  /** What a command writes to a terminal of this width. */
  const onTerminal = async (columns: number, ...args: readonly string[]): Promise<string[]> => {
    const terminal = written('terminal.mjs', `Object.assign(process.stdout, { isTTY: true, columns: ${columns} });`);
    const run = new Run(['--import', 'tsx', '--import', pathToFileURL(terminal).href, 'src/cli/main.ts', ...args]);
    assert.equal(await run.end(), 0, run.said);
    return run.stdout.trimEnd().split('\n');
  };

  test('40 routes fit into 80 columns, and nothing of them is lost', async () => {
    const { stdout } = await output(['routes', warehouse], 0);
    const piped = stdout.trimEnd().split('\n');
    assert.equal(piped.length, 41);
    assert.deepEqual(await onTerminal(140, 'routes', warehouse), piped);

    const lines = await onTerminal(80, 'routes', warehouse);
    assert.deepEqual(lines.slice(0, 8), [
      'METHOD  PATH                     HANDLER  SECURITY                  SCOPES',
      '',
      'ShelfController, made once',
      'GET     /shelves/                list     OAuth2PasswordBearer|     shelves:read',
      '                                          APIKeyHeader',
      '',
      'PlaceController, made once',
      'GET     /warehouses/:warehouse   place0   OAuth2PasswordBearer|     -',
    ]);
    assert.deepEqual(
      lines.filter((line) => line.length > 80),
      [],
    );
    // A terminal that does not know its size says 0.
    assert.deepEqual(await onTerminal(0, 'routes', warehouse), lines);
    for (const width of [60, 20]) {
      const text = (await onTerminal(width, 'routes', warehouse)).join('').replaceAll(' ', '');
      for (const method of Array.from({ length: 39 }, (_, index) => `place${index}`)) assert.ok(text.includes(method));
    }
  });

  test('the graph is a tree of what each operation needs, cut to the width, unless a format is asked for', async () => {
    const lines = await onTerminal(32, 'graph', warehouse);
    assert.deepEqual(lines.slice(0, 8), [
      'GET /shelves/  ShelfController.…',
      '├─ ShelfController (app)',
      '└─ reader [shelves:read]',
      '   └─ OAuth2PasswordBearer | AP…',
      'GET /warehouses/:warehouseId/pl…',
      '├─ reader …',
      '└─ PlaceController (app)',
      'GET /warehouses/:warehouseId/pl…',
    ]);
    assert.equal((await onTerminal(32, 'graph', warehouse, '--format', 'mermaid'))[0], 'flowchart LR');
    const piped = await output(['graph', warehouse, '--format', 'tree'], 0);
    assert.match(piped.stdout, /^GET \/shelves\/ {2}ShelfController\.list\n├─ /);
    assert.match((await output(['graph', warehouse, '--format', 'dot'], 2)).stderr, /^--format 'dot' is neither/);
  });
});

test('portico graph draws every dependency once, and what needs it', async () => {
  const { stdout } = await output(['graph', shop], 0);
  const [first, ...lines] = stdout.trimEnd().split('\n');
  assert.equal(first, 'flowchart LR');
  const labels = new Map<string, string>();
  const arrows: string[] = [];
  for (const line of lines) {
    const [, id = '', label = ''] = /^ {2}(n\d+)(?:\(\[|\[|\{\{)"([^"]*)"(?:\]\)|\]|\}\})$/.exec(line) ?? [];
    if (id !== '') labels.set(id, label);
    const [, from = '', scopes = '', to = ''] = /^ {2}(n\d+) -->(\|"[^"]*"\|)? (n\d+)$/.exec(line) ?? [];
    if (from !== '') arrows.push(`${labels.get(from)} -> ${labels.get(to)} ${scopes}`.trim());
    assert.ok(id !== '' || from !== '', line);
  }
  const member = 'the #34;member#34; #38; #60;guest#62; #35;1';
  assert.deepEqual([...labels.values()].toSorted(), [
    'APIKeyHeader',
    'GET /either<br>OpenController.either',
    'GET /greeting<br>OpenController.greeting',
    'GET /items/:itemId<br>ItemController.read',
    'GET /items/<br>ItemController.list',
    'GET /maybe<br>OpenController.maybe',
    'GET /process<br>OpenController.process',
    'HTTPBearer',
    'ItemController (app)',
    'OAuth2PasswordBearer',
    'OAuth2PasswordBearer | APIKeyHeader',
    'OpenController',
    'audit (handler)',
    'database (app)',
    member,
    'user',
  ]);
  assert.deepEqual(arrows.toSorted(), [
    'GET /either<br>OpenController.either -> OAuth2PasswordBearer | APIKeyHeader',
    'GET /either<br>OpenController.either -> OpenController',
    'GET /greeting<br>OpenController.greeting -> OpenController',
    'GET /items/:itemId<br>ItemController.read -> APIKeyHeader',
    'GET /items/:itemId<br>ItemController.read -> ItemController (app)',
    `GET /items/:itemId<br>ItemController.read -> ${member}`,
    'GET /items/<br>ItemController.list -> ItemController (app)',
    'GET /items/<br>ItemController.list -> audit (handler)',
    'GET /items/<br>ItemController.list -> database (app)',
    'GET /items/<br>ItemController.list -> user |"admin"|',
    'GET /items/<br>ItemController.list -> user |"items:read"|',
    'GET /maybe<br>OpenController.maybe -> HTTPBearer',
    'GET /maybe<br>OpenController.maybe -> OpenController',
    'GET /process<br>OpenController.process -> OpenController',
    'ItemController (app) -> database (app)',
    `${member} -> user`,
    'user -> OAuth2PasswordBearer',
    'user -> database (app)',
  ]);
});

describe('portico start', () => {
  test('serves on the port of the environment until SIGTERM, and says so where the port is taken', async () => {
    const run = portico(['start', shop], { PORT: '0' });
    const url = await run.address();
    assert.notEqual(new URL(url).port, '8000');
    assert.match(await getText(`${url}/process`), /^\d+$/);
    const second = await output(['start', shop, '--port', new URL(url).port], 1, { PORT: '0' });
    assert.match(second.stderr, /Cannot listen on 127\.0\.0\.1:\d+: the port is taken\n/);
    assert.doesNotMatch(second.stderr, /\bat /);
    assert.equal(await run.end('SIGTERM'), 0, run.said);
    await assert.rejects(getText(url));
  });

  test('serves on the host that is named, and fails where a value of the app cannot be made', async () => {
    const run = portico(['start', shop, '--port', '0', '--host', 'localhost']);
    assert.equal(new URL(await run.address()).hostname, 'localhost');
    assert.equal(await run.end('SIGTERM'), 0, run.said);

    const empty = varied('empty.mjs', `export const database = () => { throw new Error('no disk'); };`);
    const { stderr } = await output(['start', shop, '--port', '0'], 1, empty);
    assert.match(stderr, /^FrameworkError: The dependency 'database' .* no disk\n +at .*caused by: Error: no disk/s);
  });

  test('--workers serves one port by several processes, replaces one that dies, and ends them all', async () => {
    const crew = `
      console.log('hired', process.pid);
      process.send?.('hello');
      process.on('SIGUSR2', () => process.exit(3));
      export const greeting = () => {
        console.log('busy', process.pid);
        return new Promise((resolve) => setTimeout(resolve, 2_500, 'done'));
      };`;
    const run = portico(['start', shop, '--port', '0', '--workers', '2'], varied('crew.mjs', crew));
    const url = await run.address();
    assert.match(run.stdout, /\(2 workers\)/);
    const seen = new Set<number>();
    const meet = (count: number) =>
      run.until(async () => seen.add(Number(await getText(`${url}/process`))).size === count);
    await meet(2);
    const [victim = 0] = seen;
    process.kill(victim, 'SIGKILL');
    await run.until(() => run.stderr.includes(`Worker ${victim} ended with SIGKILL`));
    await meet(3);

    // While a request is answered, no worker is replaced any more.
    const answer = getText(`${url}/greeting`);
    const busy = Number(await run.heard(/busy (\d+)/));
    const idle = [...seen].find((pid) => pid !== victim && pid !== busy) ?? 0;
    process.kill(idle, 'SIGUSR2');
    await run.until(() => run.stderr.includes(`Worker ${idle} ended with code 3 and is being replaced`));
    assert.equal(await run.end('SIGTERM'), 0, run.said);
    assert.equal(await answer, '"done"');
    assert.equal(run.stdout.match(/hired/g)?.length, 3);
    await assert.rejects(getText(url));
  });

  test('--workers reports once why FILE cannot be served', async () => {
    const wrong = varied('wrong-for-all.mjs', 'export const wrong = true;');
    const { stderr } = await output(['start', shop, '--port', '0', '--workers', '2'], 1, wrong);
    assert.equal(stderr.match(/cannot be loaded/g)?.length, 1, stderr);
  });
});

test('portico dev serves again after a change, also where a file was replaced or could not be loaded', async () => {
  const replace = (text: string): void => renameSync(written('next.mjs', text), join(folder, 'changing.mjs'));
  const run = portico(['dev', shop, '--port', '0'], varied('changing.mjs', `export const path = '/one';`));
  assert.match(await getText(`${await run.address()}/one`), /^\d+$/);
  replace(`export const path = ;`);
  await run.until(() => run.stderr.includes('waiting for a change'));
  replace(`export const path = '/two';`);
  assert.match(await getText(`${await run.address(2)}/two`), /^\d+$/);
  replace(`export const path = '/three';`);
  const last = await run.address(3);
  assert.match(await getText(`${last}/three`), /^\d+$/);
  assert.equal(await run.end('SIGTERM'), 0, run.said);
  await assert.rejects(getText(last));
});

describe('FILE', () => {
  const failing = async (file: string, env?: NodeJS.ProcessEnv): Promise<string> =>
    (await output(['routes', file], 1, env)).stderr;

  test('without an app is an error with the reason, and without a stack of the command', async () => {
    const [absent, without, other, plain, endless] = await Promise.all([
      failing('absent.ts'),
      failing(written('without.mjs', 'export const application = {};')),
      failing(written('other.mjs', 'export const app = { fetch() {} };')),
      failing(written('plain.mjs', 'export const app = 1;')),
      failing(written('endless.mjs', 'export const app = new Promise(() => {});')),
    ]);
    assert.equal(absent, 'absent.ts does not exist\n');
    assert.match(without, /without\.mjs does not export 'app'\n$/);
    assert.match(other, /'app' of .*other\.mjs is neither an App nor a function that returns one\n$/);
    assert.match(plain, /'app' of .*plain\.mjs is neither an App nor a function that returns one\n$/);
    assert.match(endless, /endless\.mjs waits for a promise that never settles\n$/);
  });

  test('that throws is an error with the stack, declaration mistakes are one without', async () => {
    const [thrown, wrong] = await Promise.all([
      failing(written('thrown.mjs', `throw new Error('no disk', { cause: new Error('no power') });`)),
      failing(shop, varied('wrong.mjs', 'export const wrong = true;')),
    ]);
    assert.match(thrown, /thrown\.mjs cannot be loaded\nError: no disk\n +at .*caused by: Error: no power/s);
    assert.match(wrong, /shop\.ts cannot be loaded\n2 declaration errors:\n {2}UNSECURED_OPERATION: OpenController/);
    assert.doesNotMatch(wrong, /^ +at /m);
  });

  test('may have the app of another copy of the package', async () => {
    const app = `{ fetch() {}, operations: [], openapi: () => ({ openapi: '3.1.1' }) }`;
    const { stdout } = await output(['openapi', written('foreign.cjs', `module.exports = { app: ${app} };`)], 0);
    assert.equal(stdout, '{\n  "openapi": "3.1.1"\n}\n');
  });
});

describe('a project in which the package is installed', () => {
  const project = join(folder, 'project');
  const modules = join(project, 'node_modules');
  const installed = join(modules, 'portico');
  const inProject = (name: string, text: string): string => written(join('project', name), text);
  const app = `export const app = new App({ title: 'Plain', version: '1' });`;

  before(() => {
    mkdirSync(installed, { recursive: true });
    const compiler = join(root, 'node_modules', 'typescript', 'bin', 'tsc');
    const build = ['-p', join(root, 'tsconfig.build.json'), '--noCheck', '--outDir', join(installed, 'dist')];
    execFileSync(process.execPath, [compiler, ...build]);
    symlinkSync(join(root, 'package.json'), join(installed, 'package.json'));
    for (const name of ['zod', 'reflect-metadata', 'openapi3-ts', 'cookie', 'tsx']) {
      symlinkSync(join(root, 'node_modules', name), join(modules, name), 'junction');
    }
    inProject('package.json', '{ "type": "module" }');
    inProject('app.ts', readFileSync(join(root, shop), 'utf8'));
    inProject('plain.js', `import { App } from 'portico'; ${app}`);
  });

  test('TypeScript is loaded by plain Node with the tsx of the project, which is asked for where it is missing', async () => {
    const routes = [join(installed, 'dist', 'cli', 'main.js'), 'routes', 'app.ts'];
    const undecorated = new Run(routes, {}, project);
    assert.equal(await undecorated.end(), 1, undecorated.said);
    assert.match(
      undecorated.stderr,
      /need "experimentalDecorators": true in the tsconfig\.json of the working directory/,
    );

    inProject('tsconfig.json', '{ "compilerOptions": { "experimentalDecorators": true } }');
    const loaded = new Run(routes, {}, project);
    assert.equal(await loaded.end(), 0, loaded.said);
    assert.match(loaded.stdout, /ItemController\.list +OAuth2PasswordBearer/);

    rmSync(join(modules, 'tsx'));
    const missing = new Run(routes, {}, project);
    assert.equal(await missing.end(), 1, missing.said);
    assert.match(missing.stderr, /^app\.ts is TypeScript, .* npm install --save-dev tsx\n.+\n$/);

    // What needs no loader is served without one.
    const built = new Run([...routes.slice(0, -1), 'plain.js'], {}, project);
    assert.equal(await built.end(), 0, built.said);
    inProject('broken.js', 'export const app = ;');
    const broken = new Run([...routes.slice(0, -1), 'broken.js'], {}, project);
    assert.equal(await broken.end(), 1, broken.said);
    assert.match(broken.stderr, /^broken\.js cannot be loaded\n/);
    assert.doesNotMatch(broken.stderr, /tsx/);
  });

  test('an app is served by the adapter of its own copy, or by another where that is not found', async () => {
    appendFileSync(join(installed, 'dist', 'adapters', 'node.js'), `\nconsole.info('the adapter of the project');\n`);
    const index = pathToFileURL(join(installed, 'dist', 'index.js')).href;
    const astray = written('astray.mjs', `import { App } from '${index}'; ${app}`);
    // Those of the sources, but with the packages of the project.
    const settings = { TSX_TSCONFIG_PATH: join(root, 'tsconfig.build.json') };
    for (const [file, isOwn] of [
      [join(project, 'plain.js'), true],
      [astray, false],
    ] as const) {
      const run = new Run(['--import', tsx, main, 'start', file, '--port', '0'], settings, folder);
      assert.match(await getText(`${await run.address()}/openapi.json`), /"Plain"/);
      assert.equal(run.stdout.includes('the adapter of the project'), isOwn);
      assert.equal(await run.end('SIGTERM'), 0, run.said);
    }
  });
});

describe('FILE in TypeScript', () => {
  const environment = { TSX_TSCONFIG_PATH: join(root, 'tsconfig.json') };

  test('is loaded by whatever loads TypeScript already, with and without the tsx of the project', async () => {
    const loader = pathToFileURL(written('loader.mjs', `import '${tsx}';`)).href;
    for (const cwd of [root, folder]) {
      const run = new Run(['--import', loader, main, 'routes', join(root, shop)], environment, cwd);
      assert.equal(await run.end(), 0, run.said);
      assert.match(run.stdout, /ItemController\.list +OAuth2PasswordBearer/);
    }
  });

  test('is told which setting its decorators need', async () => {
    const cwd = join(folder, 'unset');
    mkdirSync(cwd);
    written('unset/tsconfig.json', '{}');
    const file = written('unset/app.ts', 'export class A { constructor(@B() b: string) {} }');
    // Other settings compile the sources to other lines, whose coverage cannot be counted with the rest.
    const run = new Run(['--import', tsx, main, 'routes', file], { NODE_V8_COVERAGE: undefined }, cwd);
    assert.equal(await run.end(), 1, run.said);
    assert.match(
      run.stderr,
      /app\.ts cannot be loaded\n[^]*need "experimentalDecorators": true in the tsconfig\.json of/,
    );
  });
});

describe('portico check', () => {
  const check = ['check', shop, '--requests', '4', '--seed', '7'];

  test('passes an app whose document is true, and names what it could not check', async () => {
    const { stdout, stderr } = await output(check, 0);
    assert.match(stdout, /^\d+ requests were answered as documented \(seed 7\)\n$/);
    assert.match(stderr, /^GET \/items\/ was not fully checked: the headers have no credentials for it$/m);
    const alone = await output([...check, '--operation', 'open_maybe', '--header', 'Authorization: Bearer a'], 0);
    assert.doesNotMatch(alone.stderr, /not fully checked/);
    assert.ok(Number.parseInt(alone.stdout) < Number.parseInt(stdout), alone.stdout);
  });

  test('fails one whose document lies, by the smallest request and the seed that repeats it', async () => {
    const lie = varied('lie.mjs', `export const greeting = () => new Response('hello');`);
    const { stdout, stderr } = await output(check, 1, lie);
    assert.equal(stdout, '');
    assert.match(stderr, /GET \/greeting: 200 has the type text\/plain, but application\/json is documented/);
    assert.match(stderr, /> GET \/greeting/);
    assert.match(stderr, /seed 7/);
  });

  test('says what is wrong with its options', async () => {
    const wrong: [string[], RegExp][] = [
      [['--requests', '0'], /^--requests needs a whole number of at least 1, not '0'\n\nUsage: portico check FILE/],
      [['--seed', 'x'], /^--seed needs a whole number, not 'x'\n\nUsage: portico check FILE/],
      [['--header', 'Authorization'], /^--header needs 'NAME: VALUE', not 'Authorization'\n\nUsage/],
    ];
    const runs = await Promise.all(wrong.map(([args]) => output(['check', shop, ...args], 2)));
    for (const [index, { stderr }] of runs.entries()) assert.match(stderr, wrong[index]?.[1] ?? /nothing/);
    const { stderr } = await output(['check', shop, '--operation', 'nobody'], 1);
    assert.match(stderr, /has no operation 'nobody'/);
  });
});

describe('the command line', () => {
  test('answers wrong usage with the usage of the command, on standard error', async () => {
    const wrong: [string[], RegExp][] = [
      [
        ['serve', shop],
        /^Unknown command 'serve'\n\nUsage: portico COMMAND FILE.* dev .* start .* openapi .* routes .* graph /s,
      ],
      [['--verbose'], /^Unknown option '--verbose'\n\nUsage: portico COMMAND FILE/],
      [[], /^A command is missing\n\nUsage: portico COMMAND FILE/],
      [['routes', shop, '--all'], /^Unknown option '--all'.*\n\nUsage: portico routes FILE/],
      [
        ['routes', shop, 'a.ts', 'b.ts'],
        /^Only one FILE is allowed, but there is also 'a\.ts' 'b\.ts'\n\nUsage: portico routes/,
      ],
      [['graph'], /^FILE is missing\n\nUsage: portico graph FILE/],
      [['openapi', shop, '--check'], /^--check needs .*--out FILE\n\nUsage: portico openapi FILE/],
      [['openapi', shop, '--out', ''], /^--out needs the name of a file\n\nUsage: portico openapi FILE/],
      [['start', shop, '--host', ''], /^--host needs an address\n\nUsage: portico start FILE/],
      [['start', shop, '--workers', '0'], /^--workers '0' is not .*\n\nUsage: portico start FILE/],
      [['dev', shop, '--port', '65536'], /^--port '65536' is not .*\n\nUsage: portico dev FILE/],
    ];
    const runs = await Promise.all(wrong.map(([args]) => output(args, 2)));
    for (const [index, { stdout, stderr }] of runs.entries()) {
      assert.equal(stdout, '');
      assert.match(stderr, wrong[index]?.[1] ?? /nothing/);
    }
    const { stderr } = await output(['start', shop], 2, { PORT: 'http' });
    assert.match(stderr, /^PORT 'http' is not .*\n\nUsage: portico start FILE/);
  });

  test('prints its version and its help', async () => {
    const [version, own, help] = await Promise.all([
      output(['--version'], 0),
      output(['-h'], 0),
      output(['start', '--help'], 0),
    ]);
    const { version: expected } = JSON.parse(readFileSync(join(root, 'package.json'), 'utf8')) as { version: string };
    assert.equal(version.stdout, `${expected}\n`);
    assert.match(own.stdout, /^Usage: portico COMMAND FILE \[options\]\n/);
    assert.match(
      help.stdout,
      /^Usage: portico start FILE \[--port PORT\] \[--host HOST\] \[--workers N\] \[--env-file FILE\]\.\.\.\n/,
    );
  });
});
