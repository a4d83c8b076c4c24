// No `target` includes the lib that declares `Disposable`; this line makes it available to users of the declarations.
/// <reference lib="esnext.disposable" preserve="true" />
import { AppNodes } from '../model/app-nodes.ts';
import { GraphBuilder } from '../model/graph-builder.ts';
import { Mistakes } from '../model/mistakes.ts';
import type { Operation } from '../model/operation.ts';
import { Dependables, type Overrides } from '../model/overrides.ts';
import { Providers } from '../model/provider.ts';
import { type AppDeclaration, type Include, readModel, readUnderOverrides } from '../model/read.ts';
import { Route, type RouteSettings } from './route.ts';

interface Override {
  readonly dependable: unknown;
  readonly replacement: unknown;
}

/** The operations of an app and the routes that serve them, with what is included and overridden later. */
export class Routes {
  readonly #app: Omit<AppDeclaration, 'includes'>;
  readonly #settings: RouteSettings;
  readonly #nodes = new AppNodes();
  #includes: readonly Include[] = [];
  #operations: readonly Operation[] = [];
  #routes: readonly Route[] = [];
  #overrides: readonly Override[] = [];

  constructor(app: Omit<AppDeclaration, 'includes'>, settings: RouteSettings) {
    this.#app = app;
    this.#settings = settings;
  }

  /** As they were declared: what the document describes. */
  get operations(): readonly Operation[] {
    return this.#operations;
  }

  /** With the current overrides: what requests run. */
  get current(): readonly Operation[] {
    return this.#underOverrides(this.#overrides);
  }

  get socketPaths(): readonly string[] {
    const sockets = this.#operations.filter(({ socket }) => socket !== undefined);
    return sockets.map(({ declaration }) => declaration.template.pattern);
  }

  get all(): readonly Route[] {
    return this.#routes;
  }

  /** Throws a DeclarationError, and then changes nothing. */
  include(include: Include): void {
    const includes = [...this.#includes, include];
    const operations = readModel({ ...this.#app, includes }, this.#nodes);
    const replaced = this.#underOverrides(this.#overrides, operations, includes);
    this.#routes = operations.map((operation) => new Route(operation, this.#settings));
    this.#includes = includes;
    this.#operations = operations;
    this.#update(replaced);
  }

  /** Throws a DeclarationError if the replacement creates a cycle or a conflict of lifetimes. */
  override(dependable: unknown, replacement: unknown): Disposable {
    const override: Override = { dependable, replacement };
    this.#apply([...this.#overrides, override]);
    return { [Symbol.dispose]: () => this.#apply(this.#overrides.filter((other) => other !== override)) };
  }

  /** Makes empty graphs for dependencies outside of requests, under the current overrides. */
  graphs(): () => GraphBuilder {
    const overrides = new Map([...this.#app.overrides, ...mapOf(this.#overrides)]);
    return () => {
      const mistakes = new Mistakes();
      return new GraphBuilder(new Dependables(overrides, new Providers(mistakes)), this.#nodes, mistakes);
    };
  }

  #apply(overrides: readonly Override[]): void {
    this.#update(this.#underOverrides(overrides));
    this.#overrides = overrides;
  }

  #update(operations: readonly Operation[]): void {
    for (const [index, route] of this.#routes.entries()) route.update(operations[index] as Operation);
  }

  #underOverrides(
    overrides: readonly Override[],
    operations = this.#operations,
    includes = this.#includes,
  ): readonly Operation[] {
    if (overrides.length === 0) return operations;
    return readUnderOverrides({ ...this.#app, includes }, operations, mapOf(overrides), this.#nodes);
  }
}

function mapOf(overrides: readonly Override[]): Overrides {
  return new Map(overrides.map(({ dependable, replacement }) => [dependable, replacement]));
}
