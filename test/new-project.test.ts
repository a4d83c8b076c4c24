import assert from 'node:assert/strict';
import { execFileSync } from 'node:child_process';
import {
  cpSync,
  existsSync,
  mkdirSync,
  mkdtempSync,
  readdirSync,
  readFileSync,
  rmSync,
  statSync,
  symlinkSync,
  writeFileSync,
} from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { after, before, describe, test } from 'node:test';
import { assertValidDocument, getText, root, Run } from './world.ts';

const FILES = [
  '.dockerignore',
  '.env.example',
  '.gitignore',
  'Dockerfile',
  'README.md',
  'package.json',
  'redocly.yaml',
  'src/app.ts',
  'src/greeting-controller.ts',
  'src/main.ts',
  'test/greeting-controller.test.ts',
  'tsconfig.build.json',
  'tsconfig.json',
];

interface Manifest {
  readonly name: string;
  readonly version: string;
  readonly scripts: Record<string, string>;
  readonly dependencies: Record<string, string>;
  readonly devDependencies: Record<string, string>;
}

/** A folder in which the packed package is installed with what it and the projects ask for, so that no registry is needed. */
let folder: string;
let command: string;
/** What runs it: the command of the package, or its sources. */
let program: readonly string[];

const manifestOf = (path: string): Manifest => JSON.parse(readFileSync(join(path, 'package.json'), 'utf8')) as Manifest;
const project = (): string => join(folder, 'my-app');

before(async () => {
  folder = mkdtempSync(join(tmpdir(), 'portico-new-'));
  const modules = join(folder, 'node_modules');
  const unpacked = join(folder, 'unpacked');
  mkdirSync(join(modules, '.bin'), { recursive: true });
  mkdirSync(unpacked);
  execFileSync(process.execPath, [join(root, 'scripts', 'build.mjs'), join(unpacked, 'dist')]);
  for (const file of ['package.json', 'README.md', 'LICENSE', 'templates']) {
    cpSync(join(root, file), join(unpacked, file), { recursive: true });
  }
  execFileSync('npm', ['pack', '--ignore-scripts', '--silent', '--pack-destination', folder], { cwd: unpacked });
  const tarball = readdirSync(folder).find((file) => file.endsWith('.tgz')) ?? '';
  execFileSync('tar', ['-xzf', join(folder, tarball), '-C', modules]);
  symlinkSync('package', join(modules, 'portico'), 'junction');
  const { dependencies } = manifestOf(root);
  for (const name of [...Object.keys(dependencies), 'zod', 'tsx', 'typescript', '@types']) {
    symlinkSync(join(root, 'node_modules', name), join(modules, name), 'junction');
  }
  command = join(modules, 'portico', 'dist', 'cli', 'main.js');
  program = [command];
  symlinkSync(command, join(modules, '.bin', 'portico'));
  symlinkSync(join(modules, 'typescript', 'bin', 'tsc'), join(modules, '.bin', 'tsc'));
  const made = await make('my-app');
  assert.equal(made.stdout, 'Created my-app in my-app. Next:\n\n  cd my-app\n  npm install\n  npm run dev\n');
});

after(() => rmSync(folder, { recursive: true, force: true }));

/** Makes a project, and expects an exit code. */
async function make(name: string, code = 0, cwd = folder): Promise<Run> {
  const run = new Run([...program, 'new', name], {}, cwd);
  assert.equal(await run.end(), code, run.said);
  return run;
}

/** Runs a script of the project as its README says. */
async function npm(...args: readonly string[]): Promise<Run> {
  // Else the tests of the project report to those of this file.
  const run = new Run(args, { NODE_TEST_CONTEXT: undefined }, project(), 'npm');
  assert.equal(await run.end(), 0, run.said);
  return run;
}

const filesIn = (path: string): string[] =>
  readdirSync(path, { recursive: true, encoding: 'utf8' })
    .filter((file) => statSync(join(path, file)).isFile())
    .toSorted();

describe('a project that portico new has made from the packed package', () => {
  test('has these files, and asks for the versions that this package is tested with', () => {
    assert.deepEqual(filesIn(project()), FILES);
    const { dependencies, devDependencies } = manifestOf(project());
    assert.equal(dependencies['portico'], `^${manifestOf(root).version}`);
    for (const [name, version] of Object.entries({ ...dependencies, ...devDependencies })) {
      if (name === 'portico' || name === '@redocly/cli') continue;
      assert.equal(version, `^${manifestOf(join(root, 'node_modules', name)).version}`, name);
    }
  });

  test('compiles without a type error, and its tests pass', async () => {
    await npm('run', 'types');
    assert.match((await npm('test')).stdout, /^# pass 3$|^ℹ pass 3$/m);
  });

  test('serves what it was compiled to, by Node alone, until SIGTERM', async () => {
    await npm('run', 'build');
    const [, main = ''] = /^node (\S+)$/.exec(manifestOf(project()).scripts['start'] ?? '') ?? [];
    assert.match(readFileSync(join(project(), 'Dockerfile'), 'utf8'), new RegExp(`^CMD \\["node", "${main}"\\]$`, 'm'));
    const run = new Run([main], { PORT: '0' }, project());
    assert.equal(await getText(`${await run.address()}/greetings/Ada`), '{"text":"Hello, Ada!"}');
    assert.equal(await run.end('SIGTERM'), 0, run.said);
  });

  test('is served from its sources, with the settings of .env', async () => {
    writeFileSync(join(project(), '.env'), 'PORT=0\n');
    const run = new Run([command, ...(manifestOf(project()).scripts['dev'] ?? '').split(' ').slice(1)], {}, project());
    const url = await run.address();
    assert.notEqual(new URL(url).port, '8000');
    assert.equal(await getText(`${url}/greetings/Ada?language=fr`), '{"text":"Bonjour, Ada!"}');
    assert.equal(await run.end('SIGTERM'), 0, run.said);
  });

  test('has a valid document, and no operation that is open by mistake', async () => {
    await npm('run', 'document');
    await assertValidDocument(join(project(), 'openapi.json'));
    await npm('exec', '--no', '--', 'portico', 'routes', 'src/app.ts', '--unprotected');
  });

  test('is what the page about it shows', () => {
    const page = readFileSync(join(root, 'docs', 'new-project.md'), 'utf8');
    const quoted = [...page.matchAll(/^`([^`\n]+)`:\n\n```\w+\n([\s\S]*?)^```$/gm)].map(([, name = '', text]) => {
      assert.equal(text, readFileSync(join(project(), name), 'utf8'), name);
      return name;
    });
    assert.deepEqual(quoted, ['package.json', 'tsconfig.json', 'tsconfig.build.json', 'Dockerfile']);
  });
});

describe('the installed command under SIGTERM', () => {
  const hasBash = existsSync('/bin/bash');
  const app = `import { App } from 'portico'; export const app = new App({ title: 'Plain', version: '1.0.0' });\n`;

  /** A program that serves when it is started so, ends with 0, and leaves no server behind. */
  const endsInOrder = async (program: string, ...args: readonly string[]): Promise<void> => {
    const cwd = join(folder, 'ending');
    mkdirSync(cwd, { recursive: true });
    writeFileSync(join(cwd, 'app.js'), app);
    const scripts = { start: 'exec portico start app.js' };
    writeFileSync(join(cwd, 'package.json'), JSON.stringify({ type: 'module', scripts }));
    const run = new Run(args, { PORT: '0' }, cwd, program);
    const url = await run.address();
    assert.match(await getText(`${url}/openapi.json`), /"Plain"/);
    assert.equal(await run.end('SIGTERM'), 0, run.said);
    await assert.rejects(getText(url));
  };

  test('ends in order where Node runs it, as a container should', () =>
    endsInOrder(process.execPath, '../node_modules/.bin/portico', 'start', 'app.js'));

  test('ends in order under npm start where the script begins with exec', () => endsInOrder('npm', 'start'));

  // The shell decides whether it hears of it: dash does not take the command's place, and npm signals the shell alone.
  test('ends in order under npx where the shell gives way to the command', { skip: !hasBash }, () =>
    endsInOrder('npx', '--script-shell=/bin/bash', '--no', 'portico', 'start', 'app.js'),
  );
});

describe('portico new', () => {
  before(() => {
    program = ['--import', import.meta.resolve('tsx'), join(root, 'src', 'cli', 'main.ts')];
    // As they are compiled in this repository, so that their coverage can be counted with the rest.
    process.env['TSX_TSCONFIG_PATH'] = join(root, 'tsconfig.json');
  });

  test('writes nothing into a folder that has something', async () => {
    const taken = join(folder, 'taken');
    mkdirSync(taken);
    writeFileSync(join(taken, 'notes.txt'), 'mine');
    const { stderr, stdout } = await make('taken', 1);
    assert.equal(stderr, "taken is not empty: it contains 'notes.txt'. Nothing was written\n");
    assert.equal(stdout, '');
    assert.deepEqual(filesIn(taken), ['notes.txt']);
    assert.match((await make('taken/notes.txt', 1)).stderr, /^taken\/notes\.txt cannot be used: .*\n$/);
    assert.match((await make('taken/notes.txt/app', 1)).stderr, /^taken\/notes\.txt\/app\S* cannot be .*\n$/);
    assert.equal(readFileSync(join(taken, 'notes.txt'), 'utf8'), 'mine');
    symlinkSync(join(folder, 'absent', 'place'), join(folder, 'astray'));
    assert.match((await make('astray', 1)).stderr, /^astray\/\S+ cannot be written: .*\n$/);
    assert.ok(!existsSync(join(folder, 'absent')));
  });

  test('takes an empty folder, a repository without files too, and the one it is called in', async () => {
    const here = join(folder, 'here');
    mkdirSync(join(here, '.git'), { recursive: true });
    assert.equal((await make('.', 0, here)).stdout, 'Created here. Next:\n\n  npm install\n  npm run dev\n');
    assert.equal(manifestOf(here).name, 'here');
  });

  test('gives the project a name that npm takes', async () => {
    const name = async (path: string): Promise<string> => {
      await make(path);
      return manifestOf(join(folder, path)).name;
    };
    assert.equal(await name("deep/Ada's Äpp_2"), 'ada-s-app_2');
    assert.match(readFileSync(join(folder, "deep/Ada's Äpp_2/src/app.ts"), 'utf8'), /title: 'ada-s-app_2'/);
    assert.equal(await name('deep/zod'), 'zod-app');
    assert.match((await make('東京', 1)).stderr, /^No package name can be derived from '東京'\n$/);
    assert.ok(!existsSync(join(folder, '東京')));
  });

  test('asks for a DIR, and for one alone', async () => {
    const missing = new Run([...program, 'new'], {}, folder);
    assert.equal(await missing.end(), 2);
    assert.match(missing.stderr, /^DIR is missing\n\nUsage: portico new DIR\n/);
    const two = new Run([...program, 'new', 'one', 'two'], {}, folder);
    assert.equal(await two.end(), 2);
    assert.match(two.stderr, /^Only one DIR is allowed, but there is also 'two'\n/);
    assert.ok(!existsSync(join(folder, 'one')));
  });
});
