import { existsSync, readFileSync } from 'node:fs';
import { arch } from 'node:process';
import { fileURLToPath } from 'node:url';

/**
 * The servers in the order of the table; `packages` are what a user names in package.json, counted with all they bring.
 * The first one is the reference. `large`: it also does the pieces of large bodies.
 */
export const servers = [
  { name: 'hand-written', title: 'hand-written node:http', packages: [], large: true },
  { name: 'hand-written-zod', title: 'the same with zod', packages: ['zod'], large: true },
  { name: 'portico', title: 'Portico', packages: ['portico', 'zod'], portico: true, large: true },
  {
    name: 'portico-async',
    title: 'Portico, async functions',
    packages: ['portico', 'zod'],
    portico: true,
    large: true,
  },
  {
    name: 'portico-fast-write',
    title: 'Portico, fastWrite',
    packages: ['portico', 'zod'],
    portico: true,
    entry: 'portico.js',
    fastWrite: true,
    large: true,
  },
  { name: 'fastify', title: 'Fastify (ajv)', packages: ['fastify'], large: true },
  { name: 'fastify-zod', title: 'Fastify + zod provider', packages: ['fastify', 'fastify-type-provider-zod', 'zod'] },
  {
    name: 'hono',
    title: 'Hono + zod-validator',
    packages: ['hono', '@hono/node-server', '@hono/zod-validator', 'zod'],
  },
  { name: 'express', title: 'Express + zod', packages: ['express', 'zod'] },
  {
    name: 'nestjs',
    title: 'NestJS on Fastify',
    packages: [
      '@nestjs/core',
      '@nestjs/common',
      '@nestjs/platform-fastify',
      'class-validator',
      'class-transformer',
      'reflect-metadata',
      'rxjs',
    ],
  },
  {
    name: 'routing-controllers',
    title: 'routing-controllers',
    packages: ['routing-controllers', 'class-validator', 'class-transformer', 'reflect-metadata'],
  },
].map((server) => ({ entry: `${server.name}.js`, ...server, env: {} }));

/** The Bun that `npm ci` installs where there is one for the machine. */
const installedBun = fileURLToPath(
  new URL(`node_modules/@oven/bun-linux-${arch === 'arm64' ? 'aarch64' : arch}/bin/bun`, import.meta.url),
);

/** The same on Bun: the first one is the reference again. */
export function bunServers(bun = installedBun) {
  if (!existsSync(bun)) throw new Error(`${bun} is missing: npm ci, or --bun path`);
  return [
    { name: 'bun-serve', title: 'hand-written Bun.serve', packages: [] },
    { name: 'portico', title: 'Portico', packages: ['portico', 'zod'], portico: true },
    { name: 'portico-async', title: 'Portico, async functions', packages: ['portico', 'zod'], portico: true },
    { name: 'hono', title: 'Hono + zod-validator', packages: ['hono', '@hono/zod-validator', 'zod'] },
    { name: 'elysia', title: 'Elysia (TypeBox)', packages: ['elysia'] },
  ].map((server) => ({ ...server, entry: `bun/${server.name}.js`, env: {}, command: [bun] }));
}

/** Names and versions of the packages that a server needs at run time, from a lock file. */
export function packagesOf(names, lockFile) {
  const { packages } = JSON.parse(readFileSync(lockFile, 'utf8'));
  const found = new Map();
  const resolve = (name, from) => {
    for (let at = from; ; at = at.slice(0, Math.max(0, at.lastIndexOf('/node_modules/')))) {
      const key = `${at ? `${at}/` : ''}node_modules/${name}`;
      if (packages[key]) return key;
      if (at === '') return undefined;
    }
  };
  const visit = (name, from, optional) => {
    const key = resolve(name, from);
    if (key === undefined) {
      if (optional) return;
      throw new Error(`${name} (for ${from || 'the bench'}) is not in ${lockFile}`);
    }
    if (found.has(key)) return;
    const entry = packages[key];
    found.set(key, { name, version: entry.version });
    for (const next of Object.keys(entry.dependencies ?? {})) visit(next, key, false);
    for (const next of Object.keys(entry.optionalDependencies ?? {})) visit(next, key, true);
    for (const next of Object.keys(entry.peerDependencies ?? {})) {
      if (!entry.peerDependenciesMeta?.[next]?.optional) visit(next, key, true);
    }
  };
  for (const name of names) visit(name, '', false);
  return [...found.values()];
}
