import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import fc from 'fast-check';
import { type Context, Ctx, dependency, Depends, HTTPException, Query } from 'portico';
import { z } from 'zod';
import { type AnyInput, label, OneRoute, type Places, Recorder, turn, within } from './world.ts';

// A graph, the interpreter that says what should happen, and the same graph run by the framework.

const places = ['app', 'include', 'controller', 'route', 'construct', 'inputs'] as const;
const kinds = ['sync', 'async', 'thenable', 'syncGenerator', 'asyncGenerator'] as const;
const faults = ['setup http', 'setup error', 'input', 'convert', 'convert plainly', 'swallow', 'cleanup'] as const;

interface Use {
  readonly target: number;
  readonly cache: boolean;
}
interface Node {
  readonly kind: (typeof kinds)[number];
  readonly lifetime: 'request' | 'handler';
  /** Uses of nodes with smaller numbers. */
  readonly uses: readonly Use[];
  /** Where among the uses the node has a number from the query, if anywhere. */
  readonly queryAt: number | undefined;
  readonly faults: ReadonlySet<(typeof faults)[number]>;
}
interface Graph {
  readonly nodes: readonly Node[];
  readonly roots: Readonly<Record<(typeof places)[number], readonly Use[]>>;
  readonly handler: 'ok' | 'http' | 'error';
}
interface Outcome {
  readonly events: readonly string[];
  readonly status: number;
  /** The names of the query values at fault, in order. */
  readonly issues: readonly string[];
}

const isGenerator = (node: Node): boolean => node.kind.endsWith('Generator');

const graphs: fc.Arbitrary<Graph> = fc
  .record({
    nodes: fc.array(
      fc.record({
        kind: fc.constantFrom(...kinds),
        short: fc.boolean(),
        uses: fc.array(fc.record({ pick: fc.nat(), fresh: fc.nat(9) }), { maxLength: 4 }),
        queryAt: fc.option(fc.nat(4), { freq: 2, nil: undefined }),
      }),
      { minLength: 1, maxLength: 40, size: 'max' },
    ),
    roots: fc.record(
      Object.fromEntries(
        places.map((place) => [place, fc.array(fc.record({ pick: fc.nat(), fresh: fc.nat(9) }), { maxLength: 3 })]),
      ) as Record<(typeof places)[number], fc.Arbitrary<{ pick: number; fresh: number }[]>>,
    ),
    faults: fc.array(fc.record({ at: fc.nat(), fault: fc.constantFrom(...faults) }), { maxLength: 5 }),
    handler: fc.constantFrom('ok', 'ok', 'ok', 'http', 'error'),
  })
  .map(({ nodes: drawn, roots, faults: injected, handler }) => {
    const use = ({ pick, fresh }: { pick: number; fresh: number }, below: number): Use => ({
      target: below - 1 - (pick % below),
      cache: fresh > 0,
    });
    const nodes: Node[] = [];
    const restsOnShort: boolean[] = [];
    for (const [index, { kind, short, uses, queryAt }] of drawn.entries()) {
      const node: Node = {
        kind,
        uses: index === 0 ? [] : uses.map((one) => use(one, index)),
        queryAt,
        lifetime: 'request',
        faults: new Set(injected.filter(({ at }) => at % drawn.length === index).map(({ fault }) => fault)),
      };
      // A request-lifetime generator may not rest on a handler-lifetime one, so it becomes one itself.
      const rests = node.uses.some(({ target }) => restsOnShort[target]);
      const isShort = isGenerator(node) && (short || rests);
      restsOnShort.push(rests || isShort);
      nodes.push(isShort ? { ...node, lifetime: 'handler' } : node);
    }
    const placed = places.map((place) => [place, roots[place].map((one) => use(one, nodes.length))] as const);
    return { nodes, roots: Object.fromEntries(placed) as unknown as Graph['roots'], handler };
  });

/** Thrown on purpose, with a status that says by whom. */
class Failure extends Error {}
const httpStatus = (index: number): number => 430 + index;
const convertedStatus = (index: number): number => 471 + (index % 20);

interface Trouble {
  readonly label: string;
  readonly status: number;
}
const plain = (label: string): Trouble => ({ label, status: 500 });
const http = (status: number): Trouble => ({ label: `http ${status}`, status });

class TooMuch extends Error {}

/** What the graph should do, said as simply as possible; gives up on graphs in which `cache: false` multiplies too much. */
function interpret({ nodes, roots, handler }: Graph): Outcome {
  const events: string[] = [];
  const issues = new Set<string>();
  const shared = new Map<number, string | undefined>();
  const entered: { index: number; name: string }[] = [];
  const counts = nodes.map(() => 0);
  let trouble: Trouble | undefined;

  const resolve = ({ target, cache }: Use): string | undefined => {
    if (cache && shared.has(target)) return shared.get(target);
    const value = call(target);
    if (cache) shared.set(target, value);
    return value;
  };
  const call = (index: number): string | undefined => {
    const node = nodes[index]!;
    const values: (string | undefined)[] = [];
    for (const input of inputsOf(node)) {
      if (input !== 'query') values.push(resolve(input));
      else if (node.faults.has('input')) {
        issues.add(`n${index}`);
        values.push(undefined);
      }
    }
    if (values.includes(undefined) || (isGenerator(node) && issues.size > 0)) return undefined;
    const name = `${index}#${++counts[index]!}`;
    if (events.push(`call ${name}(${values.join(' ')})`) > 400) throw new TooMuch();
    if (node.faults.has('setup http')) throw http(httpStatus(index));
    if (node.faults.has('setup error')) throw plain(`setup ${index}`);
    if (isGenerator(node)) entered.push({ index, name });
    return name;
  };
  const leave = (lifetimes: string[]): void => {
    for (const one of entered.toReversed()) {
      if (!lifetimes.includes(nodes[one.index]!.lifetime)) continue;
      entered.splice(entered.indexOf(one), 1);
      events.push(`exit ${one.name}`);
      if (nodes[one.index]!.faults.has('cleanup') && lifetimes.includes('handler')) throw plain(`cleanup ${one.index}`);
    }
  };

  let background = false;
  try {
    const values = Object.fromEntries(places.map((place) => [place, roots[place].map(resolve)]));
    if (issues.size > 0) throw { label: 'validation', status: 422 };
    events.push(`handler(${[...values['construct']!, ...values['inputs']!].join(' ')})`);
    background = true;
    if (handler !== 'ok') throw handler === 'http' ? http(409) : plain('handler');
    leave(['handler']);
  } catch (error) {
    if (error instanceof Error) throw error;
    trouble = error as Trouble;
  }
  if (trouble) {
    for (const { index, name } of entered.splice(0).toReversed()) {
      events.push(`throw ${name} ${trouble.label}`);
      const caught = nodes[index]!.faults;
      if (caught.has('convert')) trouble = http(convertedStatus(index));
      else if (caught.has('convert plainly')) trouble = plain(`converted ${index}`);
      else if (caught.has('swallow')) trouble = plain('framework');
    }
  }
  events.push(`answer ${trouble?.status ?? 200}`);
  if (background) events.push('background');
  leave(['request']);
  return { events, status: trouble?.status ?? 200, issues: trouble?.label === 'validation' ? [...issues] : [] };
}

function inputsOf(node: Node): (Use | 'query')[] {
  const inputs: (Use | 'query')[] = [...node.uses];
  if (node.queryAt !== undefined) inputs.splice(node.queryAt, 0, 'query');
  return inputs;
}

/** The same graph, run by the framework. */
class Run {
  readonly recorder = new Recorder();
  readonly route: OneRoute;
  private readonly graph: Graph;
  private readonly dependencies: ReturnType<Recorder['fn']>[] = [];
  private counts: number[] = [];
  private answered = false;

  constructor(graph: Graph) {
    this.graph = graph;
    for (const [index, node] of graph.nodes.entries()) this.dependencies.push(this.declare(index, node));
    const lists: Places = {};
    for (const place of places) lists[place] = graph.roots[place].map((use) => this.input(use));
    const ctorValues = { values: [] as unknown[] };
    // What the constructor gets is seen through a class that holds the same inputs in the same place.
    class Held {
      constructor(...values: unknown[]) {
        ctorValues.values = values;
      }
    }
    lists.construct!.forEach((input, at) => (input as any)(Held, undefined, at));
    if (lists.construct!.length > 0) lists.construct = [Depends(Held)];
    lists.inputs!.unshift(Ctx());
    lists.handle = async (ctx: Context, ...values) => {
      this.recorder.note(`handler(${[...ctorValues.values, ...values].join(' ')})`);
      ctx.background(() => this.recorder.note('background'));
      await turn();
      if (graph.handler === 'http') throw new HTTPException(409);
      if (graph.handler === 'error') throw new Failure('handler');
      return 'fine';
    };
    this.route = new OneRoute(lists);
  }

  async outcome(): Promise<Outcome> {
    this.counts = this.graph.nodes.map(() => 0);
    this.answered = false;
    const asked = this.graph.nodes.flatMap(({ queryAt, faults }, index) =>
      queryAt === undefined ? [] : [`n${index}=${faults.has('input') ? 'x' : index}`],
    );
    const response = await this.route.request(`/?${asked.join('&')}`);
    this.recorder.note(`answer ${response.status}`);
    this.answered = true;
    const body: any = await response.json();
    await this.route.app.close();
    const issues = response.status === 422 ? body.detail.map(({ loc }: any) => loc[1]) : [];
    return { events: this.recorder.take(), status: response.status, issues: [...new Set<string>(issues)] };
  }

  private input({ target, cache }: Use): AnyInput {
    return Depends(this.dependencies[target]!, cache ? {} : { cache: false });
  }

  private declare(index: number, node: Node): ReturnType<Recorder['fn']> {
    const inputs: Record<string, AnyInput> = {};
    for (const [at, input] of inputsOf(node).entries()) {
      inputs[`input${at}`] = input === 'query' ? Query(`n${index}`, z.int()) : this.input(input);
    }
    const set = (values: Record<string, unknown>): string => {
      const name = `${index}#${++this.counts[index]!}`;
      const used = Object.values(values).filter((value) => typeof value === 'string');
      this.recorder.note(`call ${name}(${used.join(' ')})`);
      if (node.faults.has('setup http')) throw new HTTPException(httpStatus(index));
      if (node.faults.has('setup error')) throw new Failure(`setup ${index}`);
      return name;
    };
    const left = (name: string): void => {
      this.recorder.note(`exit ${name}`);
      if (node.faults.has('cleanup')) throw new Failure(`cleanup ${index}`);
    };
    const thrown = (name: string, error: unknown): void => {
      // After the answer, whether a failed cleanup is thrown into those further out is not promised.
      if (this.answered) this.recorder.note(`exit ${name}`);
      else this.recorder.note(`throw ${name} ${ours(error)}`);
      if (node.faults.has('convert')) throw new HTTPException(convertedStatus(index));
      if (node.faults.has('convert plainly')) throw new Failure(`converted ${index}`);
      if (!node.faults.has('swallow')) throw error;
    };
    const { lifetime } = node;
    switch (node.kind) {
      case 'sync':
        return dependency(inputs, set);
      case 'async':
        return dependency(inputs, async (values) => {
          if (index % 2) await turn();
          return set(values);
        });
      case 'thenable':
        return dependency(inputs, (values) => {
          const name = set(values);
          // oxlint-disable-next-line no-thenable
          return { then: (resolve: (name: string) => void) => resolve(name) };
        });
      case 'syncGenerator':
        return dependency(
          inputs,
          function* (values) {
            const name = set(values);
            let reached = false;
            try {
              yield name;
              reached = true;
            } catch (error) {
              return thrown(name, error);
            } finally {
              if (reached) left(name);
            }
          },
          { lifetime },
        );
      case 'asyncGenerator':
        return dependency(
          inputs,
          async function* (values) {
            if (index % 2) await turn();
            const name = set(values);
            try {
              yield name;
            } catch (error) {
              await turn();
              return thrown(name, error);
            }
            if (index % 3) await turn();
            left(name);
          },
          { lifetime },
        );
    }
  }
}

function ours(error: unknown): string {
  const text = label(error);
  return error instanceof Failure || text === 'validation' || text.startsWith('http ') ? text : 'framework';
}

function expected(graph: Graph): Outcome | undefined {
  try {
    return interpret(graph);
  } catch (error) {
    if (error instanceof TooMuch) return undefined;
    throw error;
  }
}

// First in the file: the optimised frames of code that has run for a while would hide how deep the stack gets.
describe('large graphs', () => {
  const chain = (depth: number, link: (name: string, inputs: Record<string, AnyInput>) => any) => {
    let top = link('0', {});
    for (let level = 1; level <= depth; level++) top = link(String(level), { below: Depends(top) });
    return top;
  };
  const numbers = (count: number): string[] => Array.from({ length: count }, (_, index) => String(index));

  for (const depth of [100, 500]) {
    it(`${depth} deep: functions, async functions and generators resolve and clean up in order`, async () => {
      const recorder = new Recorder();
      const add = ({ below = 0 }: { below?: number }): number => below + 1;
      const tops = [
        chain(depth, (name, inputs) => recorder.fn(`sync ${name}`, inputs, add)),
        chain(depth, (name, inputs) => recorder.fn(`async ${name}`, inputs, async (values) => add(values))),
        chain(depth, (name, inputs) => recorder.generator(name, { inputs })),
        chain(depth, (_, inputs) => dependency(inputs, add, { lifetime: 'app' })),
      ];
      const route = new OneRoute({ inputs: tops.map((top) => Depends(top)) });
      const { status, body } = await within(route.ask());
      assert.equal(status, 200);
      assert.deepEqual(body, [depth + 1, depth + 1, String(depth), depth + 1]);
      const all = numbers(depth + 1);
      await route.app.close();
      assert.deepEqual(recorder.take(), [
        ...all.map((n) => `call sync ${n}`),
        ...all.map((n) => `call async ${n}`),
        ...all.map((n) => `enter ${n}`),
        ...all.toReversed().map((n) => `exit ${n}`),
      ]);
    });

    it(`${depth} deep: an error at the bottom, or of the handler, comes out through all of it`, async () => {
      const recorder = new Recorder();
      const top = chain(depth, (name, inputs) => recorder.generator(name, { inputs }));
      const route = new OneRoute({
        inputs: [Depends(top)],
        handle: () => {
          throw new HTTPException(409);
        },
      });
      assert.equal((await within(route.ask())).status, 409);
      assert.deepEqual(
        recorder.take().slice(depth + 1),
        numbers(depth + 1)
          .toReversed()
          .map((n) => `throw ${n}: http 409`),
      );
      await using scope = route.app.scope();
      assert.equal(await within(scope.get(top)), String(depth));
      using _ = route.app.override(top, () => 'replaced');
      assert.equal((await within(route.ask())).status, 409);
      recorder.take();
      const bad = chain(depth, (name, inputs) => recorder.fn(name, name === '0' ? { q: Query('q', z.int()) } : inputs));
      const refused = await within(new OneRoute({ inputs: [Depends(bad)] }).ask('/?q=x'));
      assert.equal(refused.status, 422);
      assert.equal(refused.body.detail.length, 1);
      assert.deepEqual(recorder.take(), []);
    });
  }

  for (const width of [100, 500]) {
    it(`${width} wide: one after the other, and out in reverse`, async () => {
      const recorder = new Recorder();
      const all = numbers(width);
      const inputs = Object.fromEntries(all.map((n) => [`n${n}`, Depends(recorder.generator(n))]));
      const wide = recorder.fn('wide', inputs, (values) => Object.values(values).length);
      const route = new OneRoute({ inputs: [Depends(wide)] });
      assert.deepEqual((await within(route.ask())).body, [width]);
      await route.app.close();
      assert.deepEqual(recorder.take(), [
        ...all.map((n) => `enter ${n}`),
        'call wide',
        ...all.toReversed().map((n) => `exit ${n}`),
      ]);
    });
  }

  it('are described as well: the document of a graph 100 deep and 100 wide has every parameter', async () => {
    const recorder = new Recorder();
    const deep = chain(100, (name, inputs) =>
      recorder.fn(name, { ...inputs, own: Query(`q${name}`, z.int().optional()) }),
    );
    const route = new OneRoute({ inputs: [Depends(deep)] });
    assert.equal(route.app.openapi().paths!['/']!.get!.parameters!.length, 101);
  });
});

describe('a random graph', () => {
  it('makes the same calls with the same values in the same order, cleans up alike, and answers alike', async (t) => {
    const seed = Number(process.env['SEED'] ?? Date.now() % 2 ** 31);
    t.diagnostic(`SEED=${seed}`);
    const seen = new Map<string, number>();
    await fc.assert(
      fc.asyncProperty(graphs, async (graph) => {
        const wanted = expected(graph);
        fc.pre(wanted !== undefined);
        for (const what of [String(wanted.status), ...wanted.events.map((event) => event.split(' ', 1)[0]!)]) {
          seen.set(what, (seen.get(what) ?? 0) + 1);
        }
        const run = new Run(graph);
        assert.deepEqual(await within(run.outcome()), wanted);
      }),
      { numRuns: 200, seed },
    );
    // The graphs are worth something only if all of this occurs in them.
    for (const what of ['200', '422', '500', 'call', 'exit', 'throw', 'background']) {
      assert.ok((seen.get(what) ?? 0) > 5, `${what} occurred ${seen.get(what) ?? 0} times`);
    }
  });
});
