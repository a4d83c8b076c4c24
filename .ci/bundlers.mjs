import { spawn, spawnSync } from 'node:child_process';
import { cpSync, existsSync, mkdirSync, readdirSync, readFileSync, symlinkSync, writeFileSync } from 'node:fs';
import { createServer } from 'node:net';
import { dirname, join, resolve } from 'node:path';

// Usage: node .ci/bundlers.mjs FOLDER [TOOL…]: FOLDER holds the packed package. Each section of the page is a project.

const [given = '', ...chosen] = process.argv.slice(2);
const folder = resolve(given);
const root = resolve(import.meta.dirname, '..');
const EXPECTED = '401 422 {"id":7,"owner":"ada"} item_read [{"HTTPBearer":[]}]';
const MINUTE = 60_000;
/** What takes longest begins first. */
const LONG = ['Next.js', 'webpack'];
const bin = join(folder, 'node_modules/.bin');
const env = {
  ...process.env,
  PATH: `${bin}:${process.env.PATH}`,
  CI: 'true',
  NO_COLOR: '1',
  NEXT_TELEMETRY_DISABLED: '1',
};

const page = readFileSync(join(root, 'docs/build-bundle-test.md'), 'utf8');
const sections = page.split(/^## /m).map((text) => {
  const blocks = [...text.matchAll(/^```(\w+)(?: (\S+))?\n([\s\S]*?)^```/gm)];
  return {
    name: text.split('\n', 1)[0],
    files: blocks.flatMap(([, , file, body]) => (file === undefined ? [] : [{ file, body }])),
    commands: blocks
      .filter(([, language, file]) => language === 'sh' && file === undefined)
      .flatMap(([, , , body]) => body.trim().split('\n')),
  };
});
const common = sections.find(({ name }) => name === 'The files') ?? { files: [] };
const tools = sections
  .filter(({ name, commands }) => name !== 'The files' && commands.length > 0)
  .filter(({ name }) => chosen.length === 0 || chosen.includes(name))
  .toSorted((one, other) => LONG.includes(other.name) - LONG.includes(one.name));

function install() {
  const { devDependencies } = JSON.parse(readFileSync(join(root, 'package.json'), 'utf8'));
  const lines = [...common.commands, ...tools.flatMap(({ commands }) => commands)];
  const names = lines.filter((line) => line.startsWith('npm install')).flatMap((line) => line.split(' ').slice(2));
  if (process.platform === 'linux' && process.arch === 'x64')
    names.push('@oven/bun-linux-x64', '@deno/linux-x64-glibc');
  const wanted = [...new Set(names.filter((name) => !name.startsWith('-')))].map((name) => {
    if (name === 'portico') return join(folder, readdirSync(folder).find((file) => file.endsWith('.tgz')) ?? name);
    return devDependencies[name] === undefined ? name : `${name}@${devDependencies[name]}`;
  });
  writeFileSync(join(folder, 'package.json'), '{ "private": true, "type": "module" }');
  const options = ['--prefix', folder, '--ignore-scripts', '--no-audit', '--no-fund', '--prefer-offline'];
  const { status, stderr } = spawnSync('npm', ['install', ...options, ...wanted], { encoding: 'utf8' });
  if (status !== 0) {
    console.log(stderr.split('\n').slice(-5).join('\n'));
    console.log('skipped: the tools of the page could not be downloaded');
    process.exit(0);
  }
  const binaries = { bun: '@oven/bun-linux-x64/bin/bun', deno: '@deno/linux-x64-glibc/deno' };
  for (const [name, file] of Object.entries(binaries)) {
    const target = join(folder, 'node_modules', file);
    if (existsSync(target)) symlinkSync(target, join(bin, name));
  }
}

function project({ name, files }) {
  const home = join(folder, name.toLowerCase().replaceAll(/[^a-z]+/g, '-'));
  cpSync(join(root, 'examples/bundling'), join(home, 'src'), { recursive: true });
  for (const { file, body } of [...common.files, ...files]) {
    mkdirSync(dirname(join(home, file)), { recursive: true });
    writeFileSync(join(home, file), body);
  }
  return home;
}

/** Runs one command; resolves to its status and what it printed. */
function run(command, cwd, extra = {}) {
  const child = spawn('sh', ['-c', command.replaceAll('npx ', '')], { cwd, env: { ...env, ...extra }, detached: true });
  let output = '';
  child.stdout.on('data', (text) => (output += text));
  child.stderr.on('data', (text) => (output += text));
  const stop = () => {
    try {
      process.kill(-child.pid);
    } catch {
      // It has ended.
    }
  };
  const timer = setTimeout(stop, 3 * MINUTE);
  const ended = new Promise((done) => {
    child.on('close', (status) => {
      clearTimeout(timer);
      done({ status, output });
    });
  });
  return { ended, stop };
}

async function freePort() {
  const server = createServer();
  await new Promise((done) => server.listen(0, done));
  const { port } = server.address();
  await new Promise((done) => server.close(done));
  return port;
}

/** What the program of the page prints, asked of a server. */
async function askServer(command, home) {
  const port = await freePort();
  const { ended, stop } = run(command, home, { PORT: String(port) });
  const get = (path, headers) => fetch(`http://127.0.0.1:${port}${path}`, { headers });
  try {
    for (let tries = 0; ; tries++) {
      const anonymous = await get('/items/7').catch(() => undefined);
      if (anonymous === undefined && tries < 60) {
        await new Promise((done) => setTimeout(done, 500));
        continue;
      }
      const authorization = 'Bearer ada';
      const invalid = await get('/items/seven', { authorization });
      const answer = await (await get('/items/7', { authorization })).text();
      const { operationId, security } = (await (await get('/openapi.json')).json()).paths['/items/{id}'].get;
      const output = `${anonymous?.status} ${invalid.status} ${answer} ${operationId} ${JSON.stringify(security)}`;
      return { status: 0, output };
    }
  } catch (error) {
    return { status: 1, output: String(error) };
  } finally {
    stop();
    await ended;
  }
}

async function check(section) {
  const home = project(section);
  const said = [];
  let shown = false;
  for (const command of section.commands.filter((line) => !line.startsWith('npm install'))) {
    const [program] = command.replaceAll('npx ', '').split(' ');
    if (['bun', 'deno'].includes(program) && !existsSync(join(bin, program))) {
      return { ok: true, text: `skipped: ${program} cannot be had for this machine` };
    }
    const serves = command.endsWith(' start');
    const { status, output } = await (serves ? askServer(command, home) : run(command, home).ended);
    said.push(`$ ${command}\n${output}`);
    shown ||= output.includes(EXPECTED) || /\b1 passed\b/.test(output);
    if (status !== 0) return { ok: false, text: said.join('\n') };
  }
  return { ok: shown, text: shown ? 'passed' : said.join('\n') };
}

const seconds = (since) => `${((performance.now() - since) / 1000).toFixed(1)} s`;

const begun = performance.now();
install();
console.log(`-- the tools of the page are installed (${seconds(begun)})`);
const failed = [];
const waiting = [...tools];
async function worker() {
  for (let section = waiting.shift(); section !== undefined; section = waiting.shift()) {
    const started = performance.now();
    const { ok, text } = await check(section);
    console.log(`-- ${section.name}: ${text} (${seconds(started)})`);
    if (!ok) failed.push(section.name);
  }
}
await Promise.all([worker(), worker()]);
if (failed.length > 0) {
  console.log(`what the page says of these does not hold: ${failed.join(', ')}`);
  process.exitCode = 1;
}
