#!/usr/bin/env node
import { readFileSync } from 'node:fs';
import { check } from './check.ts';
import { type Command, Failure, print, UsageError } from './command.ts';
import { dev } from './dev.ts';
import { graph } from './graph.ts';
import { explain } from './load.ts';
import { newProject } from './new.ts';
import { openapi } from './openapi.ts';
import { routes } from './routes.ts';
import { start } from './start.ts';

const USAGE = `Usage: portico COMMAND FILE [options]
       portico new DIR

FILE is a module that exports 'app': an App, or a function that returns one or a promise of one.

  dev      serve, and restart when a file changes
  start    serve
  openapi  write or check the OpenAPI document
  check    check that the app matches its document
  routes   list the operations and their security
  graph    print the dependency graph
  new      create a project

  --help     print this, or the options of a command
  --version  print the version of portico
`;

const COMMANDS = new Map<string | undefined, Command>(
  Object.entries({ dev, start, openapi, check, routes, graph, new: newProject }),
);

async function run([name, ...args]: readonly string[]): Promise<number> {
  const command = COMMANDS.get(name);
  if (command === undefined) return runAlone(name);
  if (isHelp(args)) {
    await print(command.usage);
    return 0;
  }
  try {
    return await command.run(args);
  } catch (error) {
    if (error instanceof UsageError) return refuse(error.message, command.usage);
    console.error(error instanceof Failure ? error.message : explain(error));
    return 1;
  }
}

async function runAlone(name: string | undefined): Promise<number> {
  if (name === undefined) return refuse('A command is missing', USAGE);
  if (name === '--version') await print(`${version()}\n`);
  else if (isHelp([name])) await print(USAGE);
  else return refuse(`Unknown ${name.startsWith('-') ? 'option' : 'command'} '${name}'`, USAGE);
  return 0;
}

function isHelp(args: readonly string[]): boolean {
  return args.includes('--help') || args.includes('-h');
}

function refuse(message: string, usage: string): number {
  console.error(`${message}\n\n${usage.trimEnd()}`);
  return 2;
}

function version(): string {
  const manifest = readFileSync(new URL('../../package.json', import.meta.url), 'utf8');
  return (JSON.parse(manifest) as { version: string }).version;
}

// FILE may have opened something that keeps the process running.
process.exit(await run(process.argv.slice(2)));
